"""Programs as figures need them, out of what their institutions publish."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
from hijridate import Hijri

from services.matching.figures.country import ProgramFacts, ValueVersion
from services.matching.figures.values import OPEN_DAYS
from shared.school_days import is_school_day, school_days

HIJRI_LAG = 579
"""A Gregorian year begins in the Hijri year that is this much lower, or in the one after: 2026 in 1447."""
DAYS_OF_LONGEST_MONTH = 31


def program_facts(document: Mapping[str, Any], months: Sequence[date]) -> ProgramFacts:
    """A program of its document as published (`ProgramOut` of the programs service); its calendar laid over some months."""
    calendar = document.get("calendar") or {}
    kind = calendar.get("kind")
    return ProgramFacts(
        code=document["code"],
        institution=document["institution"],
        names=document["names"],
        unit=document["unit"],
        benefit=document.get("benefit", "cash"),
        values=tuple(_version(one) for one in document.get("values", ())),
        substitutes=tuple(document.get("substitutes", ())),
        school_days=_school_days(calendar, months) if kind == "school_days" else None,
        only_in=_moons(calendar["hijri_month"], months) if kind == "hijri_month" else None,
    )


def _version(value: Mapping[str, Any]) -> ValueVersion:
    return ValueVersion(
        from_on=date.fromisoformat(value["from_on"]),
        amount=hundredths(Decimal(value["amount_mru"])),
        per=value["per"],
        months_per_payment=value["months_per_payment"],
        months=tuple(value["months"]) if value["months"] is not None else None,
        max_people=value["max_people"],
        meal=hundredths(Decimal(meal)) if (meal := value.get("meal_mru")) is not None else None,
    )


def hundredths(amount: Decimal) -> int:
    """Money in MRU as whole hundredths."""
    return int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def open_days(
    published: Iterable[Mapping[str, Any]],
    canteens: Sequence[tuple[str, date | None, date | None]],
    months: Sequence[date],
) -> pl.DataFrame:
    """Of each program that gives by the school day and each school, how many of a month's school days its canteen is open: an
    OPEN_DAYS frame. `canteens`: school, from which day to which; without the first it has none."""
    rows = []
    for document in published:
        calendar = document.get("calendar") or {}
        if calendar.get("kind") != "school_days":
            continue
        terms, holidays = (_spans(calendar.get(name, ())) for name in ("terms", "holidays"))
        for month in months:
            every = (month + timedelta(days=step) for step in range(_last_of(month).day))
            days = [day for day in every if is_school_day(day, terms, holidays)]
            rows += [(document["code"], school, month, _open_on(days, *when)) for school, *when in canteens]
    return pl.DataFrame(rows, OPEN_DAYS, orient="row")


def _open_on(days: Sequence[date], opens: date | None, closes: date | None) -> int:
    return 0 if opens is None else sum(opens <= day <= (closes or day) for day in days)


def _school_days(calendar: Mapping[str, Any], months: Iterable[date]) -> dict[date, int]:
    terms, holidays = (_spans(calendar.get(name, ())) for name in ("terms", "holidays"))
    return {month: school_days(month, _last_of(month), terms, holidays) for month in months}


def _spans(terms: Iterable[Mapping[str, str]]) -> list[tuple[date, date]]:
    return [(date.fromisoformat(one["from"]), date.fromisoformat(one["to"])) for one in terms]


def _last_of(month: date) -> date:
    return (month + timedelta(days=DAYS_OF_LONGEST_MONTH)).replace(day=1) - timedelta(days=1)


def _moons(hijri_month: int, months: Sequence[date]) -> frozenset[date]:
    """Of some months those in which this month of the Hijri year begins (Umm al-Qura)."""
    years = range(months[0].year - HIJRI_LAG - 1, months[-1].year - HIJRI_LAG + 2)
    begins = (Hijri(year, hijri_month, 1).to_gregorian() for year in years)
    return frozenset(date(day.year, day.month, 1) for day in begins) & frozenset(months)
