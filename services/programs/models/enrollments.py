"""Tables of enrollments: who is in a program, who was, and where the registry knows them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.programs.models.declaring import MONEY, Base, one_of
from services.programs.rules.status import LinkStatus, Status
from shared.importing.models import Import


class Enrollment(Base):
    """A beneficiary in a program, as its institution listed it, and where matching found it in the registry.

    The link columns have versions of their own (matching's), so that a link is no new version of the enrollment.
    """

    __tablename__ = "enrollments"
    __table_args__ = (
        one_of("status", Status),
        one_of("link_status", LinkStatus),
        CheckConstraint("(status = 'exited') = (exited_on IS NOT NULL)", name="exited_on"),
        CheckConstraint("status NOT IN ('enrolled', 'suspended') OR enrolled_on IS NOT NULL", name="enrolled_on"),
        CheckConstraint("(held_reason IS NULL) = (held_on IS NULL)", name="held_on"),
        CheckConstraint("household_size > 0", name="household_size"),
        CheckConstraint("hand_over_to IS NULL OR status = 'exited'", name="hand_over_to"),
        CheckConstraint("link_probability BETWEEN 0 AND 1", name="link_probability"),
        # Nobody is active twice in one program.
        Index(
            "uq_enrollments_active",
            "program_code",
            "beneficiary_key",
            unique=True,
            postgresql_where="status <> 'exited'",
        ),
        # Who comes back is tied to the enrollment that ended last.
        Index(
            "ix_enrollments_ended",
            "program_code",
            "beneficiary_key",
            "exited_on",
            postgresql_where="status = 'exited'",
        ),
        # How many seats of a program are taken, by place.
        Index(
            "ix_enrollments_seated",
            "program_code",
            "place_code",
            postgresql_where="status IN ('enrolled', 'suspended')",
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
        Index("ix_enrollments_card_number", "program_code", "card_number", postgresql_where="card_number IS NOT NULL"),
        # A payment report may name a beneficiary by the phone alone.
        Index("ix_enrollments_phones", "phones", postgresql_using="gin"),
        Index("ix_enrollments_nni", "program_code", "nni", postgresql_where="nni IS NOT NULL"),
        Index(
            "ix_enrollments_registry_household_id",
            "registry_household_id",
            postgresql_where="registry_household_id IS NOT NULL",
        ),
        Index(
            "ix_enrollments_registry_individual_id",
            "registry_individual_id",
            postgresql_where="registry_individual_id IS NOT NULL",
        ),
        # The waiting list, in the order in which it is admitted.
        Index(
            "ix_enrollments_waiting",
            "program_code",
            "priority",
            "applied_on",
            "id",
            postgresql_where="status = 'applied'",
        ),
        # Pupils by school, for the schools that a report of meals names.
        Index(
            "ix_enrollments_school_key",
            "program_code",
            "school_key",
            postgresql_where="status = 'enrolled' AND school_key IS NOT NULL",
        ),
        Index(
            "ix_enrollments_school_without_key",
            "program_code",
            postgresql_where="status = 'enrolled' AND school IS NOT NULL AND school_key IS NULL",
        ),
        Index("ix_enrollments_recertify_on", "recertify_on", postgresql_where="status = 'enrolled'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    program_code: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    status: Mapped[Status] = mapped_column(Text)
    beneficiary_key: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    """Of the last change of status."""
    applied_on: Mapped[date | None] = mapped_column(Date)
    """Of who applied before being enrolled."""
    enrolled_on: Mapped[date | None] = mapped_column(Date)
    """None while the application waits, and for one that was never accepted."""
    exited_on: Mapped[date | None] = mapped_column(Date)
    recertify_on: Mapped[date | None] = mapped_column(Date)
    priority: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Of a waiting application: the lowest number is admitted first."""
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollments.id"))
    """The enrollment that ended before this one began, of the same beneficiary in the same program."""
    held_reason: Mapped[str | None] = mapped_column(Text)
    """Why what falls due is not to be handed over until a person decides; the enrollment stays what it is."""
    held_on: Mapped[date | None] = mapped_column(Date)
    hand_over_to: Mapped[str | None] = mapped_column(Text)
    """The program, of any institution, to which this household was proposed when it left."""
    handed_over_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrollments.id"))
    """The application made there, where that program is this institution's too."""
    place_code: Mapped[str | None] = mapped_column(Text)
    """The p-code of the place by which quotas count; known where it was given, or where the program has quotas."""

    person_version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """The version since which this person receives: a refused link to a person holds for the one who received then."""
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
    school_key: Mapped[str | None] = mapped_column(Text)
    """The same for all writings of a school (rules.schools); None also where it was stored before there were keys."""
    school_class: Mapped[str | None] = mapped_column(Text)
    card_number: Mapped[str | None] = mapped_column(Text)
    amount_mru: Mapped[Decimal | None] = mapped_column(MONEY)
    """One payment, where the list names it."""
    monthly_value_mru: Mapped[Decimal | None] = mapped_column(MONEY)
    """Unknown where the program gives per person and the list does not say how many."""
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey(Import.id))
    """The file that named the beneficiary; None where an institution's system sent one enrollment."""
    source_line: Mapped[int | None] = mapped_column(Integer)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    link_status: Mapped[LinkStatus] = mapped_column(Text, default=LinkStatus.PENDING)
    link_version: Mapped[int] = mapped_column(Integer, default=0)
    link_probability: Mapped[Decimal | None] = mapped_column(Numeric(6, 5))
    registry_individual_id: Mapped[UUID | None]
    registry_household_id: Mapped[UUID | None]


class EnrollmentPast(Base):
    """An enrollment as it was in a version that another has followed: what an undo restores."""

    __tablename__ = "enrollment_pasts"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)


class LinkRefusal(Base):
    """The institution says that its beneficiary is not this individual or household of the registry.

    The individual is refused for the person who received then (`person_version`); the household, whoever receives.
    """

    __tablename__ = "link_refusals"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), index=True)
    household_id: Mapped[UUID | None]
    individual_id: Mapped[UUID | None]
    person_version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    reason: Mapped[str] = mapped_column(Text)
    refused_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    refused_by: Mapped[str] = mapped_column(Text)
