"""What the registry says and hears on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.registry.rules.proposals import AnyProposal
from shared.disclosing import about


class FieldOrigin(BaseModel):
    """Where one field's value comes from, and the day it was taken."""

    source: str
    on: date


class Origins(BaseModel):
    """Since when the record is so and known to be so, and where its fields come from.

    `source` and `source_on` are of every field not named in `fields`.
    """

    true_from: date
    known_from: datetime
    source: str
    source_on: date
    fields: dict[str, FieldOrigin]


class MemberOut(BaseModel):
    """An individual in a household. `birth_precision` year: only the year of `birth_date` is known."""

    individual_id: UUID
    individual_number: str
    relationship: str
    member_from: date
    name_fr: str | None
    name_ar: str | None
    sex: str
    birth_date: date
    birth_precision: str
    nni: str | None
    disability: bool
    status: str
    questionnaire_version: str | None
    answers: dict[str, Any]


class HouseholdOut(BaseModel):
    """A household with its members. `answers` are to the questionnaire whose schema is at `/v1/questionnaires`."""

    model_config = ConfigDict(json_schema_extra=about(id="household", number="household"))

    id: UUID
    number: str
    version: int
    status: Literal["active", "left", "merged"]
    left_reason: str | None
    merged_into: UUID | None
    commune_code: str
    village: str | None
    village_code: str | None
    vulnerability_category: str
    score: Decimal
    formula_version: str
    scored_on: date
    score_valid_until: date | None
    score_inputs_hash: str | None
    surveyed_on: date
    phones: list[str]
    questionnaire_version: str | None
    answers: dict[str, Any]
    members: list[MemberOut]
    origins: Origins


class IdentifierOut(BaseModel):
    """A number somebody gave a person. `grade` says how far it is to be trusted."""

    type: str
    value: str
    issuer: str
    grade: Literal["verified", "check_holds", "declared", "check_failed"]


class MembershipOut(BaseModel):
    """A household that an individual belongs to."""

    household_id: UUID
    household_number: str
    relationship: str
    member_from: date


class IndividualOut(BaseModel):
    """A person with identifiers and households."""

    model_config = ConfigDict(json_schema_extra=about(id="individual", number="individual"))

    id: UUID
    number: str
    version: int
    status: Literal["active", "deceased", "left", "merged"]
    died_on: date | None
    merged_into: UUID | None
    name_fr: str | None
    name_ar: str | None
    sex: str
    birth_date: date
    birth_precision: str
    disability: bool
    questionnaire_version: str | None
    answers: dict[str, Any]
    identifiers: list[IdentifierOut]
    memberships: list[MembershipOut]
    origins: Origins


class HouseholdSummary(BaseModel):
    """A household without its people."""

    model_config = ConfigDict(json_schema_extra=about(id="household", number="household"))

    id: UUID
    number: str
    version: int
    commune_code: str
    vulnerability_category: str
    score: Decimal
    status: str
    size: int


class VersionOut(BaseModel):
    """One version of a record: when, by whom, why and from which source, and `{field: [before, after]}`."""

    version: int
    change_id: UUID
    kind: str
    changed_at: datetime
    changed_by: str
    source: str
    reason: str | None
    fields: dict[str, Any]


class Counts(BaseModel):
    """How much the registry holds."""

    households: int
    individuals: int


class Evidence(BaseModel):
    """What a proposal rests on: a document or a visit, by its reference. Never its content."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["document", "civil_registry_extract", "visit", "phone_call", "partner_list", "court_decision"]
    reference: Annotated[str, Field(min_length=1, max_length=200)]
    on: date


Official = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._-]{2,40}$", description="The official's staff number in the partner's own system."),
]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class ChangeRequestIn(BaseModel):
    """A proposed change. With `approve` the proposer decides as well, where the authority is theirs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "proposal": {
                        "kind": "correction",
                        "individual_id": "01989a4e-5b00-7c3d-8e21-6f0a4d7b9c01",
                        "individual": {"name_fr": "Fatimetou Mint Mohamed", "name_ar": "فاطمة بنت محمد"},
                    },
                    "official": "TZR-0042",
                    "reason": "Nom mal saisi à l'enquête",
                    "evidence": [{"kind": "civil_registry_extract", "reference": "EC 2026/118", "on": "2026-11-02"}],
                },
                {
                    "proposal": {
                        "kind": "move",
                        "household_id": "01989a4e-5b00-7c3d-8e21-6f0a4d7b9c02",
                        "on": "2026-10-01",
                        "commune_code": "MR011-C02",
                        "village": "لعوينات",
                    },
                    "official": "TZR-0042",
                    "approve": True,
                },
            ]
        },
    )

    proposal: AnyProposal
    official: Official
    reason: Reason | None = None
    evidence: Annotated[list[Evidence], Field(max_length=20)] = []
    approve: bool = False


class Approval(BaseModel):
    """One official says yes."""

    model_config = ConfigDict(extra="forbid")

    official: Official
    reason: Reason | None = None


class Rejection(BaseModel):
    """One official says no, and why."""

    model_config = ConfigDict(extra="forbid")

    official: Official
    reason: Reason


class DecisionOut(BaseModel):
    """What one official decided."""

    decision: Literal["approve", "refuse"]
    decided_by: str
    official: str
    reason: str | None
    decided_at: datetime


class RecordDiff(BaseModel):
    """What a change does to one record: `{field: [before, after]}`, and the memberships it ends and begins."""

    model_config = ConfigDict(json_schema_extra=about(id="record"))

    record: Literal["household", "individual"]
    id: UUID
    number: str
    is_new: bool
    fields: dict[str, Any]
    members: list[list[dict[str, Any]]]


class ChangeRequestOut(BaseModel):
    """A change request. `diff` is shown to those who may read households; `subject_changed` asks to look again.

    `version` is its ETag without the quotes: it changes with the record it is about, too.
    """

    model_config = ConfigDict(json_schema_extra=about(subject_id="record"))

    id: UUID
    version: str
    kind: str
    status: Literal["proposed", "applied", "refused", "withdrawn"]
    subject_id: UUID
    subject_changed: bool
    proposal: dict[str, Any]
    evidence: list[Evidence]
    reason: str | None
    proposed_by: str
    official: str
    proposed_at: datetime
    deciding_sources: list[str]
    persons_needed: int
    decisions: list[DecisionOut]
    change_id: UUID | None
    diff: list[RecordDiff]


class ChangeOut(BaseModel):
    """One change: who made it, when, why, from which source, and the records it touched."""

    model_config = ConfigDict(json_schema_extra=about(households="household", individuals="individual"))

    id: UUID
    kind: str
    made_at: datetime
    made_by: str
    source: str
    reason: str | None
    import_id: UUID | None
    request_id: UUID | None
    undoes: UUID | None
    undone_by: UUID | None
    households: list[UUID]
    individuals: list[UUID]
