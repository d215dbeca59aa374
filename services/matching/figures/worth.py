"""What a month of a program is worth to a household, as an expression over `size` and `direct`: in whole hundredths of an MRU.

A payment that covers several months is divided by them and rounded half up to a hundredth; negative amounts do not exist here.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import polars as pl

from services.matching.figures.country import ProgramFacts, ValueVersion
from services.matching.figures.values import HOUSEHOLD_UNITS, gives_in, in_force
from services.matching.rules.changes import Formula


def hundredths(mru: Decimal) -> int:
    return int(mru * 100)


def divided(amount: pl.Expr, by: int) -> pl.Expr:
    """Rounded half up."""
    return (2 * amount + by) // (2 * by)


def raised(value: pl.Expr, percent: Decimal) -> pl.Expr:
    """By so many percent (two places), rounded half up."""
    return divided(value * int(10_000 + percent * 100), 10_000)


def worth_by(formula: Formula) -> pl.Expr:
    """A month's worth by a scenario's formula."""
    people = pl.col("size").clip(formula.min_people, formula.max_people)
    payment = (
        hundredths(formula.household_mru)
        + hundredths(formula.person_mru) * people.cast(pl.Int64)
        + hundredths(formula.enrolled_mru) * pl.col("direct").cast(pl.Int64)
    )
    most = None if formula.most_mru is None else hundredths(formula.most_mru)
    return divided(payment.clip(hundredths(formula.least_mru), most), formula.months_per_payment).cast(pl.Int64)


def giving_by(formula: Formula, months: tuple[date, ...]) -> tuple[date, ...]:
    """The months of the period in which a scenario's formula gives."""
    return tuple(one for one in months if formula.months is None or one.month in formula.months)


def worth_today(facts: ProgramFacts, months: tuple[date, ...]) -> Mapping[date, pl.Expr]:
    """A month's worth as the program publishes it, for each of the months in which it gives."""
    return {one: worth for one in months if (worth := _published(facts, one)) is not None}


def _published(facts: ProgramFacts, month: date) -> pl.Expr | None:
    """By the version in force on the first day of the month; None where the program does not give in it."""
    version = in_force(facts.values, month)
    if version is None or not gives_in(facts, version, month):
        return None
    if facts.school_days is not None and version.meal is not None:
        return pl.col("direct").cast(pl.Int64) * (version.meal * facts.school_days[month])
    return _of_version(version, facts.unit)


def _of_version(version: ValueVersion, unit: str) -> pl.Expr:
    """Per person: all of the household where the household is enrolled, else each who is."""
    people = pl.col("size") if version.max_people is None else pl.col("size").clip(0, version.max_people)
    each = people if unit in HOUSEHOLD_UNITS else pl.col("direct")
    times = pl.lit(1) if version.per == "household" else each
    return divided(times.cast(pl.Int64) * version.amount, version.months_per_payment)
