"""Reviews on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.programs.models import Review
from services.programs.rules.reviewing import (
    DECISIONS,
    EXPLAINED,
    MEMBERS,
    ReviewDecision,
    ReviewKind,
    described,
    hold_of,
)
from shared.disclosing import about

NOBODY: Mapping[UUID, str] = {}
Fact = Annotated[str, Field(max_length=200)] | int | float | None


class Successor(BaseModel):
    """Somebody of the household who might receive from now on: `described` says who, in the caller's language.

    `name` is that of the caller's own lists, where one of its enrollments in this institution is surely linked to this
    person. Whoever may read households asks the registry for the individual; anybody else asks the family.
    """

    individual_id: UUID
    described: str
    relationship: str
    sex: str
    age: int
    name: str | None


class ReviewOut(BaseModel):
    """Something the registry learned that touches an enrollment, and waits for a person.

    `subject_id` is the registry's individual or household, `change_id` its change. `details` are ids and codes: after a
    death the `candidates` of the household in the registry's order of succession; `successors` are the same people, in
    words, as long as it is open. `holds` says why what falls due is
    held meanwhile. `decision` is one of `decisions`, or `lifted` where the registry took its news back.
    """

    model_config = ConfigDict(json_schema_extra=about(subject_id="record"))

    id: UUID
    kind: ReviewKind
    program: str
    enrollment_id: UUID
    subject_id: UUID
    change_id: UUID
    details: dict[str, Any]
    successors: list[Successor]
    holds: str | None
    status: str
    decision: str | None
    decisions: tuple[ReviewDecision, ...]
    explained: str
    opened_at: datetime
    decided_at: datetime | None
    decided_by: str | None

    @classmethod
    def of(cls, review: Review, language: str, names: Mapping[UUID, str] = NOBODY) -> "ReviewOut":
        """`names`: of individuals, as the caller's own lists have them."""
        kind, is_open = ReviewKind(review.kind), review.status == "open"
        return cls(
            id=review.id,
            kind=kind,
            program=review.program_code,
            enrollment_id=review.enrollment_id,
            subject_id=review.subject_id,
            change_id=review.change_id,
            details={name: told for name, told in review.details.items() if name != MEMBERS},
            successors=[_successor(one, language, names) for one in review.details.get(MEMBERS, ())],
            holds=hold_of(kind, review.details) if is_open else None,
            status=review.status,
            decision=review.decision,
            decisions=DECISIONS[kind] if is_open else (),
            explained=EXPLAINED[kind].in_(language),
            opened_at=review.opened_at,
            decided_at=review.decided_at,
            decided_by=review.decided_by,
        )


def _successor(member: dict[str, Any], language: str, names: Mapping[UUID, str]) -> Successor:
    about = {name: member[name] for name in ("relationship", "sex", "age")}
    return Successor(
        individual_id=member["individual_id"],
        described=described(**about).in_(language),
        name=names.get(UUID(member["individual_id"])),
        **about,
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
