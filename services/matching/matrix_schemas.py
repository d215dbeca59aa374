"""What matching says, and hears, of the rules matrix."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StringConstraints

from services.matching.decision_schemas import Official
from services.matching.rules.matrix import OverlapClass, PairRule, ProposalStatus, read_rule
from services.matching.schemas import CellClass
from shared.text import Language

LONGEST_LEGAL_TEXT = 4000
"""Characters: an article of a decree with its reference; the whole decree is published elsewhere."""
MOST_EXEMPTIONS = 4
MOST_CONDITIONS = 4
"""Of one exemption: a rule that needs more is two rules, and nobody could read it in a table."""
MOST_VALUES = 60

LegalText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_LEGAL_TEXT)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Labels(BaseModel):
    """The condition in words."""

    model_config = ConfigDict(extra="forbid")

    ar: Label
    fr: Label
    en: Label


class ConditionIn(BaseModel):
    """A named criterion on the household, as programs choose by: `disabled` `gt` 0."""

    model_config = ConfigDict(extra="forbid")

    attribute: Annotated[str, Field(max_length=60)]
    operator: Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in"]
    value: (
        StrictInt
        | StrictFloat
        | Word
        | Annotated[list[StrictInt | StrictFloat | Word], Field(min_length=1, max_length=MOST_VALUES)]
    )
    label: Labels


class ExemptionIn(BaseModel):
    """Households that meet every condition have this class, whatever the class of the pair."""

    model_config = ConfigDict(extra="forbid")

    overlap_class: OverlapClass
    conditions: Annotated[list[ConditionIn], Field(min_length=1, max_length=MOST_CONDITIONS)]


class DecisionDraft(BaseModel):
    """What a committee would decide for the overlap of two programs, and the legal text it stands on.

    A household has the class of the first exemption whose conditions it meets, otherwise `overlap_class`. What is not known of
    a household meets no condition.
    """

    model_config = ConfigDict(extra="forbid")

    overlap_class: OverlapClass
    exemptions: Annotated[list[ExemptionIn], Field(max_length=MOST_EXEMPTIONS)] = []
    legal_text: LegalText
    language: Language
    """Of the legal text."""
    valid_from: date

    @property
    def rule(self) -> PairRule:
        return read_rule(self.overlap_class, [one.model_dump() for one in self.exemptions])


class DecisionIn(DecisionDraft):
    """A decision that an official proposes."""

    official: Official


class DecisionOut(DecisionDraft):
    """A decision: version `version` of its cell, approved by an institution's official at a moment, in force from
    `valid_from` on. `official` is absent where it was made before a second person was asked for."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    version: int
    decided_at: datetime
    decided_by: str
    official: str | None
    proposal_id: UUID | None


class ProposalOut(DecisionDraft):
    """A decision somebody proposes, and what became of it; `because` where it was rejected."""

    model_config = ConfigDict(extra="ignore", from_attributes=True)

    id: UUID
    version: int
    program_a: str
    program_b: str
    status: ProposalStatus
    proposed_at: datetime
    proposed_by: str
    proposed_official: str
    decided_at: datetime | None
    decided_by: str | None
    decided_official: str | None
    because: str | None


class ApproveIn(BaseModel):
    """Who approves a proposal: another official than who made it."""

    model_config = ConfigDict(extra="forbid")

    official: Official


class RejectIn(ApproveIn):
    """Why a proposal is rejected; whoever made it withdraws it."""

    because: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


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
    proposal: ProposalOut | None
    """The one that waits for a second person."""


class MatrixTurn(DecisionOut):
    """A decision, and the class that the decision before it gave."""

    before: CellClass


class ClassCounts(BaseModel):
    """Households by class; counts of 1 to 4 are absent."""

    required: int | None
    intended: int | None
    tolerated: int | None
    forbidden: int | None
    undecided: int | None


class PlaceSimulated(BaseModel):
    """The households of a wilaya that are in both programs, by class, as it is and as it would be."""

    wilaya_code: str | None
    wilaya_fr: str | None
    wilaya_ar: str | None
    households: int | None
    before: ClassCounts
    after: ClassCounts


class SimulationOut(BaseModel):
    """What a decision would change for the households that are in both programs today; nothing is changed by asking.

    `cases_opened` and `cases_closed`: forbidden overlaps that there would be, or would no longer be. `missing_before` and
    `missing_after`: households in one of the two that the rule requires in the other. `cannot_tell`: households of which an
    attribute that a condition asks about is not known. Counts of 1 to 4 are absent.
    """

    program_a: str
    program_b: str
    day: date
    households: int | None
    before: ClassCounts
    after: ClassCounts
    cases_opened: int | None
    cases_closed: int | None
    missing_before: int | None
    missing_after: int | None
    cannot_tell: int | None
    wilayas: list[PlaceSimulated]
    suppressed_below: Literal[5] = 5
