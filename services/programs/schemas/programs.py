"""The catalog on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.programs.rules.program import Calendar, Channel, Condition, Eligibility, Good, Quota, Terms, Value


class NamesOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    ar: str
    fr: str
    en: str


class ValueOut(BaseModel):
    """What a program gives from a day on: one payment of `amount_mru` per household, person or pupil.

    A payment covers `months_per_payment` months. `months` are the months of the year in which it gives; null: all year.
    `goods`: the quota of goods the payment consists of; `meal_mru`: the cost of one meal of a school day.
    """

    model_config = ConfigDict(from_attributes=True)

    from_on: date
    amount_mru: Decimal
    per: Literal["household", "person", "pupil"]
    months_per_payment: int
    months: tuple[int, ...] | None
    max_people: int | None
    goods: tuple[Good, ...] = ()
    meal_mru: Decimal | None = None
    confidence: Literal["found", "derived", "assumed"]
    note: str

    @classmethod
    def of(cls, value: Value) -> "ValueOut":
        return cls.model_validate(value)


class TargetingOut(BaseModel):
    """Whom a program is for. No category: it does not choose by household. `wilayas` null: the whole country."""

    model_config = ConfigDict(from_attributes=True)

    categories: list[str]
    requires_disability: bool
    wilayas: list[str] | None
    note: str


class ProgramOut(BaseModel):
    """A program as its institution publishes it."""

    id: UUID
    code: str
    institution: str
    names: NamesOut
    owner: str
    unit: str
    benefit: str
    legal_channel: str
    version: int
    published_at: datetime
    values: list[ValueOut]
    targeting: TargetingOut
    calendar: Calendar
    channel: Channel | None = None
    conditions: tuple[Condition, ...] = ()
    capacity: int | None = None
    quotas: tuple[Quota, ...] = ()
    recertify_months: int | None = None
    legal_reference: str | None = None
    eligibility: tuple[Eligibility, ...] = ()
    complements: tuple[str, ...] = ()
    substitutes: tuple[str, ...] = ()


class VersionOut(BaseModel):
    """A version of a program: when it was published, and by whom."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    published_at: datetime
    published_by: str


class VersionDetail(VersionOut):
    """A version with its document, in the form in which a program is published."""

    document: Terms
