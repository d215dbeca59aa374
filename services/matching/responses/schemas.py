"""What matching says, and hears, of analyses, triggers and their rule."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.matching.decision_schemas import Official
from services.matching.rules.triggering import CRISIS, STANDARD_PERCENT, AnalysisPeriod, TriggerStatus

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Percent = Annotated[Decimal, Field(gt=0, le=100, decimal_places=2, description="Of an area's people.")]
Phase = Annotated[int, Field(ge=1, le=5)]
PlaceCode = Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,20}$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RuleIn(Body):
    """The rule: an area takes the highest phase that at least `percent` of its people are in, or in a worse one; from
    `least_phase` it is proposed as a trigger. `by_wilaya` are thresholds that differ, by the wilaya's code."""

    percent: Percent = STANDARD_PERCENT
    by_wilaya: dict[PlaceCode, Percent] = Field(default_factory=dict, max_length=50)
    least_phase: int = Field(default=CRISIS, ge=2, le=5)
    reason: Words
    official: Official


class RuleOut(BaseModel):
    """The rule in force; `version` 0 is the standard of the Cadre Harmonisé, which nobody here has decided."""

    version: int
    percent: Decimal
    by_wilaya: dict[str, Decimal]
    least_phase: int
    reason: str | None
    decided_by: str | None
    official: str | None
    decided_at: datetime | None


class TriggerValidated(Body):
    """The area's trigger holds: at the rule's phase, or at `phase` for a `reason`."""

    official: Official
    phase: Phase | None = None
    reason: Words | None = None


class TriggerRejected(Body):
    official: Official
    reason: Words


class TriggerIn(Body):
    """A trigger for an area that the rule did not propose, with the reason."""

    analysis_id: UUID
    area_code: PlaceCode
    phase: Phase
    reason: Words
    official: Official


class AnalysisOut(BaseModel):
    """A version of an analysis. `in_force`: no later file has told this round and period otherwise."""

    id: UUID
    round: str
    period: AnalysisPeriod
    version: int
    in_force: bool
    from_on: date
    to_on: date
    source: str
    validated_by: str
    areas: int
    triggers: int
    import_id: UUID
    loaded_by: str
    loaded_at: datetime


class RegistryOut(BaseModel):
    """Registry households of a place; `enrolled` in the programs asked about. None: 1 to 4, or what would tell them."""

    households: int | None
    people: int | None
    enrolled: int | None
    not_enrolled: int | None


class PlaceName(BaseModel):
    code: str
    name_fr: str | None
    name_ar: str | None


class CommuneOut(PlaceName):
    registry: RegistryOut


class PhasesOut(BaseModel):
    """An area's people by phase. `total` may be more than their sum: who was not classified."""

    phase_1: int
    phase_2: int
    phase_3: int
    phase_4: int
    phase_5: int
    total: int


class AreaOut(BaseModel):
    """An area of an analysis: its people by phase, the phase that the rule gives it and the one the table states, its trigger,
    and what the registry has there. `share`: percent of its people in that phase or a worse one."""

    area: PlaceName
    wilaya_code: str | None
    people: PhasesOut
    phase: int
    share: Decimal
    threshold: Decimal
    stated_phase: int | None
    trigger_id: UUID | None
    trigger_status: TriggerStatus | None
    registry: RegistryOut
    communes: list[CommuneOut]


class TriggerOut(BaseModel):
    """An area that calls for a response. `phase` holds; where it is not `rule_phase`, a person decided it for `reason`."""

    id: UUID
    version: int
    status: TriggerStatus
    analysis_id: UUID
    round: str
    period: AnalysisPeriod
    from_on: date
    to_on: date
    source: str
    validated_by: str = Field(description="Who validated the analysis.")
    area: PlaceName
    wilaya_code: str | None
    phase: int
    rule_phase: int
    rule_version: int
    threshold: Decimal
    people: PhasesOut
    reason: str | None
    proposed_at: datetime
    decided_by: str | None
    official: str | None
    decided_at: datetime | None
