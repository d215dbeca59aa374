"""The outbox: an event is a row of the same transaction as the change it announces."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Index, Integer, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from shared.contracts.event import Event
from shared.copying import Rows
from shared.database import PlatformBase
from shared.ids import new_id
from shared.tracing import current_traceparent


class OutboxRow(PlatformBase):
    """One event. `sequence` is its place in the stream, known once NATS has acknowledged it."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("aggregate_id", "version"),
        Index("ix_outbox_sequence", "sequence"),
        Index("ix_outbox_waiting", "position", postgresql_where="published_at IS NULL"),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, Identity())
    type: Mapped[str] = mapped_column(Text)
    aggregate_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    traceparent: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sequence: Mapped[int | None] = mapped_column(BigInteger)


class KnownStream(PlatformBase):
    """The stream our events are in, by the moment it was created: another moment is another, empty stream."""

    __tablename__ = "known_streams"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


def record(tx: AsyncSession, event: Event) -> None:
    """Announce `event` with this transaction: it goes out if, and only if, the transaction commits."""
    tx.add(
        OutboxRow(
            event_id=new_id(),
            type=event.type,
            aggregate_id=event.aggregate_id(),
            version=event.version,
            data=event.model_dump(mode="json"),
            traceparent=current_traceparent(),
        )
    )


def rows_of(events: Sequence[Event]) -> Rows:
    """The rows by which events are announced, for `add_rows`: many at once, or one of a write that must be fast."""
    traceparent = current_traceparent()
    rows = [(new_id(), one.type, one.aggregate_id(), one.version, one.model_dump_json(), traceparent) for one in events]
    return Rows(OutboxRow, ("event_id", "type", "aggregate_id", "version", "data", "traceparent"), rows)
