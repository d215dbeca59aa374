"""What a scenario would change: a country as it is beside the same one with the scenario laid over it.

A household wins where it receives more in the twelve months together, loses where less, and is unchanged where the same, nothing
included; `unserved` are those of the unchanged who receive nothing in either. Money is whole hundredths of an MRU.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from services.matching.figures.country import Country
from services.matching.figures.groups import Group, grouped
from services.matching.figures.overlaying import overlay
from services.matching.rules.changes import Change

WAYS = ("total", "size_band", "category", "wilaya")
"""By what winners and losers are told."""
SERVED_BY = ("total", "wilaya")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`budget`: program, month, before, after. `served`: by, group, program (null: any of them), households and people before
    and after. `changes`: by, group, households, people, winners, losers, unchanged, unserved (households), people_winning,
    people_losing, gained, lost (money, both positive)."""

    before: Country
    after: Country
    budget: pl.DataFrame
    served: pl.DataFrame
    changes: pl.DataFrame
    staying: Mapping[str | None, Mapping[Group, int]]
    """By program (None: any), the households of each group that it serves before and after."""


def compare(country: Country, changes: Sequence[Change]) -> Comparison:
    after = overlay(country, changes)
    households, years = grouped(country.households), (by_program(country), by_program(after))
    return Comparison(
        before=country,
        after=after,
        budget=_budget(country, after),
        served=_served(households, years),
        changes=_changes(households, years),
        staying=_staying(households, years),
    )


def sure_links_only(country: Country) -> Country:
    """The country without the enrollments of which a person is still to decide whose they are."""
    return replace(country, receipts=country.receipts.filter("certain"), enrolled=country.enrolled.filter("certain"))


def _side_by_side(frames: Iterable[pl.DataFrame], keys: Sequence[str], figures: Sequence[str]) -> pl.DataFrame:
    """The figures of the one before and the one after, `..._before` and `..._after`: 0 where one has no such row."""
    one, two = (
        frame.rename({name: f"{name}_{when}" for name in figures})
        for frame, when in zip(frames, ("before", "after"), strict=True)
    )
    both = one.join(two, on=list(keys), how="full", coalesce=True, nulls_equal=True)
    return both.with_columns(pl.col(f"{name}_{when}").fill_null(0) for name in figures for when in ("before", "after"))


def _budget(before: Country, after: Country) -> pl.DataFrame:
    keys = ("program", "month")
    spent = [_summed(one.receipts, keys) for one in (before, after)]
    both = _side_by_side(spent, keys, ["value"])
    return both.select(*keys, before="value_before", after="value_after").sort(keys)


def _summed(rows: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The value by keys; the streaming engine groups millions of rows in a fraction of the time."""
    return rows.lazy().group_by(keys).agg(pl.col("value").sum()).collect(engine="streaming")


def by_program(country: Country) -> pl.DataFrame:
    """What each household receives of each program in the twelve months: household, program, value."""
    return _summed(country.receipts, ("household", "program"))


Years = tuple[pl.DataFrame, pl.DataFrame]
"""`by_program` before and after."""


def _served(households: pl.DataFrame, years: Years) -> pl.DataFrame:
    counted = [
        _side_by_side(
            (_served_in(households, one, by) for one in years), ("group", "program"), ("households", "people")
        ).select(pl.lit(by).alias("by"), pl.all())
        for by in SERVED_BY
    ]
    return pl.concat(counted).sort("by", "group", "program", nulls_last=False)


def _served_in(households: pl.DataFrame, year: pl.DataFrame, by: str) -> pl.DataFrame:
    """Households that receive from a program in some month, and from any of them (`program` is null), and their people."""
    return (
        _with_any(year)
        .join(households.select("household", "size", pl.col(by).alias("group")), on="household")
        .group_by("group", "program")
        .agg(households=pl.len().cast(pl.Int64), people=pl.col("size").cast(pl.Int64).sum())
    )


def _with_any(year: pl.DataFrame) -> pl.DataFrame:
    of_any = year.select("household", program=pl.lit(None, pl.String)).unique()
    return pl.concat([year.select("household", "program"), of_any])


def _staying(households: pl.DataFrame, years: Years) -> dict[str | None, dict[Group, int]]:
    before, after = (_with_any(one) for one in years)
    both = before.join(after, on=["household", "program"], how="semi", nulls_equal=True)
    found: dict[str | None, dict[Group, int]] = {}
    for by in SERVED_BY:
        named = both.join(households.select("household", pl.col(by).alias("group")), on="household")
        for program, group, count in named.group_by("program", "group").len().rows():
            found.setdefault(program, {})[by, group] = count
    return found


def _changes(households: pl.DataFrame, years: Years) -> pl.DataFrame:
    both = _side_by_side((_summed(one, ["household"]) for one in years), ["household"], ["value"])
    told = households.join(both, on="household", how="left").with_columns(
        pl.col("value_before", "value_after").fill_null(0)
    )
    more = pl.col("value_after") - pl.col("value_before")
    people = pl.col("size").cast(pl.Int64)
    figures = (
        pl.len().cast(pl.Int64).alias("households"),
        people.sum().alias("people"),
        (more > 0).sum().cast(pl.Int64).alias("winners"),
        (more < 0).sum().cast(pl.Int64).alias("losers"),
        (more == 0).sum().cast(pl.Int64).alias("unchanged"),
        ((pl.col("value_before") == 0) & (pl.col("value_after") == 0)).sum().cast(pl.Int64).alias("unserved"),
        people.filter(more > 0).sum().alias("people_winning"),
        people.filter(more < 0).sum().alias("people_losing"),
        more.filter(more > 0).sum().alias("gained"),
        (-more.filter(more < 0)).sum().alias("lost"),
    )
    counted = [
        told.group_by(pl.col(by).alias("group")).agg(figures).select(pl.lit(by).alias("by"), pl.all()) for by in WAYS
    ]
    return pl.concat(counted).sort("by", "group", nulls_last=True)
