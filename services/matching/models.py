"""Tables of matching: projections of the registry and of the programs, and the links between them."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATEMULTIRANGE, JSONB, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.matching.rules.referring import HandOverOutcome, ReferralReason, ReferralRefusal, ReferralStatus
from shared.database import NAMING


class LinkStatus(StrEnum):
    """What was decided for a beneficiary; pending until it has been compared."""

    PENDING = "pending"
    LINKED = "linked"
    TO_ADJUDICATE = "to_adjudicate"
    UNMATCHED = "unmatched"


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class Place(Base):
    """A place as the registry publishes it."""

    __tablename__ = "places"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(Text)
    name_fr: Mapped[str] = mapped_column(Text)
    name_ar: Mapped[str | None] = mapped_column(Text)
    names: Mapped[list[str]] = mapped_column(JSONB)


class Household(Base):
    """A registry household, without its people: what overlaps and gaps are counted by."""

    __tablename__ = "households"
    __table_args__ = (Index("ix_households_wilaya_code", "wilaya_code"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    wilaya_code: Mapped[str | None] = mapped_column(Text)
    moughataa_code: Mapped[str | None] = mapped_column(Text)
    commune_code: Mapped[str] = mapped_column(Text)
    village: Mapped[str | None] = mapped_column(Text)
    vulnerability_category: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(Integer)
    disability: Mapped[bool] = mapped_column(Boolean)
    """Whether a member lives with a disability."""
    school_age: Mapped[bool] = mapped_column(Boolean)
    """Whether a member was of school age when the household was projected, for the version before this one; who asks for a
    day reads HouseholdFacts."""


class HouseholdFacts(Base):
    """What figures and eligibility are computed from, without a name: of each member the facts, in arrays of one order.

    Ages follow from the births as of any day. Null in an array: the registry does not tell it of that member.
    """

    __tablename__ = "household_facts"
    __table_args__ = (CheckConstraint("head_sex IN ('F', 'M')", name="head_sex"),)

    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    """Of the household: facts of another version than its own are not known (the version before this one writes none)."""
    score: Mapped[Decimal | None] = mapped_column(Numeric)
    head_sex: Mapped[str | None] = mapped_column(Text)
    births: Mapped[list[date | None]] = mapped_column(ARRAY(Date))
    sexes: Mapped[list[str | None]] = mapped_column(ARRAY(Text))
    disabilities: Mapped[list[bool | None]] = mapped_column(ARRAY(Boolean))
    relationships: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Member(Base):
    """An individual in a household: the fields of IndividualFacts, in columns, which are read five times faster than JSON."""

    __tablename__ = "members"
    __table_args__ = (
        Index("ix_members_household_id", "household_id"),
        Index("ix_members_individual_id", "individual_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id"))
    individual_id: Mapped[UUID]
    individual_number: Mapped[str] = mapped_column(Text)
    household_number: Mapped[str] = mapped_column(Text)
    name_fr: Mapped[str | None] = mapped_column(Text)
    name_ar: Mapped[str | None] = mapped_column(Text)
    father_name: Mapped[str | None] = mapped_column(Text)
    sex: Mapped[str | None] = mapped_column(Text)
    birth_date: Mapped[date | None]
    birth_precision: Mapped[str | None] = mapped_column(Text)
    nni: Mapped[str | None] = mapped_column(Text)
    phones: Mapped[list[str]] = mapped_column(ARRAY(Text))
    relationship: Mapped[str] = mapped_column(Text)
    wilaya_code: Mapped[str | None] = mapped_column(Text)
    moughataa_code: Mapped[str | None] = mapped_column(Text)
    commune_code: Mapped[str] = mapped_column(Text)


class MemberRemoval(Base):
    """A member that was deleted, with its phones: so the index in memory learns of it. Old lines are trimmed."""

    __tablename__ = "member_removals"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigInteger)
    phones: Mapped[list[str]] = mapped_column(ARRAY(Text))


class HouseholdPhone(Base):
    """On how many households a phone stands: one on many is an agent's, and says little about a person."""

    __tablename__ = "household_phones"

    phone: Mapped[str] = mapped_column(Text, primary_key=True)
    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id"), primary_key=True, index=True)


class Program(Base):
    """A program as its institution publishes it."""

    __tablename__ = "programs"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    institution: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(Text)
    names: Mapped[dict[str, str]] = mapped_column(JSONB)
    targeting: Mapped[dict[str, Any]] = mapped_column(JSONB)
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """All that was published of it: values, calendar, eligibility, substitutes. None where the version before this one wrote it."""


class School(Base):
    """A school as its institution lists it, found from a pupil by `key` (the beneficiary's `school_key`)."""

    __tablename__ = "schools"

    institution: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    commune: Mapped[str | None] = mapped_column(Text)
    canteen_from: Mapped[date | None]
    canteen_to: Mapped[date | None]


class Beneficiary(Base):
    """An enrollment of some program, what its list says of the person, and its link to the registry."""

    __tablename__ = "beneficiaries"
    __table_args__ = (
        Index("ix_beneficiaries_pending", "id", postgresql_where="link_status = 'pending'"),
        Index("ix_beneficiaries_program_id", "program", "id"),
        Index("ix_beneficiaries_household_id", "household_id"),
        Index("ix_beneficiaries_individual_id", "individual_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """The enrollment's id."""
    institution: Mapped[str] = mapped_column(Text)
    program: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool] = mapped_column(Boolean)
    spans: Mapped[list[Range[date]] | None] = mapped_column(DATEMULTIRANGE)
    """The days on which it is enrolled, not suspended. None where a programs service of the version before told none."""
    monthly_value_mru: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    import_id: Mapped[UUID | None]
    source_line: Mapped[int | None] = mapped_column(Integer)
    listed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    link_status: Mapped[LinkStatus] = mapped_column(Text)
    """pending while a comparison waits; otherwise the same as decided_as."""
    decided_as: Mapped[LinkStatus | None] = mapped_column(Text)
    """The last decision, which stands while a new comparison waits."""
    link_version: Mapped[int] = mapped_column(Integer)
    individual_id: Mapped[UUID | None]
    household_id: Mapped[UUID | None]
    probability: Mapped[float | None]
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class LinkRefusal(Base):
    """Whom an institution, or a person here, says a beneficiary is not: never linked to anybody of this household, nor to this
    individual while the person receives who received in `person_version` of the enrollment. Of a person's step it has the
    id, and is there while the step stands.

    It may come before the beneficiary does, so nothing refers to one.
    """

    __tablename__ = "link_refusals"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(index=True)
    individual_id: Mapped[UUID | None] = mapped_column(index=True)
    household_id: Mapped[UUID | None] = mapped_column(index=True)
    person_version: Mapped[int] = mapped_column(Integer, server_default="1")


class BeneficiaryKey(Base):
    """A key of a beneficiary: when an individual with the same one arrives, the beneficiary is compared again."""

    __tablename__ = "beneficiary_keys"

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    beneficiary_id: Mapped[UUID] = mapped_column(
        ForeignKey("beneficiaries.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ListedTogether(Base):
    """A row of a list beside which others of its household may stand: by what, and the household into which what is known of
    the row alone surely leads, with how much of that each member has."""

    __tablename__ = "listed_together"
    __table_args__ = (Index("ix_listed_together_program_together", "program", "together"),)

    beneficiary_id: Mapped[UUID] = mapped_column(ForeignKey("beneficiaries.id", ondelete="CASCADE"), primary_key=True)
    program: Mapped[str] = mapped_column(Text)
    together: Mapped[str] = mapped_column(Text)
    leads: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class Overlap(Base):
    """A household that receives from two programs (a before b by code), from when to when."""

    __tablename__ = "overlaps"
    __table_args__ = (
        Index(
            "uq_overlaps_current",
            "household_id",
            "program_a",
            "program_b",
            unique=True,
            postgresql_where="ceased_at IS NULL",
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    household_id: Mapped[UUID]
    program_a: Mapped[str] = mapped_column(Text)
    program_b: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ceased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class EnrolledHousehold(Base):
    """Whether a household is enrolled in a program, as it was told last; one that never was has no row."""

    __tablename__ = "enrolled_households"
    __table_args__ = (Index("ix_enrolled_households_batch_id", "batch_id", "household_id", "program"),)

    household_id: Mapped[UUID] = mapped_column(primary_key=True)
    program: Mapped[str] = mapped_column(Text, primary_key=True)
    enrolled: Mapped[bool]
    version: Mapped[int] = mapped_column(BigInteger)
    batch_id: Mapped[UUID]
    """Of the announcement that told it."""


class HandOver(Base):
    """A household that left a program with a proposal to another institution's, until it is referred there.

    `version` is that of the enrollment when it ended: where the enrollment has a later one, the exit was undone.
    """

    __tablename__ = "hand_overs"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "version", name="uq_hand_overs_enrollment_id"),
        CheckConstraint(
            "outcome IN ('waiting', 'referred', 'in_program', 'referred_already', 'withdrawn')", name="outcome"
        ),
        Index("ix_hand_overs_waiting", "to_program", postgresql_where="outcome = 'waiting'"),
        Index("ix_hand_overs_from_program_id", "from_program", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("beneficiaries.id"))
    version: Mapped[int] = mapped_column(Integer)
    from_program: Mapped[str] = mapped_column(Text)
    to_program: Mapped[str] = mapped_column(Text)
    handed_over_by: Mapped[str] = mapped_column(Text)
    handed_over_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[HandOverOutcome] = mapped_column(Text)
    referral_id: Mapped[UUID | None] = mapped_column(ForeignKey("referrals.id"))


class Referral(Base):
    """A household that one program's keeper sends to another program, followed until it is served.

    At most one is open for a household and a receiving program, whoever sent it.
    """

    __tablename__ = "referrals"
    __table_args__ = (
        Index(
            "uq_referrals_open",
            "household_id",
            "to_program",
            unique=True,
            postgresql_where="status IN ('sent', 'seen', 'accepted')",
        ),
        Index("ix_referrals_to_program_id", "to_program", "id"),
        Index("ix_referrals_from_program_id", "from_program", "id"),
        Index("ix_referrals_enrollment_id", "enrollment_id"),
        CheckConstraint("from_program <> to_program", name="two_programs"),
        CheckConstraint("status IN ('sent', 'seen', 'accepted', 'refused', 'served', 'closed')", name="status"),
        CheckConstraint(
            "reason IN ('not_in_program', 'household_asked', 'situation_changed', 'left_program')",
            name="reason",
        ),
        CheckConstraint("(refusal IS NULL) = (refused_at IS NULL)", name="refusal_has_reason"),
        CheckConstraint(
            "refusal IN ('not_eligible', 'no_capacity', 'outside_area', 'household_not_found', 'household_declined',"
            " 'already_in_program', 'sent_in_error')",
            name="refusal",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    from_program: Mapped[str] = mapped_column(Text)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("beneficiaries.id"))
    """Of the program that sends: never shown to the one that receives."""
    to_program: Mapped[str] = mapped_column(Text)
    household_id: Mapped[UUID]
    """The registry's household when it was sent. It may leave the registry, so nothing refers to it."""
    household_number: Mapped[str] = mapped_column(Text)
    """The registry's number of it."""
    reason: Mapped[ReferralReason] = mapped_column(Text)
    status: Mapped[ReferralStatus] = mapped_column(Text)
    refusal: Mapped[ReferralRefusal | None] = mapped_column(Text)
    sent_by: Mapped[str] = mapped_column(Text)
    """The partner that sent it: whom to contact."""
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    refused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    served_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ReferralDeadlines(Base):
    """What the receiver of referrals to a program, or to a service, has set as its deadlines."""

    __tablename__ = "referral_deadlines"
    __table_args__ = (CheckConstraint("least(days_to_see, days_to_answer, days_to_serve) >= 1", name="at_least_a_day"),)

    receiver: Mapped[str] = mapped_column(Text, primary_key=True)
    """The code of the program or the service."""
    version: Mapped[int] = mapped_column(Integer)
    days_to_see: Mapped[int] = mapped_column(Integer)
    days_to_answer: Mapped[int] = mapped_column(Integer)
    days_to_serve: Mapped[int] = mapped_column(Integer)
    set_by: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
