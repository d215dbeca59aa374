"""Tables of eligibility replays: who was eligible on a day, by that day's rule and what was known then."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base


class ReplayStatus(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class EligibilityReplay(Base):
    """A question about a program, a day and a moment of knowledge, with its answer in numbers.

    `rule` is the program's document as it was published then, kept so that the answer can be explained for ever.
    """

    __tablename__ = "eligibility_replays"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'done', 'failed', 'cancelled')", name="status"),
        CheckConstraint("(status = 'running') = (ended_at IS NULL)", name="ended_at"),
        Index("ix_eligibility_replays_running", "asked_at", postgresql_where="status = 'running'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    program: Mapped[str] = mapped_column(Text)
    as_of: Mapped[date]
    known_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    status: Mapped[ReplayStatus] = mapped_column(Text)
    failure: Mapped[str | None] = mapped_column(Text)
    """A code of errors.REPLAY_FAILURES."""
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    rule_version: Mapped[int | None] = mapped_column(Integer)
    cursor: Mapped[str | None] = mapped_column(Text)
    """How far the registry's pages have been read."""
    households: Mapped[int] = mapped_column(Integer)
    counts: Mapped[dict[str, dict[str, int]]] = mapped_column(JSONB)
    """By wilaya (an empty text where it is not known): eligible, not_eligible, cannot_tell."""
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ReplayPart(Base):
    """What was known of some households, as Parquet: from the id of the first to that of the last, in order."""

    __tablename__ = "eligibility_replay_parts"

    replay_id: Mapped[UUID] = mapped_column(ForeignKey("eligibility_replays.id", ondelete="CASCADE"), primary_key=True)
    first_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_id: Mapped[UUID]
    content: Mapped[bytes] = mapped_column(LargeBinary)
