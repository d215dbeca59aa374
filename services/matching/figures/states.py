"""What a country's households are in, in the few columns from which every figure is counted.

The programs a household is in are the bits of one number, so that households alike are counted once: a country has some
thousands of kinds of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Final

import polars as pl

from services.matching.figures.country import Country, ProgramFacts
from services.matching.figures.groups import FINE, NEEDED, Group, grouped

MOST_PROGRAMS: Final = 62
"""Bits of a whole number, less one for its sign and one to spare."""
BOUNDS: Final = ("certain", "certain_and_probable")
CERTAIN, BOTH = BOUNDS
UNITS: Final = ("households", "people")
ANY: Final = ""
"""In a program's place: whichever program."""
_MASKS: Final = ("on_certain", "on_both", "got_certain", "got_both", "eligible", "unknown")


@dataclass(frozen=True)
class States:
    """The country, counted. `bits`: each program's bit. `kinds`: how many households and people of each kind each group has.
    `months`: the same for each month and wilaya by what is received in it. `households`: each, with its groups and its bits."""

    country: Country
    bits: Mapping[str, int]
    households: pl.DataFrame
    kinds: pl.DataFrame
    months: pl.DataFrame
    ways: Sequence[str]


EVERY_WAY: Final = (*NEEDED, FINE)


def states_of(country: Country, ways: Sequence[str] = EVERY_WAY) -> States:
    """`ways`: by which it is counted; all of them, but where the country as a whole is enough."""
    codes = sorted(one.code for one in country.programs)
    bits = {code: 1 << place for place, code in enumerate(codes)}
    households = _with_masks(grouped(country.households), country, bits)
    return States(country, bits, households, _kinds(households, ways), _monthly(households, country, bits), ways)


def _with_masks(households: pl.DataFrame, country: Country, bits: Mapping[str, int]) -> pl.DataFrame:
    told = pl.col("eligible").fill_null(False)
    masks = (
        _mask(country.enrolled, bits, "on"),
        _mask(country.receipts.unique(["household", "program", "certain"]), bits, "got"),
        _bits(country.eligible, bits)
        .group_by("household")
        .agg(eligible=pl.col("bit").filter(told).sum(), unknown=pl.col("bit").filter(~told).sum()),
    )
    joined = reduce(lambda left, right: left.join(right, on="household", how="left"), masks, households)
    return joined.with_columns(pl.col(_MASKS).fill_null(0)).sort("household")


def _bits(frame: pl.DataFrame, bits: Mapping[str, int]) -> pl.DataFrame:
    known = pl.DataFrame({"program": list(bits), "bit": list(bits.values())}, {"program": pl.String, "bit": pl.Int64})
    return frame.join(known, on="program")


def _mask(frame: pl.DataFrame, bits: Mapping[str, int], name: str, *by: str) -> pl.DataFrame:
    """The bits of a household's programs: those of certain links, and all."""
    once = frame.group_by("household", "program", *by).agg(pl.col("certain").any())
    return (
        _bits(once, bits)
        .group_by("household", *by)
        .agg(
            pl.col("bit").filter("certain").sum().alias(f"{name}_certain"),
            pl.col("bit").sum().alias(f"{name}_both"),
        )
    )


def _counted(frame: pl.DataFrame, *by: str) -> pl.DataFrame:
    return frame.group_by(*by).agg(households=pl.len().cast(pl.Int64), people=pl.col("size").cast(pl.Int64).sum())


def _kinds(households: pl.DataFrame, ways: Sequence[str]) -> pl.DataFrame:
    told = [
        _counted(households, way, *_MASKS).select(pl.lit(way).alias("by"), pl.col(way).alias("group"), *_MASKS, *UNITS)
        for way in ways
    ]
    return pl.concat(told)


def _monthly(households: pl.DataFrame, country: Country, bits: Mapping[str, int]) -> pl.DataFrame:
    """For each month and wilaya, the households and people of each kind that receive something in it."""
    living = households.select("household", "size", "wilaya")
    got = _mask(country.receipts, bits, "got", "month").join(living, on="household")
    kind = ("month", "wilaya", "got_certain", "got_both")
    return _counted(got, *kind).sort(kind)


Conditions = Mapping[str, pl.Expr]
Counts = dict[str, dict[Group, int]]


def count(kinds: pl.DataFrame, conditions: Conditions) -> dict[str, Counts]:
    """By unit and by name, how many of each group meet a condition. A group without anybody is not there."""
    counts = [
        pl.col(unit).filter(condition).sum().alias(f"{unit}:{name}")
        for unit in UNITS
        for name, condition in conditions.items()
    ]
    table = kinds.group_by("by", "group").agg(counts).sort("by", "group")
    groups: list[Group] = list(zip(table["by"].to_list(), table["group"].to_list(), strict=True))
    return {
        unit: {name: dict(zip(groups, table[f"{unit}:{name}"].to_list(), strict=True)) for name in conditions}
        for unit in UNITS
    }


def has(mask: str, bits: int) -> pl.Expr:
    """Whether any of these programs is in the mask."""
    return (pl.col(mask) & bits) != 0


def has_all(mask: str, bits: int) -> pl.Expr:
    return (pl.col(mask) & bits) == bits


def together(bits: Mapping[str, int], programs: Iterable[str]) -> int:
    return sum(bits[one] for one in set(programs) if one in bits)


def month_name(month: date) -> str:
    return f"{month:%Y-%m}"


def month_groups(months: Sequence[date]) -> list[Group]:
    return [("month", month_name(one)) for one in months]


def in_order(programs: Iterable[ProgramFacts]) -> list[ProgramFacts]:
    return sorted(programs, key=lambda one: one.code)
