"""A reported delivery beside what was due: which entitlement it is laid to, and what does not agree.

Cash and premiums are laid to the oldest entitlement that still waits for them and is not overdue on that day, then to the
oldest overdue one, then, all being paid, to the latest: as an officer would. Goods and meals belong to the period of their
day, because a quota that was not used does not carry over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.programs.rules.benefits import CASH, MEAL, Outcome
from services.programs.rules.calendar import is_school_day
from services.programs.rules.entitling import line, sum_of
from services.programs.rules.findings import ERRORS, WARNINGS
from services.programs.rules.program import Program, Value
from shared.text import Text
from shared.values import Currency, looks_ten_times_off

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A line of a report after reading: whom it names, what came of it, when and through whom. Amounts are MRU.

    `goods` are quantities by good, or by `meal`; `school` is a school's key. `period_on` is any day of the period meant.
    """

    line: int
    as_sent: Mapping[str, Any] = field(default_factory=dict)
    enrollment_id: UUID | None = None
    household_number: str | None = None
    card_number: str | None = None
    nni: str | None = None
    phones: tuple[str, ...] = ()
    """Counts only where the line names nobody by a number."""
    school: str | None = None
    outcome: Outcome = Outcome.PAID
    amount: Decimal = NOTHING
    goods: Mapping[str, Decimal] = field(default_factory=dict)
    delivered_on: date
    period_on: date | None = None
    channel: str | None = None
    agent: str | None = None
    reference: str | None = None


@dataclass(slots=True)
class Claim:
    """An entitlement that a delivery may be laid to, with what was handed over of it so far, by what it consists of."""

    entitlement_id: UUID
    cycle_id: UUID
    starts_on: date
    ends_on: date
    late_after: date
    held: bool
    amount: Decimal
    due: Mapping[str, Decimal]
    value: Value
    handed: dict[str, Decimal] = field(default_factory=dict)
    handed_mru: Decimal = NOTHING

    @property
    def remaining(self) -> Decimal:
        return self.amount - self.handed_mru

    def covers(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    def take(self, parts: Iterable[tuple[str, Decimal, Decimal]], sign: int = 1) -> None:
        """Count what was handed over; with -1 what a correction takes back."""
        for what, quantity, amount in parts:
            self.handed[what] = self.handed.get(what, NOTHING) + sign * quantity
            self.handed_mru += sign * amount


@dataclass(frozen=True, slots=True)
class Said:
    """A finding with its text filled in. `refused`: the line is kept out."""

    code: str
    text: Text
    refused: bool = False

    @classmethod
    def warning(cls, code: str, **values: object) -> "Said":
        return cls(code, WARNINGS[code].format(**values) if values else WARNINGS[code])

    @classmethod
    def error(cls, code: str, **values: object) -> "Said":
        return cls(code, ERRORS[code].format(**values) if values else ERRORS[code], refused=True)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a reported delivery comes to: the entitlement, the sum in MRU and its lines, and what does not agree."""

    claim: Claim | None
    amount: Decimal
    lines: list[dict[str, Any]] | None
    said: Sequence[Said]

    @property
    def refused(self) -> bool:
        return any(one.refused for one in self.said)


def judge(
    program: Program,
    claims: Sequence[Claim],
    one: Reported,
    *,
    enrolled_on: date,
    exited_on: date | None,
    unit: Currency = "MRU",
) -> Judged:
    """A delivery to a beneficiary whose claims these are."""
    of_goods = program.benefit == "food_subsidy" and any(value.goods for value in program.values)
    claim = _of_the_day(claims, one) if of_goods else _waiting(claims, one)
    if not one.outcome.handed_over:
        return Judged(claim, NOTHING, None if not of_goods else [], [])
    if not (one.goods if of_goods else one.amount):
        return Judged(claim, NOTHING, None, [Said.error("nothing_delivered")])
    if of_goods:
        amount, lines, said = _goods(program, claim, one)
    else:
        amount, lines, said = one.amount, None, _cash(claim, one, unit)
    return Judged(claim, amount, lines, [*said, *_about_the_day(claim, one, enrolled_on, exited_on)])


def judge_meals(program: Program, cycle: bool, one: Reported, *, pupils: int, served: Decimal) -> Judged:
    """Meals served at a school with so many pupils enrolled, after `served` already reported for that day."""
    value = program.value_on(one.delivered_on) or program.values[0]
    if one.outcome.handed_over and MEAL not in one.goods:
        return Judged(None, NOTHING, None, [Said.error("nothing_delivered")])
    meals = one.goods.get(MEAL, NOTHING) if one.outcome.handed_over else NOTHING
    lines = [line(MEAL, meals, value.meal_mru or NOTHING)]
    said = [] if cycle else [Said.warning("not_due")]
    if meals and not is_school_day(program.calendar, one.delivered_on):
        said.append(Said.warning("not_a_school_day"))
    if served and meals:
        said.append(Said.warning("double"))
    if meals and served + meals > pupils:
        said.append(Said.warning("more_meals_than_pupils", pupils=pupils))
    return Judged(None, sum_of(lines), lines, said)


def _of_the_day(claims: Sequence[Claim], one: Reported) -> Claim | None:
    day = one.period_on or one.delivered_on
    return next((claim for claim in claims if claim.covers(day)), None)


def _waiting(claims: Sequence[Claim], one: Reported) -> Claim | None:
    if one.period_on is not None:
        return _of_the_day(claims, one)
    begun = sorted(
        (claim for claim in claims if claim.starts_on <= one.delivered_on), key=lambda claim: claim.starts_on
    )
    waiting = [claim for claim in begun if claim.remaining > 0]
    in_time = [claim for claim in waiting if one.delivered_on <= claim.late_after]
    return next(iter([*in_time, *waiting, *reversed(begun)]), None)


def _cash(claim: Claim | None, one: Reported, unit: Currency) -> list[Said]:
    if claim is None:
        return []
    tenth = one.amount < claim.amount
    if looks_ten_times_off(one.amount, claim.amount) and not (tenth and one.outcome == Outcome.PARTLY):
        return [Said.error("wrong_unit", due=claim.amount, unit=unit)]
    if claim.handed_mru > 0 and claim.remaining <= 0:
        return [Said.warning("double")]
    remaining = f"{max(claim.remaining, NOTHING)} {CASH}"
    if one.amount > claim.remaining:
        return [Said.warning("over_ceiling", remaining=remaining)]
    if one.amount < claim.remaining and one.outcome == Outcome.PAID:
        return [Said.warning("less_than_due", remaining=remaining)]
    return []


def _goods(program: Program, claim: Claim | None, one: Reported) -> tuple[Decimal, list[dict[str, Any]], list[Said]]:
    value = claim.value if claim else program.value_on(one.delivered_on)
    goods = {good.code: good for good in value.goods} if value else {}
    if set(one.goods) - set(goods):
        return NOTHING, [], [Said.error("unknown_good", accepted=", ".join(goods))]
    lines = [line(code, quantity, goods[code].subsidy_mru) for code, quantity in one.goods.items()]
    over = []
    for code, quantity in one.goods.items():
        left = claim.due.get(code, NOTHING) - claim.handed.get(code, NOTHING) if claim else quantity
        if quantity > left:
            over.append(f"{code} {max(left, NOTHING):f} {goods[code].unit}")
    return sum_of(lines), lines, [Said.warning("over_ceiling", remaining=", ".join(over))] if over else []


def _about_the_day(claim: Claim | None, one: Reported, enrolled_on: date, exited_on: date | None) -> list[Said]:
    said = []
    if one.delivered_on < enrolled_on:
        said.append(Said.warning("before_enrollment", enrolled_on=enrolled_on))
    elif exited_on is not None and one.delivered_on > exited_on:
        said.append(Said.warning("after_exit", exited_on=exited_on))
    if claim is None:
        return said or [Said.warning("not_due")]
    if claim.held:
        said.append(Said.warning("held"))
    if one.delivered_on > claim.late_after:
        said.append(Said.warning("late", late_after=claim.late_after))
    return said
