"""Tables of agreements."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.agreements.rules.lifecycle import State, Step
from gateway.agreements.terms import Terms
from gateway.delivery.models import Base


def _one_of(column: str, values: type[State] | type[Step]) -> CheckConstraint:
    listed = ", ".join(f"'{one.value}'" for one in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class AgreementRow(Base):
    """An agreement: who gives what to whom is in its versions. `revision` counts its steps and is its ETag."""

    __tablename__ = "agreements"
    __table_args__ = (
        CheckConstraint("kind IN ('mandate', 'sharing', 'emergency')", name="kind"),
        CheckConstraint("(kind = 'mandate') = (provider = recipient)", name="mandate_is_ones_own"),
        Index("uq_agreements_mandate", "recipient", unique=True, postgresql_where="kind = 'mandate'"),
        Index("ix_agreements_provider", "provider", "id"),
        Index("ix_agreements_recipient", "recipient", "id"),
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    recipient: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class VersionRow(Base):
    """A version. Its terms never change; its state does. At most one of an agreement is open, and one in force."""

    __tablename__ = "agreement_versions"
    __table_args__ = (
        _one_of("state", State),
        CheckConstraint("not_before <= not_after", name="days"),
        Index(
            "uq_agreement_versions_open",
            "agreement_id",
            unique=True,
            postgresql_where="state IN ('draft', 'signed')",
        ),
        Index(
            "uq_agreement_versions_in_force",
            "agreement_id",
            unique=True,
            postgresql_where="state IN ('active', 'suspended')",
        ),
    )

    agreement_id: Mapped[str] = mapped_column(ForeignKey("agreements.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    population: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """In the place of what `terms` says of it, where this is not null."""
    fingerprint: Mapped[str] = mapped_column(Text)
    """SHA-256 of the terms: what the parties sign."""
    not_before: Mapped[date] = mapped_column(Date)
    not_after: Mapped[date] = mapped_column(Date)
    review_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Of an emergency agreement that no second person has reviewed yet: when it ends for that."""

    @property
    def said(self) -> Terms:
        """What the version says."""
        return Terms.model_validate(self.terms | ({"population": self.population} if self.population else {}))


class StepRow(Base):
    """Who did what with a version, when and why. Never changed, never removed."""

    __tablename__ = "agreement_steps"
    __table_args__ = (
        _one_of("step", Step),
        ForeignKeyConstraint(
            ["agreement_id", "version"], ["agreement_versions.agreement_id", "agreement_versions.version"]
        ),
        Index("ix_agreement_steps_agreement_id_version", "agreement_id", "version"),
        # A party signs a version once.
        Index(
            "uq_agreement_steps_signature",
            "agreement_id",
            "version",
            "partner",
            unique=True,
            postgresql_where="step = 'sign'",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    step: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    """The one it led to."""
    partner: Mapped[str] = mapped_column(Text)
    official: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DayVolume(Base):
    """How many people's data an agreement has given on a day (UTC), over all processes."""

    __tablename__ = "agreement_volumes"

    agreement_id: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger)
