"""What a person decides of one entitlement: hold it, or release it."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.ledger import Entry, parts, take_back_one, write_entries
from services.programs.errors.benefits import (
    CycleNotOpen,
    EntitlementDelivered,
    EntitlementNotDue,
    EntitlementNotHeld,
    SizeNeeded,
)
from services.programs.models import Cycle, CycleStatus, Entitlement, LedgerEntry, ProgramVersion
from services.programs.queries.programs import program_of
from services.programs.rules.benefits import EntryKind
from services.programs.rules.calendar import period_at
from services.programs.rules.entitling import worth
from services.programs.rules.reading import LARGEST_HOUSEHOLD
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.history import History
from shared.identity import Caller
from shared.ids import new_id

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
    before, one.status, one.hold_reason = one.hold_reason, "due", None
    entries = [
        Entry(
            kind=EntryKind.ENTITLED,
            cycle_id=one.cycle_id,
            enrollment_id=one.enrollment_id,
            entitlement_id=one.id,
            what=what,
            quantity=quantity,
            amount=amount,
            on_day=cycle.starts_on,
        )
        for what, quantity, amount in parts(one.amount_mru or Decimal(0), one.lines)
    ]
    await write_entries(tx, one.program_code, entries, by=by.name)
    _count(cycle, one, held=-1)
    _remember(tx, one, {"from": "held", "to": "due", "was": before, "reason": reason}, by)
    return one


async def hold_entitlement(
    tx: AsyncSession, entitlement_id: UUID, *, hold_reason: str, reason: str, by: Caller, if_match: str
) -> Entitlement:
    """Hold an entitlement of which nothing was handed over."""
    one, cycle = await _to_change(tx, entitlement_id, by, if_match)
    if one.status != "due":
        raise EntitlementNotDue(status=one.status)
    handed_over = await _handed_over(tx, one.id)
    if handed_over:
        raise EntitlementDelivered(amount=handed_over)
    await take_back_one(tx, one.id, by=by.name)
    one.status, one.hold_reason = "held", hold_reason
    _count(cycle, one, held=1)
    _remember(tx, one, {"from": "due", "to": "held", "was": None, "reason": reason}, by)
    return one


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


async def _handed_over(tx: AsyncSession, entitlement_id: UUID) -> Decimal:
    entries = select(func.sum(LedgerEntry.amount_mru)).where(
        LedgerEntry.entitlement_id == entitlement_id,
        LedgerEntry.kind.in_([EntryKind.DELIVERED, EntryKind.CORRECTED]),
    )
    return await tx.scalar(entries) or Decimal(0)


def _count(cycle: Cycle, one: Entitlement, *, held: int) -> None:
    cycle.held += held
    cycle.due -= held
    cycle.amount_mru -= held * (one.amount_mru or Decimal(0))


def _remember(tx: AsyncSession, one: Entitlement, change: dict[str, str | None], by: Caller) -> None:
    one.version += 1
    tx.add(History(aggregate_id=one.id, version=one.version, batch_id=new_id(), changed_by=by.name, change=change))
