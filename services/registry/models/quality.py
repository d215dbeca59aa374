"""Tables of data quality: runs of the rules over the whole registry, what each found, and which thresholds are crossed.

No table names a person: findings are counted per rule, commune and source; the records are found again when asked for.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Boolean, Date, DateTime, ForeignKey, Index, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.declaring import Base, one_of

RUN_STATUSES = ("waiting", "running", "completed")


class QualityRun(Base):
    """One look at every record, commune by commune. `reached` is the last place whose figures are committed."""

    __tablename__ = "quality_runs"
    __table_args__ = (
        one_of("status", RUN_STATUSES),
        Index("uq_quality_runs_one_open", "open", unique=True, postgresql_where="open"),
        Index("ix_quality_runs_completed", "id", postgresql_where="status = 'completed'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    open: Mapped[bool] = mapped_column(Boolean)
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    on_day: Mapped[date] = mapped_column(Date)
    """The day on which ages are reckoned: that of the request, however long the run takes."""
    edition: Mapped[str] = mapped_column(Text)
    """Of the rules: figures of two editions are not of one measure."""
    places: Mapped[int] = mapped_column(Integer)
    places_done: Mapped[int] = mapped_column(Integer)
    reached: Mapped[str] = mapped_column(Text)
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class QualityCount(Base):
    """The records of one commune and source, and the sum of their faults: each record's is that of its worst finding."""

    __tablename__ = "quality_counts"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("quality_runs.id", ondelete="CASCADE"), primary_key=True)
    commune_code: Mapped[str] = mapped_column(Text, primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    records: Mapped[int] = mapped_column(Integer)
    faults: Mapped[Decimal] = mapped_column(Numeric(14, 2))


class QualityFinding(Base):
    """How many records of a commune and source a rule found; no row where it found none."""

    __tablename__ = "quality_findings"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("quality_runs.id", ondelete="CASCADE"), primary_key=True)
    commune_code: Mapped[str] = mapped_column(Text, primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    rule: Mapped[str] = mapped_column(Text, primary_key=True)
    findings: Mapped[int] = mapped_column(Integer)


class QualityAge(Base):
    """How old the surveys of a place's households are."""

    __tablename__ = "quality_ages"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("quality_runs.id", ondelete="CASCADE"), primary_key=True)
    place_code: Mapped[str] = mapped_column(Text, primary_key=True)
    households: Mapped[int] = mapped_column(Integer)
    stale: Mapped[int] = mapped_column(Integer)
    median_days: Mapped[Decimal] = mapped_column(Numeric(8, 1))


class QualityStanding(Base):
    """Where a place stands on one side or the other of a threshold, as last announced."""

    __tablename__ = "quality_standings"
    __table_args__ = (UniqueConstraint("place_code", "threshold"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    place_code: Mapped[str] = mapped_column(Text)
    threshold: Mapped[str] = mapped_column(Text)
    crossed: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)
    """How often it has been announced."""
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
