"""Tables of a programs service."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.programs.rules.program import Unit
from services.programs.rules.status import LinkStatus, Status
from shared.database import NAMING
from shared.importing.models import Import

MONEY = Numeric(14, 2)


def _one_of(column: str, values: type[StrEnum] | tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(value)) for value in values)})", name=column)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class ProgramRow(Base):
    """A program as last published. `content_hash` tells whether the catalog brings anything new."""

    __tablename__ = "programs"
    __table_args__ = (_one_of("unit", Unit),)

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
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(Integer)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ProgramValue(Base):
    """What a program gives from a day on; see rules.program.Value."""

    __tablename__ = "program_values"
    __table_args__ = (
        _one_of("per", ("household", "person", "pupil")),
        _one_of("confidence", ("found", "derived", "assumed")),
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


class Enrollment(Base):
    """A beneficiary in a program, as its institution listed it, and where matching found it in the registry.

    The link columns have versions of their own (matching's), so that a link is no new version of the enrollment.
    """

    __tablename__ = "enrollments"
    __table_args__ = (
        _one_of("status", Status),
        _one_of("link_status", LinkStatus),
        CheckConstraint("(status = 'exited') = (exited_on IS NOT NULL)", name="exited_on"),
        CheckConstraint("household_size > 0", name="household_size"),
        CheckConstraint("link_probability BETWEEN 0 AND 1", name="link_probability"),
        # Nobody is active twice in one program.
        Index(
            "uq_enrollments_active",
            "program_code",
            "beneficiary_key",
            unique=True,
            postgresql_where="status <> 'exited'",
        ),
        Index("ix_enrollments_program_code_id", "program_code", "id"),
        Index("ix_enrollments_import_id_id", "import_id", "id"),
        # A removal in a delta is looked up by whichever number it still carries.
        Index(
            "ix_enrollments_household_number",
            "program_code",
            "household_number",
            postgresql_where="household_number IS NOT NULL",
        ),
        Index("ix_enrollments_nni", "program_code", "nni", postgresql_where="nni IS NOT NULL"),
        Index(
            "ix_enrollments_registry_household_id",
            "registry_household_id",
            postgresql_where="registry_household_id IS NOT NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    status: Mapped[Status] = mapped_column(Text)
    beneficiary_key: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    """Of the last change of status."""
    enrolled_on: Mapped[date] = mapped_column(Date)
    exited_on: Mapped[date | None] = mapped_column(Date)

    listed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The row as sent, by canonical field."""
    household_number: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    father_name: Mapped[str | None] = mapped_column(Text)
    nni: Mapped[str | None] = mapped_column(Text)
    phones: Mapped[list[str]] = mapped_column(JSONB)
    sex: Mapped[str | None] = mapped_column(Text)
    birth_date: Mapped[date | None] = mapped_column(Date)
    birth_precision: Mapped[str | None] = mapped_column(Text)
    wilaya: Mapped[str | None] = mapped_column(Text)
    moughataa: Mapped[str | None] = mapped_column(Text)
    commune: Mapped[str | None] = mapped_column(Text)
    village: Mapped[str | None] = mapped_column(Text)
    household_size: Mapped[int | None] = mapped_column(Integer)
    school: Mapped[str | None] = mapped_column(Text)
    school_class: Mapped[str | None] = mapped_column(Text)
    card_number: Mapped[str | None] = mapped_column(Text)
    amount_mru: Mapped[Decimal | None] = mapped_column(MONEY)
    """One payment, where the list names it."""
    monthly_value_mru: Mapped[Decimal | None] = mapped_column(MONEY)
    """Unknown where the program gives per person and the list does not say how many."""
    import_id: Mapped[UUID] = mapped_column(ForeignKey(Import.id))
    source_line: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    link_status: Mapped[LinkStatus] = mapped_column(Text, default=LinkStatus.PENDING)
    link_version: Mapped[int] = mapped_column(Integer, default=0)
    link_probability: Mapped[Decimal | None] = mapped_column(Numeric(6, 5))
    registry_individual_id: Mapped[UUID | None]
    registry_household_id: Mapped[UUID | None]
