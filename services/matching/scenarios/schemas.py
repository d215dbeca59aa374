"""What is said of scenarios on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.matching.rules.changes import Change

MOST_CHANGES = 30
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Links = Literal["certain", "certain_and_probable"]
RunStatus = Literal["waiting", "done", "failed", "cancelled"]
Hidden = "Null where it is hidden: a group of 1 to 4, or one from which such a group could be told."


class ScenarioIn(BaseModel):
    """Named changes over a country: that of a snapshot, or the present one. `links`: whether enrollments count of which a
    person is still to decide whose they are."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    note: Annotated[str, Field(max_length=2_000)] = ""
    snapshot_id: UUID | None = None
    links: Links = "certain"
    changes: Annotated[list[Change], Field(max_length=MOST_CHANGES)] = []


class CopyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name


class RunOut(BaseModel):
    """The last run. `scenario_version` is what was run; `failure` says in the caller's language why there is no result."""

    status: RunStatus
    scenario_version: int
    asked_at: datetime
    ended_at: datetime | None
    failure_code: str | None
    failure: str | None


class ScenarioOut(BaseModel):
    id: UUID
    version: int
    name: str
    note: str
    snapshot_id: UUID | None
    links: Links
    changes: list[Change]
    made_at: datetime
    changed_at: datetime
    run: RunOut | None


class BasisOut(BaseModel):
    """What was computed over: a snapshot, or the country as it was on `day`; the twelve months, and from which probability
    links are certain."""

    snapshot_id: UUID | None
    day: date
    known_on: date | None = Field(
        default=None, description="The day on which that country was read; absent in results of earlier versions."
    )
    first_month: date
    last_month: date
    links: Links
    threshold: float
    households: int
    people: int


class Amounts(BaseModel):
    before_mru: Decimal | None
    after_mru: Decimal | None


class MonthOut(Amounts):
    month: date


class ProgramBudget(Amounts):
    """A program's twelve months, money only of households the registry knows. Null where 1 to 4 households receive it."""

    program: str
    names: dict[str, str]
    months: list[MonthOut]


class ServedOut(BaseModel):
    """Households that receive in some month, and their people; `program` null: from any program."""

    by: str
    group: str
    program: str | None
    households_before: int | None = Field(description=Hidden)
    people_before: int | None
    households_after: int | None = Field(description=Hidden)
    people_after: int | None


class ChangedOut(BaseModel):
    """Who receives more, less, or the same in the twelve months; `unserved` are those of the unchanged who receive nothing
    before and after. `gained_mru` and `lost_mru` are both positive: their difference is what the scenario costs more; null also
    where the money of one of the programs is hidden."""

    by: str
    group: str
    households: int | None
    people: int | None
    winners: int | None = Field(description=Hidden)
    losers: int | None = Field(description=Hidden)
    unchanged: int | None = Field(description=Hidden)
    unserved: int | None = Field(description=Hidden)
    people_winning: int | None
    people_losing: int | None
    gained_mru: Decimal | None
    lost_mru: Decimal | None


class FigureOut(BaseModel):
    """A part of a whole, in households, people or MRU; `reason` says why there is no value: `hidden`, `no_one`..."""

    numerator: Decimal | None
    denominator: Decimal | None
    value: float | None
    reason: str | None


class IndicatorOut(BaseModel):
    """An indicator of GET /v1/indicators before and after. `other` is the second program of a pair, or the month of a peak."""

    indicator: str
    by: str
    group: str
    program: str | None
    other: str | None
    unit: str
    before: FigureOut
    after: FigureOut


class NoteOut(BaseModel):
    """How a part of the result is computed, in the caller's language."""

    part: str
    text: str


class ResultBody(BaseModel):
    """A result as it is stored, without its notes."""

    basis: BasisOut
    budget: Amounts = Field(description="Null where the budget of one of the programs is.")
    programs: list[ProgramBudget]
    served: list[ServedOut]
    changes: list[ChangedOut]
    indicators: list[IndicatorOut] = []


class ResultOut(ResultBody):
    """What a scenario would change. `current`: whether the scenario is still as it was when it was run."""

    scenario_id: UUID
    name: str
    scenario_version: int
    current: bool
    ran_at: datetime
    notes: list[NoteOut]


class ComparisonOut(BaseModel):
    """Scenarios side by side, over one country: `before` of each is the same."""

    basis: BasisOut
    scenarios: list[ResultOut]
