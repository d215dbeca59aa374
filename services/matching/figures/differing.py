"""What moved between two countries: each part exchanged for the later one's in turn, and the figures worked out anew.

The order is fixed: who is in the registry; who is enrolled, and the twelve months; how sure the links are; what programs give;
the rules; the baskets. What a part has moved depends on those exchanged before it; together they are the whole difference.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from services.matching.figures.cells import Cell
from services.matching.figures.computing import exact_cells
from services.matching.figures.country import STANDING, Country, ProgramFacts
from services.matching.rules.suppressing import is_small

PARTS: Final = ("households", "enrollments", "links", "values", "rules", "baskets")
WHOLE: Final = ("total",)
KEY: Final = ("household_id", "program")
MONTHLY: Final = (*KEY, "month")
BY_HOUSEHOLD: Final = ("receipts", "enrolled", "eligible", "standing")
"""The frames whose rows are a household's."""
Key = tuple[str, str, str, str, str]
"""Indicator, program, other, unit, bound."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many of each kind are not as they were; None where they are 1 to 4."""

    households_entered: int | None
    households_left: int | None
    households_changed: int | None
    enrollments_begun: int | None
    enrollments_ended: int | None
    links_changed: int | None
    values_changed: int | None
    eligibility_changed: int | None


@dataclass(frozen=True, slots=True)
class Explained:
    """One figure of the whole country: before, after, and by how much each part moved it."""

    indicator: str
    program: str
    other: str
    unit: str
    bound: str
    before: float
    after: float
    steps: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Held:
    """A country whose rows are known by the registry's id of their household."""

    country: Country
    households: pl.DataFrame
    receipts: pl.DataFrame
    enrolled: pl.DataFrame
    eligible: pl.DataFrame
    standing: pl.DataFrame

    def numbered(self) -> Country:
        """The country again, in which rows refer to households by number."""
        households = self.households.drop("household").sort("household_id").with_row_index("household")
        numbers = households.select("household", "household_id")
        frames = {
            name: getattr(self, name).join(numbers, on="household_id").drop("household_id").sort("household", "program")
            for name in BY_HOUSEHOLD
        }
        return replace(self.country, households=households, **frames)


def _held(country: Country) -> _Held:
    if country.standing is None:  # nothing of it is told in both, and so nothing explained
        country = replace(country, standing=pl.DataFrame(schema=STANDING))
    ids = country.households.select("household", "household_id")
    frames = {name: getattr(country, name).join(ids, on="household").drop("household") for name in BY_HOUSEHOLD}
    return _Held(country, country.households, **frames)


def explain(before: Country, after: Country, told: Sequence[tuple[Cell, Cell]]) -> list[Explained]:
    """The figures that differ, as they are told in both: `told` has each before and after."""
    found = [_values(one) for one in _stages(before, after)]
    explained = []
    for earlier, later in told:
        key = _key(earlier)
        if earlier.value is None or later.value is None or earlier.value == later.value:
            continue
        values = [stage.get(key) for stage in found]
        steps = {
            part: (last or 0.0) - (first or 0.0) for part, first, last in zip(PARTS, values, values[1:], strict=False)
        }
        explained.append(Explained(*key, earlier.value, later.value, steps))
    return explained


def _key(cell: Cell) -> Key:
    # The month of a peak is what it says, not which figure it is.
    other = "" if cell.indicator == "peak_month" else cell.other
    return (cell.indicator, cell.program, other, cell.unit, cell.bound)


def _values(country: Country) -> dict[Key, float | None]:
    return {_key(one): one.value for one in exact_cells(country, WHOLE) if one.by == "total"}


def _stages(before: Country, after: Country) -> Iterator[Country]:
    now, later = _held(before), _held(after)
    yield now.numbered()
    for exchange in _EXCHANGES:
        now = exchange(now, later)
        yield now.numbered()


def _exchange_households(now: _Held, later: _Held) -> _Held:
    """Who left is gone with what they had; who entered comes with it, in the months known before."""
    here = later.households.select("household_id")
    new = here.join(now.households.select("household_id"), on="household_id", how="anti")
    months = list(now.country.months)

    def with_new(mine: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
        came = theirs.join(new, on="household_id", how="semi")
        if "month" in came.columns:
            came = came.filter(pl.col("month").is_in(months))
        return pl.concat([mine.join(here, on="household_id", how="semi"), came.select(mine.columns)])

    frames = {name: with_new(getattr(now, name), getattr(later, name)) for name in BY_HOUSEHOLD}
    sizes = now.country.baskets, later.country.baskets.filter(pl.col("month").is_in(months))
    return replace(
        now,
        households=later.households,
        country=replace(now.country, baskets=_first_of(*sizes, ("month", "size"))),
        **frames,
    )


def _first_of(mine: pl.DataFrame, theirs: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Mine, and theirs where I have none."""
    return pl.concat([mine, theirs.select(mine.columns).join(mine, on=list(key), how="anti")])


def _exchange_enrollments(now: _Held, later: _Held) -> _Held:
    """Who is enrolled, in which months, and why others are not; what it brings and how sure it is stay where they were known."""
    baskets = _first_of(now.country.baskets, later.country.baskets, ("month", "size"))
    return replace(
        now,
        receipts=_known_before(now.receipts, later.receipts, MONTHLY),
        enrolled=_known_before(now.enrolled, later.enrolled, KEY),
        standing=_known_before(now.standing, later.standing, KEY, ("certain",)),
        country=replace(
            now.country,
            day=later.country.day,
            months=later.country.months,
            baskets=baskets.filter(pl.col("month").is_in(list(later.country.months))),
            programs=_programs(now.country, later.country),
        ),
    )


def _programs(now: Country, later: Country) -> tuple[ProgramFacts, ...]:
    """The later programs, each as it was where it was there already."""
    known = {one.code: one for one in now.programs}
    return tuple(known.get(one.code, one) for one in later.programs)


def _known_before(
    mine: pl.DataFrame, theirs: pl.DataFrame, key: Sequence[str], kept: Sequence[str] = ("value", "certain")
) -> pl.DataFrame:
    joined = theirs.join(mine.select(*key, *kept).unique(list(key)), on=list(key), how="left", suffix="_before")
    return joined.with_columns(pl.coalesce(f"{name}_before", name).alias(name) for name in kept).select(theirs.columns)


def _exchange_links(now: _Held, later: _Held) -> _Held:
    return replace(
        now,
        receipts=_take(now.receipts, later.receipts, MONTHLY, "certain"),
        enrolled=_take(now.enrolled, later.enrolled, KEY, "certain"),
        standing=later.standing,
        country=replace(now.country, threshold=later.country.threshold),
    )


def _take(mine: pl.DataFrame, theirs: pl.DataFrame, key: Sequence[str], column: str) -> pl.DataFrame:
    taken = theirs.select(*key, column).unique(list(key))
    return mine.drop(column).join(taken, on=list(key)).select(mine.columns)


def _exchange_values(now: _Held, later: _Held) -> _Held:
    return replace(now, receipts=later.receipts, enrolled=later.enrolled)


def _exchange_rules(now: _Held, later: _Held) -> _Held:
    country = replace(now.country, programs=later.country.programs, matrix=later.country.matrix)
    return replace(now, eligible=later.eligible, country=country)


def _exchange_baskets(now: _Held, later: _Held) -> _Held:
    return replace(now, country=replace(now.country, baskets=later.country.baskets))


_EXCHANGES: Final[tuple[Callable[[_Held, _Held], _Held], ...]] = (
    _exchange_households,
    _exchange_enrollments,
    _exchange_links,
    _exchange_values,
    _exchange_rules,
    _exchange_baskets,
)


def what_moved(before: Country, after: Country) -> Moved:
    now, later = _held(before), _held(after)
    facts = [name for name in now.households.columns if name != "household"]
    same = now.households.select(facts).join(later.households.select(facts), on=facts, how="semi", nulls_equal=True)
    stay = now.households.join(later.households, on="household_id", how="semi")
    gone, come = (
        _apart(one, other, KEY) for one, other in ((now.enrolled, later.enrolled), (later.enrolled, now.enrolled))
    )
    links, values = (
        _changed(now, later, frame, key, column)
        for frame, key, column in (("enrolled", KEY, "certain"), ("receipts", MONTHLY, "value"))
    )
    rules = [*KEY, "eligible"]
    unlike = now.eligible.select(rules).join(later.eligible.select(rules), on=rules, how="anti", nulls_equal=True)
    anew = later.eligible.select(rules).join(now.eligible.select(rules), on=rules, how="anti", nulls_equal=True)
    counts = (
        _apart(later.households, now.households, ("household_id",)),
        _apart(now.households, later.households, ("household_id",)),
        len(stay) - len(same),
        come,
        gone,
        links,
        values,
        len(pl.concat([unlike.select(KEY), anew.select(KEY)]).unique()),
    )
    return Moved(*(None if is_small(count) else count for count in counts))


def _apart(one: pl.DataFrame, other: pl.DataFrame, key: Sequence[str]) -> int:
    return len(one.select(key).unique().join(other.select(key), on=list(key), how="anti"))


def _changed(now: _Held, later: _Held, frame: str, key: Sequence[str], column: str) -> int:
    joined = getattr(now, frame).join(getattr(later, frame), on=list(key), suffix="_after")
    return len(joined.filter(pl.col(column) != pl.col(f"{column}_after")))
