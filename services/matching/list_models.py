"""What became of the lines of a list that an institution had matched."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base
from shared.importing.models import Import


class Found(StrEnum):
    """What was found for a line."""

    LINK = "link"
    """It is this person; for a program of households, this household."""
    ADJUDICATE = "adjudicate"
    """A person should look."""
    SAME_AS_ANOTHER_LINE = "same_as_another_line"
    """It may be this person, and a surer line of the same list is."""
    UNMATCHED = "unmatched"


class MatchedLine(Base):
    """One line: as it was sent, and who it may be. Of an unmatched one nothing more."""

    __tablename__ = "matched_lines"
    __table_args__ = (
        CheckConstraint("found IN ('link', 'adjudicate', 'same_as_another_line', 'unmatched')", name="found"),
        CheckConstraint("(same_as_line IS NOT NULL) = (found = 'same_as_another_line')", name="same_as_line"),
        Index("ix_matched_lines_import_id_found", "import_id", "found", "line"),
    )

    import_id: Mapped[UUID] = mapped_column(ForeignKey(Import.id, ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    sent: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """By field of a list: its cells."""
    found: Mapped[Found] = mapped_column(Text)
    individual_id: Mapped[UUID | None]
    household_id: Mapped[UUID | None]
    probability: Mapped[float] = mapped_column(Float)
    same_as_line: Mapped[int | None] = mapped_column(Integer)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """The likeliest first: ids, household number, probability, and `levels`, the level and weight of each field."""
