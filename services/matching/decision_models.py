"""Tables of what persons decide on links: questions, steps, and what stands of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Float, ForeignKey, Index, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base
from services.matching.rules.adjudicating import AdjudicationStatus, Outcome
from services.matching.rules.deciding import OpenedFor
from services.matching.rules.persons import Said, UnlinkReason


class Adjudication(Base):
    """The question who a beneficiary is, put to persons: one for each beneficiary that ever was in doubt, opened again
    where it must be."""

    __tablename__ = "adjudications"
    __table_args__ = (
        Index(
            "ix_adjudications_queue",
            "program",
            "skips",
            "cost_mru",
            "id",
            postgresql_where="status IN ('open', 'awaiting_second')",
        ),
        Index("ix_adjudications_program_id", "program", "id"),
        CheckConstraint("status IN ('open', 'awaiting_second', 'decided', 'settled')", name="status"),
        CheckConstraint(
            "opened_for IN ('doubtful', 'individual_left', 'contradicted', 'evidence_changed', 'by_hand')",
            name="opened_for",
        ),
        CheckConstraint("outcome IN ('same', 'different', 'cannot_tell')", name="outcome"),
        CheckConstraint("jsonb_array_length(candidates) <= 6", name="few_candidates"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("beneficiaries.id"), unique=True)
    program: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    status: Mapped[AdjudicationStatus] = mapped_column(Text)
    opened_for: Mapped[OpenedFor] = mapped_column(Text)
    outcome: Mapped[Outcome | None] = mapped_column(Text)
    """The last decision that took effect, where one stands."""
    disputed: Mapped[bool] = mapped_column(Boolean)
    """Whether the last two persons disagreed."""
    skips: Mapped[int] = mapped_column(Integer)
    person_version: Mapped[int] = mapped_column(Integer)
    cost_mru: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    """What the program gives in a month, 0 where it gives nothing now or it is not known: what a wrong answer costs."""
    wilaya_code: Mapped[str | None] = mapped_column(Text)
    moughataa_code: Mapped[str | None] = mapped_column(Text)
    commune_code: Mapped[str | None] = mapped_column(Text)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """The best few, best first: individual_id, household_id, probability."""
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PersonStep(Base):
    """A step a person took on one beneficiary's link; never changed, only marked as undone."""

    __tablename__ = "person_steps"
    __table_args__ = (
        Index("uq_person_steps_enrollment_id_number", "enrollment_id", "number", unique=True),
        CheckConstraint(
            "said IN ('same', 'different', 'cannot_tell', 'skipped', 'linked', 'unlinked', 'reset')", name="said"
        ),
        CheckConstraint(
            "reason IN ('another_person', 'another_household', 'unknown_here', 'mistake')",
            name="reason",
        ),
        CheckConstraint(
            "said NOT IN ('same', 'different', 'linked', 'unlinked') OR individual_id IS NOT NULL", name="of_somebody"
        ),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undone_by_somebody"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("beneficiaries.id"))
    number: Mapped[int] = mapped_column(Integer)
    person_version: Mapped[int] = mapped_column(Integer)
    """Who received then: after a transfer a step says nothing of whoever receives now."""
    said: Mapped[Said] = mapped_column(Text)
    individual_id: Mapped[UUID | None]
    household_id: Mapped[UUID | None]
    reason: Mapped[UnlinkReason | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    needs_second: Mapped[bool] = mapped_column(Boolean)
    decided_by: Mapped[str] = mapped_column(Text)
    """The partner, and below its official by the partner's own staff number: together one person."""
    official: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    levels: Mapped[dict[str, str]] = mapped_column(JSONB)
    """What each field of the comparison reached when it was decided: what a model can learn from."""
    model_version: Mapped[str | None] = mapped_column(Text)
    probability: Mapped[float | None] = mapped_column(Float)
    candidates: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    """Whom the question offered when the step was taken: to undo it offers them again. Null where there was no question."""
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[str | None] = mapped_column(Text)
    undone_official: Mapped[str | None] = mapped_column(Text)


class HeldLink(Base):
    """What stands of persons' steps on whoever received in `person_version`: the individual it is; nobody where they could not
    tell."""

    __tablename__ = "held_links"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("beneficiaries.id"), primary_key=True)
    person_version: Mapped[int] = mapped_column(Integer, primary_key=True)
    individual_id: Mapped[UUID | None] = mapped_column(index=True)
    household_id: Mapped[UUID | None]


class MergedRecord(Base):
    """An individual or a household of the registry that was found to be another one, as its version `version` says.

    Where a merge was undone the record is itself again among members or households, and this row says nothing.
    """

    __tablename__ = "merged_records"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    into_id: Mapped[UUID] = mapped_column(index=True)


class Rebuild(Base):
    """A request to compare the beneficiaries of a program, or all, anew; they are marked chunk by chunk."""

    __tablename__ = "rebuilds"
    __table_args__ = (
        Index("uq_rebuilds_running", "status", unique=True, postgresql_where="status = 'running'"),
        CheckConstraint("status IN ('running', 'done', 'cancelled')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    program: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    total: Mapped[int] = mapped_column(Integer)
    marked: Mapped[int] = mapped_column(Integer)
    reached: Mapped[UUID | None]
    """The last beneficiary marked, in the order of ids."""
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DuplicateSearch(Base):
    """A request to look for people whom the registry holds twice; members are looked up chunk by chunk."""

    __tablename__ = "duplicate_searches"
    __table_args__ = (
        Index("uq_duplicate_searches_running", "status", unique=True, postgresql_where="status = 'running'"),
        CheckConstraint("status IN ('running', 'done', 'cancelled')", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    total: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer)
    reached: Mapped[int] = mapped_column(BigInteger)
    """The last member looked up, in the order of ids."""
    proposed: Mapped[int] = mapped_column(Integer)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ClusterMember(Base):
    """A row that is the same person as others, though the registry has nobody; the cluster's id is its smallest row's."""

    __tablename__ = "cluster_members"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("beneficiaries.id"), primary_key=True)
    cluster_id: Mapped[UUID] = mapped_column(index=True)
    program: Mapped[str] = mapped_column(Text)


class ClusterQueue(Base):
    """Rows whose cluster is to be found anew."""

    __tablename__ = "cluster_queue"

    enrollment_id: Mapped[UUID] = mapped_column(primary_key=True)


class ProposedDuplicate(Base):
    """Two records of the registry that were proposed as one, once, whichever of them was to remain."""

    __tablename__ = "proposed_duplicates"
    __table_args__ = (
        Index("uq_proposed_duplicates_pair", "smaller_id", "greater_id", unique=True),
        CheckConstraint("smaller_id < greater_id", name="pair_order"),
        CheckConstraint("record IN ('individual', 'household')", name="record"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    record: Mapped[str] = mapped_column(Text)
    smaller_id: Mapped[UUID]
    greater_id: Mapped[UUID]
    probability: Mapped[float] = mapped_column(Float)
    model_version: Mapped[str] = mapped_column(Text)
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
