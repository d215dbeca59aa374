"""Indicators of what is received: benefit incidence, adequacy, the profile of twelve months, distributions, harmony."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import polars as pl

from services.matching.figures.cells import MONEY, NO_ONE, NOTHING_GIVEN, NOTHING_TO_COMPARE, Cell, Reason, share
from services.matching.figures.counting import SUFFIX, in_family
from services.matching.figures.groups import FINE, TOTAL, Group
from services.matching.figures.states import (
    ANY,
    BOUNDS,
    CERTAIN,
    UNITS,
    States,
    has,
    in_order,
    month_groups,
    month_name,
)

LEAN_MONTHS: Final = (6, 7, 8)
"""June to August: the lean season, as the projected period of the Cadre Harmonisé has it."""
BANDS: Final = (500, 1_000, 2_000, 5_000)
"""Bounds of the bands of what a household receives in a month, in MRU."""
CENTS: Final = 100
ALL_VALUE: Final = "value of all programs"
"""The family of what comes of all programs together: less the others, it would tell that of one which is hidden."""
LEAN_VALUE: Final = "value of the lean season"
"""The same of June to August alone."""


@dataclass(frozen=True)
class Amounts:
    """`households`: each with what it received in the period, by program and bound (`value:A:certain`), and its basket of
    the period. `months`: by month, program, wilaya and size of household, what came, and to how many."""

    states: States
    households: pl.DataFrame
    months: pl.DataFrame


def value_name(program: str, bound: str) -> str:
    return f"value:{program}:{bound}"


def value_family(program: str) -> str:
    return ALL_VALUE if program == ANY else in_family(program)


def amounts_of(states: States) -> Amounts:
    country = states.country
    households, sums = states.households, _sums(states)
    households = households.join(sums, on="household", how="left").join(
        country.baskets.group_by("size").agg(
            pl.col("basket").sum(), lean_basket=pl.col("basket").filter(_lean()).sum()
        ),
        on="size",
        how="left",
    )
    named = [name for name in sums.columns if name != "household"]
    return Amounts(states, households.with_columns(pl.col(named).fill_null(0)).sort("household"), _monthly(states))


def _lean() -> pl.Expr:
    return pl.col("month").dt.month().is_in(list(LEAN_MONTHS))


def _sums(states: States) -> pl.DataFrame:
    """By household, what came in the period: of each program and in all, by sure links and by all; and the months in which
    anything came."""
    aggregates = []
    for bound in BOUNDS:
        sure = pl.col("certain") if bound == CERTAIN else pl.lit(True)
        for program in (ANY, *states.bits):
            of = sure if program == ANY else sure & (pl.col("program") == program)
            aggregates.append(pl.col("value").filter(of).sum().alias(value_name(program, bound)))
        aggregates += [
            pl.col("value").filter(sure & _lean()).sum().alias(f"lean:{bound}"),
            pl.col("month").filter(sure).n_unique().cast(pl.Int64).alias(f"served_months:{bound}"),
        ]
    return states.country.receipts.group_by("household").agg(aggregates)


def _monthly(states: States) -> pl.DataFrame:
    """By month, program, wilaya and size of household: what came, and to how many."""
    sizes = states.households.select("household", "size", "wilaya")
    return (
        states.country.receipts.group_by("month", "program", "household", "certain")
        .agg(pl.col("value").sum())
        .join(sizes, on="household")
        .group_by("month", "program", "wilaya", "size", "certain")
        .agg(pl.col("value").sum(), households=pl.len().cast(pl.Int64))
    )


def value_cells(amounts: Amounts) -> Iterator[Cell]:
    yield from _by_groups(amounts)
    yield from _profile(amounts)
    yield from _adequacy_in_months(amounts)
    yield from _distribution(amounts)
    yield from _harmony(amounts)


def _by_groups(amounts: Amounts) -> Iterator[Cell]:
    totals = {way: _totals(amounts, way) for way in amounts.states.ways if way != FINE}
    whole = totals["total"].row(0, named=True) if len(totals["total"]) else {}
    for way, table in totals.items():
        for row in table.iter_rows(named=True):
            group = (way, row[way])
            for bound in BOUNDS:
                for program in (ANY, *amounts.states.bits):
                    yield from _of_group(group, row, whole, program, bound)
                yield _gap_months(group, row, bound)


def _totals(amounts: Amounts, way: str) -> pl.DataFrame:
    known = pl.col("basket").is_not_null()
    aggregates = [pl.col("basket").sum().alias("basket")]
    for bound, suffix in SUFFIX.items():
        for program, bits in {ANY: sum(amounts.states.bits.values()), **amounts.states.bits}.items():
            name, got = value_name(program, bound), has(f"got_{suffix}", bits)
            aggregates += [
                pl.col(name).sum(),
                pl.col(name).filter(known).sum().alias(f"known_{name}"),
                pl.col("basket").filter(got).sum().alias(f"basket:{program}:{bound}"),
            ]
        served = pl.col(f"got_{suffix}") != 0
        aggregates += [
            pl.col(f"lean:{bound}").filter(known).sum(),
            pl.col("lean_basket").filter(served).sum().alias(f"lean_basket:{bound}"),
            (len(amounts.states.country.months) - pl.col(f"served_months:{bound}"))
            .filter(served)
            .sum()
            .alias(f"gap_months:{bound}"),
            served.sum().cast(pl.Int64).alias(f"served:{bound}"),
        ]
    return amounts.households.group_by(way).agg(aggregates).sort(way)


def _of_group(
    group: Group, row: Mapping[str, int], whole: Mapping[str, int], program: str, bound: str
) -> Iterator[Cell]:
    name, all_year = value_name(program, bound), value_family(program)

    def told(indicator: str, part: int, of: int, without: Reason = NO_ONE, family: str = all_year) -> Cell:
        return share(
            indicator, group, part, of, unit=MONEY, bound=bound, program=program, family=family, without=without
        )

    if group != TOTAL:
        yield told("benefit_incidence", row[name], whole[name], NOTHING_GIVEN)
    yield told("adequacy", row[f"known_{name}"], row[f"basket:{program}:{bound}"])
    yield told("adequacy_of_group", row[f"known_{name}"], row["basket"])
    if program == ANY:
        yield told("lean_season_adequacy", row[f"lean:{bound}"], row[f"lean_basket:{bound}"], family=LEAN_VALUE)


def _gap_months(group: Group, row: Mapping[str, int], bound: str) -> Cell:
    return share(
        "gap_months",
        group,
        row[f"gap_months:{bound}"],
        row[f"served:{bound}"],
        unit="households",
        bound=bound,
        family=in_family(ANY),
    )


def _profile(amounts: Amounts) -> Iterator[Cell]:
    """Month by month, what the households served in the period receive of all programs, over their basket."""
    country = amounts.states.country
    for bound, suffix in SUFFIX.items():
        served = amounts.households.filter(pl.col(f"got_{suffix}") != 0).group_by("size").agg(n=pl.len().cast(pl.Int64))
        needs = country.baskets.join(served, on="size").group_by("month").agg((pl.col("basket") * pl.col("n")).sum())
        sure = pl.col("certain") if bound == CERTAIN else pl.lit(True)
        known = country.baskets.select("size").unique()
        came = amounts.months.filter(sure).join(known, on="size").group_by("month").agg(pl.col("value").sum())
        values, baskets = (dict(table.iter_rows()) for table in (came, needs))
        months = [
            share(
                "combined_adequacy",
                ("month", month_name(month)),
                values.get(month, 0),
                baskets.get(month, 0),
                unit=MONEY,
                bound=bound,
                family=ALL_VALUE,
            )
            for month in country.months
        ]
        yield from months
        yield _peak(months)


def _peak(months: list[Cell]) -> Cell:
    """The month in which what is received is the largest part of the basket, the first of several."""
    top = max(months, key=lambda one: -1.0 if one.value is None else one.value)
    return top._replace(indicator="peak_month", by="total", group="all", other="" if top.value is None else top.group)


def _adequacy_in_months(amounts: Amounts) -> Iterator[Cell]:
    """Month by month and program by program: what came over the basket of those to whom it came."""
    country = amounts.states.country
    with_basket = amounts.months.join(country.baskets, on=["month", "size"])
    for bound in BOUNDS:
        sure = pl.col("certain") if bound == CERTAIN else pl.lit(True)
        table = (
            with_basket.filter(sure)
            .group_by("program", "month")
            .agg(pl.col("value").sum(), (pl.col("basket") * pl.col("households")).sum().alias("basket"))
        )
        found = {(row["program"], row["month"]): row for row in table.iter_rows(named=True)}
        for one in in_order(country.programs):
            for month in country.months:
                row = found.get((one.code, month), {"value": 0, "basket": 0})
                yield share(
                    "adequacy",
                    ("month", month_name(month)),
                    row["value"],
                    row["basket"],
                    unit=MONEY,
                    bound=bound,
                    program=one.code,
                    family=in_family(one.code),
                )


DISTRIBUTION = "distribution"


def band_names() -> list[str]:
    """The bands, from nothing upwards, in MRU a month."""
    between = [f"{low}-{high - 1}" for low, high in pairwise(BANDS)]
    return ["0", f"1-{BANDS[0] - 1}", *between, f"{BANDS[-1]}+"]


def _distribution(amounts: Amounts) -> Iterator[Cell]:
    """How many households, and people in them, receive how much in a month, on average of the period."""
    months, names = len(amounts.states.country.months), band_names()
    for bound in BOUNDS:
        value = pl.col(value_name(ANY, bound))
        band = pl.lit(names[-1])
        for most, name in zip(reversed(BANDS), reversed(names[1:-1]), strict=True):
            band = pl.when(value < most * CENTS * months).then(pl.lit(name)).otherwise(band)
        band = pl.when(value == 0).then(pl.lit(names[0])).otherwise(band)
        table = amounts.households.group_by(band=band).agg(
            households=pl.len().cast(pl.Int64), people=pl.col("size").cast(pl.Int64).sum()
        )
        found = {row["band"]: row for row in table.iter_rows(named=True)}
        for unit in UNITS:
            for name in names:
                yield share(
                    "value_distribution",
                    ("value_band", name),
                    found.get(name, {}).get(unit, 0),
                    int(table[unit].sum()),
                    unit=unit,
                    bound=bound,
                    family=DISTRIBUTION,
                )


def half_up(part: int, whole: int) -> int:
    """A quotient of whole numbers to the nearest whole one, a half up."""
    return (2 * part + whole) // (2 * whole)


def harmony_family(benefit: str) -> str:
    return f"harmony:{benefit}"


def _harmony(amounts: Amounts) -> Iterator[Cell]:
    """Between the programs of one benefit that give in a month: the most less the least that comes to a person."""
    country = amounts.states.country
    people = pl.col("size").cast(pl.Int64) * pl.col("households")
    for bound in BOUNDS:
        sure = pl.col("certain") if bound == CERTAIN else pl.lit(True)
        table = (
            amounts.months.filter(sure)
            .group_by("month", "program")
            .agg(pl.col("value").sum(), people.sum().alias("people"))
        )
        each = {
            (row["month"], row["program"]): half_up(row["value"], row["people"])
            for row in table.iter_rows(named=True)
            if row["value"]
        }
        for benefit in sorted({one.benefit for one in country.programs}):
            alike = [one.code for one in in_order(country.programs) if one.benefit == benefit]
            for month, group in zip(country.months, month_groups(country.months), strict=True):
                worth = [each[month, code] for code in alike if (month, code) in each]
                yield _spread(group, benefit, worth, bound)


def _spread(group: Group, benefit: str, worth: list[int], bound: str) -> Cell:
    most, least = (max(worth), min(worth)) if len(worth) > 1 else (None, None)
    value = None if most is None or least is None else float(most - least)
    return Cell(
        "harmonisation_gap",
        *group,
        ANY,
        benefit,
        MONEY,
        bound,
        most,
        least,
        value,
        None if value is not None else NOTHING_TO_COMPARE,
        None,
        harmony_family(benefit),
    )
