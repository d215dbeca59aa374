"""Tables of what institutions must answer: cases of forbidden overlaps, and whom they were reminded of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, DateTime, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base
from services.matching.rules.overlap_cases import CaseAnswer, CaseEnd, CaseOutcome, CaseStatus

ANSWERS = "('keep_here', 'end_here', 'not_same_household', 'exception')"


class OverlapCase(Base):
    """A household in two programs (a before b by code) that the rules matrix forbids together: one for each household and
    pair, opened again where the overlap begins again.

    `ended_at` says since when there is no forbidden overlap; until then the case is current, resolved or not.
    """

    __tablename__ = "overlap_cases"
    __table_args__ = (
        Index("uq_overlap_cases_household_id", "household_id", "program_a", "program_b", unique=True),
        Index("ix_overlap_cases_program_a_id", "program_a", "id"),
        Index("ix_overlap_cases_program_b_id", "program_b", "id"),
        Index("ix_overlap_cases_waiting", "due_at", postgresql_where="status IN ('open', 'disputed')"),
        CheckConstraint('program_a < program_b COLLATE "C"', name="pair_order"),
        CheckConstraint("status IN ('open', 'disputed', 'resolved', 'ceased')", name="status"),
        CheckConstraint(f"answer_a IN {ANSWERS}", name="answer_a"),
        CheckConstraint(f"answer_b IN {ANSWERS}", name="answer_b"),
        CheckConstraint("outcome IN ('one_ends', 'both_end', 'exception', 'not_same_household')", name="outcome"),
        CheckConstraint("(status = 'resolved') = (outcome IS NOT NULL)", name="resolved_has_outcome"),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="ended_has_reason"),
        CheckConstraint("status NOT IN ('open', 'disputed') OR ended_at IS NULL", name="waiting_is_current"),
        CheckConstraint("ended_because IN ('overlap_ceased', 'no_longer_forbidden')", name="ended_because"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    household_id: Mapped[UUID]
    program_a: Mapped[str] = mapped_column(Text)
    program_b: Mapped[str] = mapped_column(Text)
    status: Mapped[CaseStatus] = mapped_column(Text)
    unknown: Mapped[bool] = mapped_column(Boolean)
    """Whether an exemption asks about what is not known of the household: persons look whether it holds."""
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    times_opened: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answer_a: Mapped[CaseAnswer | None] = mapped_column(Text)
    reference_a: Mapped[str | None] = mapped_column(Text)
    answered_a_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_a_by: Mapped[str | None] = mapped_column(Text)
    """The partner and its official, as one word."""
    answer_b: Mapped[CaseAnswer | None] = mapped_column(Text)
    reference_b: Mapped[str | None] = mapped_column(Text)
    answered_b_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    answered_b_by: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[CaseOutcome | None] = mapped_column(Text)
    settled_by: Mapped[str | None] = mapped_column(Text)
    """Where the answers did not fit together."""
    settled_reference: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_because: Mapped[CaseEnd | None] = mapped_column(Text)


class Reminder(Base):
    """That a deadline of something passed and was announced: once for each, whoever looks first."""

    __tablename__ = "reminders"
    __table_args__ = (CheckConstraint("subject IN ('referral', 'overlap_case', 'grievance')", name="subject"),)

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(Text, primary_key=True)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    batch_id: Mapped[UUID]
    reminded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
