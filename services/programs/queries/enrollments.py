"""Reads of a programs service. An institution's programs are public; enrollments are shown by program only."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment, LinkRefusal, ProgramRow
from services.programs.rules.schools import school_key
from services.programs.rules.spans import Span, TurnOn, enrolled_spans
from services.programs.rules.status import LinkStatus, Status
from services.programs.schemas.enrollments import (
    BeneficiaryOut,
    Counts,
    EnrollmentChange,
    EnrollmentDetail,
    EnrollmentOut,
    EnrollmentPulled,
    MonthlyValue,
    ProgramCounts,
    TurnOut,
)
from services.programs.schemas.turns import LinkRefusalOut
from shared.database import any_of
from shared.errors import NotFound
from shared.history import History
from shared.pagination import Page, decode_cursor, encode_cursor

MOST_TURNS = 200


async def enrollments(
    tx: AsyncSession,
    programs: Collection[str],
    limit: int,
    cursor: str | None,
    *,
    status: Status | None = None,
    link_status: LinkStatus | None = None,
    import_id: UUID | None = None,
    household_id: UUID | None = None,
) -> Page[EnrollmentOut]:
    """Enrollments of `programs` in the order in which they were recorded."""
    rows = select(Enrollment).where(Enrollment.program_code.in_(programs)).order_by(Enrollment.id).limit(limit + 1)
    wanted = {
        Enrollment.status: status,
        Enrollment.link_status: link_status,
        Enrollment.import_id: import_id,
        Enrollment.registry_household_id: household_id,
    }
    for column, value in wanted.items():
        if value is not None:
            rows = rows.where(column == value)
    if cursor:
        rows = rows.where(Enrollment.id > decode_cursor(cursor, UUID)[0])
    found = list((await tx.scalars(rows)).all())
    items = [EnrollmentOut.model_validate(one) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


async def enrollment(tx: AsyncSession, enrollment_id: UUID, programs: Collection[str]) -> EnrollmentDetail:
    return EnrollmentDetail.model_validate(await _of_programs(tx, enrollment_id, programs))


async def turns(tx: AsyncSession, enrollment_id: UUID, programs: Collection[str]) -> list[TurnOut]:
    """The versions of an enrollment, newest first."""
    await _of_programs(tx, enrollment_id, programs)
    rows = await tx.scalars(
        select(History).where(History.aggregate_id == enrollment_id).order_by(History.version.desc()).limit(MOST_TURNS)
    )
    return [
        TurnOut.model_validate({"version": row.version, "at": row.changed_at, "by": row.changed_by, **row.change})
        for row in rows
    ]


async def _of_programs(tx: AsyncSession, enrollment_id: UUID, programs: Collection[str]) -> Enrollment:
    """The enrollment; NotFound where it is of another program, as if it did not exist."""
    found = await tx.get(Enrollment, enrollment_id)
    if found is None or found.program_code not in programs:
        raise NotFound
    return found


async def counts(tx: AsyncSession, institution: str) -> Counts:
    found = {code: ProgramCounts(program=code) for code in await tx.scalars(select(ProgramRow.code))}
    groups = select(Enrollment.program_code, Enrollment.status, Enrollment.link_status, func.count()).group_by(
        Enrollment.program_code, Enrollment.status, Enrollment.link_status
    )
    for code, status, link_status, number in await tx.execute(groups):
        _add(found[code], status, number)
        if status != Status.EXITED:
            _add(found[code], link_status, number)
    return Counts(institution=institution, programs=sorted(found.values(), key=lambda one: one.program))


def _add(counted: ProgramCounts, name: str, number: int) -> None:
    setattr(counted, name, getattr(counted, name) + number)


async def batch(
    tx: AsyncSession, batch_id: UUID, limit: int, cursor: str | None, *, beneficiaries: bool
) -> Page[EnrollmentChange]:
    """The changes of one announcement, each with its beneficiary as it is now. NotFound for an unknown batch."""
    rows = (
        select(History, Enrollment, ProgramRow.unit)
        .join(Enrollment, Enrollment.id == History.aggregate_id)
        .join(ProgramRow, ProgramRow.code == Enrollment.program_code)
        .where(History.batch_id == batch_id)
        .order_by(History.aggregate_id, History.version)
        .limit(limit + 1)
    )
    if cursor:
        after = decode_cursor(cursor, UUID, int)
        rows = rows.where(tuple_(History.aggregate_id, History.version) > tuple_(*after))
    found = list((await tx.execute(rows)).all())
    if not found and cursor is None:
        raise NotFound
    spans = await spans_of(tx, [enrollment for _, enrollment, _ in found]) if beneficiaries else {}
    items = [
        _change(turn, enrollment, unit if beneficiaries else None, spans.get(enrollment.id, ()))
        for turn, enrollment, unit in found[:limit]
    ]
    last = found[limit - 1][0] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.aggregate_id, last.version) if last else None)


async def spans_of(tx: AsyncSession, found: Sequence[Enrollment]) -> dict[UUID, list[Span]]:
    """The days on which each of these is enrolled, from its turns."""
    turned = [one.id for one in found if one.version > 1]
    rows = select(History).where(History.aggregate_id == any_of(turned)).order_by(History.aggregate_id, History.version)
    turns: dict[UUID, list[TurnOn]] = defaultdict(list)
    for row in await tx.scalars(rows) if turned else ():
        turns[row.aggregate_id].append(TurnOn.of(row.change, row.changed_at.date()))
    return {one.id: enrolled_spans(turns[one.id] or _only_turn(one), one.enrolled_on, one.exited_on) for one in found}


def _only_turn(enrollment: Enrollment) -> list[TurnOn]:
    """That of whoever has one version, without asking for it."""
    return [TurnOn(Status(enrollment.status), enrollment.recorded_at.date())]


_BENEFICIARY = [name for name in BeneficiaryOut.model_fields if name not in ("unit", "school_key", "spans")]


def _change(turn: History, enrollment: Enrollment, unit: str | None, spans: Sequence[Span]) -> EnrollmentChange:
    shown: dict[str, Any] = {
        "enrollment_id": enrollment.id,
        "version": turn.version,
        "program": enrollment.program_code,
        "at": turn.changed_at,
        "by": turn.changed_by,
        **turn.change,
    }
    if unit is not None:
        shown["beneficiary"] = _beneficiary(enrollment, unit, spans)
    return EnrollmentChange.model_validate(shown)


def _beneficiary(enrollment: Enrollment, unit: str, spans: Sequence[Span]) -> dict[str, Any]:
    school = {"school_key": school_key(enrollment.school, enrollment.commune) or None}
    enrolled = {"spans": [{"from_on": first, "until_on": until} for first, until in spans]}
    named = {name: getattr(enrollment, name) for name in _BENEFICIARY}
    return {"unit": unit} | school | enrolled | named


async def pulled(tx: AsyncSession, limit: int, cursor: str | None) -> Page[EnrollmentPulled]:
    """Every enrollment of the institution by id, each with its beneficiary as it is now."""
    rows = (
        select(Enrollment, ProgramRow.unit)
        .join(ProgramRow, ProgramRow.code == Enrollment.program_code)
        .order_by(Enrollment.id)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(Enrollment.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    spans = await spans_of(tx, [enrollment for enrollment, _ in found])
    items = [
        EnrollmentPulled.model_validate(
            {
                "enrollment_id": one.id,
                "program": one.program_code,
                "beneficiary": _beneficiary(one, unit, spans[one.id]),
            }
        )
        for one, unit in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(items[-1].enrollment_id) if len(found) > limit else None)


async def monthly_values(
    tx: AsyncSession, program: str, first: UUID, last: UUID, limit: int, cursor: str | None
) -> Page[MonthlyValue]:
    """Of the enrollments of a program with ids from `first` to `last` that have not ended."""
    shown = select(Enrollment.id.label("enrollment_id"), Enrollment.monthly_value_mru)
    active = (Enrollment.program_code == program, Enrollment.status != Status.EXITED)
    rows = shown.where(*active, Enrollment.id.between(first, last)).order_by(Enrollment.id).limit(limit + 1)
    if cursor:
        rows = rows.where(Enrollment.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).mappings().all()
    items = [MonthlyValue.model_validate(one) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].enrollment_id) if len(found) > limit else None)


async def link_refusal(tx: AsyncSession, refusal_id: UUID) -> LinkRefusalOut:
    found = await tx.get(LinkRefusal, refusal_id)
    if found is None:
        raise NotFound
    return LinkRefusalOut.model_validate(found)


async def link_refusals(tx: AsyncSession, limit: int, cursor: str | None) -> Page[LinkRefusalOut]:
    rows = select(LinkRefusal).order_by(LinkRefusal.id).limit(limit + 1)
    if cursor:
        rows = rows.where(LinkRefusal.id > decode_cursor(cursor, UUID)[0])
    items = [LinkRefusalOut.model_validate(one) for one in await tx.scalars(rows)]
    return Page(items=items[:limit], next_cursor=encode_cursor(items[limit - 1].id) if len(items) > limit else None)
