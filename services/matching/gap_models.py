"""Tables of eligibility and gaps: who is meant by which program, and in it or not, kept current."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base
from services.matching.rules.gap_reasons import GapReason


class EligibleHousehold(Base):
    """A household that a program's rule means, or of which that cannot be told (`eligible` null); who is not meant has no row.

    `reason` null: it is in the program, or in a substitute. An eligible one with a reason is a gap; one of which it cannot
    be told is none, and is counted apart.
    """

    __tablename__ = "eligible_households"
    __table_args__ = (
        CheckConstraint("reason IN ('never_enrolled', 'waiting', 'suspended', 'exited')", name="reason"),
        Index("ix_eligible_households_program_household_id", "program", "household_id"),
    )

    household_id: Mapped[UUID] = mapped_column(primary_key=True)
    """It may have just left the registry: whoever took it out looks here, too."""
    program: Mapped[str] = mapped_column(Text, primary_key=True)
    eligible: Mapped[bool | None]
    reason: Mapped[GapReason | None] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """Since when the row says what it says."""


class GapSweep(Base):
    """How far the country has been gone through anew, for a day and for what programs had published then: one row.

    Days make children older, and a program may change its rule: then every household is looked at again.
    """

    __tablename__ = "gap_sweeps"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date]
    rules: Mapped[str] = mapped_column(Text)
    """A digest of what programs had published."""
    reached: Mapped[UUID | None]
    """The last household looked at; null before the first."""
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
