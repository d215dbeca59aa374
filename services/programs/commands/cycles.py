"""Cycles of a program: begun for a period of its calendar, then issued by a worker; cancelled; closed."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.ledger import handed_over, take_back_what_is_due
from services.programs.errors.benefits import CycleAlreadyIssued, CycleDelivered, CycleNotOpen, NotAPeriod
from services.programs.models import Cycle, CycleStatus, Enrollment, LedgerEntry, ProgramRow
from services.programs.queries.programs import program_of
from services.programs.rules.calendar import Period, period_at, periods
from services.programs.rules.program import Program
from services.programs.rules.status import Status
from shared.clock import now
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.identity import Caller
from shared.ids import new_id

NEAREST = timedelta(days=400)
"""How far from the day asked for the periods named in a refusal lie."""


async def begin_cycle(tx: AsyncSession, *, program: str, starts_on: date, sizes_on: date | None, by: Caller) -> Cycle:
    """Leave a cycle for the worker. NotFound, NotAPeriod, CycleAlreadyIssued."""
    row = await tx.get(ProgramRow, program)
    if row is None or program not in by.programs:
        raise NotFound(pointer="/program")
    period = period_at(program_of(row.document), starts_on)
    if period is None:
        raise _not_a_period(program_of(row.document), starts_on)
    made: Cycle | None = await tx.scalar(
        insert(Cycle)
        .values(
            id=new_id(),
            program_code=program,
            starts_on=period.starts_on,
            ends_on=period.ends_on,
            late_after=period.late_after,
            status=CycleStatus.ISSUING,
            version=1,
            sizes_on=sizes_on or period.starts_on,
            known_at=now(),
            program_version=row.version,
            value_from_on=period.value.from_on,
            to_issue=await _to_issue(tx, program, period),
            created_by=by.name,
        )
        # Two callers at once: the second waits here until the first has committed.
        # Literally, for a parameter is not seen to be the index's own condition once the statement has a plan for any.
        .on_conflict_do_nothing(index_elements=["program_code", "starts_on"], index_where=sql("status <> 'cancelled'"))
        .returning(Cycle)
    )
    if made is None:
        known = await tx.scalar(
            select(Cycle.id).where(
                Cycle.program_code == program, Cycle.starts_on == starts_on, Cycle.status != CycleStatus.CANCELLED
            )
        )
        raise CycleAlreadyIssued(pointer="/starts_on", cycle_id=known)
    return made


async def cancel_cycle(tx: AsyncSession, cycle_id: UUID, *, by: Caller, if_match: str) -> Cycle:
    """Take back all that is due in a cycle of which nothing was handed over. Its period may be issued again."""
    cycle = await _to_change(tx, cycle_id, by, if_match)
    if cycle.status not in (CycleStatus.ISSUING, CycleStatus.ISSUED):
        raise CycleNotOpen(status=cycle.status, accepted="issuing, issued")
    if amount := await handed_over(tx, LedgerEntry.cycle_id == cycle_id):
        raise CycleDelivered(amount=amount)
    await take_back_what_is_due(tx, cycle_id, by=by.name)
    cycle.status, cycle.cancelled_at, cycle.version = CycleStatus.CANCELLED, now(), cycle.version + 1
    cycle.failure = None
    return cycle


async def close_cycle(tx: AsyncSession, cycle_id: UUID, *, by: Caller, if_match: str) -> Cycle:
    """Close an issued cycle: what is due and was never reported is missing from now on. A late delivery still counts."""
    cycle = await _to_change(tx, cycle_id, by, if_match)
    if cycle.status != CycleStatus.ISSUED:
        raise CycleNotOpen(status=cycle.status, accepted="issued")
    cycle.status, cycle.closed_at, cycle.version = CycleStatus.CLOSED, now(), cycle.version + 1
    return cycle


async def _to_change(tx: AsyncSession, cycle_id: UUID, by: Caller, if_match: str) -> Cycle:
    found = await tx.get(Cycle, cycle_id, with_for_update=True)
    if found is None or found.program_code not in by.programs:
        raise NotFound
    refuse_stale(if_match, found.version)
    return found


async def _to_issue(tx: AsyncSession, program: str, period: Period) -> int:
    enrolled = select(func.count()).where(
        Enrollment.program_code == program,
        Enrollment.status == Status.ENROLLED,
        Enrollment.enrolled_on <= period.ends_on,
    )
    return await tx.scalar(enrolled) or 0


def _not_a_period(program: Program, starts_on: date) -> NotAPeriod:
    first, last = max(starts_on, date(1900, 1, 1) + NEAREST) - NEAREST, min(starts_on, date(2076, 1, 1)) + NEAREST
    near = sorted(periods(program, first, last), key=lambda one: abs(one.starts_on - starts_on))[:2]
    accepted = ", ".join(one.starts_on.isoformat() for one in near) or program.values[0].from_on.isoformat()
    return NotAPeriod(pointer="/starts_on", starts_on=starts_on, accepted=accepted)
