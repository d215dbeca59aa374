"""Rules of eligibility over a country's households: the same answers as of one household, in one column.

A polars boolean is Kleene's, as SQL's is: null and false is false, null or true is true.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from services.matching.figures.country import ELIGIBLE
from services.matching.rules.eligibility import UNANSWERED, Criterion, Group
from shared.household_attributes import ATTRIBUTES

COMPARED: Mapping[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "eq": pl.Expr.eq,
    "ne": pl.Expr.ne,
    "lt": pl.Expr.lt,
    "le": pl.Expr.le,
    "gt": pl.Expr.gt,
    "ge": pl.Expr.ge,
    "in": lambda known, wanted: known.is_in(wanted),
    "not_in": lambda known, wanted: ~known.is_in(wanted),
}


def eligible(group: Group) -> pl.Expr:
    """Whether a household of the frame is one the group means; null where that cannot be told."""
    parts = [*(meets(one) for one in group.criteria), *(eligible(one) for one in group.groups)]
    sure = pl.sum_horizontal(part.fill_null(value=False).cast(pl.Int32) for part in parts)
    possible = pl.sum_horizontal(part.fill_null(value=True).cast(pl.Int32) for part in parts)
    return pl.when(sure >= group.needed).then(True).when(possible >= group.needed).then(None).otherwise(False)


def meets(criterion: Criterion) -> pl.Expr:
    """What one criterion says of each household."""
    if criterion.operator == UNANSWERED:
        return pl.lit(None, pl.Boolean)
    known = pl.col(criterion.attribute)
    if ATTRIBUTES[criterion.attribute].is_number:
        known = known.cast(pl.Float64)  # a whole number is exact in it, and a score is one
    if criterion.operator == "exists":
        return known.is_not_null() if criterion.value else known.is_null()
    return COMPARED[criterion.operator](known, _plain(criterion.value))


def _plain(value: Any) -> Any:
    """Numbers of the frame are integers and floats."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value


def eligible_households(households: pl.DataFrame, groups: Mapping[str, Group]) -> pl.DataFrame:
    """For each program's rule the households it means, and those of which it cannot be told: an ELIGIBLE frame."""
    found = [
        households.select("household", program=pl.lit(code), eligible=eligible(group)).filter(
            pl.col("eligible").is_null() | pl.col("eligible")
        )
        for code, group in sorted(groups.items())
    ]
    return pl.concat([pl.DataFrame(schema=ELIGIBLE), *found]) if found else pl.DataFrame(schema=ELIGIBLE)
