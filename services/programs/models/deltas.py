"""Tables of deltas: what a receiver was told of a program's beneficiaries, and when."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.programs.models.declaring import Base, one_of

DELTA_ACTIONS = ("remove", "add", "change")
"""In the order of the file: who left makes room before others come."""


class Delta(Base):
    """The net changes of a program since the delta before, for one receiver; numbered from 1 without a gap."""

    __tablename__ = "deltas"
    __table_args__ = (
        UniqueConstraint("program_code", "receiver", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    receiver: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(Integer)
    fields: Mapped[list[str]] = mapped_column(JSONB)
    """The columns of its file: those of the program's list on that day."""
    additions: Mapped[int] = mapped_column(Integer, default=0)
    removals: Mapped[int] = mapped_column(Integer, default=0)
    changes: Mapped[int] = mapped_column(Integer, default=0)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class DeltaRow(Base):
    """One line of a delta, frozen: the database refuses to change or remove it."""

    __tablename__ = "delta_rows"
    __table_args__ = (
        one_of("action", DELTA_ACTIONS),
        Index("ix_delta_rows_enrollment_id", "enrollment_id"),
    )

    delta_id: Mapped[UUID] = mapped_column(ForeignKey("deltas.id"), primary_key=True)
    row: Mapped[int] = mapped_column(Integer, primary_key=True)
    action: Mapped[str] = mapped_column(Text)
    beneficiary_key: Mapped[str] = mapped_column(Text)
    """Who this is about: the same when a beneficiary left and came back in between."""
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    effective_on: Mapped[date] = mapped_column(Date)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The beneficiary as told, by canonical field; of a removal, as told last."""
