"""What a program is: whom it serves, what it gives, and how the list of its beneficiaries looks."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.headers import FIELDS, Layout
from shared.invalid import not_accepted
from shared.text import Text

Money = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
Months = Annotated[tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(min_length=1, max_length=12)]


DEARER_THAN_THE_MARKET = Text(
    ar="السعر price_mru أعلى من سعر السوق market_price_mru",
    fr="price_mru dépasse market_price_mru",
    en="price_mru is above market_price_mru",
)
GOOD_TWICE = Text(ar="سلعة مذكورة مرتين", fr="une denrée figure deux fois", en="a good stands twice")
GOODS_DO_NOT_ADD_UP = Text(
    ar="مجموع دعم السلع {given} ولا يساوي amount_mru وهو {amount}",
    fr="les subventions des denrées font {given}, et non amount_mru qui est de {amount}",
    en="the goods' subsidies add up to {given}, not to amount_mru, which is {amount}",
)
ENDS_BEFORE_IT_BEGINS = Text(
    ar="الفترة تنتهي قبل أن تبدأ", fr="la période finit avant de commencer", en="the period ends before it begins"
)
HIJRI_MONTH = Text(
    ar="يُذكر hijri_month حيث يكون kind هو hijri_month، ولا يُذكر في غيره",
    fr="hijri_month se donne quand kind vaut hijri_month, et seulement alors",
    en="hijri_month is given where kind is hijri_month, and only there",
)
NEEDS_TERMS = Text(
    ar="تقويم أيام الدراسة يحتاج إلى terms",
    fr="un calendrier de jours de classe demande ses terms",
    en="a calendar of school days needs its terms",
)

PLACE_CODE = r"^MR[0-9]{2,10}(-C[0-9]{1,4})?$"
"""A wilaya (MR01), a moughataa (MR011) or a commune (MR011-C01): the code of each begins with that of the one above."""


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


class Good(Fact):
    """One good of a quota: `quantity` for one `per` and payment, at `price_mru` where the market asks `market_price_mru`.

    Quantities and prices are for one `unit`. What the household is given is the difference, its subsidy.
    """

    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,29}$")]
    names: Names
    unit: Literal["kg", "l", "piece"]
    quantity: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=3)]
    market_price_mru: Money
    price_mru: Money

    @property
    def subsidy_mru(self) -> Decimal:
        """Of one unit."""
        return self.market_price_mru - self.price_mru

    @model_validator(mode="after")
    def _cheaper_than_the_market(self) -> Self:
        if self.price_mru > self.market_price_mru:
            raise not_accepted(DEARER_THAN_THE_MARKET)
        return self


class Value(Fact):
    """What the program gives from `from_on` until the next version.

    `amount_mru` is one payment for one `per`; a payment covers `months_per_payment` months. `months` are the months
    of the year in which the program gives (June is 6); None: all year. No more than `max_people` of a household count.
    `goods` are what the payment consists of where it is a quota of goods: their subsidies add up to `amount_mru`.
    `meal_mru` is the cost of one meal where a meal is given each school day; `amount_mru` is then a month's on average.
    """

    from_on: date = Field(alias="from")
    amount_mru: Money
    per: Literal["household", "person", "pupil"]
    months_per_payment: Annotated[int, Field(ge=1, le=12)] = 1
    months: Months | None = None
    max_people: Annotated[int, Field(ge=1)] | None = None
    goods: tuple[Good, ...] = ()
    meal_mru: Money | None = None
    confidence: Literal["found", "derived", "assumed"]
    note: str

    @model_validator(mode="after")
    def _goods_add_up(self) -> Self:
        if len({one.code for one in self.goods}) != len(self.goods):
            raise not_accepted(GOOD_TWICE)
        given = sum((one.quantity * one.subsidy_mru for one in self.goods), Decimal(0))
        if self.goods and given != self.amount_mru:
            raise not_accepted(GOODS_DO_NOT_ADD_UP.format(given=given, amount=self.amount_mru))
        return self


class Term(Fact):
    """Part of a school year; its first and last day are included."""

    from_on: date = Field(alias="from")
    to_on: date = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to_on < self.from_on:
            raise not_accepted(ENDS_BEFORE_IT_BEGINS)
        return self


class Holiday(Term):
    """Days on which schools are closed."""

    names: Names


class Calendar(Fact):
    """When the program gives, beside the months of its value.

    `periods`: payments follow one another from January; `school_days`: each school day of a month, inside `terms` and
    outside `holidays` and Saturday and Sunday; `hijri_month`: once a year, in the Hijri month `hijri_month` (Ramadan is 9).
    """

    kind: Literal["periods", "school_days", "hijri_month"] = "periods"
    hijri_month: Annotated[int, Field(ge=1, le=12)] | None = None
    terms: tuple[Term, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    late_after_days: Annotated[int, Field(ge=0, le=366)] = 30
    """A delivery later than this after the end of its period is late."""
    note: str = ""

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if (self.kind == "hijri_month") != (self.hijri_month is not None):
            raise not_accepted(HIJRI_MONTH)
        if self.kind == "school_days" and not self.terms:
            raise not_accepted(NEEDS_TERMS)
        return self


class Channel(Fact):
    """How the benefit reaches people."""

    kind: Literal["payment_agent", "mobile_money", "bank", "shop", "school", "insurer"]
    note: str = ""


class Condition(Fact):
    """What a beneficiary must have done before a payment.

    `session_attendance`: present at `times` sessions in the `months` before the period ends. Who is known to have missed
    them is not excluded: the payment is held until a person decides. Unknown is not missed.
    """

    code: Literal["session_attendance"]
    times: Annotated[int, Field(ge=1, le=31)] = 1
    months: Annotated[int, Field(ge=1, le=12)] = 3


class Quota(Fact):
    """At most `most` active enrollments in a place, by its p-code (wilaya, moughataa or commune)."""

    place: Annotated[str, Field(pattern=PLACE_CODE)]
    most: Annotated[int, Field(ge=0)]


class Criterion(Fact):
    """One named criterion of eligibility, in words for people and as data for the machine."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    attribute: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{1,59}$")]
    operator: Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "exists"]
    value: str | bool | Decimal | tuple[str, ...] | None = None
    label: Names


class Criteria(Fact):
    """Criteria taken together: `all` of them, `any`, or `at_least` n. Groups may hold groups, four deep."""

    match: Literal["all", "any", "at_least"]
    at_least: Annotated[int, Field(ge=1)] | None = None
    criteria: tuple[Criterion, ...] = ()
    groups: tuple["Criteria", ...] = ()


class Eligibility(Fact):
    """The rule by which the program chooses, from a day on."""

    version: Annotated[int, Field(ge=1)]
    from_on: date = Field(alias="from")
    rule: Criteria


class Targeting(Fact):
    """Whom the program is for. No category: it does not choose by household (a school's pupils)."""

    categories: tuple[Literal["extreme_poor", "poor", "vulnerable", "not_poor"], ...] = ()
    requires_disability: bool = False
    wilayas: tuple[Annotated[str, Field(pattern=r"^MR(0[1-9]|1[0-5])$")], ...] | None = None
    note: str


AS_OUR_DELTAS = {
    name: (said.ar, said.fr, said.en) for name in ("action", "effective_on") if (said := FIELDS[name].label)
}
"""The columns by which our deltas say what happened. Other names of them mean other things in lists of everybody."""


class ListForm(Fact):
    """The list an institution sends: its columns, those it must have, and the cells that must not be empty.

    A `delta` always says what happened, row by row, and does not name everybody. Any other list names everybody, and may
    say what happened as our own deltas do: who has left is then not taken for somebody new.
    """

    fields: tuple[str, ...]
    required: tuple[str, ...]
    filled: tuple[str, ...] = ("name",)
    headers: dict[str, tuple[str, ...]] = {}
    delta: bool = False

    def layout(self) -> Layout:
        layout = Layout.of(*self.fields, required=self.required, extra=self.headers)
        return replace(layout, fields=AS_OUR_DELTAS | dict(layout.fields))


class Terms(Fact):
    """What an institution publishes of a program, and may change by publishing it anew."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{2,39}$")]
    names: Names
    owner: str
    unit: Unit
    benefit: Literal["cash", "food_subsidy", "meal", "health_insurance"]
    legal_channel: Literal["own_registry_program", "signed_protocol", "partner_agreement"]
    values: Annotated[tuple[Value, ...], Field(min_length=1)]
    targeting: Targeting
    calendar: Calendar = Calendar()
    channel: Channel | None = None
    conditions: tuple[Condition, ...] = ()
    capacity: Annotated[int, Field(ge=0)] | None = None
    """At most so many active enrollments in all; who comes after them waits. None: no limit."""
    quotas: tuple[Quota, ...] = ()
    recertify_months: Annotated[int, Field(ge=1, le=120)] | None = None
    """An enrollment is to be looked at again so many months after it began. None: never by itself."""
    legal_reference: str | None = None
    """The text the program rests on; None where it is not known to us."""
    eligibility: tuple[Eligibility, ...] = ()
    complements: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{2,39}$")], ...] = ()
    """Programs, of any institution, to which a household that leaves this one may be handed over."""
    substitutes: tuple[Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{2,39}$")], ...] = ()
    """Programs, of any institution, that give the same in its place: who is in one of them is not missed by this one."""
    status_words: dict[str, Literal["applied", "enrolled", "suspended", "exited"]] = {}
    """The institution's own words for a status, folded when compared."""

    @property
    def is_limited(self) -> bool:
        return self.capacity is not None or bool(self.quotas)

    def value_on(self, day: date) -> Value | None:
        """The version in force on `day`; None before the first."""
        return in_force(self.values, day)

    def values_since(self, day: date, until: date) -> tuple[Value, ...]:
        """The versions in force on a day or on one of those after it, up to `until`."""
        first = self.value_on(day)
        return tuple(one for one in self.values if one is first or day < one.from_on <= until)


class Program(Terms):
    """A program: its terms, and how the list of its beneficiaries is laid out."""

    list_form: ListForm = Field(alias="list")

    @classmethod
    def of(cls, terms: Terms, list_form: ListForm) -> Self:
        return cls.model_validate(terms.model_dump(by_alias=True) | {"list": list_form.model_dump()})

    def content_hash(self) -> bytes:
        """Changes when anything others may read changes; how a list is laid out is nobody else's business."""
        # By sorted keys: the database keeps those of a mapping in an order of its own.
        content = json.dumps(self.model_dump(mode="json", exclude={"list_form"}), sort_keys=True)
        return hashlib.sha256(content.encode()).digest()


class Catalog(Fact):
    """The programs of one institution."""

    institution: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,30}$")]
    programs: Annotated[tuple[Program, ...], Field(min_length=1)]
    partner: dict[str, Any] | None = None
    """What the gateway knows the institution by (gateway.partners.file), where it does not ship with this version."""


def in_force(values: Sequence[Value], day: date) -> Value | None:
    return max((one for one in values if one.from_on <= day), key=lambda one: one.from_on, default=None)
