"""Tables of what happened in the life of households, and of the hand-overs it proposes."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base
from services.matching.rules.life_changes import Fit, LifeChange, ProposalStatus

CHANGES = "change IN ('turned_2', 'left_school_age', 'left_school_list', 'became_disabled')"


class NoticedChange(Base):
    """A change in somebody's life, noticed once. It proposes until it is settled: it has proposed, or is too long ago."""

    __tablename__ = "life_changes"
    __table_args__ = (
        CheckConstraint(CHANGES, name="change"),
        UniqueConstraint("subject_id", "change", "happened_on", name="uq_life_changes_once"),
        Index("ix_life_changes_open", "looked_on", "id", postgresql_where="NOT settled"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID]
    """The individual; of one who left a school's list the enrollment, as it may not be known who it is."""
    household_id: Mapped[UUID | None]
    """None: the household of the enrollment."""
    change: Mapped[LifeChange] = mapped_column(Text)
    happened_on: Mapped[date]
    looked_on: Mapped[date | None]
    """The last day on which it was looked at whom it proposes to."""
    settled: Mapped[bool] = mapped_column(default=False)


class LifeProposal(Base):
    """A hand-over that a change proposes to the keeper of a program, for a person to decide. Once for a change and a program."""

    __tablename__ = "life_proposals"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'referred', 'declined')", name="status"),
        CheckConstraint("fit IN ('required', 'intended', 'complement')", name="fit"),
        CheckConstraint("(status = 'referred') = (referral_id IS NOT NULL)", name="referred"),
        UniqueConstraint("life_change_id", "from_program", name="uq_life_proposals_once"),
        Index("ix_life_proposals_from_program_id", "from_program", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    life_change_id: Mapped[UUID] = mapped_column(ForeignKey("life_changes.id"))
    household_id: Mapped[UUID]
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("beneficiaries.id"))
    from_program: Mapped[str] = mapped_column(Text)
    to_program: Mapped[str] = mapped_column(Text)
    fit: Mapped[Fit] = mapped_column(Text)
    status: Mapped[ProposalStatus] = mapped_column(Text, default=ProposalStatus.OPEN)
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    referral_id: Mapped[UUID | None] = mapped_column(ForeignKey("referrals.id"))
    decided_by: Mapped[str | None] = mapped_column(Text)
    official: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was declined."""


class LifeLook(Base):
    """Up to which day birthdays have been looked through: one row."""

    __tablename__ = "life_looks"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date]
    reached: Mapped[UUID | None]
    """The last household looked at; null before the first."""
    ended: Mapped[bool] = mapped_column(default=False)
