"""A plan of shock response over a country: who is reached, in which part, for how much, and what that does. Pure.

**Vertical part**: households of the area that certain links show in one of the programs named, a top-up. **Horizontal part**:
the area's other households, poorest first, but for those that the response's own program has already, and those of the
programs that exclude. A link that a person is still to decide neither tops up nor excludes: it is counted as doubtful.
**Order**: by score, the lowest first and those without one last; then by category, the poorest first; then by the plan's lot.
**Budget**: households are taken in that order until the next one would exceed it. Nobody is passed over for a cheaper one
behind, so the sum never exceeds the budget, and what remains is less than the next household's amount.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import polars as pl

from services.matching.figures.country import Country, ValueVersion
from services.matching.figures.paid import households_of, paid_by
from shared.household_attributes import CATEGORIES

POOR = CATEGORIES[:2]
VERTICAL, HORIZONTAL = "vertical", "horizontal"
Apart = Literal["first", "score", "category", "lot"]
"""What sets a household apart from the one before it in the order."""


@dataclass(frozen=True, slots=True)
class Membership:
    """Whom a program has: `enrolled` on the country's day, or `paid` in a month from `first` to `last`."""

    program: str
    how: Literal["enrolled", "paid"]
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """What a household gets in a month: hundredths of an MRU per household or person, or as much as a program gives."""

    amount: int = 0
    per: Literal["household", "person"] = "household"
    most_people: int | None = None
    aligned_with: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a plan asks for. `communes`: those of the moughataas alone that are meant; none: all. `months`: how many."""

    program: str
    moughataas: tuple[str, ...]
    months: int
    communes: tuple[str, ...] = ()
    vertical: tuple[Membership, ...] = ()
    top_up: Amount | None = None
    horizontal: Amount | None = None
    excluding: tuple[Membership, ...] = ()
    budget: int | None = None
    most_households: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`listed`: household_id, commune, category, size, part, monthly, amount, apart; in order, those taken. `figures`: what
    JSON can say, nothing suppressed yet."""

    listed: pl.DataFrame
    figures: dict[str, Any]


def plan(country: Country, wanted: Wanted, lot: Callable[[str], int]) -> Plan:
    """The plan. `lot`: a number for each household id, by which those equally poor are put in order."""
    homes = country.households.filter(pl.col("moughataa").is_in(wanted.moughataas))
    if wanted.communes:
        homes = homes.filter(pl.col("commune").is_in(wanted.communes))
    sets = _Sets(country, wanted)
    found = _cut(_in_order(_candidates(country, wanted, homes, sets), lot), wanted)
    taken = found.filter("taken")
    figures = {
        "day": country.day.isoformat(),
        "households_in_area": homes.height,
        "people_in_area": _people(homes),
        "candidates": found.height,
        **_money(found, wanted),
        "parts": [_part(name, found) for name in (VERTICAL, HORIZONTAL)],
        "by_commune": _by("commune", homes, found),
        "by_category": _by("category", homes, found),
        "already_in_program": int(homes["household"].is_in(sets.own).sum()),
        "exclusions": [_exclusion(country, one, homes) for one in wanted.excluding],
        "overlaps": _overlaps(country, wanted.program, taken),
        "unreached": _unreached(country, homes, taken),
        "eligible": _eligible(country, wanted.program, homes, taken),
        "boundary": _boundary(found),
    }
    listed = ("household_id", "commune", "category", "size", "part", "monthly", "amount", "apart")
    return Plan(taken.select(listed), figures)


class _Sets:
    """The rows of the households that certain links show in the programs a plan speaks of."""

    def __init__(self, country: Country, wanted: Wanted) -> None:
        self.vertical = _some(country, wanted.vertical)
        self.excluded = _some(country, wanted.excluding)
        self.own = _some(country, (Membership(wanted.program, "enrolled"),))


def _some(country: Country, memberships: tuple[Membership, ...]) -> list[int]:
    certain = [_of(country, one).filter("certain")["household"] for one in memberships]
    return pl.concat(certain).unique().sort().to_list() if certain else []


def _of(country: Country, one: Membership) -> pl.DataFrame:
    return households_of(country, one.program, one.how, one.first, one.last)


def _candidates(country: Country, wanted: Wanted, homes: pl.DataFrame, sets: _Sets) -> pl.DataFrame:
    """Who may be reached, with what each would get; who would get nothing is not reached."""
    number = pl.col("household")
    left = homes.filter(~number.is_in(sets.excluded))
    parts = []
    if wanted.top_up is not None:
        parts.append(_with_amount(country, wanted.top_up, VERTICAL, left.filter(number.is_in(sets.vertical))))
    if wanted.horizontal is not None:
        others = left.filter(~number.is_in(sets.vertical), ~number.is_in(sets.own))
        parts.append(_with_amount(country, wanted.horizontal, HORIZONTAL, others))
    nobody = _with_amount(country, Amount(), HORIZONTAL, homes.clear())
    found = pl.concat([nobody, *parts]).with_columns(amount=pl.col("monthly") * wanted.months)
    return found.filter(pl.col("amount") > 0)


def _with_amount(country: Country, amount: Amount, part: str, homes: pl.DataFrame) -> pl.DataFrame:
    if amount.aligned_with is not None:
        version = value_on(country, amount.aligned_with)
        payment = _for_size(version.amount, version.per == "person", version.max_people)
        share = version.months_per_payment
        monthly = (payment * 2 + share) // (share * 2)  # half a hundredth rounds up, as the value of assistance does
    else:
        monthly = _for_size(amount.amount, amount.per == "person", amount.most_people)
    return homes.with_columns(part=pl.lit(part), monthly=monthly.cast(pl.Int64))


def _for_size(amount: int, by_size: bool, most: int | None) -> pl.Expr:
    if not by_size:
        return pl.lit(amount, pl.Int64)
    people = pl.col("size") if most is None else pl.min_horizontal(pl.col("size"), pl.lit(most))
    return people.cast(pl.Int64) * amount


def value_on(country: Country, program: str) -> ValueVersion:
    """What a program gives on the country's day. LookupError where it gives nothing then that a household could be given."""
    facts = next((one for one in country.programs if one.code == program), None)
    held = [one for one in facts.values if one.from_on <= country.day] if facts else []
    if not held:
        raise LookupError(program)
    return max(held, key=lambda one: one.from_on)


def _in_order(found: pl.DataFrame, lot: Callable[[str], int]) -> pl.DataFrame:
    rank = pl.col("category").replace_strict(
        {name: place for place, name in enumerate(CATEGORIES)}, default=len(CATEGORIES), return_dtype=pl.Int32
    )
    lots = pl.Series("lot", [lot(id_) for id_ in found["household_id"]], pl.UInt64)
    ordered = found.with_columns(rank.alias("rank"), lots).sort(
        "score", "rank", "lot", "household_id", nulls_last=True, maintain_order=True
    )
    apart = (
        pl.when(pl.int_range(pl.len()) == 0)
        .then(pl.lit("first"))
        .when(~pl.col("score").eq_missing(pl.col("score").shift()))
        .then(pl.lit("score"))
        .when(~pl.col("rank").eq_missing(pl.col("rank").shift()))
        .then(pl.lit("category"))
        .otherwise(pl.lit("lot"))
    )
    return ordered.with_columns(apart=apart)


def _cut(ordered: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """Who is taken: from the first on, until the budget or the number is reached."""
    within = pl.lit(True)
    if wanted.budget is not None:
        within = pl.col("amount").cum_sum() <= wanted.budget
    if wanted.most_households is not None:
        within = within & (pl.int_range(pl.len()) < wanted.most_households)
    return ordered.with_columns(taken=within)


# ---- what it does ----------------------------------------------------------------------------------------


def _people(homes: pl.DataFrame) -> int:
    return int(homes["size"].sum())


def _money(found: pl.DataFrame, wanted: Wanted) -> dict[str, Any]:
    taken, left = found.filter("taken"), found.filter(~pl.col("taken"))
    spent = int(taken["amount"].sum())
    after = int(left["amount"][0]) if left.height else None
    stopped = None
    if after is not None:
        over = wanted.budget is not None and spent + after > wanted.budget
        stopped = "budget" if over else "most_households"
    return {
        "households": taken.height,
        "people": _people(taken),
        "months": wanted.months,
        "budget": wanted.budget,
        "spent": spent,
        "remainder": None if wanted.budget is None else wanted.budget - spent,
        "next_amount": after,
        "stopped_by": stopped,
        "wanted": int(found["amount"].sum()),
    }


def _part(name: str, found: pl.DataFrame) -> dict[str, Any]:
    mine = found.filter(pl.col("part") == name)
    taken = mine.filter("taken")
    return {
        "part": name,
        "households": taken.height,
        "people": _people(taken),
        "amount": int(taken["amount"].sum()),
        "left_out": mine.height - taken.height,
    }


def _by(level: str, homes: pl.DataFrame, found: pl.DataFrame) -> list[dict[str, Any]]:
    """Of each commune or category: who is there, who is taken in which part, and who is left out."""
    taken, vertical = pl.col("taken"), pl.col("part") == VERTICAL
    told = found.group_by(level).agg(
        (taken & vertical).sum().alias("vertical"),
        (taken & ~vertical).sum().alias("horizontal"),
        pl.col("size").filter(taken).sum().alias("people"),
        pl.col("amount").filter(taken).sum().alias("amount"),
        (~taken).sum().alias("left_out"),
    )
    there = homes.group_by(level).agg(pl.len().alias("households_there"), pl.col("size").sum().alias("people_there"))
    rows = there.join(told, on=level, how="left").sort(level).fill_null(0)
    return rows.with_columns(pl.exclude(level).cast(pl.Int64)).to_dicts()


def _exclusion(country: Country, one: Membership, homes: pl.DataFrame) -> dict[str, Any]:
    """What an exclusion does: how many of the area a program has, each program by itself, and how many of them are poor."""
    have = homes.join(_of(country, one), on="household")
    certain = have.filter("certain")
    return {
        "program": one.program,
        "how": one.how,
        "paid_by": paid_by(country, one.program, one.how),
        "households": certain.height,
        "people": _people(certain),
        "poor": certain.filter(pl.col("category").is_in(POOR)).height,
        "doubtful": have.height - certain.height,
    }


def _overlaps(country: Country, program: str, taken: pl.DataFrame) -> list[dict[str, Any]]:
    """Of those taken, how many each other program has, surely and perhaps, and what the matrix says of the pair."""
    have = country.enrolled.join(taken.select("household", "size"), on="household")
    sure = pl.col("certain")
    counted = have.group_by("program").agg(
        pl.col("household").filter(sure).n_unique().alias("certain"),
        pl.col("household").n_unique().alias("all"),
    )
    return [
        {
            "program": other,
            "households": certain,
            "doubtful": all_ - certain,
            "overlap_class": country.matrix.get((min(program, other), max(program, other))),
        }
        for other, certain, all_ in counted.sort("program").iter_rows()
        if other != program
    ]


def _unreached(country: Country, homes: pl.DataFrame, taken: pl.DataFrame) -> dict[str, int]:
    """Households of the area that surely no program has: before the plan, and with it."""
    somewhere = country.enrolled.filter("certain")["household"].unique().to_list()
    before = homes.filter(~pl.col("household").is_in(somewhere))
    after = before.filter(~pl.col("household").is_in(taken["household"].to_list()))
    poor = pl.col("category").is_in(POOR)
    return {
        "before": before.height,
        "after": after.height,
        "poor_before": before.filter(poor).height,
        "poor_after": after.filter(poor).height,
    }


def _eligible(country: Country, program: str, homes: pl.DataFrame, taken: pl.DataFrame) -> dict[str, int] | None:
    """Households of the area that the program's rule is for, and of these how many it surely does not reach: before the plan,
    and with it. None where the program has no rule for households."""
    ruled = country.eligible.filter(pl.col("program") == program)
    if ruled.is_empty():
        return None
    meant = homes.filter(pl.col("household").is_in(ruled.filter("eligible")["household"].to_list()))
    has = country.enrolled.filter("certain", pl.col("program") == program)["household"].to_list()
    before = meant.filter(~pl.col("household").is_in(has))
    after = before.filter(~pl.col("household").is_in(taken["household"].to_list()))
    return {"households": meant.height, "unreached_before": before.height, "unreached_after": after.height}


def _boundary(found: pl.DataFrame) -> dict[str, Any] | None:
    """Where the list ends among households equally poor: how many they are, and how many of them the lot took."""
    taken = found.filter("taken")
    if taken.is_empty() or taken.height == found.height:
        return None
    last = taken.row(-1, named=True)
    alike = found.filter(pl.col("score").eq_missing(pl.lit(last["score"])), pl.col("rank") == last["rank"])
    drawn = int(alike["taken"].sum())
    if drawn == alike.height:
        return None
    return {"score": last["score"], "category": last["category"], "alike": alike.height, "taken": drawn}
