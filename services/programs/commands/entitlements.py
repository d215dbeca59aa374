"""Entitlements held and released: one by a person's decision, or all of an enrollment with its review."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.ledger import entitled, handed_over, take_back_one, write_entries
from services.programs.errors.benefits import (
    CycleNotOpen,
    EntitlementDelivered,
    EntitlementNotDue,
    EntitlementNotHeld,
    SizeNeeded,
)
from services.programs.models import Cycle, CycleStatus, Entitlement, LedgerEntry, ProgramVersion
from services.programs.queries.programs import program_of
from services.programs.rules.calendar import period_at
from services.programs.rules.entitling import worth
from services.programs.rules.reading import LARGEST_HOUSEHOLD
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.history import History
from shared.identity import Caller
from shared.ids import new_id

REVIEW = "review"
"""Why an entitlement is held or released where the enrollment's review says so."""
OPEN = (CycleStatus.ISSUING, CycleStatus.ISSUED, CycleStatus.CLOSED)
"""What was held may be released after its cycle was closed: who waited for a decision does not lose it."""


async def release_entitlement(
    tx: AsyncSession, entitlement_id: UUID, *, people: int | None, reason: str, by: Caller, if_match: str
) -> Entitlement:
    """Make a held entitlement due. Where its sum could not be told, `people` is the size that somebody has looked up."""
    one, cycle = await _to_change(tx, entitlement_id, by, if_match)
    if one.status != "held":
        raise EntitlementNotHeld(status=one.status)
    if one.amount_mru is None:
        await _work_out(tx, one, cycle, people)
    await _release(tx, one, cycle, reason, by.name)
    return one


async def _release(tx: AsyncSession, one: Entitlement, cycle: Cycle, reason: str, by: str) -> None:
    before, one.status, one.hold_reason = one.hold_reason, "due", None
    entries = entitled(cycle, one.id, one.enrollment_id, one.amount_mru, one.lines)
    await write_entries(tx, one.program_code, entries, by=by)
    _count(cycle, one, held=-1)
    _remember(tx, one, {"from": "held", "to": "due", "was": before, "reason": reason}, by)


async def hold_entitlement(
    tx: AsyncSession, entitlement_id: UUID, *, hold_reason: str, reason: str, by: Caller, if_match: str
) -> Entitlement:
    """Hold an entitlement of which nothing was handed over."""
    one, cycle = await _to_change(tx, entitlement_id, by, if_match)
    if one.status != "due":
        raise EntitlementNotDue(status=one.status)
    if amount := await handed_over(tx, LedgerEntry.entitlement_id == one.id):
        raise EntitlementDelivered(amount=amount)
    await _hold(tx, one, cycle, hold_reason, reason, by.name)
    return one


async def _hold(tx: AsyncSession, one: Entitlement, cycle: Cycle, hold_reason: str, reason: str, by: str) -> None:
    await take_back_one(tx, one.id, by=by)
    one.status, one.hold_reason = "held", hold_reason
    _count(cycle, one, held=1)
    _remember(tx, one, {"from": "due", "to": "held", "was": None, "reason": reason}, by)


async def hold_what_is_due(
    tx: AsyncSession, enrollment_id: UUID, hold_reason: str, others: Sequence[str], *, by: str
) -> None:
    """Hold every entitlement of an enrollment of which nothing was handed over yet; those held for `others`, for this."""
    held_for_another = Entitlement.hold_reason.in_([one for one in others if one != hold_reason])
    for one, cycle in await _of_enrollment(tx, enrollment_id, or_(Entitlement.status == "due", held_for_another)):
        if one.status == "held":
            change = {"from": "held", "to": "held", "was": one.hold_reason, "reason": REVIEW}
            one.hold_reason = hold_reason
            _remember(tx, one, change, by)
        elif not await handed_over(tx, LedgerEntry.entitlement_id == one.id):
            await _hold(tx, one, cycle, hold_reason, REVIEW, by)


async def release_what_is_held(tx: AsyncSession, enrollment_id: UUID, hold_reasons: Sequence[str], *, by: str) -> None:
    """Make due again what was held for these reasons. A sum that cannot be told stays held, for that reason alone."""
    held = (Entitlement.status == "held") & Entitlement.hold_reason.in_(hold_reasons)
    for one, cycle in await _of_enrollment(tx, enrollment_id, held):
        if one.amount_mru is None:
            _remember(tx, one, {"from": "held", "to": "held", "was": one.hold_reason, "reason": REVIEW}, by)
            one.hold_reason = "size_unknown"
        else:
            await _release(tx, one, cycle, REVIEW, by)


async def _of_enrollment(
    tx: AsyncSession, enrollment_id: UUID, which: ColumnElement[bool]
) -> list[tuple[Entitlement, Cycle]]:
    """Entitlements of an enrollment in cycles that are open, locked: the cycles first, as everybody does."""
    mine = select(Entitlement.cycle_id).where(Entitlement.enrollment_id == enrollment_id, which)
    locked = await tx.scalars(
        select(Cycle)
        .where(Cycle.id.in_(mine), Cycle.status.in_(OPEN))
        .order_by(Cycle.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    cycles = {one.id: one for one in locked}
    rows = await tx.scalars(
        select(Entitlement)
        .where(Entitlement.enrollment_id == enrollment_id, Entitlement.cycle_id.in_(list(cycles)), which)
        .order_by(Entitlement.cycle_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [(one, cycles[one.cycle_id]) for one in rows]


async def _to_change(tx: AsyncSession, entitlement_id: UUID, by: Caller, if_match: str) -> tuple[Entitlement, Cycle]:
    """The entitlement and its cycle, locked: the cycle first, as everybody does."""
    cycle_id = await tx.scalar(select(Entitlement.cycle_id).where(Entitlement.id == entitlement_id))
    cycle = None if cycle_id is None else await tx.get(Cycle, cycle_id, with_for_update=True)
    if cycle is None or cycle.program_code not in by.programs:
        raise NotFound
    one = await tx.get_one(Entitlement, entitlement_id, with_for_update=True)
    refuse_stale(if_match, one.version)
    if cycle.status not in OPEN:
        raise CycleNotOpen(status=cycle.status, accepted=", ".join(OPEN))
    return one, cycle


async def _work_out(tx: AsyncSession, one: Entitlement, cycle: Cycle, people: int | None) -> None:
    version = await tx.get_one(ProgramVersion, (cycle.program_code, cycle.program_version))
    program = program_of(version.document)
    period = period_at(program, cycle.starts_on)
    if people is None or period is None:
        raise SizeNeeded(pointer="/people", most=LARGEST_HOUSEHOLD)
    one.people, one.people_source = people, "person"
    one.amount_mru, one.lines = worth(program, period, people)


def _count(cycle: Cycle, one: Entitlement, *, held: int) -> None:
    cycle.held += held
    cycle.due -= held
    cycle.amount_mru -= held * (one.amount_mru or Decimal(0))


def _remember(tx: AsyncSession, one: Entitlement, change: dict[str, str | None], by: str) -> None:
    one.version += 1
    tx.add(History(aggregate_id=one.id, version=one.version, batch_id=new_id(), changed_by=by, change=change))
