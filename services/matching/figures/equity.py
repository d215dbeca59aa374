"""Indicators of equity: do households alike receive alike (horizontal), and do the poorer receive more (vertical).

Everything is summed in whole numbers, so that the same country gives the same figures to the last bit.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from services.matching.figures.cells import LOWEST_IS_ZERO, MONEY, NOTHING_GIVEN, Cell, Reason, share
from services.matching.figures.counting import SUFFIX
from services.matching.figures.groups import FINE, Group
from services.matching.figures.received import Amounts, half_up, value_family, value_name
from services.matching.figures.states import ANY, BOUNDS, UNITS

ALIKE: Final = "alike"
RANKED: Final = ("total", "wilaya")
"""The groups in which the poorest and the least poor are told apart."""


def equity_cells(amounts: Amounts) -> Iterator[Cell]:
    for bound, suffix in SUFFIX.items() if FINE in amounts.states.ways else ():
        yield from _horizontal(amounts, bound, suffix)
    yield from _vertical(amounts)


def _horizontal(amounts: Amounts, bound: str, suffix: str) -> Iterator[Cell]:
    """Households of one category, size band and wilaya: how far apart what a head receives in a month is.

    Value per head and month in whole hundredths, half up. Quantiles are the lowest value that a tenth, or nine tenths, of
    the weights do not exceed (inverse of the distribution: type 1 of Hyndman and Fan, 1996); the variance is that of the
    whole group (divided by its number).
    """
    months, size = len(amounts.states.country.months), pl.col("size").cast(pl.Int64)
    whole = months * size
    each = amounts.households.select(
        FINE,
        ((2 * pl.col(value_name(ANY, bound)) + whole) // (2 * whole)).alias("each"),
        nothing=pl.col(f"got_{suffix}") == 0,
        households=pl.lit(1, pl.Int64),
        people=size,
    ).sort(FINE, "each")
    for unit in UNITS:
        for row in _spread_of(each, unit).iter_rows(named=True):
            yield from _alike((FINE, row[FINE]), row, unit, bound)


def _spread_of(each: pl.DataFrame, unit: str) -> pl.DataFrame:
    weight, value = pl.col(unit), pl.col("each")
    reached = each.with_columns(reached=weight.cum_sum().over(FINE), all=weight.sum().over(FINE))
    return (
        reached.group_by(FINE)
        .agg(
            weight.sum().alias("n"),
            nothing=weight.filter("nothing").sum(),
            low=value.filter(10 * pl.col("reached") >= pl.col("all")).min(),
            high=value.filter(10 * pl.col("reached") >= 9 * pl.col("all")).min(),
            first=(weight * value).sum(),
            second=(weight * value * value).sum(),
        )
        .sort(FINE)
    )


def _alike(group: Group, row: Mapping[str, int], unit: str, bound: str) -> Iterator[Cell]:
    def of_value(indicator: str, part: int, whole: int, value: float | None, reason: Reason | None) -> Cell:
        return Cell(indicator, *group, ANY, unit, MONEY, bound, part, whole, value, reason, None, ALIKE)

    low, high, n, first = row["low"], row["high"], row["n"], row["first"]
    yield of_value("equity_p90_p10", high, low, high / low if low else None, None if low else LOWEST_IS_ZERO)
    deviation = math.sqrt(n * row["second"] - first * first)  # times n
    variation, reason = (deviation / first, None) if first else (None, NOTHING_GIVEN)
    yield of_value("equity_variation", round(deviation / n), half_up(first, n), variation, reason)  # type: ignore[arg-type]
    yield share("equity_nothing", group, row["nothing"], n, unit=unit, bound=bound, family=ALIKE)


def _vertical(amounts: Amounts) -> Iterator[Cell]:
    """The concentration coefficient: 2 cov(T, rank) / mean(T), over people or households ranked by the registry's score.

    Rank runs from 0 to 1, the lowest score (the poorest) first; those of one score share the middle of their ranks.
    Source: Kakwani, Wagstaff and van Doorslaer, Journal of Econometrics 77 (1997), equation 5.
    """
    names = [value_name(program, bound) for bound in BOUNDS for program in (ANY, *amounts.states.bits)]
    ranked = amounts.households.filter(pl.col("score").is_not_null())
    for way in (one for one in RANKED if one in amounts.states.ways):
        blocks = (
            ranked.group_by(way, "score")
            .agg(
                pl.col(names).sum(),
                households=pl.len().cast(pl.Int64),
                people=pl.col("size").cast(pl.Int64).sum(),
            )
            .sort(way, "score")
        )
        for unit in UNITS:
            block = pl.col(unit)
            middle = (2 * block.cum_sum().over(way) - block).cast(pl.Int128)
            table = (
                blocks.with_columns(middle=middle)
                .group_by(way)
                .agg(
                    block.sum().alias("n"),
                    pl.col(names).sum(),
                    *((pl.col(name) * pl.col("middle")).sum().alias(f"ranked_{name}") for name in names),
                )
                .sort(way)
            )
            yield from _concentrations(table, way, unit, amounts)


def _concentrations(table: pl.DataFrame, way: str, unit: str, amounts: Amounts) -> Iterator[Cell]:
    for row in table.iter_rows(named=True):
        for bound in BOUNDS:
            for program in (ANY, *amounts.states.bits):
                yield _concentration((way, row[way]), row, program, bound, unit)


def _concentration(group: Group, row: Mapping[str, Any], program: str, bound: str, unit: str) -> Cell:
    name = value_name(program, bound)
    n, total, ranked = row["n"], row[name], row[f"ranked_{name}"]
    above = ranked - n * total  # n * total times the coefficient
    return Cell(
        "concentration",
        *group,
        program,
        unit,
        MONEY,
        bound,
        round(above / (n * n)),
        half_up(total, n),
        above / (n * total) if total else None,
        None if total else NOTHING_GIVEN,
        None,
        value_family(program),
    )
