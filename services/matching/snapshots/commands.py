"""Snapshots asked for, cancelled, deleted; and who rests on them."""

from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.figures.country import twelve_months
from services.matching.snapshots.errors import (
    SameSnapshot,
    SnapshotEnded,
    SnapshotInFuture,
    SnapshotInUse,
    SnapshotNotMade,
    SnapshotTooEarly,
    TooManySnapshots,
)
from services.matching.snapshots.models import CANCELLED, DONE, OPEN, WAITING, Comparison, Snapshot, SnapshotUse
from services.matching.snapshots.schemas import ComparisonIn, SnapshotIn
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller
from shared.ids import new_id

EARLIEST = date(2016, 1, 1)
"""Before the social registry there is no household to count."""
MOST_WAITING = 5
"""Each takes up to a minute of both cores at the size of the country."""


async def ask(tx: AsyncSession, body: SnapshotIn, *, by: Caller) -> Snapshot:
    """Have a snapshot made. SnapshotTooEarly, SnapshotInFuture, TooManySnapshots."""
    today = now().date()
    day = body.day or today
    if day < EARLIEST:
        raise SnapshotTooEarly(pointer="/day", earliest=EARLIEST)
    if day > today:
        raise SnapshotInFuture(pointer="/day", day=day)
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('snapshots asked for'))"))
    waiting = await tx.scalar(select(func.count()).select_from(Snapshot).where(Snapshot.status.in_(OPEN)))
    if (waiting or 0) >= MOST_WAITING:
        raise TooManySnapshots(most=MOST_WAITING)
    asked = Snapshot(
        id=new_id(),
        note=body.note,
        day=day,
        period_from=twelve_months(day)[0],
        status=WAITING,
        asked_by=by.name,
        asked_at=now(),
    )
    tx.add(asked)
    await tx.flush()
    return asked


async def _locked(tx: AsyncSession, snapshot_id: UUID) -> Snapshot:
    found = await tx.get(Snapshot, snapshot_id, with_for_update=True)
    if found is None:
        raise NotFound
    return found


async def cancel(tx: AsyncSession, snapshot_id: UUID) -> Snapshot:
    """Give it up: nothing of it is kept. NotFound, SnapshotEnded."""
    found = await _locked(tx, snapshot_id)
    if found.status not in OPEN:
        raise SnapshotEnded(status=found.status)
    found.status, found.step, found.ended_at = CANCELLED, None, now()
    await tx.flush()
    return found


async def delete_snapshot(tx: AsyncSession, snapshot_id: UUID) -> None:
    """Delete a snapshot with all that was frozen. NotFound; SnapshotInUse where somebody rests on it; SnapshotNotMade while
    it is being made (cancel it)."""
    found = await _locked(tx, snapshot_id)
    if found.status in OPEN:
        raise SnapshotNotMade(status=found.status)
    users = await tx.scalars(
        select(SnapshotUse.kind).where(SnapshotUse.snapshot_id == snapshot_id).order_by(SnapshotUse.kind).distinct()
    )
    if kinds := list(users):
        raise SnapshotInUse(users=", ".join(kinds))
    await tx.execute(delete(Snapshot).where(Snapshot.id == snapshot_id))


async def made(tx: AsyncSession, snapshot_id: UUID) -> Snapshot:
    """A snapshot that is done, and that nobody deletes meanwhile. NotFound, SnapshotNotMade."""
    found = await tx.get(Snapshot, snapshot_id, with_for_update={"key_share": True, "read": True})
    if found is None:
        raise NotFound
    if found.status != DONE:
        raise SnapshotNotMade(status=found.status)
    return found


async def use(tx: AsyncSession, snapshot_id: UUID, kind: str, user_id: UUID) -> Snapshot:
    """Rest on a snapshot (`kind`: scenario, report, ...): it is not deleted until `release`. NotFound, SnapshotNotMade."""
    found = await made(tx, snapshot_id)
    rests = {"snapshot_id": snapshot_id, "kind": kind, "user_id": user_id}
    await tx.execute(insert(SnapshotUse).values(rests).on_conflict_do_nothing())
    return found


async def release(tx: AsyncSession, kind: str, user_id: UUID) -> None:
    await tx.execute(delete(SnapshotUse).where(SnapshotUse.kind == kind, SnapshotUse.user_id == user_id))


async def compare(tx: AsyncSession, body: ComparisonIn, *, by: Caller) -> Comparison:
    """Have what moved between two snapshots worked out, once. SameSnapshot, NotFound, SnapshotNotMade."""
    if body.before == body.after:
        raise SameSnapshot(pointer="/after")
    asked = Comparison(
        id=new_id(), before_id=body.before, after_id=body.after, status=WAITING, asked_by=by.name, asked_at=now()
    )
    for one in sorted((body.before, body.after)):
        await made(tx, one)
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('comparisons asked for'))"))
    known = select(Comparison).where(Comparison.before_id == body.before, Comparison.after_id == body.after)
    if (found := await tx.scalar(known)) is not None:
        return found
    tx.add(asked)
    await tx.flush()
    for one in (body.before, body.after):
        await use(tx, one, "comparison", asked.id)
    return asked


async def delete_comparison(tx: AsyncSession, comparison_id: UUID) -> None:
    """Delete what was worked out, so that its snapshots may be deleted. NotFound."""
    found = await tx.get(Comparison, comparison_id, with_for_update=True)
    if found is None:
        raise NotFound
    await release(tx, "comparison", comparison_id)
    await tx.delete(found)
    await tx.flush()
