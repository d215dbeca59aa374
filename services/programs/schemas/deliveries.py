"""Deliveries on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.programs.rules.benefits import MEAL, Outcome
from services.programs.rules.reported import MOST_MEALS
from services.programs.schemas.benefits import LineOut, Reason
from shared.money import Mru

MOST_DELIVERIES = 500
"""In one push: what a shop sells in a week without a line, and one transaction of well under a second."""
Amount = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
Quantity = Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=3)]
Short = Annotated[str, Field(min_length=1, max_length=200)]


class HandedOver(BaseModel):
    """What was handed over: an amount in MRU, quantities by good, or meals, as the program gives."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome = Outcome.PAID
    amount_mru: Amount | None = None
    goods: Annotated[dict[Annotated[str, Field(max_length=30)], Quantity], Field(max_length=20)] = {}
    meals: Annotated[int, Field(ge=0, le=MOST_MEALS)] | None = None

    def things(self) -> dict[str, Decimal]:
        return {**self.goods, **({MEAL: Decimal(self.meals)} if self.meals is not None else {})}


class DeliveryIn(HandedOver):
    """One delivery. The beneficiary by one number at least, or the school with its commune; `reference` is its receipt.

    The same reference again changes nothing, so that a shop that was offline may send what it has twice.
    """

    reference: Short
    delivered_on: date
    period_on: date | None = None
    enrollment_id: UUID | None = None
    household_number: Short | None = None
    card_number: Short | None = None
    nni: Short | None = None
    phone: Short | None = None
    """Counts only where it stands alone, and only where it is one beneficiary's alone."""
    school: Short | None = None
    commune: Short | None = None
    channel: Short | None = None
    agent: Short | None = None


class DeliveriesIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    program: Annotated[str, Field(max_length=64)]
    deliveries: Annotated[list[DeliveryIn], Field(min_length=1, max_length=MOST_DELIVERIES)]


class FindingOut(BaseModel):
    """What does not agree. A `warning` is recorded with its delivery; an `error` kept it out."""

    code: str
    severity: Literal["warning", "error"]
    reason: str
    """In the caller's language."""


class DeliveryResult(BaseModel):
    """What became of one delivery of a push, by its place in it (from 0)."""

    index: int
    status: Literal["recorded", "unchanged", "rejected"]
    delivery_id: UUID | None
    findings: list[FindingOut]


class DeliveriesResult(BaseModel):
    recorded: int
    unchanged: int
    rejected: int
    results: list[DeliveryResult]


class Correction(HandedOver):
    """What was really handed over; `delivered_on` where the day was wrong. `rejected`: nothing was."""

    delivered_on: date | None = None
    reason: Reason


class DeliveryPulled(BaseModel):
    """A delivery as other services pull it: to which enrollment, or at which school, when and how much; nobody is named.

    It never changes: the one that `corrects` it counts in its place. `period_on` is the first day of the period it was laid to.
    """

    model_config = ConfigDict(from_attributes=True)

    delivery_id: UUID
    program: str
    enrollment_id: UUID | None
    school: str | None
    handed_over: bool
    amount_mru: Decimal | None
    delivered_on: date
    period_on: date | None
    corrects: UUID | None


class DeliveryOut(BaseModel):
    """A delivery as it was recorded. `corrected_by` is the delivery that says otherwise, if there is one."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    batch_id: UUID
    program: str = Field(validation_alias="program_code")
    cycle_id: UUID | None
    entitlement_id: UUID | None
    enrollment_id: UUID | None
    school: str | None
    outcome: Outcome
    amount_mru: Mru | None
    lines: list[LineOut] | None
    delivered_on: date
    channel: str | None
    agent: str | None
    reference: str | None
    findings: list[str]
    as_sent: dict[str, Any]
    corrects: UUID | None
    corrected_by: UUID | None
    import_id: UUID | None
    source_line: int | None
    recorded_at: datetime
    recorded_by: str
