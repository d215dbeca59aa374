"""The value of assistance: one monthly MRU-equivalent per household, from what programs publish and who is enrolled.

**Which month.** A household counts in a month where it is enrolled, and not suspended, on the month's last day; in the month
of the country's day, on that day. Who was suspended or left during a month does not count in it, who joined does.
**Which value.** The version in force on the month's first day. A program gives in the months its version names; where it
gives by the school day, in months with school days; where it gives once a year by the moon, in the month in which that
Hijri month begins. What a payment of several months is worth in one of them is its share, rounded to the hundredth.
**How much.** Cash, food (the sum of its goods' subsidies) and insurance (its premium) by the payment; a meal by its cost and
the month's school days, those on which the pupil's school has a canteen where that is known; `person` times the registry's size of the household, at most `max_people`. What the institution's
own list says an enrollment is worth counts instead where the version of the month is the one in force today, of which
that is said; never for meals counted by the day. Per household it counts once, however often the list names it; of
individuals and pupils each.
**Whom.** Certain links; a household that only probable links show in a program has its own rows, marked as not certain.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from services.matching.figures.country import ENROLLED, RECEIPTS, ProgramFacts, ValueVersion

HOUSEHOLD_UNITS = ("household", "household_card")
ENROLLMENTS: dict[str, Any] = {
    # One row for each enrollment with a household.
    "household": pl.UInt32,
    "program": pl.String,
    "certain": pl.Boolean,
    "own": pl.Int64,  # hundredths of an MRU a month, as its institution says; null where it does not
    "months": pl.Int32,  # bit n: enrolled in month n of the period; bit 12: on the country's day
    "school": pl.String,  # of a pupil whose school's canteen days are known; else null
}
OPEN_DAYS: dict[str, Any] = {
    # One row for each school and month: the program's school days on which the school has a canteen.
    "program": pl.String,
    "school": pl.String,
    "month": pl.Date,
    "days": pl.Int64,
}
DAY_BIT = 12
_WORTH: dict[str, Any] = {
    "program": pl.String,
    "amount": pl.Int64,  # one payment for one `per`, in hundredths
    "unit": pl.String,
    "share": pl.Int64,  # how many months it covers
    "each": pl.Boolean,  # counted for each enrollment, not once for the household
    "by_size": pl.Boolean,  # times the household's size
    "most": pl.Int32,  # people that count at the most
    "own": pl.Boolean,  # whether what the institution's list says goes first
    "meal": pl.Int64,  # the cost of one meal, where a month is worth the meals of its days
}


@dataclass(frozen=True, slots=True)
class Period:
    """The months figures speak of, and the day on which the institutions' own values are true."""

    months: tuple[date, ...]
    today: date


def in_force(values: Iterable[ValueVersion], day: date) -> ValueVersion | None:
    """The version in force on a day; None before the first."""
    return max((one for one in values if one.from_on <= day), key=lambda one: one.from_on, default=None)


def gives_in(program: ProgramFacts, version: ValueVersion, month: date) -> bool:
    """Whether a program gives in a month by a version of its value."""
    if program.school_days is not None and not program.school_days.get(month):
        return False
    if program.only_in is not None:
        return month in program.only_in
    return version.months is None or month.month in version.months


def receipts(
    enrollments: pl.DataFrame,
    sizes: pl.DataFrame,
    programs: Sequence[ProgramFacts],
    period: Period,
    open_days: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """What households receive, month by month: a RECEIPTS frame, by household, program and month.

    `open_days`: an OPEN_DAYS frame. A pupil whose school has no canteen in a month receives nothing then.
    """
    parts = [pl.DataFrame(schema=RECEIPTS)]
    canteens = pl.DataFrame(schema=OPEN_DAYS) if open_days is None else open_days
    for place, month in enumerate(period.months):
        worth = [row for one in programs if (row := _worth_in(one, month, period.today)) is not None]
        if worth:
            in_month = canteens.filter(pl.col("month") == month).drop("month")
            valued = _valued(enrollments, place, sizes, worth, in_month)
            parts.append(valued.select(*_cast(RECEIPTS, {"month": pl.lit(month)})))
    return pl.concat(parts).sort("household", "program", "month")


def enrolled(
    enrollments: pl.DataFrame, sizes: pl.DataFrame, programs: Sequence[ProgramFacts], day: date, today: date
) -> pl.DataFrame:
    """Who is enrolled on the country's day, and what a month in which the program gives is worth: an ENROLLED frame."""
    worth = [_worth(one, in_force(one.values, day), today, days=None) for one in programs]
    valued = _valued(enrollments, DAY_BIT, sizes, worth, pl.DataFrame(schema=OPEN_DAYS).drop("month"))
    return valued.select(*_cast(ENROLLED, {})).sort("household", "program")


def _cast(schema: Mapping[str, Any], more: Mapping[str, pl.Expr]) -> list[pl.Expr]:
    return [more.get(name, pl.col(name)).cast(kind).alias(name) for name, kind in schema.items()]


def _worth_in(program: ProgramFacts, month: date, today: date) -> dict[str, Any] | None:
    """What a program gives in a month; None where it gives nothing then."""
    version = in_force(program.values, month)
    if version is None or not gives_in(program, version, month):
        return None
    by_meal = version.meal is not None and program.school_days is not None
    days = program.school_days[month] if by_meal else None  # type: ignore[index]
    return _worth(program, version, today, days=days)


def _worth(program: ProgramFacts, version: ValueVersion | None, today: date, *, days: int | None) -> dict[str, Any]:
    per = version.per if version else "household"
    each = per != "household" and program.unit not in HOUSEHOLD_UNITS
    amount = version.amount if version else 0
    meal = version.meal if version and days is not None else None
    return {
        "program": program.code,
        "unit": program.unit,
        "amount": amount if meal is None or days is None else meal * days,
        "share": version.months_per_payment if version and meal is None else 1,
        "each": each,
        "by_size": per == "person" and not each,
        "most": version.max_people if version else None,
        "own": meal is None and version is not None and version == in_force(program.values, today),
        "meal": meal,
    }


def _valued(
    enrollments: pl.DataFrame,
    bit: int,
    sizes: pl.DataFrame,
    worth: Sequence[Mapping[str, Any]],
    open_days: pl.DataFrame,
) -> pl.DataFrame:
    """Households and programs of those enrolled in a month, with what that is worth."""
    rows = enrollments.filter(pl.col("months") & (1 << bit) != 0).join(
        pl.DataFrame(worth, schema=_WORTH).rename({"own": "listed_counts"}), on="program"
    )
    rows = rows.join(open_days, on=["program", "school"], how="left")
    rows = rows.filter(pl.col("meal").is_null() | (pl.col("days").fill_null(1) > 0))
    share = pl.col("share")
    payment = (pl.col("amount") * 2 + share) // (share * 2)  # half a hundredth rounds up
    one = (pl.col("meal") * pl.col("days")).fill_null(payment)  # null where no meal is given, or no canteen is known
    own = pl.when("listed_counts").then(pl.col("own"))
    counted = (
        rows.with_columns(own=own, one=one)
        .group_by("household", "program", "certain")
        .agg(
            pl.len().alias("listed"),
            pl.col("own").max().alias("once"),
            pl.col("own").fill_null(pl.col("one")).sum().alias("all"),
            pl.col("amount", "share", "each", "by_size", "most").first(),
            pl.col("unit").first(),
        )
    )
    return _certain_first(counted).join(sizes, on="household", how="left").with_columns(_direct(), _value())


def _certain_first(counted: pl.DataFrame) -> pl.DataFrame:
    """Of a household and program with certain links, those alone."""
    certain = counted.filter("certain")
    return pl.concat(
        [certain, counted.filter(~pl.col("certain")).join(certain, on=["household", "program"], how="anti")]
    )


def _direct() -> pl.Expr:
    return pl.when(pl.col("unit").is_in(HOUSEHOLD_UNITS)).then(1).otherwise(pl.col("listed")).alias("direct")


def _value() -> pl.Expr:
    people = pl.min_horizontal("size", pl.col("most").fill_null(pl.col("size")))
    payment = pl.col("amount") * pl.when("by_size").then(people).otherwise(1)
    share = pl.col("share")
    computed = (payment * 2 + share) // (share * 2)
    return pl.when("each").then("all").otherwise(pl.col("once").fill_null(computed)).fill_null(0).alias("value")
