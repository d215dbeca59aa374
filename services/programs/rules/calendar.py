"""The periods of a program: when something falls due, from its values and its calendar.

A period belongs to the value version in force on its first day, and begins after the one before it has ended: where a
version changes the rhythm in the middle of a period, nothing falls due twice for the same days.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import groupby

from hijridate import Gregorian, Hijri

from services.programs.rules.program import Calendar, Program, Term, Value
from shared.school_days import is_school_day as day_of_school
from shared.school_days import school_days as days_of_school

HIJRI_FIRST, HIJRI_LAST = 1343, 1500
"""The years of the Umm al-Qura calendar that are tabulated: August 1924 to November 2077."""
LAST_DAY = date(2077, 11, 16)
"""Periods are known up to here, the end of the Hijri table."""
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Period:
    """A period of a program, both days included. `late_after` is the last day on which a delivery is in time.

    `days` are its school days where the program gives by the school day.
    """

    starts_on: date
    ends_on: date
    late_after: date
    value: Value
    days: int | None = None

    def covers(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on


def periods(program: Program, first: date, last: date) -> list[Period]:
    """The periods that begin from `first` to `last`, oldest first."""
    return [one for one in _all(program.values, program.calendar) if first <= one.starts_on <= last]


def period_at(program: Program, starts_on: date) -> Period | None:
    """The period that begins on this day; None where none does."""
    return next(iter(periods(program, starts_on, starts_on)), None)


def school_days(calendar: Calendar, first: date, last: date) -> int:
    """The school days from `first` to `last`, both included; 0 where the first comes after the last."""
    return days_of_school(first, last, _spans_of(calendar.terms), _spans_of(calendar.holidays))


def is_school_day(calendar: Calendar, day: date) -> bool:
    """Inside a term, outside holidays and the weekend."""
    return day_of_school(day, _spans_of(calendar.terms), _spans_of(calendar.holidays))


def _spans_of(terms: Iterable[Term]) -> list[tuple[date, date]]:
    return [(one.from_on, one.to_on) for one in terms]


def hijri(day: date) -> str:
    """The day in the Umm al-Qura calendar as year-month-day. A local sighting of the moon may differ by a day."""
    return str(Gregorian.fromdate(day).to_hijri().isoformat())


@lru_cache(maxsize=64)
def _all(values: tuple[Value, ...], calendar: Calendar) -> tuple[Period, ...]:
    versions = sorted(values, key=lambda one: one.from_on)
    found: list[Period] = []
    for version, after in zip(versions, [*versions[1:], None], strict=True):
        until = after.from_on if after else LAST_DAY
        for starts_on, ends_on in _spans(version, calendar):
            if starts_on >= until:
                break
            if starts_on < version.from_on or (found and starts_on <= found[-1].ends_on):
                continue
            days = school_days(calendar, starts_on, ends_on) if calendar.kind == "school_days" else None
            if days != 0:
                late_after = ends_on + timedelta(days=calendar.late_after_days)
                found.append(Period(starts_on, ends_on, late_after, version, days))
    return tuple(found)


def _spans(version: Value, calendar: Calendar) -> Iterator[tuple[date, date]]:
    if calendar.kind == "hijri_month":
        return _hijri_months(calendar.hijri_month or 1, version.from_on)
    if calendar.kind == "school_days":
        return _months_of_terms(calendar, version.months)
    if version.months is None or len(set(version.months)) == MONTHS:
        return _one_after_another(version)
    return _seasons(version)


def _one_after_another(version: Value) -> Iterator[tuple[date, date]]:
    """From the January of the year in which the version began, each as long as a payment covers."""
    month = version.from_on.year * MONTHS
    while (span := _months(month, version.months_per_payment))[1] <= LAST_DAY:
        yield span
        month += version.months_per_payment


def _seasons(version: Value) -> Iterator[tuple[date, date]]:
    """In each year the runs of the months in which it gives, cut into as many months as a payment covers."""
    given = set(version.months or ())
    begins = [month for month in sorted(given) if (month - 2) % MONTHS + 1 not in given]
    lengths = {
        month: next(n for n in range(1, MONTHS) if (month + n - 1) % MONTHS + 1 not in given) for month in begins
    }
    for year in range(version.from_on.year - 1, LAST_DAY.year):
        for begin in begins:
            for offset in range(0, lengths[begin], version.months_per_payment):
                covered = min(version.months_per_payment, lengths[begin] - offset)
                yield _months(year * MONTHS + begin - 1 + offset, covered)


def _months_of_terms(calendar: Calendar, months: tuple[int, ...] | None) -> Iterator[tuple[date, date]]:
    for term in sorted(calendar.terms, key=lambda one: one.from_on):
        days = (term.from_on + timedelta(days=step) for step in range((term.to_on - term.from_on).days + 1))
        for (_, month), some in groupby(days, key=lambda day: (day.year, day.month)):
            first, *rest = some
            if months is None or month in months:
                yield first, rest[-1] if rest else first


def _hijri_months(month: int, after: date) -> Iterator[tuple[date, date]]:
    for year in range(HIJRI_FIRST, HIJRI_LAST + 1):
        first = Hijri(year, month, 1)
        begins = date.fromisoformat(str(first.to_gregorian().isoformat()))
        if begins >= after:
            yield begins, begins + timedelta(days=first.month_length() - 1)


def _months(first: int, count: int) -> tuple[date, date]:
    """The first day of month `first` and the last of `count` months; months are counted from January of the year 0."""

    def begin(month: int) -> date:
        return date(month // MONTHS, month % MONTHS + 1, 1)

    return begin(first), begin(first + count) - timedelta(days=1)
