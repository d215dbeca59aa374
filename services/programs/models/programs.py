"""Tables of the catalog: the programs as published, each version of them, and the values they give."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.programs.models.declaring import MONEY, Base, one_of
from services.programs.rules.program import Unit


class ProgramRow(Base):
    """A program as last published.

    `document` is the whole of it (rules.program.Program); what is asked for often stands in columns beside. `catalog_hash`
    is that of the catalog's edition last taken over: a restart publishes the catalog only where it brings something new,
    and never over what was published since.
    """

    __tablename__ = "programs"
    __table_args__ = (one_of("unit", Unit),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    name_ar: Mapped[str] = mapped_column(Text)
    name_fr: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    benefit: Mapped[str] = mapped_column(Text)
    legal_channel: Mapped[str] = mapped_column(Text)
    targeting: Mapped[dict[str, Any]] = mapped_column(JSONB)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    catalog_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(Integer)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valued_version: Mapped[int | None] = mapped_column(Integer)
    """The version by which the monthly values of all its enrollments were last worked out; None before the first time."""
    valued_from_on: Mapped[date | None] = mapped_column(Date)
    """And the first day of the value in force then."""


class ProgramVersion(Base):
    """A program as it was published once; never changed."""

    __tablename__ = "program_versions"

    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_by: Mapped[str] = mapped_column(Text)


class ProgramValue(Base):
    """What a program gave from a day on, as the version before this one wrote it. The document of the program says it now;
    the table goes with the next version, when nobody that writes it can still be running."""

    __tablename__ = "program_values"
    __table_args__ = (
        one_of("per", ("household", "person", "pupil")),
        one_of("confidence", ("found", "derived", "assumed")),
        CheckConstraint("amount_mru >= 0", name="amount_mru"),
        CheckConstraint("months_per_payment BETWEEN 1 AND 12", name="months_per_payment"),
    )

    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"), primary_key=True)
    from_on: Mapped[date] = mapped_column(Date, primary_key=True)
    amount_mru: Mapped[Decimal] = mapped_column(MONEY)
    per: Mapped[str] = mapped_column(Text)
    months_per_payment: Mapped[int] = mapped_column(Integer)
    months: Mapped[list[int] | None] = mapped_column(JSONB(none_as_null=True))
    max_people: Mapped[int | None] = mapped_column(Integer)
    confidence: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
