"""The indicators of a country before and after a scenario, by the same functions as those of a snapshot.

What is summed over the period is computed over one row of each household and program, not over twelve: ten times as fast, and
the same sums. The profile of the months is computed over all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from services.matching.figures.cells import HIDDEN, MONEY, Cell, hide
from services.matching.figures.counting import Counted, counting_cells
from services.matching.figures.country import Country
from services.matching.figures.equity import equity_cells
from services.matching.figures.groups import FINE, TOTAL
from services.matching.figures.hiding import published
from services.matching.figures.received import Amounts, amounts_of, value_cells
from services.matching.figures.states import BOTH, BOUNDS, CERTAIN, states_of
from services.matching.rules.suppressing import SMALLEST_CELL, is_small

WAYS = ("total", "size_band", "category", "wilaya", FINE)
EVERY = ("total", "size_band", "category", "wilaya")
WANTED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "coverage": ("people", EVERY),
    "adequacy": (MONEY, EVERY),
    "benefit_incidence": (MONEY, EVERY),
    "exclusion_error": ("households", EVERY),
    "inclusion_error": ("households", EVERY),
    "gap": ("households", ("total", "wilaya")),
    "overlap": ("households", ("total", "wilaya")),
    "overlap_jaccard": ("households", ("total",)),
    "combined_adequacy": (MONEY, ("month",)),
    "peak_month": (MONEY, ("total",)),
    "concentration": (MONEY, ("total", "wilaya")),
    "equity_p90_p10": (MONEY, (FINE,)),
    "equity_variation": (MONEY, (FINE,)),
    "equity_nothing": ("households", (FINE,)),
}
"""The indicators of a scenario: in which unit, and by what."""
PER_HEAD = "people"
"""Concentration is told over people ranked, not over households."""
PROFILE = ("combined_adequacy", "peak_month")
Key = tuple[str, str, str, str, str]


Cells = Mapping[Key, Cell]


def scenario_cells(country: Country, *, probable: bool) -> Cells:
    """The figures of a country that a scenario is judged by, as they may be shown: most of the time a scenario takes, so whoever
    runs several over one country computes its own once."""
    bound = BOTH if probable else CERTAIN
    return {_key(one): one for one in _cells(country) if _is_wanted(one, bound)}


def beside(before: Cells, after: Cells) -> list[tuple[Cell, Cell]]:
    """Each figure before and after; one that is not in the other country is not there."""
    keys = sorted(before.keys() & after.keys())
    return _without_small_differences([(before[key], after[key]) for key in keys])


def _key(cell: Cell) -> Key:
    # A peak's month is its value, not what it is of.
    return (cell.indicator, cell.by, cell.group, cell.program, "" if cell.indicator == "peak_month" else cell.other)


def _is_wanted(cell: Cell, bound: str) -> bool:
    unit, ways = WANTED.get(cell.indicator, ("", ()))
    if cell.indicator == "concentration" and cell.other != PER_HEAD:
        return False
    return cell.unit == unit and cell.by in ways and cell.bound == bound


def _cells(country: Country) -> Iterable[Cell]:
    states = states_of(_condensed(country), WAYS)
    counted, amounts = Counted(states), amounts_of(states)
    months = _monthly(country)
    whole = Amounts(states, amounts.households, months)
    found = [*counting_cells(counted), *value_cells(whole), *equity_cells(amounts)]
    shown = published(sorted(found, key=lambda one: one[:7]), counted)
    alone = {one.bound for one in shown if one.indicator == "adequacy" and one.of == TOTAL and one.reason == HIDDEN}
    few = set(BOUNDS) if _any_month_of_few(months) else alone
    return [hide(one) if one.indicator in PROFILE and one.bound in few else one for one in shown]


def _condensed(country: Country) -> Country:
    """The same sums over the period, all in its last month."""
    sums = (
        country.receipts.lazy()
        .group_by("household", "program", "certain")
        .agg(pl.col("value").sum(), pl.col("direct").max())
        .with_columns(month=pl.lit(country.months[-1]))
        .collect(engine="streaming")
    )
    return replace(country, receipts=sums.select(country.receipts.columns).cast(country.receipts.schema))


def _monthly(country: Country) -> pl.DataFrame:
    """As `received` has it: by month, program and size of household, what came and to how many."""
    sizes = country.households.lazy().select("household", "size")
    return (
        country.receipts.lazy()
        .join(sizes, on="household")
        .group_by("month", "program", "size", "certain")
        .agg(pl.col("value").sum(), households=pl.len().cast(pl.Int64))
        .collect(engine="streaming")
    )


def _any_month_of_few(months: pl.DataFrame) -> bool:
    """Whether in some month 1 to 4 households may receive: as many rows of each program as make five households of any."""
    rows = months.group_by("month").agg(pl.col("households").sum(), programs=pl.col("program").n_unique())
    return bool((rows["households"] < SMALLEST_CELL * rows["programs"]).any())


def _without_small_differences(pairs: Sequence[tuple[Cell, Cell]]) -> list[tuple[Cell, Cell]]:
    """Where the two differ by 1 to 4 households or people, what is after is hidden of all groups told together with it: the
    difference would tell what the scenario does to those few."""
    small = {_told_with(one) for one, other in pairs if _differs_by_few(one, other)}
    return [(one, hide(other)) if _told_with(one) in small else (one, other) for one, other in pairs]


def _told_with(cell: Cell) -> tuple[str, str, str, str]:
    return (cell.indicator, cell.by, cell.program, cell.other)


def _differs_by_few(one: Cell, other: Cell) -> bool:
    if one.unit == MONEY or HIDDEN in (one.reason, other.reason):
        return False
    parts = zip((one.numerator, one.denominator), (other.numerator, other.denominator), strict=True)
    return any(is_small(abs((before or 0) - (after or 0))) for before, after in parts)
