"""Tables of scenarios: what a director keeps, and the last run of each with its result."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base


class Scenario(Base):
    """Named changes over a country; its owner alone sees it."""

    __tablename__ = "scenarios"
    __table_args__ = (
        UniqueConstraint("owner", "name", name="uq_scenarios_owner_name"),
        CheckConstraint("links IN ('certain', 'certain_and_probable')", name="links"),
        Index("ix_scenarios_owner_id", "owner", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    snapshot_id: Mapped[UUID | None]
    """None: over the country as it is on the day of the run."""
    links: Mapped[str] = mapped_column(Text)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ScenarioRun(Base):
    """The last run of a scenario. A further one takes its place; the scenario may have changed since."""

    __tablename__ = "scenario_runs"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'done', 'failed', 'cancelled')", name="status"),
        CheckConstraint("(status = 'done') = (result IS NOT NULL)", name="result_of_done"),
        CheckConstraint("(status = 'failed') = (failure IS NOT NULL)", name="failure_of_failed"),
        Index("ix_scenario_runs_waiting", "asked_at", postgresql_where="status = 'waiting'"),
    )

    scenario_id: Mapped[UUID] = mapped_column(ForeignKey("scenarios.id", ondelete="CASCADE"), primary_key=True)
    run_id: Mapped[UUID]
    """Names this run: what comes of an older one is nobody's."""
    scenario_version: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failure: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    """`code`, and the reason in ar, fr and en."""
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """As it is shown: small cells are hidden before it is stored."""
