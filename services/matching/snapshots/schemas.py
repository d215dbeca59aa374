"""What is said of snapshots over HTTP."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.pagination import Page

Status = Literal["waiting", "running", "done", "cancelled", "failed"]
Step = Literal["reading", "freezing", "computing", "storing"]
GroupedBy = Literal[
    "total",
    "wilaya",
    "moughataa",
    "category",
    "size_band",
    "head_sex",
    "disability",
    "month",
    "wilaya_month",
    "value_band",
    "category_size_wilaya",
]
Unit = Literal["households", "people", "money"]
Bound = Literal["certain", "certain_and_probable"]
Format = Literal["csv", "xlsx", "parquet"]
LONGEST_NOTE = 500


class SnapshotIn(BaseModel):
    """What to freeze: the country of `day` (today where none is given) and the twelve months that end with it."""

    model_config = ConfigDict(extra="forbid")

    note: str = Field(min_length=1, max_length=LONGEST_NOTE, description="Why it is made. No name of a person.")
    day: date | None = None


class SnapshotOut(BaseModel):
    """A snapshot. `step` says how far it is while it runs; counts and hashes are there when it is done."""

    id: UUID
    note: str
    day: date
    known_on: date = Field(description="The day on which the country was read; see `as_known` of its figures.")
    period_from: date
    period_to: date
    status: Status
    step: Step | None
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    threshold: float | None = Field(description="The probability from which a link is certain.")
    model_version: str | None
    households: int | None
    people: int | None
    cells: int | None
    frames_hash: str | None = Field(description="SHA-256 of what was frozen.")
    cells_hash: str | None = Field(
        description="SHA-256 of the figures, which are the same whenever they are computed from it."
    )
    failure_code: str | None = None
    failure: str | None = None
    used_by: list[str] = Field(default_factory=list, description="Kinds of what rests on it, such as `scenario`.")


class Wording(BaseModel):
    ar: str
    fr: str
    en: str


class IndicatorNote(BaseModel):
    """An indicator: its name and its method. `by`: the ways in which it is grouped."""

    code: str
    units: list[str]
    by: list[str]
    names: Wording
    method: Wording
    source: str | None


class Figure(BaseModel):
    """One figure: `numerator` of `denominator`, in MRU where the unit is money. `value` is absent where `reason` says why.

    `bound`: by certain links alone, or by certain and probable ones (empty where links have no part). `program` is empty for
    any program. `other`: the second program of a pair, the programs of a combination, a benefit, the month of a peak, the reason
    of a gap, or what is weighed (households, people). Of a wilaya in a month `group` is `MR01|2025-07`.
    """

    indicator: str
    by: GroupedBy
    group: str
    group_name: dict[str, str | None] | None = Field(default=None, description="Of a place, in ar and fr.")
    program: str
    other: str
    unit: Unit
    bound: str
    numerator: Decimal | None
    denominator: Decimal | None
    value: float | None
    reason: str | None = None
    because: str | None = Field(default=None, description="The reason in the caller's language.")
    overlap_class: str | None = None


class FiguresOf(BaseModel):
    """Of which country figures tell: of which day, as it was known on which."""

    snapshot_id: UUID
    day: date
    known_on: date
    as_known: Wording = Field(description="What of it is of `day`, and what as it was known on `known_on`.")
    not_kept: Wording | None = Field(
        default=None,
        description="Why it has no `gap_by_reason`: an earlier version made it, which did not keep reasons.",
    )
    period_from: date
    period_to: date
    threshold: float
    model_version: str
    households: int
    people: int


class FiguresPage(Page[Figure]):
    """One page of figures, with the snapshot they are of and the method of each indicator among them."""

    of: FiguresOf
    methods: list[IndicatorNote]


class ComparisonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    before: UUID
    after: UUID


class FigureMoved(BaseModel):
    """A figure of the whole country that is not as it was. `steps`: by how much each part moved it; they add up."""

    indicator: str
    program: str
    other: str
    unit: str
    bound: str
    before: float
    after: float
    steps: dict[str, float]


class ComparisonOut(BaseModel):
    """What moved between two snapshots. Counts of 1 to 4 are absent."""

    id: UUID
    before: UUID
    after: UUID
    status: Status
    asked_at: datetime
    ended_at: datetime | None
    moved: dict[str, int | None] | None = None
    terms: dict[str, list[Any]] | None = Field(
        default=None,
        description="Day, `known_on`, threshold, model, decided pairs of programs and whether reasons of gaps were kept, where they differ:"
        " before, after.",
    )
    figures: list[FigureMoved] | None = None
