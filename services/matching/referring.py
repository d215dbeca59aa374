"""Referrals: a program's keeper sends households that another program does not reach; they are followed until served."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, exists, func, or_, select, text, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.matching.errors import ReferralNotReceived, ReferralStepRefused, ReferralToItself, ServiceNeedsNames
from services.matching.locking import hold_linking_lock
from services.matching.models import Beneficiary, Household, LinkStatus, Program, Referral
from services.matching.rules.referring import (
    STATUS_WORDS,
    ReferralRefusal,
    ReferralStatus,
    Standing,
    may_become,
    next_words,
)
from services.matching.rules.service_directory import Service, read_directory
from services.matching.schemas import Outcome, ReferralRow, ReferralsIn, ReferralsSent
from shared.clock import now
from shared.contracts.matching import ReferralsChanged
from shared.copying import copy_rows
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.history import History
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import record

MOST_AT_ONCE = 10_000
"""Households that one request for `all` refers: a second (2 cores, of 100,000 enrollments); the answer says whether there are more."""
ITSELF = "matching"
"""Who serves a referral when the household is enrolled."""
IS_OPEN = text("referrals.status IN ('sent', 'seen', 'accepted')")
"""Word for word as in the index, which is otherwise not used."""
HISTORY_COLUMNS = ("aggregate_id", "version", "batch_id", "changed_by", "change")


@cache
def directory() -> Mapping[str, Service]:
    """The services that ship with this version, by code."""
    return read_directory(json.loads((files("services.matching") / "data" / "services.json").read_text("utf-8")))


def receives(by: Caller) -> frozenset[str]:
    """What the caller receives referrals for: the programs it keeps, and the services that are its."""
    return by.programs | {code for code, one in directory().items() if one.partner == by.name}


def is_linked(beneficiary: type[Beneficiary] = Beneficiary) -> ColumnElement[bool]:
    """Whether it is surely known which household it is; a last decision stands while a new comparison waits."""
    decided = func.coalesce(beneficiary.decided_as, LinkStatus.PENDING)  # never null, so that `not` may be asked of it
    return and_(decided == LinkStatus.LINKED, beneficiary.household_id.is_not(None))


def is_in(beneficiary: type[Beneficiary], program: ColumnElement[str] | Any) -> ColumnElement[bool]:
    return and_(beneficiary.program == program, beneficiary.active, is_linked(beneficiary))


def standing_to(other: str) -> ColumnElement[str]:
    """How the household of `Beneficiary` stands to the program `other`, as far as certain links tell."""
    theirs, listed = aliased(Beneficiary), aliased(Beneficiary)
    return case(
        (~is_linked(), Standing.CANNOT_TELL),
        (exists().where(is_in(theirs, other), theirs.household_id == Beneficiary.household_id), Standing.IN),
        (~exists().where(listed.program == other), Standing.CANNOT_TELL),
        else_=Standing.NOT_IN,
    )


async def refuse_unless_covered(tx: AsyncSession, program: str, other: str, by: Caller) -> None:
    """NotFound unless the caller keeps `program`, its agreement covers `other`, and both are published here.

    A service has no list, so that nothing is told by sending there: whoever keeps a program may.
    """
    of_service = other in directory()
    if program not in by.programs or (other not in by.covers and not of_service):
        raise NotFound
    if of_service:
        other = program
    if len(set(await tx.scalars(select(Program.code).where(Program.code.in_((program, other)))))) < len(
        {program, other}
    ):
        raise NotFound


async def refer(tx: AsyncSession, asked: ReferralsIn, *, by: Caller, most: int = MOST_AT_ONCE) -> ReferralsSent:
    """Send referrals; a row that cannot be sent stops no other. NotFound, ReferralToItself."""
    if asked.from_program == asked.to_program and asked.from_program in by.programs:
        raise ReferralToItself(pointer="/to_program")
    await refuse_unless_covered(tx, asked.from_program, asked.to_program, by)
    service = directory().get(asked.to_program)
    if service is not None and asked.enrollments == "all":
        raise ServiceNeedsNames(pointer="/enrollments", service=asked.to_program)
    await hold_linking_lock(tx)  # the linker serves what is referred; neither may miss the other's rows
    if asked.enrollments == "all":
        found, more = await _all_without(tx, asked, most)
        wanted = [one.id for one in found]
    else:
        wanted, more = list(dict.fromkeys(asked.enrollments)), False
        found = (await tx.execute(_candidates(asked).where(Beneficiary.id.in_(wanted)))).all()
    ready = {one.id: one for one in found if _outcome(one, service) is None}
    sent, batch_id = await _send(tx, asked, list(ready.values()), by)

    known = {one.id: one for one in found}
    rows = [_row(id_, known.get(id_), sent.get(id_), service) for id_ in wanted]
    counts = Counter(one.outcome for one in rows)
    return ReferralsSent(
        batch_id=batch_id,
        counts={outcome: counts[outcome] for outcome in get_args(Outcome)},
        more=more,
        rows=rows if asked.enrollments != "all" else [],
    )


def _outcome(found: Row[Any], service: Service | None) -> Outcome | None:
    """Why an enrollment cannot be referred, if so."""
    if found.number is None:
        return "not_linked"
    if service is not None and not service.reaches(found.wilaya_code):
        return "outside_area"
    return "in_program" if found.standing == Standing.IN else None


def _row(enrollment_id: UUID, found: Row[Any] | None, referral_id: UUID | None, service: Service | None) -> ReferralRow:
    if found is None:
        outcome: Outcome = "not_found"
    else:
        outcome = _outcome(found, service) or ("unchanged" if referral_id is None else "referred")
    return ReferralRow(enrollment_id=enrollment_id, outcome=outcome, referral_id=referral_id)


def _candidates(asked: ReferralsIn) -> Any:
    """Active enrollments of the sending program; the registry's number is null where the household is not surely known."""
    return (
        select(
            Beneficiary.id,
            Beneficiary.household_id,
            Household.number,
            Household.wilaya_code,
            standing_to(asked.to_program).label("standing"),
        )
        .outerjoin(Household, and_(Household.id == Beneficiary.household_id, is_linked()))
        .where(Beneficiary.program == asked.from_program, Beneficiary.active)
        .order_by(Beneficiary.id)
    )


async def _all_without(tx: AsyncSession, asked: ReferralsIn, most: int) -> tuple[Sequence[Row[Any]], bool]:
    """Those surely not in the program whom nobody has referred to it, or whose referral from here was not refused."""
    referred = select(Referral.household_id).where(Referral.to_program == asked.to_program)
    refused = referred.where(Referral.from_program == asked.from_program, Referral.refusal.is_not(None))
    # Not by `exists`: until PostgreSQL has counted the rows that the request before has just written, it takes them for
    # none and compares each with each, which took ten times as long. A set is looked up whatever its size.
    rows = _candidates(asked).where(
        standing_to(asked.to_program) == Standing.NOT_IN,
        Household.number.is_not(None),
        Beneficiary.household_id.not_in(referred.where(IS_OPEN)),
        Beneficiary.household_id.not_in(refused),
    )
    found = (await tx.execute(rows.limit(most + 1))).all()
    return found[:most], len(found) > most


async def _send(
    tx: AsyncSession, asked: ReferralsIn, ready: Sequence[Row[Any]], by: Caller
) -> tuple[dict[UUID, UUID], UUID | None]:
    """Referral ids by enrollment; the database leaves out whoever is referred already."""
    if not ready:
        return {}, None
    at, batch_id = now(), new_id()
    rows = [
        {
            "id": new_id(),
            "version": 1,
            "from_program": asked.from_program,
            "enrollment_id": one.id,
            "to_program": asked.to_program,
            "household_id": one.household_id,
            "household_number": one.number,
            "reason": asked.reason,
            "status": ReferralStatus.SENT,
            "sent_by": by.name,
            "sent_at": at,
        }
        for one in ready
    ]
    statement = insert(Referral).on_conflict_do_nothing().returning(Referral.enrollment_id, Referral.id)
    sent: dict[UUID, UUID] = dict((await tx.execute(statement, rows)).all())
    if not sent:
        return {}, None
    change = {"from": None, "to": ReferralStatus.SENT.value, "reason": asked.reason.value}
    history = [(id_, 1, batch_id, by.name, change) for id_ in sent.values()]
    await copy_rows(tx, "history", HISTORY_COLUMNS, history)
    announce_referrals(tx, batch_id, asked.from_program, asked.to_program, Counter({ReferralStatus.SENT: len(sent)}))
    return sent, batch_id


@dataclass(frozen=True, slots=True)
class Step:
    """A step the keeper of the receiving program takes, with the reason where it refuses."""

    to: ReferralStatus
    refusal: ReferralRefusal | None = None


async def move(tx: AsyncSession, referral_id: UUID, step: Step, *, by: Caller, if_match: str) -> Referral:
    """Move a referral on. NotFound, ReferralNotReceived, PreconditionFailed, ReferralStepRefused."""
    found = await tx.get(Referral, referral_id, with_for_update=True)
    if found is None or not receives(by) & {found.from_program, found.to_program}:
        raise NotFound
    if found.to_program not in receives(by):
        raise ReferralNotReceived
    refuse_stale(if_match, found.version)
    if not may_become(found.status, step.to):
        raise ReferralStepRefused(
            status=STATUS_WORDS[found.status], wanted=STATUS_WORDS[step.to], following=next_words(found.status)
        )
    batch_id = new_id()
    turn_referral(tx, found, step, batch_id, by.name, now())
    announce_referrals(tx, batch_id, found.from_program, found.to_program, Counter({step.to: 1}))
    return found


async def serve_enrolled(tx: AsyncSession, household_ids: set[UUID]) -> None:
    """Serve the open referrals of these households whose receiving program they are in by now.

    Where a merge has led the sender's enrollment to another household, that one's enrollment serves it too.
    """
    if not household_ids:
        return
    mine, theirs = aliased(Beneficiary), aliased(Beneficiary)
    touched = union(
        select(Referral.id).where(Referral.household_id.in_(household_ids), IS_OPEN),
        select(Referral.id)
        .join(mine, mine.id == Referral.enrollment_id)
        .where(mine.household_id.in_(household_ids), IS_OPEN),
    )
    own_now = (
        select(mine.household_id)
        .where(mine.id == Referral.enrollment_id, is_linked(mine))
        .correlate(Referral)
        .scalar_subquery()
    )
    enrolled = exists().where(
        is_in(theirs, Referral.to_program),
        or_(theirs.household_id == Referral.household_id, theirs.household_id == own_now),
    )
    served = await tx.scalars(
        select(Referral).where(Referral.id.in_(touched), IS_OPEN, enrolled).order_by(Referral.id).with_for_update()
    )
    by_pair: dict[tuple[str, str], list[Referral]] = defaultdict(list)
    for one in served:
        by_pair[one.from_program, one.to_program].append(one)
    at = now()
    for (from_program, to_program), referrals in by_pair.items():
        batch_id = new_id()
        for one in referrals:
            turn_referral(tx, one, Step(ReferralStatus.SERVED), batch_id, ITSELF, at)
        announce_referrals(tx, batch_id, from_program, to_program, Counter({ReferralStatus.SERVED: len(referrals)}))


def turn_referral(tx: AsyncSession, referral: Referral, step: Step, batch_id: UUID, by: str, at: datetime) -> None:
    change = {"from": str(referral.status), "to": step.to.value, "reason": step.refusal}
    referral.status, referral.version = step.to, referral.version + 1
    setattr(referral, f"{step.to}_at", at)
    if step.refusal is not None:
        referral.refusal = step.refusal
    tx.add(History(aggregate_id=referral.id, version=referral.version, batch_id=batch_id, changed_by=by, change=change))


def announce_referrals(
    tx: AsyncSession, batch_id: UUID, from_program: str, to_program: str, counts: Counter[ReferralStatus]
) -> None:
    told = {status.value: count for status, count in counts.items()}
    record(tx, ReferralsChanged(batch_id=batch_id, from_program=from_program, to_program=to_program, **told))
