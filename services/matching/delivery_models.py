"""The table of what institutions say they handed over."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Boolean, Date, Index, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base


class ProgramDelivery(Base):
    """A delivery of some program, as its institution recorded it: to an enrollment, or of meals at a school. Nobody is named.

    It never changes: one that `corrects` it counts in its place, whichever of the two comes here first.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_program_delivered_on",
            "program",
            "delivered_on",
            postgresql_where="enrollment_id IS NOT NULL",
        ),
        Index("ix_deliveries_enrollment_id", "enrollment_id", postgresql_where="enrollment_id IS NOT NULL"),
        Index("ix_deliveries_school", "institution", "school", "delivered_on", postgresql_where="school IS NOT NULL"),
        Index("ix_deliveries_corrects", "corrects", postgresql_where="corrects IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    institution: Mapped[str] = mapped_column(Text)
    program: Mapped[str] = mapped_column(Text)
    enrollment_id: Mapped[UUID | None]
    """It may come before the enrollment does, so nothing refers to one."""
    school: Mapped[str | None] = mapped_column(Text)
    """The key of the school, where meals are reported by school and day."""
    handed_over: Mapped[bool] = mapped_column(Boolean)
    """False where the beneficiary was absent, or nothing could be handed over."""
    amount_mru: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    delivered_on: Mapped[date] = mapped_column(Date)
    period_on: Mapped[date | None] = mapped_column(Date)
    """The first day of the period to which its institution laid it; None where nothing was due."""
    corrects: Mapped[UUID | None]
