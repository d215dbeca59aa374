"""Who stands on a targeting list, and the counts that tell how it came about. Pure: columns in, columns out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl

from services.matching.figures.country import Country
from services.matching.figures.paid import households_of, paid_by
from services.matching.rules.targeting import Criterion, Exclusion, Wanted, quotas_by_poor
from shared.household_attributes import CATEGORIES

POOR = ("extreme_poor", "poor")


@dataclass(frozen=True, slots=True)
class Choice:
    """`chosen`: household_id and top_up, from the first to the last. `counts`: what JSON can say, nothing suppressed yet."""

    chosen: pl.DataFrame
    counts: dict[str, Any]


def choose(country: Country, wanted: Wanted, tie: Callable[[UUID], int]) -> Choice:
    """The poorest first: by score, the lowest first and those without one last, then by category, then by `tie`.

    A household falls out where a criterion is not met or cannot be told, or where a program that excludes surely has it: a
    link that a person is still to decide excludes nobody, and is counted.
    """
    homes = country.households.filter(pl.any_horizontal(pl.col(level).is_in(wanted.areas) for level in LEVELS))
    told = homes.with_columns(_meets(wanted.criteria).alias("meets"))
    fitting = told.filter(pl.col("meets"))
    found = [(one, households_of(country, one.program, one.how, one.first, one.last)) for one in wanted.exclusions]
    excluded = _some(pl.concat([ids for one, ids in found if one.instead == "exclude"] or [_nobody()]))
    top_up = _some(pl.concat([ids for one, ids in found if one.instead == "top_up"] or [_nobody()]))
    candidates = _in_order(fitting.filter(~pl.col("household").is_in(excluded)), tie)
    seats = _seats(wanted, homes, candidates)
    chosen = _first(candidates, wanted.number, seats).with_columns(pl.col("household").is_in(top_up).alias("top_up"))
    counts = {
        "day": country.day.isoformat(),
        "in_area": homes.height,
        "criteria_not_met": told.filter(~pl.col("meets")).height,
        "cannot_tell": told.filter(pl.col("meets").is_null()).height,
        "excluded": fitting.height - candidates.height,
        "exclusions": [_exclusion(country, one, ids, fitting) for one, ids in found],
        "candidates": candidates.height,
        "chosen": chosen.height,
        "missing": wanted.number - chosen.height,
        "people": int(chosen["size"].sum()),
        "top_up": int(chosen["top_up"].sum()),
        "by_commune": _by("commune", homes, candidates, chosen, seats),
        "by_category": _by("category", homes, candidates, chosen, None),
        "boundaries": _boundaries(candidates, chosen, by_commune=seats is not None),
        "overlaps": _overlaps(country, wanted.program, chosen),
    }
    return Choice(chosen.select("household_id", "top_up"), counts)


LEVELS = ("wilaya", "moughataa", "commune")


def _meets(criteria: tuple[Criterion, ...]) -> pl.Expr:
    """True, false, or null where it cannot be told: what is surely not met stays so, whatever else is unknown."""
    return pl.all_horizontal([pl.lit(True), *(_expression(one) for one in criteria)])


def _expression(one: Criterion) -> pl.Expr:
    column = pl.col(one.attribute)
    if isinstance(one.value, tuple):
        inside = column.is_in(list(one.value))
        return inside if one.operator == "in" else ~inside
    compared: pl.Expr = getattr(column, one.operator)(one.value)
    return compared


def _nobody() -> pl.DataFrame:
    return pl.DataFrame({"household": [], "certain": []}, {"household": pl.UInt32, "certain": pl.Boolean})


def _some(rows: pl.DataFrame) -> list[int]:
    """Who is certainly among them."""
    return rows.filter(pl.col("certain"))["household"].unique().to_list()


def _in_order(homes: pl.DataFrame, tie: Callable[[UUID], int]) -> pl.DataFrame:
    rank = pl.col("category").replace_strict(
        {name: place for place, name in enumerate(CATEGORIES)}, default=len(CATEGORIES)
    )
    ties = pl.Series("tie", [tie(UUID(one)) for one in homes["household_id"]], pl.UInt64)
    return homes.with_columns(rank.alias("rank"), ties).sort(
        "score", "rank", "tie", "household_id", nulls_last=True, maintain_order=True
    )


def _seats(wanted: Wanted, homes: pl.DataFrame, candidates: pl.DataFrame) -> dict[str, int] | None:
    if wanted.quotas is None:
        return None
    if wanted.quotas != "by_poor":
        return dict(wanted.quotas)
    poor = _heights(homes.filter(pl.col("category").is_in(POOR)))
    return quotas_by_poor(wanted.number, poor, _heights(candidates))


def _heights(homes: pl.DataFrame, by: str = "commune") -> dict[str, int]:
    return dict(homes.group_by(by).len().sort(by).iter_rows())


def _first(candidates: pl.DataFrame, number: int, seats: dict[str, int] | None) -> pl.DataFrame:
    if seats is None:
        return candidates.head(number)
    place = pl.int_range(pl.len()).over("commune")
    return candidates.filter(place < pl.col("commune").replace_strict(seats, default=0, return_dtype=pl.Int64))


def _exclusion(country: Country, one: Exclusion, ids: pl.DataFrame, fitting: pl.DataFrame) -> dict[str, Any]:
    """How many of those who meet the criteria a program has, each program by itself: some are in two."""
    have = fitting.join(ids, on="household")
    certain = int(have["certain"].sum())
    told = {
        "program": one.program,
        "how": one.how,
        "instead": one.instead,
        "paid_by": paid_by(country, one.program, one.how),
    }
    return told | {"households": certain, "doubtful": have.height - certain}


def _by(
    level: str, homes: pl.DataFrame, candidates: pl.DataFrame, chosen: pl.DataFrame, seats: dict[str, int] | None
) -> list[dict[str, Any]]:
    found, taken = _heights(candidates, level), _heights(chosen, level)
    people = dict(chosen.group_by(level).agg(pl.col("size").sum()).iter_rows())
    return [
        {
            level: code,
            "in_area": in_area,
            "candidates": found.get(code, 0),
            "chosen": taken.get(code, 0),
            "people": people.get(code, 0),
        }
        | ({} if seats is None else {"quota": seats.get(code, 0)})
        for code, in_area in _heights(homes, level).items()
    ]


def _boundaries(candidates: pl.DataFrame, chosen: pl.DataFrame, *, by_commune: bool) -> list[dict[str, Any]]:
    """Where a list ends among households equally poor: of how many, how many were taken, by their tie keys."""
    told = []
    for commune in _heights(chosen) if by_commune else [None]:
        within = pl.lit(True) if commune is None else pl.col("commune") == commune
        last = chosen.filter(within).tail(1)
        if last.is_empty():
            continue
        alike = within & pl.col("score").eq_missing(last["score"][0]) & (pl.col("rank") == last["rank"][0])
        tied, taken = candidates.filter(alike).height, chosen.filter(alike).height
        if taken < tied:
            told.append(
                {
                    "commune": commune,
                    "score": last["score"][0],
                    "category": last["category"][0],
                    "tied": tied,
                    "taken": taken,
                }
            )
    return told


def _overlaps(country: Country, program: str | None, chosen: pl.DataFrame) -> list[dict[str, Any]]:
    """Of the chosen, how many are in each program, surely and perhaps, and what the matrix says of it beside the list's."""
    have = country.enrolled.join(chosen.select("household"), on="household")
    counted = have.group_by("program").agg(
        pl.col("household").filter(pl.col("certain")).n_unique().alias("certain"),
        pl.col("household").n_unique().alias("all"),
    )
    return [
        {
            "program": other,
            "households": certain,
            "with_doubtful": all_,
            "overlap_class": country.matrix.get((min(program, other), max(program, other))) if program else None,
        }
        for other, certain, all_ in counted.sort("program").iter_rows()
        if other != program
    ]
