"""What a program is: whom it serves, what it gives, and how the list of its beneficiaries looks."""

import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.headers import Layout

Months = Annotated[tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(min_length=1, max_length=12)]


class Unit(StrEnum):
    """Who is enrolled. A household card is a household's, shown at a shop."""

    HOUSEHOLD = "household"
    HOUSEHOLD_CARD = "household_card"
    INDIVIDUAL = "individual"
    PUPIL = "pupil"

    @property
    def of_households(self) -> bool:
        return self in (Unit.HOUSEHOLD, Unit.HOUSEHOLD_CARD)


class Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(Fact):
    ar: str
    fr: str
    en: str


class Value(Fact):
    """What the program gives from `from_on` until the next version.

    `amount_mru` is one payment for one `per`; a payment covers `months_per_payment` months. `months` are the months
    of the year in which the program gives (June is 6); None: all year. No more than `max_people` of a household count.
    """

    from_on: date = Field(alias="from")
    amount_mru: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
    per: Literal["household", "person", "pupil"]
    months_per_payment: Annotated[int, Field(ge=1, le=12)] = 1
    months: Months | None = None
    max_people: Annotated[int, Field(ge=1)] | None = None
    confidence: Literal["found", "derived", "assumed"]
    note: str


class Targeting(Fact):
    """Whom the program is for. No category: it does not choose by household (a school's pupils)."""

    categories: tuple[Literal["extreme_poor", "poor", "vulnerable", "not_poor"], ...] = ()
    requires_disability: bool = False
    wilayas: tuple[Annotated[str, Field(pattern=r"^MR(0[1-9]|1[0-5])$")], ...] | None = None
    note: str


class ListForm(Fact):
    """The list an institution sends: its columns, those it must have, and the cells that must not be empty.

    A `delta` adds and removes row by row; any other list only adds.
    """

    fields: tuple[str, ...]
    required: tuple[str, ...]
    filled: tuple[str, ...] = ("name",)
    headers: dict[str, tuple[str, ...]] = {}
    delta: bool = False

    def layout(self) -> Layout:
        return Layout.of(*self.fields, required=self.required, extra=self.headers)


class Program(Fact):
    """A program as its institution publishes it."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{2,39}$")]
    names: Names
    owner: str
    unit: Unit
    benefit: Literal["cash", "food_subsidy", "meal", "health_insurance"]
    legal_channel: Literal["own_registry_program", "signed_protocol", "partner_agreement"]
    values: Annotated[tuple[Value, ...], Field(min_length=1)]
    targeting: Targeting
    list_form: ListForm = Field(alias="list")

    def content_hash(self) -> bytes:
        """Changes when anything others may read changes; how a list is laid out is nobody else's business."""
        return hashlib.sha256(self.model_dump_json(exclude={"list_form"}).encode()).digest()

    def value_on(self, day: date) -> Value | None:
        """The version in force on `day`; None before the first."""
        return in_force(self.values, day)


class Catalog(Fact):
    """The programs of one institution."""

    institution: str
    programs: tuple[Program, ...]


def in_force(values: Sequence[Value], day: date) -> Value | None:
    return max((one for one in values if one.from_on <= day), key=lambda one: one.from_on, default=None)
