"""What matching says, and hears, of cases of forbidden overlaps."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.matching.decision_schemas import Official
from services.matching.rules.overlap_cases import CaseAnswer, CaseEnd, CaseOutcome, CaseStatus

Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class CaseSide(BaseModel):
    """One program of a case. Its keeper sees its own enrollments, by its own list's household number; of the other program only
    that there is one, and, where the reader's agreement covers it, which one and what was answered."""

    program: str | None
    mine: bool
    enrollment_ids: list[UUID]
    household_number: str | None
    answer: CaseAnswer | None
    legal_reference: str | None
    answered_at: datetime | None


class CaseOut(BaseModel):
    """A household in two programs that the rules matrix forbids together, as much of it as its reader needs.

    `unknown`: an exemption asks about what is not known of the household; look whether it holds. `times_opened` above 1: the
    overlap had ended and began again. Nobody is excluded by a case.
    """

    id: UUID
    version: int
    status: CaseStatus
    sides: list[CaseSide]
    unknown: bool
    opened_at: datetime
    times_opened: int
    due_at: datetime
    overdue: bool
    outcome: CaseOutcome | None
    settled_reference: str | None
    resolved_at: datetime | None
    ended_at: datetime | None
    ended_because: CaseEnd | None


class CaseTurn(BaseModel):
    """A version of a case: what happened, when; `matching` where it was opened or ended by itself."""

    version: int
    at: datetime
    by: str | None
    """Absent where it is the other side, and the reader's agreement does not cover its program."""
    status: CaseStatus
    what: str
    reason: str | None


class CaseDetail(CaseOut):
    """A case with its history, oldest first."""

    history: list[CaseTurn]


class AnswerIn(BaseModel):
    """What the keeper of one program answers; `program` where it keeps both. An exception names its text."""

    model_config = ConfigDict(extra="forbid")

    official: Official
    answer: CaseAnswer
    program: Annotated[str, StringConstraints(max_length=64)] | None = None
    legal_reference: Reference | None = None


class SettleIn(BaseModel):
    """What a third person decides where the two institutions do not agree, or one has not answered in time."""

    model_config = ConfigDict(extra="forbid")

    official: Official
    outcome: CaseOutcome
    legal_reference: Reference


class CaseSummary(BaseModel):
    """Cases of a pair of programs whose last opening lies in the period. Days are medians from opening to resolving by persons.
    Counts of 1 to 4 are absent, and the days of so few."""

    program_a: str
    program_b: str
    opened: int | None
    reopened: int | None
    waiting: int | None
    disputed: int | None
    overdue: int | None
    resolved: int | None
    ceased: int | None
    median_days_to_resolved: float | None


class MissingComplement(BaseModel):
    """Households of the caller's program that lack another one which the rules matrix requires of them; who they are:
    `GET /v1/programs/{program}/without/{other}`. Counts of 1 to 4 are absent.

    `cannot_tell`: enrollments whose household is not surely known. Where the rule exempts households, they are not counted.
    """

    program: str
    other: str
    households: int | None
    missing: int | None
    cannot_tell: int | None
