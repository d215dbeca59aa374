"""What is known of the beneficiary of an enrollment: told, corrected, or another person's since the head died."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.enrollments import Asked, make_turn, to_change
from services.programs.commands.holding import settle_holds
from services.programs.commands.reviewing import close, reviews_of
from services.programs.commands.seating import place_finder
from services.programs.errors.enrollments import BeneficiaryRefused, FieldsNotOfTheList, NotOfAHousehold
from services.programs.models import Enrollment
from services.programs.queries.programs import published
from services.programs.rules.beneficiary_key import beneficiary_key
from services.programs.rules.facts import COLUMNS, FACTS, OF_A_PERSON
from services.programs.rules.listed import Listed
from services.programs.rules.program import Program
from services.programs.rules.reading import read_row
from services.programs.rules.reviewing import ReviewDecision, ReviewKind
from services.programs.rules.schools import school_key
from services.programs.rules.status import ByItself, TransferReason, Turn
from services.programs.rules.value import monthly_value
from shared.cells import Finding
from shared.clock import now
from shared.text import Cell


def read_beneficiary(
    program: Program, cells: Mapping[str, Cell], at: str, *, whole: bool = True
) -> tuple[Listed, list[Finding]]:
    """A beneficiary told field by field, read like a row of the program's list, amounts in MRU; with what is doubtful.

    `at` is where the fields stand in the request; `whole`: whether they are all that is known. FieldsNotOfTheList or BeneficiaryRefused where a list would refuse.
    """
    form = program.list_form
    known = set(form.fields) - {"action"}
    if unknown := sorted(set(cells) - known):
        raise FieldsNotOfTheList(
            pointer=f"{at}/{unknown[0]}", fields=", ".join(unknown), accepted=", ".join(sorted(known))
        )
    needed = dict.fromkeys((*form.filled, "name"))
    filled = [name for name in needed if name in known and (whole or name in cells)]  # not the action of a line
    form = form.model_copy(update={"delta": False, "filled": filled})
    listed, findings = read_row(0, cells, form, "MRU", now().date())
    if listed is None:
        wrong = next(one for one in findings if one.severity == "error")
        raise BeneficiaryRefused(at, wrong.field, wrong.reason)
    return listed, findings


def listed_of(enrollment: Enrollment) -> Listed:
    """The beneficiary of an enrollment as a row of a list names one."""
    facts = {name: getattr(enrollment, name) for name in COLUMNS}
    return Listed(line=0, listed=enrollment.listed, **facts | {"phones": tuple(enrollment.phones)})


async def correct_facts(tx: AsyncSession, asked: Asked, cells: Mapping[str, Cell]) -> Enrollment:
    """Say what is known of the beneficiary right; fields that are not named stay as they are."""
    enrollment = await to_change(tx, asked, Turn.CORRECT)
    await _tell(tx, enrollment, await published(tx, enrollment.program_code), cells, "/beneficiary")
    return await make_turn(tx, asked, enrollment, Turn.CORRECT, ByItself.CORRECTED)


async def transfer_enrollment(
    tx: AsyncSession, asked: Asked, cells: Mapping[str, Cell], reason: TransferReason
) -> Enrollment:
    """Let another person of the household receive: all that was known of the person before gives way.

    The review of a death is decided with it, and a hold because of that death ends.
    """
    enrollment = await to_change(tx, asked, Turn.TRANSFER)
    program = await published(tx, enrollment.program_code)
    if not program.unit.of_households:
        raise NotOfAHousehold(program=program.code)
    nothing: dict[str, Cell] = dict.fromkeys(name for name in OF_A_PERSON if name in program.list_form.fields)
    await _tell(tx, enrollment, program, nothing | dict(cells), "/beneficiary")
    enrollment.person_version = enrollment.version + 1
    done = await make_turn(tx, asked, enrollment, Turn.TRANSFER, reason)
    for review in await reviews_of(tx, enrollment.id, ReviewKind.DEATH, "open"):
        close(review, ReviewDecision.SUCCESSION, by=asked.by.name)
    await tx.flush()
    await settle_holds(tx, [done])
    return done


async def _tell(tx: AsyncSession, enrollment: Enrollment, program: Program, cells: Mapping[str, Cell], at: str) -> None:
    told = dict(cells)
    if {"phone", "phone_2"} & set(told):  # both stand in one column: the one that is not named stays
        for place, name in enumerate(("phone", "phone_2")):
            if name not in told and name in program.list_form.fields and len(enrollment.phones) > place:
                told[name] = enrollment.phones[place]
    read, _ = read_beneficiary(program, told, at, whole=False)
    await take_over_facts(tx, enrollment, program, read, told)


async def take_over_facts(
    tx: AsyncSession, enrollment: Enrollment, program: Program, read: Listed, told: Collection[str]
) -> None:
    """Let an enrollment hold what was `told` of its beneficiary, by fields of the list; other fields stay as they are."""
    columns, listed = columns_of(told), with_facts(enrollment, read, told)
    for column in columns:
        value = getattr(listed, column)
        setattr(enrollment, column, list(value) if column == "phones" else value)
    enrollment.school_key = school_key(listed.school, listed.commune) or None
    sent = enrollment.listed | read.listed
    enrollment.listed = {name: cell for name, cell in sent.items() if name not in told or name in read.listed}
    enrollment.beneficiary_key = beneficiary_key(program.unit, listed)
    enrollment.monthly_value_mru = worth_now(program, enrollment)
    if {"wilaya", "moughataa", "commune"} & columns:
        find = await place_finder(tx, program)
        enrollment.place_code = find(listed.wilaya, listed.moughataa, listed.commune)


class Valued(Protocol):
    """What an enrollment's value in a month depends on, beside its program."""

    household_size: Any
    amount_mru: Any
    recorded_at: Any


def worth_now(program: Program, enrollment: Valued) -> Decimal | None:
    """What an enrollment is worth in a month by the value in force today."""
    today = now().date()
    version = program.value_on(today)
    if version is None:
        return None
    # From the day before: a list may come on the day of a new value and still name the one that ended.
    given = program.values_since(enrollment.recorded_at.date() - timedelta(days=1), today)
    return monthly_value(version, enrollment.household_size, enrollment.amount_mru, given)


def columns_of(told: Collection[str]) -> set[str]:
    """The columns that some fields of a list fill."""
    return {column for name in told for column in FACTS.get(name, ())}


def with_facts(enrollment: Enrollment, read: Listed, told: Collection[str]) -> Listed:
    """The beneficiary of an enrollment with what was told of it."""
    return replace(listed_of(enrollment), **{column: getattr(read, column) for column in columns_of(told)})


def as_columns(listed: Listed) -> dict[str, Any]:
    """A beneficiary as the columns of an enrollment."""
    return {name: getattr(listed, name) for name in COLUMNS} | {
        "phones": list(listed.phones),
        "listed": listed.listed,
        "school_key": school_key(listed.school, listed.commune) or None,
    }
