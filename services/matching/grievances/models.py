"""Tables of grievances, and of who looked at a household's picture."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, DateTime, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base
from services.matching.rules.grieving import Category, Desk, GrievanceStatus, Verdict


class Grievance(Base):
    """What somebody complains of, followed until it is closed. `text`, `contact` and `answer` are personal data: they go into
    no event, no log and no history."""

    __tablename__ = "grievances"
    __table_args__ = (
        Index("ix_grievances_program_id", "program", "id"),
        Index("ix_grievances_opened_by_id", "opened_by", "id"),
        Index("ix_grievances_household_id", "household_id"),
        Index(
            "ix_grievances_due_at",
            "due_at",
            postgresql_where="status IN ('opened', 'acknowledged', 'answered', 'escalated')",
        ),
        CheckConstraint(
            "category IN ('exclusion', 'payment_missing', 'wrong_amount', 'wrong_data', 'conduct', 'other')",
            name="category",
        ),
        CheckConstraint("desk IN ('program', 'registry', 'unit')", name="desk"),
        CheckConstraint(
            "status IN ('opened', 'acknowledged', 'answered', 'accepted', 'escalated', 'closed')", name="status"
        ),
        CheckConstraint("verdict IN ('upheld', 'partly_upheld', 'rejected')", name="verdict"),
        CheckConstraint("desk <> 'program' OR program IS NOT NULL", name="desk_has_program"),
        CheckConstraint("language IN ('ar', 'fr', 'en')", name="language"),
        CheckConstraint("opened_by IS NOT NULL OR category = 'conduct'", name="anonymous_on_conduct"),
        CheckConstraint("category <> 'conduct' OR desk = 'unit'", name="conduct_goes_to_the_unit"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    category: Mapped[Category] = mapped_column(Text)
    desk: Mapped[Desk] = mapped_column(Text)
    program: Mapped[str | None] = mapped_column(Text)
    about: Mapped[str | None] = mapped_column(Text)
    """Of conduct: the institution it is about, which never sees it."""
    household_id: Mapped[UUID | None]
    household_number: Mapped[str | None] = mapped_column(Text)
    contact: Mapped[str | None] = mapped_column(Text)
    """How somebody is reached who is not in the registry."""
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    """Of whoever complains: the answer comes in it."""
    disputes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    status: Mapped[GrievanceStatus] = mapped_column(Text)
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened_by: Mapped[str | None] = mapped_column(Text)
    """The partner whose agent took it down; none where it is anonymous."""
    official: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    answer: Mapped[str | None] = mapped_column(Text)
    verdict: Mapped[Verdict | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    escalated: Mapped[bool] = mapped_column(Boolean)
    reopened: Mapped[bool] = mapped_column(Boolean)


class PictureRead(Base):
    """Who looked at what of a household; only added to."""

    __tablename__ = "picture_reads"
    __table_args__ = (Index("ix_picture_reads_household_id_id", "household_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID]
    read_by: Mapped[str] = mapped_column(Text)
    official: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    """Of the case it was looked at for."""
    programs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    read_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
