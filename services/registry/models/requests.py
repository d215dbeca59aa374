"""Tables of change requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.registry.models.declaring import Base, one_of

REQUEST_STATUSES = ("proposed", "applied", "refused", "withdrawn")
DECISIONS = ("approve", "refuse")


class ChangeRequest(Base):
    """A change that somebody proposes, with evidence, and that those decide who have the authority."""

    __tablename__ = "change_requests"
    __table_args__ = (
        one_of("status", REQUEST_STATUSES),
        CheckConstraint("(status = 'applied') = (change_id IS NOT NULL)", name="applied_by_a_change"),
        Index("ix_change_requests_status_id", "status", "id"),
        Index("ix_change_requests_proposed_by_id", "proposed_by", "id"),
        Index("ix_change_requests_subject_id", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID]
    """The household or individual it is about; of an undo, the change."""
    subject_version: Mapped[int] = mapped_column(Integer)
    """Of the subject when it was proposed: who approves sees whether it has changed since."""
    proposal: Mapped[dict[str, Any]] = mapped_column(JSONB)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(Text)
    diff: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """What it would change, record by record, as tried when it was proposed."""
    proposed_by: Mapped[str] = mapped_column(Text)
    official: Mapped[str] = mapped_column(Text)
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    deciding_sources: Mapped[list[str]] = mapped_column(JSONB)
    persons_needed: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    change_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(Integer)


class RequestDecision(Base):
    """One official's decision on a change request."""

    __tablename__ = "request_decisions"
    __table_args__ = (one_of("decision", DECISIONS),)

    request_id: Mapped[UUID] = mapped_column(ForeignKey("change_requests.id"), primary_key=True)
    decided_by: Mapped[str] = mapped_column(Text, primary_key=True)
    official: Mapped[str] = mapped_column(Text, primary_key=True)
    decision: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ListedRemark(Base):
    """A remark that came back with a targeting list: the request it became, or why it could not become one.

    The id is matching's. `request_id` may be that of a request that waited already.
    """

    __tablename__ = "listed_remarks"
    __table_args__ = (
        CheckConstraint("(request_id IS NULL) = (code IS NOT NULL)", name="request_or_code"),
        CheckConstraint("(code IS NULL) = (reason IS NULL)", name="code_has_reason"),
        Index("ix_listed_remarks_batch_id_id", "batch_id", "id"),
        Index("ix_listed_remarks_request_id", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("change_requests.id"))
    code: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    taken_over_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
