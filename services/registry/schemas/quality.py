"""Data quality on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.pagination import Page


class InThreeLanguages(BaseModel):
    ar: str
    fr: str
    en: str


class RuleOut(BaseModel):
    """What is looked for. `condition` is one word of the vocabulary with its arguments."""

    code: str
    kind: Literal["household", "individual", "commune"]
    severity: Literal["error", "warning", "notice"]
    condition: dict[str, Any]
    label: InThreeLanguages


class ThresholdOut(BaseModel):
    """A limit whose crossing is announced: `index` below it, or `stale` (share of households) above it."""

    code: str
    measure: Literal["index", "stale"]
    place_kinds: list[str]
    limit: Decimal
    label: InThreeLanguages


class QualityRulesOut(BaseModel):
    """The edition of rules in force, and how the index is reckoned.

    index = 100 x (1 - faults / records), rounded down. The fault of a record is the weight of its worst finding.
    """

    edition: str
    stale_after_days: int = Field(description="A household surveyed longer ago is stale.")
    weights: dict[str, Decimal]
    rules: list[RuleOut]
    thresholds: list[ThresholdOut]


class QualityRunOut(BaseModel):
    """One look at every record. `places_done` grows until it reaches `places`."""

    id: UUID
    status: Literal["waiting", "running", "completed"]
    requested_by: str
    requested_at: datetime
    on_day: date
    edition: str
    places: int
    places_done: int
    completed_at: datetime | None = None


class SourceQuality(BaseModel):
    """The records that come from one source. `index` is absent where there are none."""

    source: str
    records: int
    index: Decimal | None = None


class PastQuality(BaseModel):
    """What an earlier run found of the place."""

    run_id: UUID
    on_day: date
    edition: str
    index: Decimal | None = None
    stale_share: Decimal | None = None


class PlaceQuality(BaseModel):
    """The quality of a place's records, and how old its surveys are. `findings` counts records by rule."""

    place_code: str
    kind: Literal["wilaya", "moughataa", "commune"]
    parent_code: str | None = None
    name_fr: str
    name_ar: str | None = None
    records: int
    index: Decimal | None = None
    sources: list[SourceQuality]
    findings: dict[str, int]
    households: int
    stale_share: Decimal | None = None
    median_age_days: Decimal | None = None
    trend: list[PastQuality]


class QualityOut(Page[PlaceQuality]):
    """Places with their quality, as the last completed run found it; `sources` are of the whole registry."""

    run: QualityRunOut | None = None
    sources: list[SourceQuality]


class FindingOut(BaseModel):
    """One record that a rule finds today. `age_days` is the age of the household's survey."""

    rule: str
    kind: Literal["household", "individual", "commune"]
    record_id: UUID
    number: str
    household_id: UUID | None = None
    commune_code: str
    source: str | None = None
    age_days: int


class HouseholdQuality(BaseModel):
    """What the rules find today of a household and its members, and how old its survey is."""

    household_id: UUID
    surveyed_on: date
    age_days: int
    stale: bool
    findings: list[FindingOut]
