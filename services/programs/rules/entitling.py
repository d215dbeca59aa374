"""What is due to one enrollment in one period. One rule for one household and for a hundred thousand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from services.programs.rules.benefits import HOLDS, MEAL
from services.programs.rules.calendar import Period, school_days
from services.programs.rules.program import Condition, Program, Value
from services.programs.rules.status import Status
from services.programs.rules.value import CENT, payment_due


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """An enrollment as entitling needs to know it.

    `registry_size` is None where it is not linked or the registry does not know its size on that day. `attended` are the
    sessions known of it: the day, and whether present. `canteen` are the days of its school's canteen, None where they
    are not known.
    """

    status: Status
    enrolled_on: date
    held_reason: str | None = None
    registry_size: int | None = None
    listed_size: int | None = None
    attended: tuple[tuple[date, bool], ...] = ()
    canteen: tuple[date, date | None] | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """What is due, or held. `amount` in MRU is None where it cannot be told; `lines` where it is not one sum of money."""

    status: Literal["due", "held"]
    hold_reason: str | None
    people: int | None
    people_source: Literal["registry", "list"] | None
    amount: Decimal | None
    lines: list[dict[str, Any]] | None


def entitle(program: Program, period: Period, one: Beneficiary) -> Due | None:
    """What the period gives; None where nothing falls due.

    Nothing: to who is not enrolled (suspended, exited), to who was enrolled after the period, at a school whose canteen
    has no day in it.
    """
    if one.status != Status.ENROLLED or one.enrolled_on > period.ends_on:
        return None
    people, source = size_that_counts(period.value, one.registry_size, one.listed_size)
    amount, lines = worth(program, period, people, one.canteen)
    if amount == 0 and program.benefit == "meal":
        return None
    reason = _hold(program, period, one, amount)
    return Due("held" if reason else "due", reason, people, source, amount, lines)


def size_that_counts(
    value: Value, registry: int | None, listed: int | None
) -> tuple[int | None, Literal["registry", "list"] | None]:
    """The registry's size goes before the list's; neither where the value does not depend on it."""
    if value.per != "person":
        return None, None
    if registry is not None:
        return registry, "registry"
    return (listed, "list") if listed is not None else (None, None)


def worth(
    program: Program, period: Period, people: int | None, canteen: tuple[date, date | None] | None = None
) -> tuple[Decimal | None, list[dict[str, Any]] | None]:
    """The sum in MRU and, of goods and meals, what it consists of. (None, None) where it needs a size nobody gave."""
    value = period.value
    if value.meal_mru is not None:
        return _meals(program, period, value.meal_mru, canteen)
    if value.goods:
        each = 1 if value.per != "person" else None if people is None else min(people, value.max_people or people)
        if each is None:
            return None, None
        lines = [line(one.code, one.quantity * each, one.subsidy_mru) for one in value.goods]
        return sum_of(lines), lines
    return payment_due(value, people), None


def line(what: str, quantity: Decimal, each: Decimal) -> dict[str, Any]:
    """One line of goods or meals: how many, the subsidy or cost of one in MRU, and the sum."""
    total = (quantity * each).quantize(CENT, rounding=ROUND_HALF_UP)
    return {"what": what, "quantity": str(quantity), "each_mru": str(each), "sum_mru": str(total)}


def sum_of(lines: Iterable[dict[str, Any]]) -> Decimal:
    return sum((Decimal(one["sum_mru"]) for one in lines), Decimal(0))


def _meals(
    program: Program, period: Period, meal: Decimal, canteen: tuple[date, date | None] | None
) -> tuple[Decimal, list[dict[str, Any]]]:
    first, last = period.starts_on, period.ends_on
    if canteen is not None:
        first, last = max(first, canteen[0]), min(last, canteen[1] or last)
    whole = first == period.starts_on and last == period.ends_on and period.days is not None
    days = (period.days or 0) if whole else school_days(program.calendar, first, last)
    lines = [line(MEAL, Decimal(days), meal)]
    return sum_of(lines), lines


def _hold(program: Program, period: Period, one: Beneficiary, amount: Decimal | None) -> str | None:
    if one.held_reason is not None:
        return one.held_reason if one.held_reason in HOLDS else "under_review"
    if amount is None:
        return "size_unknown"
    if any(is_missed(condition, period, one.attended) for condition in program.conditions):
        return "conditions_not_met"
    return None


def window_of(condition: Condition, period: Period) -> tuple[date, date]:
    """The days in which the sessions of a condition count: whole months, to the end of the period."""
    after = period.ends_on + timedelta(days=1)
    month = after.year * 12 + after.month - 1 - condition.months
    return date(month // 12, month % 12 + 1, min(after.day, 28)), period.ends_on


def is_missed(condition: Condition, period: Period, attended: Iterable[tuple[date, bool]]) -> bool:
    """Whether it is known that the sessions were missed: an absence is known, and too few presences."""
    first, last = window_of(condition, period)
    known = [present for day, present in attended if first <= day <= last]
    return not all(known) and sum(known) < condition.times
