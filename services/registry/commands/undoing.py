"""Undo: what was believed before a change is believed again, exactly; the change and its undo both stay in the history."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.acting import Acting
from services.registry.commands.changing import (
    Changing,
    announce,
    keep_pieces,
    lock_households,
    lock_individuals,
    piece_of_past,
    state_facts,
)
from services.registry.errors import AlreadyUndone, LaterChanges, NothingToUndo
from services.registry.models import Change, Household, Identifier, Individual, Membership, PastState
from services.registry.models.states import Record
from services.registry.rules.clocks import Piece
from services.registry.rules.proposals import Undo
from shared.clock import now
from shared.errors import NotFound
from shared.ids import new_id

UNDONE = "undone"


async def undo(tx: AsyncSession, proposal: Undo, acting: Acting) -> Changing:
    """Take a change back. Refused where one of its records has changed since: the later change comes first.

    A record that the change made leaves the registry.
    """
    undone = await tx.get(Change, proposal.change_id)
    if undone is None:
        raise NotFound
    households = await lock_households(tx, await _touched(tx, Household, undone.id))
    individuals = await lock_individuals(tx, await _touched(tx, Individual, undone.id))
    records: list[Record] = [*households.values(), *individuals.values()]
    await _refuse(tx, undone, records)

    changing = acting.begin(tx, "undo", records, now().date(), undoes=undone.id)
    for record in records:
        before = await _pieces_before(tx, record, undone)
        if before:
            await keep_pieces(tx, changing, record, before)
        elif isinstance(record, Household):
            await state_facts(tx, changing, record, {"status": "left", "left_reason": UNDONE})
        else:
            await state_facts(tx, changing, record, {"status": "left"})
    await _restore(tx, changing, Membership, Membership.household_id.in_(list(households)), undone)
    await _restore(tx, changing, Identifier, Identifier.individual_id.in_(list(individuals)), undone)
    announce(tx, changing)
    return changing


async def _touched(tx: AsyncSession, table: type[Record], change_id: UUID) -> Iterable[UUID]:
    kind = "household" if table is Household else "individual"
    return await tx.scalars(
        union(
            select(table.__table__.c.id).where(table.__table__.c.change_id == change_id),
            select(PastState.record_id).where(PastState.change_id == change_id, PastState.kind == kind),
        )
    )


async def _refuse(tx: AsyncSession, undone: Change, records: list[Record]) -> None:
    if await tx.scalar(select(Change.id).where(Change.undoes == undone.id)) is not None:
        raise AlreadyUndone(pointer="/proposal/change_id")
    if not records:
        raise NothingToUndo(pointer="/proposal/change_id")
    later = sorted({str(record.change_id) for record in records if record.change_id != undone.id})
    if later:
        raise LaterChanges(pointer="/proposal/change_id", later=", ".join(later[:5]))


async def _pieces_before(tx: AsyncSession, record: Record, undone: Change) -> list[Piece]:
    """The states that were believed until the change; none where the change made the record."""
    rows = await tx.scalars(
        select(PastState)
        .where(
            PastState.record_id == record.id,
            PastState.known_from < undone.made_at,
            PastState.known_until.is_(None) | (PastState.known_until >= undone.made_at),
        )
        .order_by(PastState.true_from)
    )
    return [piece_of_past(row) for row in rows]


async def _restore(
    tx: AsyncSession, changing: Changing, table: Any, of_records: ColumnElement[bool], undone: Change
) -> None:
    """What the change stated is withdrawn, and what it had withdrawn is stated again."""
    stated = await tx.scalars(
        select(table).where(of_records, table.change_id == undone.id, table.known_until.is_(None))
    )
    for row in stated:
        row.known_until, row.ended_by = changing.at, changing.id
    await tx.flush()
    withdrawn = await tx.scalars(
        select(table).where(of_records, table.ended_by == undone.id, table.change_id != undone.id)
    )
    clocks = {"id", "known_from", "known_until", "change_id", "ended_by"}
    for row in list(withdrawn):
        content = {
            column.key: getattr(row, column.key) for column in table.__table__.columns if column.key not in clocks
        }
        tx.add(table(id=new_id(), known_from=changing.at, change_id=changing.id, **content))
    await tx.flush()
