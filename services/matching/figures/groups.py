"""The groups by which figures are told: one way of grouping at a time, and how the groups of one add up to another's."""

from collections.abc import Sequence
from typing import Final

import polars as pl

ALL: Final = "all"
UNKNOWN: Final = "unknown"
NEEDED: Final = ("total", "wilaya", "moughataa", "category", "size_band", "head_sex", "disability")
"""By which every household belongs to one group."""
FINE: Final = "category_size_wilaya"
"""Households alike in category and size band in one wilaya: whom horizontal equity compares."""
WILAYA_MONTH: Final = "wilaya_month"
"""One wilaya in one month of the period."""
OF_PLACES: Final = ("wilaya", "moughataa", WILAYA_MONTH)
"""Ways of which a group's name begins with the code of a place."""
BANDS: Final = ((3, "1-3"), (6, "4-6"), (9, "7-9"))
"""The largest size of a band; what is larger is `10+`."""
LARGEST: Final = "10+"
TOTAL: Final = ("total", ALL)

Group = tuple[str, str]
"""By what, and which: ("wilaya", "MR01")."""


def crossed(wilaya: str, month: str) -> Group:
    """The group of a wilaya in a month: `MR01|2025-07`."""
    return (WILAYA_MONTH, f"{wilaya}|{month}")


def grouped(households: pl.DataFrame) -> pl.DataFrame:
    """The households with a column for each way of grouping."""
    size = pl.col("size")
    band = pl.lit(LARGEST)
    for most, name in reversed(BANDS):
        band = pl.when(size <= most).then(pl.lit(name)).otherwise(band)
    named = households.with_columns(
        total=pl.lit(ALL),
        size_band=band,
        disability=pl.when(pl.col("disabled").is_null())
        .then(pl.lit(UNKNOWN))
        .when(pl.col("disabled") > 0)
        .then(pl.lit("with"))
        .otherwise(pl.lit("without")),
        **{name: pl.col(name).fill_null(UNKNOWN) for name in ("wilaya", "moughataa", "category", "head_sex")},
    )
    return named.with_columns(pl.concat_str("category", "size_band", "wilaya", separator="|").alias(FINE))


def sums(groups: Sequence[Group], within: Sequence[tuple[str, str]]) -> list[tuple[Group, list[Group]]]:
    """Which groups add up to which, as any reader knows it: everyone by each way, a wilaya by its moughataas.

    `within`: pairs of wilaya and moughataa.
    """
    parts: dict[Group, list[Group]] = {}
    for by, name in groups:
        if by not in ("total", "moughataa"):
            parts.setdefault(("total", by), []).append((by, name))
    found = [(TOTAL, members) for members in parts.values()]
    inside: dict[Group, list[Group]] = {}
    for wilaya, moughataa in sorted(set(within)):
        inside.setdefault(("wilaya", wilaya), []).append(("moughataa", moughataa))
    return found + list(inside.items())
