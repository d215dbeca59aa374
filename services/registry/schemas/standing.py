"""How a record stands, in ids and codes: what another service needs in order to see what became of somebody it serves."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class HouseholdStanding(BaseModel):
    """A household now; `change_id` is the last change that touched it."""

    id: UUID
    version: int
    change_id: UUID
    status: Literal["active", "left", "merged"]
    left_reason: str | None
    merged_into: UUID | None
    commune_code: str
    moughataa_code: str | None
    wilaya_code: str | None


class RemainingMember(BaseModel):
    """By what a person tells the members of a family apart who sits before them: no name, no number, no birth date."""

    individual_id: UUID
    relationship: str
    sex: str
    age: int


class Bereaved(BaseModel):
    """A household of somebody who died. `candidates` might follow: its head of today, then who the registry would name.
    `members` are the same people, with their ages on the day of the death."""

    household_id: UUID
    was_head: bool
    head_id: UUID | None
    candidates: list[UUID]
    members: list[RemainingMember]


class IndividualStanding(BaseModel):
    """A person now. `bereaved` are the households that he or she belonged to until death."""

    id: UUID
    version: int
    change_id: UUID
    status: Literal["active", "deceased", "left", "merged"]
    died_on: date | None
    merged_into: UUID | None
    bereaved: list[Bereaved]


class MergeOut(BaseModel):
    """A household or an individual that is merged into another one now, with its version."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    into_id: UUID
