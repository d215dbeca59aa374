"""A steward settles a conflict between two sources."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import (
    announce,
    begin_change,
    believed_pieces,
    lock_households,
    lock_individuals,
    state_facts,
    touch,
)
from services.registry.commands.correcting import lock_homes
from services.registry.errors import AlreadyMerged, ConflictOutdated, ConflictSettledAlready
from services.registry.models import Conflict, Household
from services.registry.models.states import Record
from services.registry.rules.clocks import Origin, Piece
from shared.clock import now
from shared.contracts.registry import ConflictSettled, HouseholdMoved
from shared.errors import NotFound
from shared.outbox import record as say


async def settle_conflict(tx: AsyncSession, conflict_id: UUID, *, decision: str, reason: str, by: str) -> Conflict:
    """Decide once between the two values; where the offered one is taken, it is a correction that can be undone."""
    conflict, record, homes = await _lock(tx, conflict_id)
    if conflict.settled_at is not None:
        raise ConflictSettledAlready(on=conflict.settled_at.date(), decision=conflict.decision)
    if decision == "take_offered":
        conflict.settled_change = await _take(tx, conflict, record, homes, reason=reason, by=by)
    conflict.decision, conflict.settled_reason = decision, reason
    conflict.settled_at, conflict.settled_by = now(), by
    say(
        tx,
        ConflictSettled(
            conflict_id=conflict.id,
            record_id=conflict.record_id,
            decision=decision,
            held_source=conflict.held_source,
            offered_source=conflict.offered_source,
        ),
    )
    await tx.flush()
    return conflict


async def _lock(tx: AsyncSession, conflict_id: UUID) -> tuple[Conflict, Record, dict[UUID, Household]]:
    """The record first and the conflict last, as whoever finds conflicts does; with the homes of an individual."""
    known = await tx.get(Conflict, conflict_id)
    if known is None:
        raise NotFound
    record: Record
    homes: dict[UUID, Household] = {}
    if known.kind == "household":
        record = (await lock_households(tx, [known.record_id]))[known.record_id]
    else:
        homes = await lock_homes(tx, known.record_id)
        record = (await lock_individuals(tx, [known.record_id]))[known.record_id]
    again = select(Conflict).where(Conflict.id == conflict_id).with_for_update()
    conflict = (await tx.scalars(again.execution_options(populate_existing=True))).one()
    return conflict, record, homes


async def _take(
    tx: AsyncSession, conflict: Conflict, record: Record, homes: dict[UUID, Household], *, reason: str, by: str
) -> UUID:
    """Believe the offered value from the day its source took it, for as long as the held one was believed."""
    if record.status == "merged":
        raise AlreadyMerged(pointer="/decision", into=record.merged_into)
    until_on = _held_until(conflict, await believed_pieces(tx, record))
    origin = Origin(conflict.offered_source, conflict.offered_on)
    changing = begin_change(tx, "correction", [record, *homes.values()], by=by, origin=origin, reason=reason)
    facts = {conflict.field: conflict.offered_value}
    if conflict.field == "commune_code":
        moved = HouseholdMoved(
            change_id=changing.id,
            household_id=record.id,
            from_commune=conflict.held_value,
            to_commune=conflict.offered_value,
        )
        changing.events[record.id] = moved
    await state_facts(tx, changing, record, facts, from_on=conflict.offered_on, until_on=until_on)
    for home in homes.values():
        await touch(tx, changing, home)
    announce(tx, changing)
    return changing.id


def _held_until(conflict: Conflict, pieces: Sequence[Piece]) -> date | None:
    """The day from which another fact than the held one is believed; None where it still is.

    ConflictOutdated where the held value is no longer believed of the day on which the other was taken.
    """
    since = [one for one in pieces if one.true_until is None or one.true_until > conflict.offered_on]
    if since[0].state.get(conflict.field) != conflict.held_value:
        raise ConflictOutdated(pointer="/decision")
    held = since[0].origin_of(conflict.field)
    return next((one.true_from for one in since[1:] if one.origin_of(conflict.field) != held), None)
