"""What is said and heard of grievances, and of a household's picture."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.matching.decision_schemas import Official
from services.matching.rules.grieving import Category, Desk, GrievanceStatus, Verdict
from services.matching.rules.referring import ReferralStatus
from shared.text import Language

LONGEST_TEXT = 2000
"""Characters: what is said at a counter. It is personal data, and kept as such."""
MOST_DISPUTED = 5

FreeText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")
]
Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
DisputeKind = Literal["link", "overlap_case", "referral", "eligibility", "entitlement"]


class Disputed(BaseModel):
    """A decision that a grievance disputes: a link (`id` of the enrollment), an overlap case, a referral, an entitlement, or the
    eligibility for a program (its code in `program`)."""

    model_config = ConfigDict(extra="forbid")

    kind: DisputeKind
    id: UUID | None = None
    program: Code | None = None


class DisputedOut(Disputed):
    """With the address at which the desk reads the evidence."""

    evidence: str


class GrievanceIn(BaseModel):
    """A grievance as an agent takes it down: of a household of the registry, or of somebody who is not in it (`contact`).

    Only of the conduct of an official it may be `anonymous`: then nothing is kept of who said it, nor of who took it down.
    """

    model_config = ConfigDict(extra="forbid")

    official: Official
    category: Category
    text: FreeText
    language: Language
    """Of whoever complains."""
    program: Code | None = None
    household_number: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    contact: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] | None = None
    about: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,31}$")] | None = None
    anonymous: bool = False
    disputes: Annotated[list[Disputed], Field(max_length=MOST_DISPUTED)] = []


class StepIn(BaseModel):
    """Who takes a step."""

    model_config = ConfigDict(extra="forbid")

    official: Official


class AnswerIn(StepIn):
    """The answer, in the language of whoever complains."""

    verdict: Verdict
    text: FreeText
    language: Language


class GrievanceOut(BaseModel):
    """A grievance, for whoever opened it and whom it goes to."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    category: Category
    desk: Desk
    program: str | None
    about: str | None
    household_number: str | None
    contact: str | None
    text: str
    language: Language
    disputes: list[DisputedOut]
    status: GrievanceStatus
    due_at: datetime | None
    overdue: bool
    opened_by: str | None
    opened_at: datetime
    answer: str | None
    verdict: Verdict | None
    answered_by: str | None
    answered_at: datetime | None
    escalated: bool
    reopened: bool


class GrievanceTurn(BaseModel):
    """A version of a grievance: the step, by which partner, when."""

    version: int
    at: datetime
    by: str | None
    step: str
    status: GrievanceStatus


class GrievanceDetail(GrievanceOut):
    """A grievance with its history, oldest first."""

    history: list[GrievanceTurn]


class GrievanceSummary(BaseModel):
    """Grievances by whom they go to, opened in the period. Days are medians from opening to the last answer. Counts of 1 to 4
    are absent, and the days of so few."""

    desk: Desk
    program: str | None
    opened: int | None
    waiting: int | None
    overdue: int | None
    answered: int | None
    upheld: int | None
    escalated: int | None
    reopened: int | None
    closed: int | None
    median_days_to_answer: float | None


Standing = Literal["enrolled", "suspended", "waiting", "left", "not_in", "cannot_tell"]


class ProgramStanding(BaseModel):
    """How a household stands to a program, and since which month (2026-03), where it is known.

    `cannot_tell`: a person is still to decide whether it is this household, or the program has sent no list.
    """

    program: str
    names: dict[str, str]
    standing: Standing
    since: str | None
    referral: ReferralStatus | None
    """Of an open referral of the household to the program."""


class Picture(BaseModel):
    """What a grievance agent sees of a household: how it stands to the programs that the agent's institution keeps or its
    agreement covers; no values, no names, no other program."""

    household_id: UUID
    household_number: str
    programs: list[ProgramStanding]
    open_cases: int
    """Of forbidden overlaps, both of whose programs are among these."""
    open_grievances: int
    """That the agent's own institution opened."""


class PictureReadOut(BaseModel):
    """That somebody looked at the household's picture."""

    model_config = ConfigDict(from_attributes=True)

    read_at: datetime
    read_by: str
    official: str
    reference: str
    programs: list[str]
