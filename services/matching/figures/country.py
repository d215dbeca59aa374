"""The country as figures are computed over it: households and what they receive, in columns, without a name or a number.

Whoever computes takes a `Country` and gives frames back; who reads one from the database, or from a snapshot, is not known here.
Money is whole hundredths of an MRU (khoums have no cents), so that sums are exact and the same on every machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from services.matching.rules.matrix import OverlapClass

HOUSEHOLDS: dict[str, pl.DataType | type[pl.DataType]] = {
    "household": pl.UInt32,  # the row's number, by which the other frames refer to it
    "household_id": pl.String,  # the registry's id
    "wilaya": pl.String,  # p-codes
    "moughataa": pl.String,
    "commune": pl.String,
    "category": pl.String,  # vulnerability category: extreme_poor, poor, vulnerable, not_poor
    "score": pl.Float64,  # of the registry's formula: the lower, the poorer; null where there is none
    "size": pl.Int32,  # members
    "head_sex": pl.String,  # F or M; null where no head is known
    "disabled": pl.Int32,  # members living with a disability
    # Members by age on the country's day, in completed years; null where a birth is not known and it cannot be told.
    "under_2": pl.Int32,
    "under_5": pl.Int32,
    "school_age": pl.Int32,  # 6 to 14
    "aged_60": pl.Int32,  # 60 and over
    "women_15_49": pl.Int32,
}
RECEIPTS: dict[str, pl.DataType | type[pl.DataType]] = {
    # One row for each household, program and month in which the household is enrolled there and the program gives.
    "household": pl.UInt32,
    "program": pl.String,
    "month": pl.Date,  # its first day
    "value": pl.Int64,  # hundredths of an MRU in that month; 0 where it cannot be told
    "direct": pl.Int32,  # who is enrolled: individuals or pupils; 1 where the household is
    "certain": pl.Boolean,  # linked; false: probable, a person is still to decide
}
ENROLLED: dict[str, pl.DataType | type[pl.DataType]] = {
    # One row for each household and program it is enrolled in on the country's day, whether the program gives then or not.
    "household": pl.UInt32,
    "program": pl.String,
    "direct": pl.Int32,
    "certain": pl.Boolean,
    "value": pl.Int64,  # what a month in which the program gives is worth; 0 where it cannot be told
}
PAID: dict[str, pl.DataType | type[pl.DataType]] = {
    # One row for each household, program and month in which the institution says that it handed something over.
    "household": pl.UInt32,
    "program": pl.String,
    "month": pl.Date,  # the first day of that of the delivery
    "certain": pl.Boolean,  # as of receipts
}
ELIGIBLE: dict[str, pl.DataType | type[pl.DataType]] = {
    # One row for each household and program by whose rule it is eligible, or of which that cannot be told.
    "household": pl.UInt32,
    "program": pl.String,
    "eligible": pl.Boolean,  # true, or null: cannot tell. Who is not eligible has no row
}
STANDING: dict[str, pl.DataType | type[pl.DataType]] = {
    # One row for each household and program in whose list it stands on the country's day without being enrolled.
    "household": pl.UInt32,
    "program": pl.String,
    "reason": pl.String,  # suspended, waiting or exited: why it is not served (rules.gap_reasons)
    "certain": pl.Boolean,  # as of receipts
}
BASKETS: dict[str, pl.DataType | type[pl.DataType]] = {
    # What a household of a size needs in a month (the minimum expenditure basket), for each month of the period.
    "month": pl.Date,
    "size": pl.Int32,
    "basket": pl.Int64,  # hundredths of an MRU
}


@dataclass(frozen=True, slots=True)
class ValueVersion:
    """What a program gives from a day on: one payment of `amount` (hundredths of an MRU) per household, person or pupil.

    `months` of the year in which it gives (June is 6; None: all year); a payment covers `months_per_payment` of them.
    `meal` is the cost of one meal where one is given each school day: a month is then worth its school days times that.
    """

    from_on: date
    amount: int
    per: str
    months_per_payment: int = 1
    months: tuple[int, ...] | None = None
    max_people: int | None = None
    meal: int | None = None


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """A program as figures need it. `benefit`: cash, food_subsidy, meal or health_insurance; programs of one benefit are
    of like purpose. `unit`: household, household_card, individual or pupil. Who is in one of `substitutes` has no gap here.
    """

    code: str
    institution: str
    names: Mapping[str, str]
    unit: str
    benefit: str
    values: tuple[ValueVersion, ...] = ()
    substitutes: tuple[str, ...] = ()
    school_days: Mapping[date, int] | None = None
    """By the first day of the month; None where the program does not give by the school day."""
    only_in: frozenset[date] | None = None
    """First days of the months in which it gives, where it gives by the moon; None: by the months of its values."""


@dataclass(frozen=True, slots=True)
class Country:
    """Everything figures are computed from, as true on `day`.

    `months` are the twelve of the period, oldest first, the month of `day` last. `matrix` has the class of each pair of
    programs (a before b by code) that is decided on `day`. `threshold` is the probability from which links are certain.
    """

    day: date
    months: tuple[date, ...]
    households: pl.DataFrame
    receipts: pl.DataFrame
    enrolled: pl.DataFrame
    eligible: pl.DataFrame
    baskets: pl.DataFrame
    programs: tuple[ProgramFacts, ...]
    matrix: Mapping[tuple[str, str], OverlapClass]
    threshold: float
    standing: pl.DataFrame | None = None
    """None of what was frozen before this was kept: of that country it cannot be told why somebody is not served."""
    paid: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PAID))
    """What deliveries say, and `reporting` the programs that report them: for lists and plans, no part of a snapshot."""
    reporting: frozenset[str] = frozenset()


def twelve_months(day: date) -> tuple[date, ...]:
    """The first days of the twelve months that end with the month of `day`, oldest first."""
    last = day.year * 12 + day.month - 1
    return tuple(date(number // 12, number % 12 + 1, 1) for number in range(last - 11, last + 1))
