"""The minimum expenditure basket: what a household of a size needs in a month, by dated versions with their source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal, get_args

import polars as pl

from services.matching.figures.country import BASKETS
from services.matching.figures.programs import hundredths
from shared.values import looks_ten_times_off

Confidence = Literal["found", "derived", "assumed"]


class BasketUnsound(ValueError):
    """A file of baskets that cannot be right: which version, and why."""


@dataclass(frozen=True, slots=True)
class Basket:
    """Hundredths of an MRU by household size, from 1 on; `each_further` member beyond those listed adds so much."""

    from_on: date
    by_size: tuple[int, ...]
    each_further: int
    confidence: str
    source: str

    def of(self, size: int) -> int:
        listed = min(size, len(self.by_size))
        return self.by_size[listed - 1] + (size - listed) * self.each_further


def read_baskets(data: Mapping[str, Any]) -> tuple[Basket, ...]:
    """The baskets in a file, oldest first. BasketUnsound where one is not in MRU, falls with the size, or lies ten times off
    the one before it: old ouguiya (MRO) taken for new."""
    found = sorted((_basket(one) for one in data["baskets"]), key=lambda one: one.from_on)
    if not found:
        raise BasketUnsound("no basket")
    for before, after in pairwise(found):
        if before.from_on == after.from_on:
            raise BasketUnsound(f"{after.from_on}: twice")
        if looks_ten_times_off(Decimal(after.of(1)), Decimal(before.of(1))):
            raise BasketUnsound(f"{after.from_on}: ten times off the basket before it; is it in MRO?")
    return tuple(found)


def _basket(one: Mapping[str, Any]) -> Basket:
    day = one["from"]
    if one["currency"] != "MRU":
        raise BasketUnsound(f"{day}: in {one['currency']}, not in MRU (an old ouguiya MRO is a tenth)")
    if one["confidence"] not in get_args(Confidence) or not one["source"]:
        raise BasketUnsound(f"{day}: without a confidence or a source")
    by_size = tuple(hundredths(Decimal(amount)) for amount in one["by_size"])
    each_further = hundredths(Decimal(one["each_further"]))
    if not by_size or by_size[0] <= 0 or each_further < 0 or any(more < less for less, more in pairwise(by_size)):
        raise BasketUnsound(f"{day}: a larger household needs no less, and nobody nothing")
    return Basket(date.fromisoformat(day), by_size, each_further, one["confidence"], one["source"])


def baskets_in(baskets: Sequence[Basket], months: Sequence[date], largest: int) -> pl.DataFrame:
    """A BASKETS frame: for each month the basket in force on its first day; before the first version, the first."""
    rows = []
    for month in months:
        begun = [one for one in baskets if one.from_on <= month]
        basket = begun[-1] if begun else baskets[0]
        rows += [(month, size, basket.of(size)) for size in range(1, largest + 1)]
    return pl.DataFrame(rows, schema=BASKETS, orient="row")
