"""Tables of shock responses: the plan, the list that was approved with it, and who may read that list until when."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from services.matching.models import Base
from services.matching.rules.responding import ResponseStatus

WAITING, READY, FAILED = "waiting", "ready", "failed"
"""Of the computing of a plan."""


class Response(Base):
    """A shock response: what is planned (`design`, as its officer asked), what that does (`figures`), and how far it is."""

    __tablename__ = "responses"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'proposed', 'approved', 'listed', 'paying', 'closed', 'rejected', 'withdrawn')",
            name="status",
        ),
        CheckConstraint("planning IN ('waiting', 'ready', 'failed')", name="planning"),
        CheckConstraint("(planning = 'ready') = (figures IS NOT NULL)", name="ready_with_figures"),
        CheckConstraint("status IN ('draft', 'withdrawn') OR planning = 'ready'", name="proposed_when_ready"),
        CheckConstraint("approved_official IS NULL OR NOT (approved_official = ANY(authors))", name="second_person"),
        CheckConstraint("households_paid >= 0 AND amount_paid >= 0", name="paid"),
        Index("ix_responses_waiting", "id", postgresql_where="planning = 'waiting' AND status = 'draft'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[ResponseStatus] = mapped_column(Text)
    program: Mapped[str] = mapped_column(Text)
    """That delivers."""
    design: Mapped[dict[str, Any]] = mapped_column(JSONB)
    lot: Mapped[str] = mapped_column(Text)
    """The seed by which households equally poor are put in order: drawn with the plan, so that nobody chooses it."""
    planning: Mapped[str] = mapped_column(Text)
    figures: Mapped[dict[str, Any] | None] = deferred(mapped_column(JSONB(none_as_null=True)))
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    planned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    requested_by: Mapped[str] = mapped_column(Text)
    authors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """The officials who drafted, changed or proposed it: none of them approves it."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was rejected or withdrawn."""
    approved_by: Mapped[str | None] = mapped_column(Text)
    approved_official: Mapped[str | None] = mapped_column(Text)
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    listed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    first_paid_on: Mapped[date | None] = mapped_column(Date)
    households_paid: Mapped[int | None] = mapped_column(Integer)
    amount_paid: Mapped[int | None] = mapped_column(BigInteger)
    """In hundredths of an MRU, as all money here."""
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ResponseTrigger(Base):
    """A validated trigger that opened a response."""

    __tablename__ = "response_triggers"

    response_id: Mapped[UUID] = mapped_column(ForeignKey("responses.id"), primary_key=True)
    trigger_id: Mapped[UUID] = mapped_column(ForeignKey("triggers.id"), primary_key=True, index=True)


class ResponseHousehold(Base):
    """A household of a plan, in order. What was computed is what is approved: nothing changes once it is proposed."""

    __tablename__ = "response_households"
    __table_args__ = (
        UniqueConstraint("response_id", "household_id", name="uq_response_households_household"),
        Index("ix_response_households_household_id", "household_id"),
        CheckConstraint("part IN ('vertical', 'horizontal')", name="part"),
        CheckConstraint("apart IN ('first', 'score', 'category', 'lot')", name="apart"),
        CheckConstraint("monthly > 0 AND amount > 0", name="amount"),
    )

    response_id: Mapped[UUID] = mapped_column(ForeignKey("responses.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    household_id: Mapped[UUID]
    """The registry's; it may leave the registry, so nothing refers to it."""
    household_number: Mapped[str] = mapped_column(Text)
    commune_code: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(Integer)
    part: Mapped[str] = mapped_column(Text)
    monthly: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    apart: Mapped[str] = mapped_column(Text)


class ResponseSharing(Base):
    """Who may read the list of a response, for what, until when: it ends by itself, or earlier by an officer's word."""

    __tablename__ = "response_sharings"
    __table_args__ = (
        Index("ix_response_sharings_response_id", "response_id", "id"),
        CheckConstraint("ends_at > granted_at", name="forwards"),
        CheckConstraint("(ended_at IS NULL) = (ended_official IS NULL)", name="ended"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    response_id: Mapped[UUID] = mapped_column(ForeignKey("responses.id"))
    recipient: Mapped[str] = mapped_column(Text)
    """A partner's id."""
    purpose: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    granted_by: Mapped[str] = mapped_column(Text)
    official: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_official: Mapped[str | None] = mapped_column(Text)


class ResponseReading(Base):
    """A page of a list that was read: by whom, when, which households. Written before the answer leaves; only added to."""

    __tablename__ = "response_readings"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    sharing_id: Mapped[UUID] = mapped_column(ForeignKey("response_sharings.id"), index=True)
    read_by: Mapped[str] = mapped_column(Text)
    read_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    first_position: Mapped[int] = mapped_column(Integer)
    households: Mapped[int] = mapped_column(Integer)
