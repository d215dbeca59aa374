"""Tables of households and individuals, as they are today."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.changes import Clocks
from services.registry.models.declaring import Base, one_of
from services.registry.rules.households import CATEGORIES, RELATIONSHIPS

HOUSEHOLD_STATUSES = ("active", "left", "merged")
INDIVIDUAL_STATUSES = ("active", "deceased", "left", "merged")
GRADES = ("verified", "check_holds", "declared", "check_failed")


class Household(Clocks, Base):
    """A household. `answers` are to `questionnaire_version`, whose JSON Schema is published."""

    __tablename__ = "households"
    __table_args__ = (
        one_of("vulnerability_category", CATEGORIES),
        one_of("status", HOUSEHOLD_STATUSES),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL)", name="merged_into_another"),
        Index("ix_households_commune_code_id", "commune_code", "id"),
        Index("ix_households_village_code", "village_code", postgresql_where="village_code IS NOT NULL"),
        Index("ix_households_change_id", "change_id"),
        # Quotas and quality count who lives in a place: this index answers alone.
        Index(
            "ix_households_living",
            "commune_code",
            "village_code",
            "vulnerability_category",
            postgresql_where="status = 'active'",
        ),
        Index("ix_households_phones", "phones", postgresql_using="gin"),
        Index("ix_households_merged_into", "merged_into", postgresql_where="merged_into IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    commune_code: Mapped[str] = mapped_column(ForeignKey("places.code"))
    village: Mapped[str | None] = mapped_column(Text)
    """As it was written."""
    village_code: Mapped[str | None] = mapped_column(ForeignKey("places.code"))
    """The village meant, where the table of places knows it."""
    vulnerability_category: Mapped[str] = mapped_column(Text)
    score: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    formula_version: Mapped[str] = mapped_column(Text)
    score_inputs_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    """SHA-256 of what the formula was given; None where the score came from outside with its file."""
    scored_on: Mapped[date] = mapped_column(Date)
    score_valid_until: Mapped[date | None] = mapped_column(Date)
    surveyed_on: Mapped[date] = mapped_column(Date)
    phones: Mapped[list[str]] = mapped_column(JSONB)
    questionnaire_version: Mapped[str | None] = mapped_column(Text)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text)
    left_reason: Mapped[str | None] = mapped_column(Text)
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("households.id"))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """Of the household with its members as a file last told them: the same content again brings nothing new."""
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Individual(Clocks, Base):
    """A person. Names in each script as registered; a birth date known by its year alone says so."""

    __tablename__ = "individuals"
    __table_args__ = (
        one_of("sex", ("F", "M")),
        one_of("birth_precision", ("day", "year")),
        one_of("status", INDIVIDUAL_STATUSES),
        CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL)", name="merged_into_another"),
        CheckConstraint("(status = 'deceased') = (died_on IS NOT NULL)", name="died"),
        Index("ix_individuals_change_id", "change_id"),
        Index("ix_individuals_merged_into", "merged_into", postgresql_where="merged_into IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    name_fr: Mapped[str | None] = mapped_column(Text)
    name_ar: Mapped[str | None] = mapped_column(Text)
    sex: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[date] = mapped_column(Date)
    birth_precision: Mapped[str] = mapped_column(Text)
    disability: Mapped[bool] = mapped_column(Boolean)
    questionnaire_version: Mapped[str | None] = mapped_column(Text)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text)
    died_on: Mapped[date | None] = mapped_column(Date)
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("individuals.id"))


HOUSEHOLD_FACTS = (
    "commune_code", "village", "village_code", "vulnerability_category", "score", "formula_version",
    "score_inputs_hash", "scored_on", "score_valid_until", "surveyed_on", "phones", "questionnaire_version", "answers",
    "status", "left_reason", "merged_into",
)  # fmt: skip
INDIVIDUAL_FACTS = (
    "name_fr", "name_ar", "sex", "birth_date", "birth_precision", "disability", "questionnaire_version", "answers",
    "status", "died_on", "merged_into",
)  # fmt: skip
"""What a state holds: the columns that change with time."""


class Membership(Base):
    """An individual in a household, with a role, from one day to another. A man may head two households.

    `until_on` is the first day it no longer holds. A row is never changed but for `known_until` and `ended_by`: what
    is learnt later is another row.
    """

    __tablename__ = "memberships"
    __table_args__ = (
        one_of("relationship", RELATIONSHIPS),
        CheckConstraint("until_on IS NULL OR until_on >= from_on", name="ends_after_it_begins"),
        Index(
            "uq_memberships_current",
            "household_id",
            "individual_id",
            unique=True,
            postgresql_where="until_on IS NULL AND known_until IS NULL",
        ),
        Index("ix_memberships_individual_id", "individual_id"),
        Index("ix_memberships_household_id", "household_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id"))
    individual_id: Mapped[UUID] = mapped_column(ForeignKey("individuals.id"))
    relationship: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    known_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    known_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    change_id: Mapped[UUID]
    ended_by: Mapped[UUID | None]


class Identifier(Base):
    """A number somebody gave a person. A national id that fails its check is kept and graded so."""

    __tablename__ = "identifiers"
    __table_args__ = (
        one_of("grade", GRADES),
        Index(
            "uq_identifiers_current",
            "individual_id",
            "type",
            "value",
            unique=True,
            postgresql_where="known_until IS NULL",
        ),
        Index("ix_identifiers_type_value", "type", "value"),
        # Whoever types a number seldom says of which kind it is.
        Index("ix_identifiers_value", "value", postgresql_where="type <> 'NNI'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    individual_id: Mapped[UUID] = mapped_column(ForeignKey("individuals.id"))
    type: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    issuer: Mapped[str] = mapped_column(Text)
    grade: Mapped[str] = mapped_column(Text)
    check_holds: Mapped[bool | None] = mapped_column(Boolean)
    """Written by the version before grades; goes with the next release."""
    known_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    known_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    change_id: Mapped[UUID]
    ended_by: Mapped[UUID | None]
