"""What the registry says and hears on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel


class PlaceOut(BaseModel):
    """A wilaya, moughataa or commune; `names` holds its other spellings."""

    code: str
    kind: str
    parent_code: str | None
    name_fr: str
    name_ar: str | None
    names: list[str]


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
