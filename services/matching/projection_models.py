"""The table of requests to read projections anew from their owners."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base


class ProjectionRebuild(Base):
    """A request to read projections anew. `steps` are parts, each of one process: `[["households", "registry"], …]`, done in this
    order; `step` is the one it has come to, and `reached` and `cursor` how far in it."""

    __tablename__ = "projection_rebuilds"
    __table_args__ = (
        Index("uq_projection_rebuilds_running", "status", unique=True, postgresql_where="status = 'running'"),
        CheckConstraint("status IN ('running', 'done', 'cancelled')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    steps: Mapped[list[list[str]]] = mapped_column(JSONB)
    step: Mapped[int] = mapped_column(Integer)
    cursor: Mapped[str | None] = mapped_column(Text)
    """Of the owner's next page."""
    reached: Mapped[UUID | None]
    """The last row read of the step."""
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """By part: rows read, of these put in their place, and rows dropped of which no owner knows."""
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
