"""Whom a program has, or paid in some months: what lists and plans exclude and top up by. Pure.

**Paid** is what the institution reports of its deliveries, by the month of their day, where its program reports any; else
whoever was enrolled in a month in which the program gives, by its calendar. Each answer says which of the two it was.
"""

from datetime import date
from typing import Literal

import polars as pl

from services.matching.figures.country import Country

How = Literal["enrolled", "paid"]
PaidBy = Literal["deliveries", "calendar"]


def paid_by(country: Country, program: str, how: How) -> PaidBy | None:
    """By what it is told whom a program paid; None where that was not asked."""
    if how == "enrolled":
        return None
    return "deliveries" if program in country.reporting else "calendar"


def households_of(country: Country, program: str, how: How, first: date | None, last: date | None) -> pl.DataFrame:
    """The households of a program, by their number, and whether that is `certain`: enrolled on the country's day, or paid in a
    month from `first` to `last`."""
    rows = {None: country.enrolled, "deliveries": country.paid, "calendar": country.receipts}[
        paid_by(country, program, how)
    ]
    if how == "paid":
        rows = rows.filter(pl.col("month").is_between(first, last))
    rows = rows.filter(pl.col("program") == program)
    return rows.group_by("household").agg(pl.col("certain").any()).sort("household")
