"""A record as it was true on one day and known at one moment."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Membership, PastState
from services.registry.models.states import FACTS, Record, as_json, columns_of
from shared.clock import now


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
    rows: Iterable[Record] = await tx.scalars(select(table).where(table.__table__.c.id.in_(ids)))
    found = {row.id: current_state(row) for row in rows}
    if moment.is_now:
        return found
    elsewhere = {id_ for id_, one in found.items() if one.true_from > moment.day or one.known_from > moment.known}
    if not elsewhere:
        return found
    past = await tx.scalars(select(PastState).where(PastState.record_id.in_(elsewhere), holds(PastState, moment)))
    then = {row.record_id: past_state(table, found[row.record_id].number, row) for row in past}
    return {id_: then.get(id_, one) for id_, one in found.items() if id_ not in elsewhere or id_ in then}


def current_state(row: Record) -> State:
    return State(
        id=row.id,
        number=row.number,
        version=row.version,
        values={name: getattr(row, name) for name in FACTS[type(row)]},
        true_from=row.true_from,
        true_until=None,
        known_from=row.known_from,
        known_until=None,
        source=row.source,
        source_on=row.source_on,
        sources=row.sources,
    )


def past_state(table: type[Record], number: str, row: PastState) -> State:
    return State(
        id=row.record_id,
        number=number,
        version=row.version,
        values=columns_of(table, row.state),
        true_from=row.true_from,
        true_until=row.true_until,
        known_from=row.known_from,
        known_until=row.known_until,
        source=row.source,
        source_on=row.source_on,
        sources=row.sources,
    )


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as an answer shows them: bytes in hexadecimal."""
    return {name: as_json(value) if isinstance(value, bytes) else value for name, value in values.items()}
