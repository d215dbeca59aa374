"""What the registry tells of a record behind its events: ids and codes. See its `/internal/.../standing`."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Told(BaseModel):
    # What the registry adds later is nothing to us.
    model_config = ConfigDict(frozen=True, extra="ignore")


class HouseholdStanding(Told):
    id: UUID
    change_id: UUID
    status: str
    left_reason: str | None
    merged_into: UUID | None
    commune_code: str
    wilaya_code: str | None


class RemainingMember(Told):
    individual_id: UUID
    relationship: str
    sex: str
    age: int


class Bereaved(Told):
    """A household that somebody belonged to until death; `candidates` might follow, in the registry's order. `members` are
    the same people; the version before this one does not tell of them."""

    household_id: UUID
    was_head: bool
    head_id: UUID | None
    candidates: tuple[UUID, ...]
    members: tuple[RemainingMember, ...] = ()


class IndividualStanding(Told):
    id: UUID
    change_id: UUID
    status: str
    died_on: date | None
    merged_into: UUID | None
    bereaved: tuple[Bereaved, ...]
