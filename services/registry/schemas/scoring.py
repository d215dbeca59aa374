"""Formulas, scores and scorings on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.registry.schemas.questionnaires import Labels

Category = Literal["extreme_poor", "poor", "vulnerable", "not_poor"]
Version = Field(min_length=1, max_length=40, examples=["SAMPLE-2024.1"])


class FormulaOut(BaseModel):
    """A version of the formula: the score is the constant and what each input adds, held within 0 to 100; lower is poorer.

    An input's `source` is an answer, a weighted sum of answers, the household's composition on the day, or its place; its
    `transform` gives a weight to each choice, or `weight` to each unit above `least`, or to the logarithm of one more.
    """

    version: str
    since: date
    title: Labels
    origin: Labels
    legal_reference: Labels
    constant: Decimal
    valid_months: int
    inputs: list[dict[str, Any]]
    cutoffs: list[dict[str, Any]]


class ScoreIn(BaseModel):
    """Compute the score of a household by a published formula, from what is known of it on a day (today without one)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"formula_version": "SAMPLE-2024.1", "day": "2026-11-24"}]}
    )

    formula_version: str = Version
    day: date | None = None


class LineOut(BaseModel):
    """What one input adds to the score. `label` is in the caller's language."""

    input: str
    label: str
    value: str
    contribution: Decimal


class Recomputation(BaseModel):
    """The score computed again from what was known when it was decided.

    `reproduces` is null where it cannot be computed again; `code` and `reason` then say why.
    """

    reproduces: bool | None
    code: str | None = None
    reason: str | None = None
    as_of: date | None = None
    known_at: datetime | None = None
    score: Decimal | None = None
    vulnerability_category: Category | None = None
    inputs_hash: str | None = None
    constant: Decimal | None = None
    lines: list[LineOut] = []


class ScoreOut(BaseModel):
    """The score of a household as decided. `valid_until` is the first day on which it is stale."""

    household_id: UUID
    household_version: int
    vulnerability_category: Category
    score: Decimal
    formula_version: str
    scored_on: date
    valid_until: date | None
    stale: bool
    inputs_hash: str | None
    decided_at: datetime | None
    recomputation: Recomputation


class ScoringIn(BaseModel):
    """Give every household of an area its score anew. A dry run, the usual first step, counts and changes nothing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"formula_version": "SAMPLE-2024.1", "place": "MR011", "dry_run": True}]},
    )

    formula_version: str = Version
    place: str = Field(min_length=1, max_length=20, description="The code of a wilaya, a moughataa or a commune.")
    dry_run: bool = True
    reason: str | None = Field(default=None, min_length=1, max_length=500)


class ScoringOut(BaseModel):
    """How far a scoring is. `movement` is `{category before: {category after: households}}`.

    `incomplete` households keep the score they have, because an input is missing: `missing` counts them by input.
    """

    id: UUID
    formula_version: str
    place_code: str
    dry_run: bool
    scored_on: date
    status: Literal["received", "running", "completed", "cancelled", "failed"]
    made_by: str
    reason: str | None = None
    households: int
    scored: int
    unchanged: int
    incomplete: int
    movement: dict[str, dict[str, int]]
    missing: dict[str, int]
    created_at: datetime
    completed_at: datetime | None = None
