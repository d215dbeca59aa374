"""Tables of targeting lists: what was asked and decided, who stands on a list, and who was told of whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base
from services.matching.rules.targeting import ListStatus

Moment = DateTime(timezone=True)


class TargetingList(Base):
    """One list. `asked` stays as it was asked; `terms` are what is left of it where a reviewer narrowed it."""

    __tablename__ = "targeting_lists"
    __table_args__ = (
        CheckConstraint(
            "status IN ('requested', 'counted', 'approved', 'rejected', 'withdrawn', 'released', 'returned', 'closed',"
            " 'revoked')",
            name="status",
        ),
        CheckConstraint("(revoked_at IS NOT NULL) = (status = 'revoked')", name="revoked_at"),
        CheckConstraint("octet_length(seed) = 32", name="seed"),
        Index("ix_targeting_lists_partner_id", "partner", "id"),
        Index("ix_targeting_lists_provider_id", "provider", "id"),
        Index("ix_targeting_lists_requested", "id", postgresql_where="status = 'requested'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    status: Mapped[ListStatus] = mapped_column(Text)
    partner: Mapped[str] = mapped_column(Text)
    """Who asked, and will receive."""
    official: Mapped[str] = mapped_column(Text)
    program: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    """Whose data it is, by the agreement: who reviews."""
    agreement: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As it stood when it was asked under it."""
    purpose: Mapped[str] = mapped_column(Text)
    asked: Mapped[dict[str, Any]] = mapped_column(JSONB)
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    """A secret by which rows of files are marked, and from which the seed of the order of ties follows."""
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Nothing in them is suppressed: see queries."""
    asked_at: Mapped[datetime] = mapped_column(Moment)
    counted_at: Mapped[datetime | None] = mapped_column(Moment)
    approved_at: Mapped[datetime | None] = mapped_column(Moment)
    approved_by: Mapped[str | None] = mapped_column(Text)
    approving_official: Mapped[str | None] = mapped_column(Text)
    released_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


class TargetedHousehold(Base):
    """A household on a list. What is told of it is kept as it was at the release; names are gone once it is closed or revoked."""

    __tablename__ = "targeted_households"
    __table_args__ = (
        UniqueConstraint("list_id", "household_id", name="uq_targeted_households_household_id"),
        Index("ix_targeted_households_number", "household_number", "list_id"),
    )

    list_id: Mapped[UUID] = mapped_column(ForeignKey("targeting_lists.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    """From 1, the poorest."""
    household_id: Mapped[UUID]
    top_up: Mapped[bool] = mapped_column(Boolean)
    household_number: Mapped[str | None] = mapped_column(Text)
    head_name_fr: Mapped[str | None] = mapped_column(Text)
    head_name_ar: Mapped[str | None] = mapped_column(Text)
    commune_code: Mapped[str | None] = mapped_column(Text)
    village: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int | None] = mapped_column(Integer)


class ListDisclosure(Base):
    """A household of which a recipient was told, written with the answer that told it first; rows are only ever added."""

    __tablename__ = "list_disclosures"
    __table_args__ = (Index("ix_list_disclosures_household_id", "household_id"),)

    list_id: Mapped[UUID] = mapped_column(ForeignKey("targeting_lists.id"), primary_key=True)
    household_id: Mapped[UUID] = mapped_column(primary_key=True)
    disclosed_at: Mapped[datetime] = mapped_column(Moment)
    partner: Mapped[str] = mapped_column(Text)
    official: Mapped[str | None] = mapped_column(Text)
    """The recipient's official; none where its system asked."""
    purpose: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    agreement_id: Mapped[str] = mapped_column(Text)
    agreement_version: Mapped[int] = mapped_column(Integer)
    attributes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    request_id: Mapped[str] = mapped_column(Text)


class ListAccess(Base):
    """One look at a released list: a page, a file, or a printed one. Rows are only ever added."""

    __tablename__ = "list_accesses"
    __table_args__ = (
        Index("ix_list_accesses_list_id", "list_id", "id"),
        CheckConstraint("way IN ('page', 'csv', 'xlsx', 'printed')", name="way"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    list_id: Mapped[UUID] = mapped_column(ForeignKey("targeting_lists.id"))
    at: Mapped[datetime] = mapped_column(Moment)
    partner: Mapped[str] = mapped_column(Text)
    official: Mapped[str | None] = mapped_column(Text)
    way: Mapped[str] = mapped_column(Text)
    households: Mapped[int] = mapped_column(Integer)
    request_id: Mapped[str] = mapped_column(Text)


class ListRemark(Base):
    """A remark with which a list came back. `remark` is what the registry is told, until it has answered; nothing of an absence.

    `outcome`: noted, sent, and then as the registry tells it: a request proposed, applied, refused or withdrawn, or none.
    """

    __tablename__ = "list_remarks"
    __table_args__ = (
        UniqueConstraint("list_id", "import_id", "line", name="uq_list_remarks_line"),
        CheckConstraint(
            "outcome IN ('noted', 'sent', 'proposed', 'applied', 'refused', 'withdrawn', 'not_proposed')",
            name="outcome",
        ),
        CheckConstraint(
            "kind IN ('absent', 'death', 'move', 'succession', 'removal', 'duplicate', 'not_poor')", name="kind"
        ),
        CheckConstraint("(outcome = 'noted') = (kind = 'absent')", name="absent_is_noted"),
        Index("ix_list_remarks_import_id_id", "import_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    list_id: Mapped[UUID] = mapped_column(ForeignKey("targeting_lists.id"))
    import_id: Mapped[UUID]
    line: Mapped[int] = mapped_column(Integer)
    household_number: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    remark: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    outcome: Mapped[str] = mapped_column(Text)
    reason: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    """Why the registry proposed nothing, in ar, fr and en."""
    made_at: Mapped[datetime] = mapped_column(Moment)
