"""Tables of what a person must look at, of sessions attended, and of schools."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Date, DateTime, ForeignKey, Index, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.programs.models.declaring import Base, one_of
from services.programs.rules.reviewing import ReviewKind
from shared.importing.models import Import


class Review(Base):
    """Something the registry learned that touches an enrollment. It waits for a person; nothing stops by itself.

    `subject_id` is the registry's individual or household, `change_id` the registry's change. `details` holds ids and
    codes, and of an open one after a death who remains of the household by relationship, sex and age. `decision` is one of rules.reviewing, or `lifted`.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        one_of("kind", ReviewKind),
        one_of("status", ("open", "decided")),
        CheckConstraint("(status = 'decided') = (decided_at IS NOT NULL)", name="decided_at"),
        Index("uq_reviews_once", "kind", "enrollment_id", "subject_id", "change_id", unique=True),
        Index("ix_reviews_open", "id", postgresql_where="status = 'open'"),
        Index("ix_reviews_enrollment_id", "enrollment_id"),
        Index("ix_reviews_subject_id", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    subject_id: Mapped[UUID]
    change_id: Mapped[UUID]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text)
    decision: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)


class Attendance(Base):
    """Whether a beneficiary was at a session, as the institution reports it."""

    __tablename__ = "attendance"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), primary_key=True)
    session_on: Mapped[date] = mapped_column(Date, primary_key=True)
    present: Mapped[bool] = mapped_column(Boolean)
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey(Import.id))


class School(Base):
    """A school as its ministry lists it; `key` is its folded name and place. A canteen has days."""

    __tablename__ = "schools"
    __table_args__ = (CheckConstraint("canteen_to >= canteen_from", name="canteen_to"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    wilaya: Mapped[str | None] = mapped_column(Text)
    moughataa: Mapped[str | None] = mapped_column(Text)
    commune: Mapped[str | None] = mapped_column(Text)
    village: Mapped[str | None] = mapped_column(Text)
    canteen_from: Mapped[date | None] = mapped_column(Date)
    canteen_to: Mapped[date | None] = mapped_column(Date)
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey(Import.id))
