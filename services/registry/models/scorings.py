"""Jobs that give the households of an area their score anew."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Date, DateTime, ForeignKey, Index, Integer, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.declaring import Base, one_of

SCORING_STATUSES = ("received", "running", "completed", "cancelled", "failed")
OPEN = "status IN ('received', 'running')"


class Scoring(Base):
    """One job. `last_household` is how far it is: what it counts up to there is committed with the scores themselves."""

    __tablename__ = "scorings"
    __table_args__ = (
        one_of("status", SCORING_STATUSES),
        Index("ix_scorings_open", "id", postgresql_where=text(OPEN)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    formula_version: Mapped[str] = mapped_column(Text)
    place_code: Mapped[str] = mapped_column(ForeignKey("places.code"))
    dry_run: Mapped[bool] = mapped_column(Boolean)
    scored_on: Mapped[date] = mapped_column(Date)
    """The day of all its scores, however long it runs."""
    status: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    last_household: Mapped[UUID | None]
    households: Mapped[int] = mapped_column(Integer)
    """In the area when it began: what progress is measured by."""
    scored: Mapped[int] = mapped_column(Integer, default=0)
    unchanged: Mapped[int] = mapped_column(Integer, default=0)
    incomplete: Mapped[int] = mapped_column(Integer, default=0)
    """Households without a score, because an input is missing."""
    movement: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """`{category before: {category after: households}}`."""
    missing: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """`{input: households that lack it}`."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
