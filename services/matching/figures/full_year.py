"""A full year of a country: everybody who is enrolled on its day, in each of its months in which the program gives.

What households received depends on when each was enrolled: a program whose list came last month would seem to cost a twelfth of
what it does, and any scenario that lays a year over it to multiply it. Scenarios are compared over a full year, before and after.
"""

from dataclasses import replace

import polars as pl

from services.matching.figures.country import RECEIPTS, Country, ProgramFacts
from services.matching.figures.values import gives_in, in_force


def full_year(country: Country) -> Country:
    """The country with the receipts of a full year, by what its programs give on its day; all else as it is."""
    parts = [pl.DataFrame(schema=RECEIPTS), *(_year_of(country, one) for one in country.programs)]
    return replace(country, receipts=pl.concat(parts).sort("household", "program", "month"))


def _year_of(country: Country, facts: ProgramFacts) -> pl.DataFrame:
    version = in_force(facts.values, country.day)
    months = [one for one in country.months if version is not None and gives_in(facts, version, one)]
    meal = version.meal if version is not None and facts.school_days is not None else None
    value = pl.col("value") if meal is None else pl.col("direct").cast(pl.Int64) * meal * pl.col("days")
    days = [(facts.school_days or {}).get(one, 0) for one in months]
    given = pl.DataFrame({"month": months, "days": days}, schema={"month": pl.Date, "days": pl.Int64})
    enrolled = country.enrolled.filter(pl.col("program") == facts.code)
    return (
        enrolled.join(given, how="cross")
        .with_columns(value=value)
        .select(pl.col(n).cast(k) for n, k in RECEIPTS.items())
    )
