"""What the registry says and hears on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
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


class MemberOut(BaseModel):
    """An individual in a household. `birth_precision` year: only the year of `birth_date` is known."""

    individual_id: UUID
    individual_number: str
    relationship: str
    name_fr: str | None
    name_ar: str | None
    sex: str
    birth_date: date
    birth_precision: str
    nni: str | None
    disability: bool


class HouseholdOut(BaseModel):
    """A household with its current members."""

    id: UUID
    number: str
    version: int
    commune_code: str
    village: str | None
    vulnerability_category: str
    score: Decimal
    formula_version: str
    surveyed_on: date
    phones: list[str]
    members: list[MemberOut]


class HouseholdSummary(BaseModel):
    """A household without its people."""

    id: UUID
    number: str
    version: int
    commune_code: str
    vulnerability_category: str
    score: Decimal
    size: int


class ChangeOut(BaseModel):
    """One version of a record: what changed, when and by whom."""

    version: int
    changed_at: datetime
    changed_by: str
    change: dict[str, Any]


class Counts(BaseModel):
    """How much the registry holds."""

    households: int
    individuals: int
