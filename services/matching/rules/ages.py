"""Ages in completed years as of a day, told by the days between which somebody was born."""

from collections.abc import Mapping
from datetime import date

Years = tuple[int, int | None]
"""From the first age to below the second; None: and above."""
AGES: Mapping[str, Years] = {"under_2": (0, 2), "under_5": (0, 5), "school_age": (6, 15), "aged_60": (60, None)}
"""The attributes that count members by age alone (shared/household_attributes)."""
WOMEN: Years = (15, 50)
FEBRUARY = 2


def births_of(day: date, years: Years) -> tuple[date, date]:
    """Who is of these ages on a day was born after the first of two days and not after the second."""
    first, until = years
    return (years_before(day, until) if until is not None else date.min), years_before(day, first)


def years_before(day: date, years: int) -> date:
    """The last birthday on which somebody has completed so many years by `day`. Born on 29 February: on 1 March."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, FEBRUARY, 28)
