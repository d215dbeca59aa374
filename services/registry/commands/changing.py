"""How records change: every command states facts here, and the two clocks are kept for it.

A change begins with `begin_change`, which takes the moment after the records it concerns are locked; then it states
facts, memberships and identifiers. Nothing that was once believed is lost: what a change ends, it marks and keeps.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.numbers import new_household_number, new_individual_number
from services.registry.models import Change, Household, Individual, PastState
from services.registry.models.states import Record, columns_of, kind_of, state_of
from services.registry.rules.clocks import Origin, Piece, with_facts
from shared.clock import now
from shared.contracts.registry import (
    HouseholdChanged,
    HouseholdsRegistered,
    IndividualChanged,
    IndividualRegistered,
    RecordEvent,
)
from shared.errors import NotFound
from shared.ids import new_id
from shared.outbox import record as record_event

AnyRecord = TypeVar("AnyRecord", Household, Individual)

TICK = timedelta(microseconds=1)
"""PostgreSQL's resolution: a change is known later than every change of its records before it."""


@dataclass(frozen=True, slots=True)
class Changing:
    """A change under way: its row, where its facts come from, and the records it has touched or made."""

    change: Change
    origin: Origin
    touched: dict[UUID, Record] = field(default_factory=dict)
    made: set[UUID] = field(default_factory=set)
    events: dict[UUID, RecordEvent] = field(default_factory=dict)
    """What is announced of a record, where it is more than that it changed."""

    @property
    def id(self) -> UUID:
        return self.change.id

    @property
    def at(self) -> datetime:
        return self.change.made_at


async def lock_households(tx: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Household]:
    """Households by id, locked in the order of ids so that two changes wait for each other and never in a circle."""
    return await _locked(tx, Household, set(ids))


async def lock_individuals(tx: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Individual]:
    """Individuals by id, locked. Households are always locked before individuals."""
    return await _locked(tx, Individual, set(ids))


async def _locked(tx: AsyncSession, table: Any, ids: set[UUID]) -> dict[UUID, Any]:
    rows = await tx.scalars(
        select(table)
        .where(table.id.in_(ids))
        .order_by(table.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in rows}
    if found.keys() != ids:
        raise NotFound
    return found


def begin_change(
    tx: AsyncSession,
    kind: str,
    records: Iterable[Record],
    *,
    by: str,
    origin: Origin,
    reason: str | None = None,
    import_id: UUID | None = None,
    request_id: UUID | None = None,
    undoes: UUID | None = None,
) -> Changing:
    """Begin a change of `records`, which are locked. Its moment is later than all that is known of them."""
    at = max([now(), *(record.known_from + TICK for record in records)])
    change = Change(
        id=new_id(),
        kind=kind,
        made_at=at,
        made_by=by,
        source=origin.source,
        reason=reason,
        import_id=import_id,
        request_id=request_id,
        undoes=undoes,
    )
    tx.add(change)
    return Changing(change, origin)


async def state_facts(
    tx: AsyncSession,
    changing: Changing,
    record: Record,
    facts: Mapping[str, Any],
    *,
    from_on: date | None = None,
    until_on: date | None = None,
) -> None:
    """State that `facts` (as JSON holds them) are true of a record from one day until the day before another.

    Without `from_on` they always were: the correction of an error.
    """
    await state_facts_of_all(tx, changing, [(record, facts)], from_on=from_on, until_on=until_on)


async def state_facts_of_all(
    tx: AsyncSession,
    changing: Changing,
    stated: Sequence[tuple[Record, Mapping[str, Any]]],
    *,
    from_on: date | None = None,
    until_on: date | None = None,
) -> None:
    """`state_facts` for many records, each with its own facts, in as many statements as for one."""
    past = defaultdict[UUID, list[PastState]](list)
    for row in await believed_past(tx, [record.id for record, _ in stated]):
        past[row.record_id].append(row)
    for record, facts in stated:
        pieces = [*map(piece_of_past, past[record.id]), current_piece(record)]
        learned = with_facts(pieces, facts, changing.origin, from_on, until_on)
        put_pieces(tx, changing, record, past[record.id], learned)
    await tx.flush()


async def touch(tx: AsyncSession, changing: Changing, record: Record) -> None:
    """A new version of a record whose memberships or identifiers change and whose own facts do not."""
    past = await believed_past(tx, [record.id])
    put_pieces(tx, changing, record, past, [*map(piece_of_past, past), current_piece(record)])
    await tx.flush()


async def believed_pieces(tx: AsyncSession, record: Record) -> list[Piece]:
    """The states a record is believed to have had, oldest first; the last is open."""
    return [*map(piece_of_past, await believed_past(tx, [record.id])), current_piece(record)]


def current_piece(record: Record) -> Piece:
    return Piece(
        record.true_from, None, state_of(record), Origin(record.source, record.source_on), origins_of(record.sources)
    )


def piece_of_past(past: PastState) -> Piece:
    return Piece(
        past.true_from, past.true_until, past.state, Origin(past.source, past.source_on), origins_of(past.sources)
    )


def origins_of(sources: Mapping[str, Any]) -> dict[str, Origin]:
    return {name: Origin(source, date.fromisoformat(on)) for name, (source, on) in sources.items()}


async def keep_pieces(tx: AsyncSession, changing: Changing, record: Record, pieces: Sequence[Piece]) -> None:
    """Believe from now on that a record had these states. The record has a new version, whatever changed."""
    put_pieces(tx, changing, record, await believed_past(tx, [record.id]), pieces)
    await tx.flush()


def put_pieces(
    tx: AsyncSession, changing: Changing, record: Record, past: Sequence[PastState], pieces: Sequence[Piece]
) -> list[PastState]:
    """`keep_pieces` where `past`, the past states believed so far, is at hand; returns those believed now. No flush."""
    changing.touched[record.id] = record
    first = record.change_id != changing.id
    ended = current_piece(record)
    kept = _end_belief(tx, changing, past, pieces[:-1])
    if first:
        tx.add(_past_row(record, ended, known_until=changing.at, ended_by=changing.id))
        record.version += 1
        record.change_id, record.known_from = changing.id, changing.at
    new = {piece.true_from: _past_row(record, piece) for piece in pieces[:-1] if piece.true_from not in kept}
    tx.add_all(new.values())
    put_piece(record, pieces[-1])
    return [row for _, row in sorted((kept | new).items())]


def put_piece(record: Record, piece: Piece) -> None:
    """Let the open state of a record be `piece`."""
    for name, value in columns_of(type(record), piece.state).items():
        setattr(record, name, value)
    record.true_from = piece.true_from
    record.source, record.source_on = piece.origin.source, piece.origin.on
    record.sources = {name: [origin.source, origin.on.isoformat()] for name, origin in piece.others.items()}
    if isinstance(record, Household):
        record.content_hash = b""  # no longer what a file said: the next one is compared field by field


def _end_belief(
    tx: AsyncSession, changing: Changing, believed: Iterable[PastState], wanted: Sequence[Piece]
) -> dict[date, PastState]:
    """End the belief in past states that are not wanted; returns the others by their first day."""
    by_start = {piece.true_from: piece for piece in wanted}
    kept = {}
    for row in believed:
        if by_start.get(row.true_from) == piece_of_past(row):
            kept[row.true_from] = row
        elif row.change_id == changing.id:  # said by this very change: nobody has ever known it
            _forget(tx, row)
        else:
            row.known_until, row.ended_by = changing.at, changing.id
    return kept


def _forget(tx: AsyncSession, row: PastState) -> None:
    if row in tx.new:
        tx.expunge(row)
    else:
        tx.sync_session.delete(row)


async def believed_past(tx: AsyncSession, record_ids: Collection[UUID]) -> list[PastState]:
    """The past states of records that are still believed, by record and the day they began."""
    rows = select(PastState).where(PastState.record_id.in_(record_ids), PastState.known_until.is_(None))
    return list(await tx.scalars(rows.order_by(PastState.record_id, PastState.true_from)))


def _past_row(
    record: Record, piece: Piece, known_until: datetime | None = None, ended_by: UUID | None = None
) -> PastState:
    """A state of the record's present version as a past one."""
    return PastState(
        record_id=record.id,
        known_from=record.known_from,
        true_from=piece.true_from,
        known_until=known_until,
        true_until=piece.true_until,
        kind=kind_of(record),
        version=record.version,
        state=dict(piece.state),
        source=piece.origin.source,
        source_on=piece.origin.on,
        sources={name: [origin.source, origin.on.isoformat()] for name, origin in piece.others.items()},
        change_id=record.change_id,
        ended_by=ended_by,
    )


async def make_household(
    tx: AsyncSession, changing: Changing, facts: Mapping[str, Any], on: date, number: str | None = None
) -> Household:
    """A household that begins on a day, with `facts` as JSON holds them."""
    number = number or await new_household_number(tx, facts["commune_code"])
    made = Household(id=new_id(), number=number, sources={}, content_hash=b"")
    return await _make(tx, changing, made, facts, on)


async def make_individual(tx: AsyncSession, changing: Changing, facts: Mapping[str, Any], on: date) -> Individual:
    """A person who is known from a day on, with `facts` as JSON holds them."""
    made = Individual(id=new_id(), number=await new_individual_number(tx), sources={})
    return await _make(tx, changing, made, facts, on)


async def _make(tx: AsyncSession, changing: Changing, made: AnyRecord, facts: Mapping[str, Any], on: date) -> AnyRecord:
    state = {"answers": {}, "status": "active"} | dict(facts)
    put_piece(made, Piece(on, None, state, changing.origin))
    made.version, made.known_from, made.change_id = 1, changing.at, changing.id
    tx.add(made)
    changing.touched[made.id] = made
    changing.made.add(made.id)
    await tx.flush()
    return made


def announce(tx: AsyncSession, changing: Changing) -> None:
    """Announce a change that is complete: one event for each record, since each has one new version."""
    new_households = [one for one in changing.made if isinstance(changing.touched[one], Household)]
    if new_households:
        people = sum(isinstance(changing.touched[one], Individual) for one in changing.made)
        record_event(tx, HouseholdsRegistered(batch_id=changing.id, households=len(new_households), individuals=people))
    for id_, touched in changing.touched.items():
        if id_ not in new_households:
            event = changing.events.get(id_) or _changed(changing, touched)
            record_event(tx, event.model_copy(update={"version": touched.version}))


def _changed(changing: Changing, record: Record) -> RecordEvent:
    if isinstance(record, Household):
        return HouseholdChanged(change_id=changing.id, household_id=record.id)
    if record.id in changing.made:
        return IndividualRegistered(change_id=changing.id, individual_id=record.id)
    return IndividualChanged(change_id=changing.id, individual_id=record.id)
