"""Tables of the feed."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    Uuid,
    any_,
    func,
    literal,
)
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, mapped_column

from shared.database import NAMING


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class FeedRow(Base):
    """One enrollment change at its place in the feed. Never changed, never removed.

    `sequence` runs 1, 2, 3 without a gap in order of commit; `program_sequence` does so within a program, so that
    the rows of any set of programs up to a place are counted by one look per program.
    """

    __tablename__ = "feed"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "version"),
        Index("ix_feed_program_sequence", "program", "sequence", postgresql_include=["program_sequence"]),
        CheckConstraint("sequence > 0 AND program_sequence > 0", name="counted_from_one"),
    )

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    program_sequence: Mapped[int] = mapped_column(BigInteger)
    enrollment_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer)
    program: Mapped[str] = mapped_column(Text)
    from_status: Mapped[str | None] = mapped_column(Text)
    to_status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class EarlyChange(Base):
    """A change that came before the one it follows; it enters the feed when that one has."""

    __tablename__ = "early_changes"

    enrollment_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    program: Mapped[str] = mapped_column(Text)
    from_status: Mapped[str | None] = mapped_column(Text)
    to_status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    held_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def among(column: InstrumentedAttribute[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """`column = ANY(ids)`: one parameter however many ids, where IN would need one for each."""
    return column == any_(literal(list(ids), ARRAY(Uuid())))
