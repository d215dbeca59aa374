"""Households and individuals as an agreement lets them be told: only the fields it allows are there, each in its form."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import ConfigDict

from shared.disclosing import about
from shared.sharing import Shared

Number = str | bool | None
"""In full, masked, or whether there is one."""


class SharedMember(Shared):
    """An individual in a household. `birth_date`: the day, the year or a band of age."""

    individual_id: UUID
    individual_number: str | None = None
    relationship: str | None = None
    name_fr: str | None = None
    name_ar: str | None = None
    sex: str | None = None
    birth_date: date | str | None = None
    nni: Number = None
    disability: bool | None = None
    status: str | None = None


class SharedHousehold(Shared):
    """A household under an agreement. `row` is told to the gateway, which checks by it and takes it out."""

    model_config = ConfigDict(json_schema_extra=about(id="household"))

    id: UUID
    row: dict[str, str]
    number: str | None = None
    commune_code: str | None = None
    village: str | None = None
    size: int | str | None = None
    vulnerability_category: str | None = None
    score: Decimal | str | None = None
    status: str | None = None
    surveyed_on: date | str | None = None
    phones: list[str] | bool | None = None
    answers: dict[str, Any] | None = None
    head_name_fr: str | None = None
    head_name_ar: str | None = None
    members: list[SharedMember] | None = None


class SharedMembership(Shared):
    """A household that an individual belongs to."""

    household_id: UUID
    household_number: str | None = None
    relationship: str | None = None


class SharedIndividual(Shared):
    """A person under an agreement; of her households, those that it reaches."""

    model_config = ConfigDict(json_schema_extra=about(id="individual"))

    id: UUID
    row: dict[str, str]
    number: str | None = None
    name_fr: str | None = None
    name_ar: str | None = None
    sex: str | None = None
    birth_date: date | str | None = None
    nni: Number = None
    disability: bool | None = None
    status: str | None = None
    memberships: list[SharedMembership] | None = None
