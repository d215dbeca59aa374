"""Each wilaya month by month: who is reached, and what comes. The one crossing of two ways by which figures are told."""

from collections.abc import Iterator, Mapping
from itertools import product

import polars as pl

from services.matching.figures.cells import MONEY, Cell, share
from services.matching.figures.counting import SUFFIX, in_family, month_counts, month_names
from services.matching.figures.groups import WILAYA_MONTH, crossed
from services.matching.figures.received import Amounts, value_family
from services.matching.figures.states import ANY, BOUNDS, CERTAIN, UNITS, States, month_name

Sums = Mapping[tuple[str, str, str], Mapping[str, int]]
"""By program, wilaya and month."""


def over_time_cells(amounts: Amounts) -> Iterator[Cell]:
    """None where the country is not told by wilaya."""
    if "wilaya" in amounts.states.ways:
        yield from _coverage(amounts.states)
        yield from _adequacy(amounts)


def _coverage(states: States) -> Iterator[Cell]:
    counts = month_counts(states, month_names(states, ()), WILAYA_MONTH)
    kinds = states.kinds.filter(pl.col("by") == "wilaya").group_by("group").agg(pl.col(UNITS).sum())
    there = {row["group"]: row for row in kinds.iter_rows(named=True)}
    for unit, bound, program in product(UNITS, BOUNDS, (ANY, *states.bits)):
        for group, many in counts[unit][f"got:{program}:{bound}"].items():
            everyone = there[group[1].split("|")[0]][unit]
            family = in_family(program)
            yield share("coverage", group, many, everyone, unit=unit, bound=bound, program=program, family=family)


def _adequacy(amounts: Amounts) -> Iterator[Cell]:
    """Of each program, over the basket of those to whom it came; of all together, of those served in the period."""
    states = amounts.states
    months = [month_name(one) for one in states.country.months]
    wilayas = amounts.households["wilaya"].unique().sort()
    for bound, suffix in SUFFIX.items():
        sums = {**_by_program(amounts, bound), **_of_all(amounts, bound, suffix)}
        for program, wilaya, month in product((ANY, *states.bits), wilayas, months):
            row = sums.get((program, wilaya, month), {})
            yield share(
                "adequacy" if program else "combined_adequacy",
                crossed(wilaya, month),
                row.get("value", 0),
                row.get("basket", 0),
                unit=MONEY,
                bound=bound,
                program=program,
                family=value_family(program),
            )


def _by_program(amounts: Amounts, bound: str) -> Sums:
    sure = pl.col("certain") if bound == CERTAIN else pl.lit(True)
    came = amounts.months.filter(sure).join(amounts.states.country.baskets, on=["month", "size"])
    return _keyed(
        came.group_by("program", "wilaya", "month").agg(
            pl.col("value").sum(), (pl.col("basket") * pl.col("households")).sum().alias("basket")
        )
    )


def _of_all(amounts: Amounts, bound: str, suffix: str) -> Sums:
    sure = pl.col("certain") if bound == CERTAIN else pl.lit(True)
    served = amounts.households.filter(pl.col(f"got_{suffix}") != 0)
    needs = (
        served.group_by("wilaya", "size")
        .agg(n=pl.len().cast(pl.Int64))
        .join(amounts.states.country.baskets, on="size")
        .group_by("wilaya", "month")
        .agg((pl.col("basket") * pl.col("n")).sum())
    )
    known = amounts.states.country.baskets.select("month", "size")
    came = (
        amounts.months.filter(sure)
        .join(known, on=["month", "size"])
        .group_by("wilaya", "month")
        .agg(pl.col("value").sum())
    )
    both = needs.join(came, on=["wilaya", "month"], how="left").with_columns(pl.col("value").fill_null(0))
    return _keyed(both.with_columns(program=pl.lit(ANY)))


def _keyed(table: pl.DataFrame) -> Sums:
    return {
        (row["program"], row["wilaya"], month_name(row["month"])): {"value": row["value"], "basket": row["basket"]}
        for row in table.iter_rows(named=True)
    }
