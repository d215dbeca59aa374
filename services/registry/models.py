"""Tables of the registry."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    Boolean,
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

from services.registry.rules.households import CATEGORIES, RELATIONSHIPS
from shared.database import NAMING


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=column)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class Place(Base):
    """A wilaya, moughataa or commune. `names` holds every spelling known, in both scripts."""

    __tablename__ = "places"
    __table_args__ = (_one_of("kind", ("wilaya", "moughataa", "commune")),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("places.code"))
    name_fr: Mapped[str] = mapped_column(Text)
    name_ar: Mapped[str | None] = mapped_column(Text)
    names: Mapped[list[str]] = mapped_column(JSONB)


class PlacesEdition(Base):
    """Which edition of the table of places is loaded, by the checksum of its files."""

    __tablename__ = "places_editions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    checksum: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Household(Base):
    """A household. `content_hash` tells whether a file brings anything new for it or its members."""

    __tablename__ = "households"
    __table_args__ = (
        _one_of("vulnerability_category", CATEGORIES),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        Index("ix_households_commune_code_id", "commune_code", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    commune_code: Mapped[str] = mapped_column(ForeignKey("places.code"))
    village: Mapped[str | None] = mapped_column(Text)
    vulnerability_category: Mapped[str] = mapped_column(Text)
    score: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    formula_version: Mapped[str] = mapped_column(Text)
    surveyed_on: Mapped[date] = mapped_column(Date)
    phones: Mapped[list[str]] = mapped_column(JSONB)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(Integer)
    registered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Individual(Base):
    """A person. Names in each script as registered; a birth date known by its year alone says so."""

    __tablename__ = "individuals"
    __table_args__ = (_one_of("sex", ("F", "M")), _one_of("birth_precision", ("day", "year")))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    name_fr: Mapped[str | None] = mapped_column(Text)
    name_ar: Mapped[str | None] = mapped_column(Text)
    sex: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[date] = mapped_column(Date)
    birth_precision: Mapped[str] = mapped_column(Text)
    disability: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)


class Membership(Base):
    """An individual in a household, with a role, from one day to another. A man may head two households."""

    __tablename__ = "memberships"
    __table_args__ = (
        _one_of("relationship", RELATIONSHIPS),
        CheckConstraint("until_on IS NULL OR until_on >= from_on", name="ends_after_it_begins"),
        Index(
            "uq_memberships_current", "household_id", "individual_id", unique=True, postgresql_where="until_on IS NULL"
        ),
        Index("ix_memberships_individual_id", "individual_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    household_id: Mapped[UUID] = mapped_column(ForeignKey("households.id"))
    individual_id: Mapped[UUID] = mapped_column(ForeignKey("individuals.id"))
    relationship: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)


class Identifier(Base):
    """A number somebody gave a person. A national id that fails its check is kept and marked."""

    __tablename__ = "identifiers"
    __table_args__ = (Index("ix_identifiers_type_value", "type", "value"),)

    individual_id: Mapped[UUID] = mapped_column(ForeignKey("individuals.id"), primary_key=True)
    type: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    issuer: Mapped[str] = mapped_column(Text)
    check_holds: Mapped[bool] = mapped_column(Boolean)
