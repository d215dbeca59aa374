"""Tables of the rules matrix: decisions, and the proposals they came from."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.matching.models import Base
from services.matching.rules.matrix import OverlapClass, PairRule, ProposalStatus, read_rule


class MatrixProposal(Base):
    """A decision that one official proposes for two programs, and another approves or rejects; at most one waits for a pair."""

    __tablename__ = "matrix_proposals"
    __table_args__ = (
        Index("uq_matrix_proposals_open", "program_a", "program_b", unique=True, postgresql_where="status = 'open'"),
        CheckConstraint('program_a < program_b COLLATE "C"', name="pair_order"),
        CheckConstraint("overlap_class IN ('required', 'intended', 'tolerated', 'forbidden')", name="overlap_class"),
        CheckConstraint("language IN ('ar', 'fr', 'en')", name="language"),
        CheckConstraint("status IN ('open', 'approved', 'rejected', 'withdrawn')", name="status"),
        CheckConstraint("(status = 'open') = (decided_at IS NULL)", name="decided_or_open"),
        CheckConstraint(
            "status <> 'approved' OR (decided_by, decided_official) IS DISTINCT FROM (proposed_by, proposed_official)",
            name="two_persons",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    program_a: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    program_b: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    overlap_class: Mapped[OverlapClass] = mapped_column(Text)
    exemptions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    legal_text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date]
    status: Mapped[ProposalStatus] = mapped_column(Text)
    proposed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    proposed_by: Mapped[str] = mapped_column(Text)
    proposed_official: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_official: Mapped[str | None] = mapped_column(Text)
    because: Mapped[str | None] = mapped_column(Text)
    """Why it was rejected."""

    @property
    def rule(self) -> PairRule:
        return read_rule(self.overlap_class, self.exemptions)


class MatrixDecision(Base):
    """What a committee approved for the overlap of two programs (a before b by code); rows are never changed or removed.

    On any day that decision holds which, of those begun by then, was made last: a new one also replaces what was to begin
    on its day or after it.
    """

    __tablename__ = "matrix_decisions"
    __table_args__ = (
        UniqueConstraint("program_a", "program_b", "version", name="uq_matrix_decisions_pair_version"),
        CheckConstraint('program_a < program_b COLLATE "C"', name="pair_order"),
        CheckConstraint("overlap_class IN ('required', 'intended', 'tolerated', 'forbidden')", name="overlap_class"),
        CheckConstraint("language IN ('ar', 'fr', 'en')", name="language"),
    )

    cell_id: Mapped[UUID] = mapped_column(primary_key=True)
    """Names the pair in events."""
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    program_a: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    program_b: Mapped[str] = mapped_column(ForeignKey("programs.code"))
    overlap_class: Mapped[OverlapClass] = mapped_column(Text)
    legal_text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    """Of the legal text."""
    valid_from: Mapped[date]
    exemptions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str] = mapped_column(Text)
    """The partner, and below its official, who approved it. What was decided before a second person was asked for names none."""
    official: Mapped[str | None] = mapped_column(Text)
    proposal_id: Mapped[UUID | None] = mapped_column(ForeignKey("matrix_proposals.id"))

    @property
    def rule(self) -> PairRule:
        return read_rule(self.overlap_class, self.exemptions)
