"""School days: inside a term, outside holidays and the weekend. Programs issue by them, and figures value meals by them."""

from collections.abc import Iterable
from datetime import date, timedelta

Span = tuple[date, date]
"""The first and the last day, both included."""
SATURDAY = 5
"""The weekend is Saturday and Sunday."""


def is_school_day(day: date, terms: Iterable[Span], holidays: Iterable[Span]) -> bool:
    return (
        day.weekday() < SATURDAY
        and any(first <= day <= last for first, last in terms)
        and not any(first <= day <= last for first, last in holidays)
    )


def school_days(first: date, last: date, terms: Iterable[Span], holidays: Iterable[Span]) -> int:
    """The school days from `first` to `last`, both included; 0 where the first comes after the last."""
    terms, holidays = list(terms), list(holidays)
    days = (first + timedelta(days=step) for step in range((last - first).days + 1))
    return sum(is_school_day(day, terms, holidays) for day in days)
