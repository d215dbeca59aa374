"""Reviews on the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.programs.models import Review
from services.programs.rules.reviewing import DECISIONS, EXPLAINED, ReviewDecision, ReviewKind, hold_of

Fact = Annotated[str, Field(max_length=200)] | int | float | None


class ReviewOut(BaseModel):
    """Something the registry learned that touches an enrollment, and waits for a person.

    `subject_id` is the registry's individual or household, `change_id` its change. `details` are ids and codes: after a
    death the `candidates` of the household in the registry's order of succession. `holds` says why what falls due is
    held meanwhile. `decision` is one of `decisions`, or `lifted` where the registry took its news back.
    """

    id: UUID
    kind: ReviewKind
    program: str
    enrollment_id: UUID
    subject_id: UUID
    change_id: UUID
    details: dict[str, Any]
    holds: str | None
    status: str
    decision: str | None
    decisions: tuple[ReviewDecision, ...]
    explained: str
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str | None

    @classmethod
    def of(cls, review: Review, language: str) -> "ReviewOut":
        kind, is_open = ReviewKind(review.kind), review.status == "open"
        return cls(
            id=review.id,
            kind=kind,
            program=review.program_code,
            enrollment_id=review.enrollment_id,
            subject_id=review.subject_id,
            change_id=review.change_id,
            details=review.details,
            holds=hold_of(kind, review.details) if is_open else None,
            status=review.status,
            decision=review.decision,
            decisions=DECISIONS[kind] if is_open else (),
            explained=EXPLAINED[kind].in_(language),
            opened_at=review.opened_at,
            decided_at=review.decided_at,
            decided_by=review.decided_by,
        )


class Decision(BaseModel):
    """What a person decides. With `succession`: who receives from now on, by the fields of the program's list."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"decision": "succession", "beneficiary": {"name": "Mariem Mint Vall", "sex": "F"}}]
        },
    )

    decision: ReviewDecision
    beneficiary: Annotated[dict[str, Fact], Field(max_length=30)] | None = None
