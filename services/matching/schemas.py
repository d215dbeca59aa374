"""What matching says on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.matching.rules.matrix import OverlapClass
from shared.text import Language

CellClass = OverlapClass | Literal["undecided"]
LONGEST_LEGAL_TEXT = 4000
"""Characters: an article of a decree with its reference; the whole decree is published elsewhere."""


class LinkOut(BaseModel):
    """A beneficiary of a program and the individual and household of the registry it was found to be."""

    enrollment_id: UUID
    program: str
    unit: str
    import_id: UUID | None
    source_line: int | None
    status: str
    link_version: int
    individual_id: UUID | None
    individual_number: str | None
    household_id: UUID | None
    household_number: str | None
    probability: float | None


class EvidenceOut(BaseModel):
    """What one field said for (weight above 0, in bits) or against the link, in the caller's language."""

    field: str
    level: str
    weight: float
    reason: str


class LinkExplained(LinkOut):
    """A link with the evidence for it, field by field."""

    model_version: str | None
    evidence: list[EvidenceOut]
    history: list[dict[str, Any]]


class DecidedOut(BaseModel):
    """What an institution pulls: the outcome for one of its enrollments."""

    enrollment_id: UUID
    link_version: int
    status: str
    individual_id: UUID | None
    household_id: UUID | None
    probability: float | None


class LinkageOut(BaseModel):
    """Of a program's active enrollments: how many are linked, left to a human, or not in the registry."""

    program: str
    institution: str
    names: dict[str, str]
    enrolled: int
    linked: int
    to_adjudicate: int
    unmatched: int
    pending: int


class Cell(BaseModel):
    """Households that receive from both programs; `count` is absent where it is 1 to 4 people's matter.

    `overlap_class` is what the rules matrix says of the pair today, null on the diagonal.
    """

    program_a: str
    program_b: str
    count: int | None
    overlap_class: CellClass | None


class OverlapsOut(BaseModel):
    """Program by program: households of the registry that receive, by certain links alone.

    On the diagonal (program_a = program_b) the households of one program. Cells of 1 to 4 are suppressed.
    A forbidden overlap is a case to review; nobody is excluded by it.
    """

    programs: list[str]
    cells: list[Cell]
    suppressed_below: int


class DecisionIn(BaseModel):
    """What a committee decides for the overlap of two programs, and the legal text it stands on."""

    model_config = ConfigDict(extra="forbid")

    overlap_class: OverlapClass
    legal_text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_LEGAL_TEXT)]
    language: Language
    """Of the legal text."""
    valid_from: date


class DecisionOut(DecisionIn):
    """A decision: version `version` of its cell, made by an institution at a moment, in force from `valid_from` on."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    version: int
    decided_at: datetime
    decided_by: str


class MatrixCell(BaseModel):
    """Two programs (a before b by code) and what their overlap is on the day asked about.

    `version` counts all decisions, 0 where there is none; a decision that begins after the day is in the cell's history.
    """

    program_a: str
    program_b: str
    overlap_class: CellClass
    version: int
    decision: DecisionOut | None
    """The one in force on the day."""


class MatrixTurn(DecisionOut):
    """A decision, and the class that the decision before it gave."""

    before: CellClass


class GapOut(BaseModel):
    """Registry households a program is meant for in a wilaya, and those of them that no link shows it reaches."""

    program: str
    wilaya_code: str
    wilaya_fr: str
    wilaya_ar: str | None
    eligible: int
    unserved: int
    share: float


class SchoolPupils(BaseModel):
    """Pupils of a program in one school: how many, how many of them are surely of a registry household, and of a poor one.

    Counts of 1 to 4 are absent, and with `linked` its `share`. `canteen` today; null where the school is not listed.
    """

    key: str
    school: str
    commune: str | None
    canteen: bool | None
    pupils: int | None
    linked: int | None
    share: float | None
    poor: int | None


class ProgramValue(BaseModel):
    """What a program gives a household in a month, in MRU."""

    program: str
    monthly_value_mru: Decimal


class HouseholdValue(BaseModel):
    """What a household receives in a month from all programs by certain links, in MRU."""

    household_id: UUID
    number: str
    wilaya_fr: str | None
    wilaya_ar: str | None
    vulnerability_category: str
    size: int
    programs: list[ProgramValue]
    monthly_value_mru: Decimal
