"""Tables of snapshots: what was frozen, the figures computed from it, and who still needs it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base

WAITING, RUNNING, DONE, CANCELLED, FAILED = "waiting", "running", "done", "cancelled", "failed"
OPEN = (WAITING, RUNNING)
STEPS = ("reading", "freezing", "computing", "storing")
STATUS = "status IN ('waiting', 'running', 'done', 'cancelled', 'failed')"
OPEN_ROWS = "status IN ('waiting', 'running')"


class Snapshot(Base):
    """The country of one day as it was known when the snapshot was made. It never changes again."""

    __tablename__ = "snapshots"
    __table_args__ = (
        CheckConstraint(STATUS, name="status"),
        CheckConstraint("step IN ('reading', 'freezing', 'computing', 'storing')", name="step"),
        CheckConstraint("status <> 'done' OR (frames_hash IS NOT NULL AND cells_hash IS NOT NULL)", name="hashed"),
        Index("ix_snapshots_open", "id", postgresql_where=OPEN_ROWS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(Text)
    day: Mapped[date] = mapped_column(Date)
    period_from: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(Text)
    step: Mapped[str | None] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    threshold: Mapped[float | None] = mapped_column(Float)
    """The probability from which a link is certain."""
    model_version: Mapped[str | None] = mapped_column(Text)
    households: Mapped[int | None] = mapped_column(Integer)
    people: Mapped[int | None] = mapped_column(BigInteger)
    cells: Mapped[int | None] = mapped_column(Integer)
    frames_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    cells_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    failure: Mapped[dict[str, str] | None] = mapped_column(JSONB)

    @property
    def known_on(self) -> date:
        """What the registry knows of households it tells as it is now: of this day, in whatever day they were frozen."""
        return self.asked_at.date()


class SnapshotPart(Base):
    """A piece of what was frozen (a frame as Parquet, the terms as JSON) or of a file of the figures."""

    __tablename__ = "snapshot_parts"

    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("snapshots.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SnapshotCell(Base):
    """One figure as it is shown: of which indicator, of whom, which part of which whole. Money is in hundredths of an MRU."""

    __tablename__ = "snapshot_cells"
    __table_args__ = (
        Index("ix_snapshot_cells_asked", "snapshot_id", "indicator", "grouped_by", "program", "place"),
        CheckConstraint("(value IS NULL) = (reason IS NOT NULL)", name="value_or_reason"),
    )

    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("snapshots.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    indicator: Mapped[str] = mapped_column(Text)
    grouped_by: Mapped[str] = mapped_column(Text)
    group: Mapped[str] = mapped_column("group_code", Text)
    program: Mapped[str] = mapped_column(Text)
    other: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    bound: Mapped[str] = mapped_column(Text)
    numerator: Mapped[int | None] = mapped_column(BigInteger)
    denominator: Mapped[int | None] = mapped_column(BigInteger)
    value: Mapped[float | None] = mapped_column(Float)
    reason: Mapped[str | None] = mapped_column(Text)
    overlap_class: Mapped[str | None] = mapped_column(Text)


class SnapshotUse(Base):
    """Somebody rests on a snapshot (a scenario, a report, a comparison): it is not deleted before they are."""

    __tablename__ = "snapshot_uses"

    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("snapshots.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)


class Comparison(Base):
    """What moved between two snapshots, worked out once."""

    __tablename__ = "snapshot_comparisons"
    __table_args__ = (
        CheckConstraint(STATUS, name="status"),
        CheckConstraint("before_id <> after_id", name="two"),
        Index("uq_snapshot_comparisons_pair", "before_id", "after_id", unique=True),
        Index("ix_snapshot_comparisons_open", "id", postgresql_where=OPEN_ROWS),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    before_id: Mapped[UUID] = mapped_column(ForeignKey("snapshots.id"))
    after_id: Mapped[UUID] = mapped_column(ForeignKey("snapshots.id"))
    status: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
