"""A record as it was true on one day and known at one moment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Membership, PastState
from services.registry.models.states import FACTS, Record, as_json, columns_of
from shared.clock import now
from shared.database import any_of


@dataclass(frozen=True, slots=True)
class Moment:
    """A day on which facts are asked for, and the moment up to which the registry's knowledge counts."""

    as_of: date | None = None
    known_at: datetime | None = None

    @property
    def is_now(self) -> bool:
        return self.as_of is None and self.known_at is None

    @property
    def day(self) -> date:
        return self.as_of or now().date()

    @property
    def known(self) -> datetime:
        return self.known_at or now()


NOW = Moment()

_CLOCKS = ("id", "number", "version", "true_from", "known_from", "source", "source_on", "sources")
_PAST = (
    "version", "state", "true_from", "true_until", "known_from", "known_until", "source", "source_on", "sources",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """What a record was at a moment. `values` are its facts as its table's columns hold them."""

    id: UUID
    number: str
    version: int
    values: Mapping[str, Any]
    true_from: date
    true_until: date | None
    known_from: datetime
    known_until: datetime | None
    source: str
    source_on: date
    sources: Mapping[str, Any]


def holds(table: Any, moment: Moment) -> ColumnElement[bool]:
    """Where a row with two clocks holds at a moment: memberships and past states."""
    until, known_until = table.true_until, table.known_until
    held: ColumnElement[bool] = (
        (table.true_from <= moment.day)
        & (until.is_(None) | (until > moment.day))
        & (table.known_from <= moment.known)
        & (known_until.is_(None) | (known_until > moment.known))
    )
    return held


def member_at(moment: Moment) -> ColumnElement[bool]:
    """Memberships that hold at a moment."""
    if moment.is_now:
        return Membership.until_on.is_(None) & Membership.known_until.is_(None)
    return (
        (Membership.from_on <= moment.day)
        & (Membership.until_on.is_(None) | (Membership.until_on > moment.day))
        & (Membership.known_from <= moment.known)
        & (Membership.known_until.is_(None) | (Membership.known_until > moment.known))
    )


def believed_at(table: Any, moment: Moment) -> ColumnElement[bool]:
    """Rows that were believed at a moment, whatever the day: identifiers."""
    believed: ColumnElement[bool] = table.known_until.is_(None)
    if moment.known_at is not None:
        believed = (table.known_from <= moment.known) & (believed | (table.known_until > moment.known))
    return believed


async def states(
    tx: AsyncSession, table: type[Record], ids: Collection[UUID], moment: Moment = NOW
) -> dict[UUID, State]:
    """What these records were at a moment; those not known then are left out."""
    if not ids:
        return {}
    rows = await tx.execute(select_states(table, moment).where(table.__table__.c.id == any_of(ids)))
    found = (state_in(table, row, moment) for row in rows)
    return {state.id: state for state in found if state is not None}


def select_states(table: type[Record], moment: Moment) -> Select[Any]:
    """Records without entities, which cost more than the reading: what `state_in` makes a state of comes first.

    At a moment, the past state that held then stands beside today's.
    """
    record, past = table.__table__, PastState.__table__
    rows = select(*(record.c[name] for name in (*_CLOCKS, *FACTS[table])))
    if moment.is_now:
        return rows
    held = (past.c.record_id == record.c.id) & holds(PastState, moment)
    return rows.add_columns(*(past.c[name] for name in _PAST)).outerjoin_from(record, past, held)


def state_in(table: type[Record], row: Sequence[Any], moment: Moment) -> State | None:
    """The state in a row of `select_states`; None where the record was not known then."""
    id_, number, version, true_from, known_from, source, source_on, sources = row[: len(_CLOCKS)]
    today = len(_CLOCKS) + len(FACTS[table])
    if moment.is_now or (true_from <= moment.day and known_from <= moment.known):
        values = dict(zip(FACTS[table], row[len(_CLOCKS) : today], strict=True))
        return State(id_, number, version, values, true_from, None, known_from, None, source, source_on, sources)
    version, state, *clocks = row[today : today + len(_PAST)]
    return None if state is None else State(id_, number, version, columns_of(table, state), *clocks)


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as an answer shows them: bytes in hexadecimal."""
    return {name: as_json(value) if isinstance(value, bytes) else value for name, value in values.items()}
