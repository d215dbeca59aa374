"""A scenario laid over a country: the country as it would be, computed from the one that is; nothing else is touched.

The order in which changes are written does not matter: they are laid on in the order of STEPS, and none contradicts another
(`rules/changes.py`). Whoever is chosen is chosen by score (the lower, the poorer; without one last), then by the household's id; a
draw is by a hash of seed, program and household's id. So the same scenario and country give the same households everywhere.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from services.matching.figures.country import Country, ProgramFacts
from services.matching.figures.eligible import eligible_households
from services.matching.figures.worth import giving_by, hundredths, raised, worth_by, worth_today
from services.matching.rules.changes import (
    AddedProgram,
    Change,
    CoverageChange,
    CriteriaChange,
    End,
    IndexChange,
    Merge,
    QuotaChange,
    ValueChange,
)

NEW_MEMBERS = {"individual": "size", "pupil": "school_age"}
"""How many of a household are enrolled when it enters a program that enrolls persons: all its people, all of school age."""
Worth = Mapping[date, pl.Expr]


@dataclass(frozen=True, slots=True)
class Part:
    """One program in a country: its rows of each frame, and what a month of it is worth to who enters it."""

    facts: ProgramFacts
    receipts: pl.DataFrame
    enrolled: pl.DataFrame
    eligible: pl.DataFrame
    worth: Worth


def overlay(country: Country, changes: Sequence[Change]) -> Country:
    """The country with the changes laid over it. They are taken to agree, and their programs to be there."""
    if not changes:
        return country
    known = {one.code: one for one in country.programs}
    touched = {one.program for one in changes} | {one.into for one in changes if isinstance(one, Merge)}
    parts = {code: _part(country, known[code]) for code in touched if code in known}
    for kind, step in STEPS:
        for change in sorted((one for one in changes if isinstance(one, kind)), key=lambda one: one.program):
            step(country, parts, change)
    return _put_together(country, parts, touched)


def _part(country: Country, facts: ProgramFacts) -> Part:
    own = pl.col("program") == facts.code
    frames = (country.receipts.filter(own), country.enrolled.filter(own), country.eligible.filter(own))
    return Part(facts, *frames, _worth_now(country, facts, frames[0]))


def _worth_now(country: Country, facts: ProgramFacts, receipts: pl.DataFrame) -> Worth:
    """In the months in which somebody received; where nobody ever did, in those in which it is published to give."""
    published = worth_today(facts, country.months)
    given_in = sorted(receipts["month"].unique())
    return {month: published.get(month, pl.lit(0)) for month in given_in} if given_in else published


def _put_together(country: Country, parts: Mapping[str, Part], touched: set[str]) -> Country:
    others = ~pl.col("program").is_in(sorted(touched))
    kept = sorted(parts.items())

    def together(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        changed = [_like(frame, getattr(part, name)) for _, part in kept]
        return pl.concat([frame.filter(others), *changed], rechunk=False)

    programs = [one for one in country.programs if one.code not in touched] + [part.facts for _, part in kept]
    codes = {one.code for one in programs}
    return replace(
        country,
        receipts=together(country.receipts, "receipts"),
        enrolled=together(country.enrolled, "enrolled"),
        eligible=together(country.eligible, "eligible"),
        programs=tuple(sorted(programs, key=lambda one: one.code)),
        matrix={pair: kind for pair, kind in country.matrix.items() if set(pair) <= codes},
    )


def _add(country: Country, parts: dict[str, Part], change: AddedProgram) -> None:
    """Nobody is in it yet; then it is given as any program is to a share of the eligible."""
    facts = ProgramFacts(
        code=change.program,
        institution="",
        names=change.names.model_dump(),
        unit=change.unit,
        benefit=change.benefit,
    )
    none = (country.receipts.clear(), country.enrolled.clear(), country.eligible.clear())
    worth = {month: worth_by(change.formula) for month in giving_by(change.formula, country.months)}
    part = _with_rule(country, Part(facts, *none, worth), change)
    parts[change.program] = _given_to(country, part, _share_of(country, part, change, keep_enrolled=False))


def _merge(country: Country, parts: dict[str, Part], change: Merge) -> None:
    """Who is in the one is in the other, once: in all months of the other, or in those of its own where it has left. And who
    was eligible for one of them is for the other."""
    gone, into = parts.pop(change.program), parts[change.into]
    months = _months(list(into.worth))
    moved = pl.concat(
        [
            gone.enrolled.select("household").join(months, how="cross"),
            gone.receipts.select("household", "month").join(months, on="month", how="semi"),
        ]
    ).unique()
    certainty = pl.concat([gone.enrolled.select("household", "certain"), gone.receipts.select("household", "certain")])
    entering = _entering(country, into, gone.enrolled.select("household"), certainty)
    parts[change.into] = replace(
        into,
        receipts=_entered(country, into, moved.join(into.receipts, on=["household", "month"], how="anti"), certainty),
        enrolled=_enrolled_too(country, into, entering.join(into.enrolled, on="household", how="anti")),
        eligible=_either(into.eligible, gone.eligible.with_columns(pl.lit(into.facts.code).alias("program"))),
    )


def _end(country: Country, parts: dict[str, Part], change: End) -> None:
    del parts[change.program]


def _change_rule(country: Country, parts: dict[str, Part], change: CriteriaChange) -> None:
    part = _with_rule(country, parts[change.program], change)
    if change.beneficiaries != "unchanged":
        stays = _participants(part).join(part.eligible, on="household", how="semi")
        enters = part.eligible.filter("eligible").select("household")
        members = pl.concat([stays, enters]).unique() if change.beneficiaries == "all_eligible" else stays
        part = _given_to(country, part, members)
    parts[change.program] = part


def _cover(country: Country, parts: dict[str, Part], change: CoverageChange) -> None:
    part = parts[change.program]
    open_ = part.eligible.filter(pl.col("eligible").is_null())
    stays = _participants(part).join(open_, on="household", how="semi")
    chosen = _share_of(country, part, change, keep_enrolled=change.keep_enrolled)
    parts[change.program] = _given_to(country, part, pl.concat([stays, chosen]).unique())


def _change_value(country: Country, parts: dict[str, Part], change: ValueChange) -> None:
    part, formula = parts[change.program], change.formula
    months = giving_by(formula, country.months)
    gave = part.receipts.filter(pl.col("month").is_in(list(months))).select("household", "month", "direct", "certain")
    given_in = set(part.receipts["month"].unique())
    newly = [one for one in months if one not in given_in]
    fresh = part.enrolled.select("household", "direct", "certain").join(_months(newly), how="cross")
    rows = pl.concat([gave, fresh.select(gave.columns)])
    worth = {month: worth_by(formula) for month in months}
    parts[change.program] = replace(
        part,
        facts=replace(part.facts, school_days=None),
        receipts=_valued(country, rows, part.facts.code, worth_by(formula)),
        enrolled=_valued(country, part.enrolled, part.facts.code, worth_by(formula)),
        worth=worth,
    )


def _index(country: Country, parts: dict[str, Part], change: IndexChange) -> None:
    part = parts[change.program]
    more = raised(pl.col("value"), change.percent).alias("value")
    parts[change.program] = replace(
        part,
        receipts=part.receipts.with_columns(more),
        enrolled=part.enrolled.with_columns(more),
        worth={month: raised(worth, change.percent) for month, worth in part.worth.items()},
    )


def _limit(country: Country, parts: dict[str, Part], change: QuotaChange) -> None:
    """The poorest stay, up to the first with whom it would be more than may be."""
    part = parts[change.program]
    inside = _in_order(country, _participants(part))
    line = inside
    if change.fill:
        outside = part.eligible.filter("eligible").select("household").join(inside, on="household", how="anti")
        line = pl.concat([inside, _in_order(country, outside)])
    full = _given_to(country, part, line)
    if change.most_households is not None:
        line = line.head(change.most_households)
    if change.most_mru is not None:
        costs = full.receipts.group_by("household").agg(pl.col("value").sum())
        summed = line.join(costs, on="household", how="left", maintain_order="left")["value"].fill_null(0).cum_sum()
        line = line.filter(summed <= hundredths(change.most_mru))
    parts[change.program] = _given_to(country, full, line)


STEPS: Sequence[tuple[type[Any], Callable[[Country, dict[str, Part], Any], None]]] = (
    (AddedProgram, _add),
    (Merge, _merge),
    (End, _end),
    (ValueChange, _change_value),
    (IndexChange, _index),
    (CriteriaChange, _change_rule),
    (CoverageChange, _cover),
    (QuotaChange, _limit),
)
"""What a program is and gives, before who is in it: whoever enters receives what it then gives."""


def _with_rule(country: Country, part: Part, change: AddedProgram | CriteriaChange) -> Part:
    told = eligible_households(country.households, {part.facts.code: change.rule.group()})
    return replace(part, eligible=_like(part.eligible, told))


def _participants(part: Part) -> pl.DataFrame:
    """Who is enrolled on the country's day, and who has received within its months."""
    return pl.concat([part.enrolled.select("household"), part.receipts.select("household")]).unique()


def _given_to(country: Country, part: Part, members: pl.DataFrame) -> Part:
    """The program with these households alone: who is in it already keeps its rows, who is not enters for all its months."""
    stays = replace(
        part,
        receipts=part.receipts.join(members, on="household", how="semi"),
        enrolled=part.enrolled.join(members, on="household", how="semi"),
    )
    fresh = members.join(_participants(part), on="household", how="anti")
    if fresh.is_empty():
        return stays
    return replace(
        stays,
        receipts=_entered(country, stays, fresh.join(_months(list(part.worth)), how="cross")),
        enrolled=_enrolled_too(country, stays, _entering(country, part, fresh)),
    )


def _entered(country: Country, part: Part, rows: pl.DataFrame, certainty: pl.DataFrame | None = None) -> pl.DataFrame:
    """The program's receipts, and those of who enters: one for each household and month of `rows`."""
    entering = _entering(country, part, rows.select("household").unique(), certainty)
    fresh = [
        _valued(country, entering.join(rows.filter(pl.col("month") == month), on="household"), part.facts.code, worth)
        for month, worth in part.worth.items()
    ]
    return pl.concat([part.receipts, *(_like(part.receipts, one) for one in fresh)])


def _enrolled_too(country: Country, part: Part, entering: pl.DataFrame) -> pl.DataFrame:
    last = next(iter([*part.worth.values()][::-1]), pl.lit(0))
    return pl.concat([part.enrolled, _like(part.enrolled, _valued(country, entering, part.facts.code, last))])


def _like(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(frame.columns).cast(frame.schema)


def _either(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Eligible by one of two rules; of whom neither surely says so, it cannot be told."""
    surely = pl.when(pl.col("eligible").any()).then(True).alias("eligible")
    return pl.concat([one, other]).group_by("household", "program").agg(surely)


def _entering(
    country: Country, part: Part, households: pl.DataFrame, certainty: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Those who enter: how many of each are enrolled, and whether it is surely known who they are."""
    direct = pl.col(NEW_MEMBERS[part.facts.unit]) if part.facts.unit in NEW_MEMBERS else pl.lit(1)
    sized = households.join(country.households, on="household").select(
        "household", direct.fill_null(0).cast(pl.Int32).alias("direct")
    )
    if certainty is None:
        return sized.with_columns(certain=pl.lit(True))
    known = certainty.group_by("household").agg(pl.col("certain").any())
    return sized.join(known, on="household")


def _valued(country: Country, rows: pl.DataFrame, code: str, worth: pl.Expr) -> pl.DataFrame:
    """The rows with the program's name and what each is worth."""
    sized = rows.drop("value", "program", strict=False).join(
        country.households.select("household", "size"), on="household", how="left"
    )
    return sized.with_columns(value=worth.cast(pl.Int64), program=pl.lit(code)).drop("size")


def _months(months: Sequence[date]) -> pl.DataFrame:
    return pl.DataFrame({"month": list(months)}, schema={"month": pl.Date})


def _in_order(country: Country, households: pl.DataFrame) -> pl.DataFrame:
    """The poorest first: by score, without one last; equals by the household's id."""
    known = country.households.select("household", "score", "household_id")
    return households.join(known, on="household").sort("score", "household_id", nulls_last=True).select("household")


def _drawn(country: Country, households: pl.DataFrame, program: str, seed: int) -> pl.DataFrame:
    """In the order of a hash of seed, program and household's id (BLAKE2b of 8 bytes): the same draw everywhere."""
    known = households.join(country.households.select("household", "household_id"), on="household")
    begun = hashlib.blake2b(f"{seed} {program} ".encode(), digest_size=8)

    def hashed(household_id: str) -> bytes:
        one = begun.copy()
        one.update(household_id.encode())
        return one.digest()

    keys = pl.Series("key", [hashed(one) for one in known["household_id"]], dtype=pl.Binary)
    return known.with_columns(keys).sort("key", "household_id").select("household")


def _share_of(
    country: Country, part: Part, change: AddedProgram | CoverageChange, *, keep_enrolled: bool
) -> pl.DataFrame:
    """So large a share of who is surely eligible, rounded down."""
    eligible = part.eligible.filter("eligible").select("household")
    first = eligible.join(part.enrolled, on="household", how="semi") if keep_enrolled else eligible.clear()
    then = eligible.join(first, on="household", how="anti")
    if change.choose == "draw":
        line = [_drawn(country, one, part.facts.code, change.seed) for one in (first, then)]
    else:
        line = [_in_order(country, one) for one in (first, then)]
    return pl.concat(line).head(int(change.share * eligible.height))
