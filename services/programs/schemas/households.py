"""What one household receives in one institution, on the wire."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from services.programs.rules.status import LinkStatus, Status
from services.programs.schemas.benefits import EntitlementOut
from services.programs.schemas.programs import NamesOut
from shared.money import Mru


class Received(BaseModel):
    """One enrollment of the household. Sums are over all cycles: what fell due, what of it is held, what was handed over.

    `entitlements` are the newest, at most twelve. `monthly_value_mru` holds for a month in which the program gives.
    """

    enrollment_id: UUID
    program: str
    names: NamesOut
    unit: str
    status: Status
    reason: str | None
    enrolled_on: date | None
    exited_on: date | None
    link_status: LinkStatus
    individual_id: UUID | None
    held_reason: str | None
    held_on: date | None
    reviews_open: int
    monthly_value_mru: Mru | None
    due_mru: Mru
    held_mru: Mru
    delivered_mru: Mru
    outstanding_mru: Mru
    entitlements: list[EntitlementOut]
    explanation: list[str]


class HouseholdReceives(BaseModel):
    """Everything one household of the registry receives in this institution, in the caller's programs.

    `monthly_value_mru` adds up what its active enrollments are worth in a month in which all of them give; values that
    are not known count as nothing, and `complete` is false then.
    """

    household_id: UUID
    institution: str
    monthly_value_mru: Mru
    complete: bool
    due_mru: Mru
    held_mru: Mru
    delivered_mru: Mru
    outstanding_mru: Mru
    enrollments: list[Received]
