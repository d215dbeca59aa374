"""Counts that may be shown: none of 1 to 4, and none that the others of the answer would tell. One way for every answer.

The counts of an answer are cells, and whatever adds up among them is a sum, over as many tables as the answer has; a count
that is not shown but follows from others (a total less a part) is a cell, too. A small one is hidden, and with it the
lightest others by which it could as well be SMALLEST_CELL: by an *exchange*, in which some counts rise and some fall so
that all sums hold, nothing that is shown moves, and no count is below zero.
Sources: Willenborg and de Waal, Elements of Statistical Disclosure Control (2001), 4.2; Hundepool and others, Handbook on
Statistical Disclosure Control (2024), 4.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count, product
from typing import Any, Generic, TypeVar

SMALLEST_CELL = 5
"""Statistics on fewer are suppressed: a cell of two households in a commune names them."""
MOST_TRIES = 5_000
"""Steps in the search of one exchange, a twentieth of a second; where none is found by then, nothing of what hangs together is told."""
BREADTH = 12
"""Of each sum so many of the lightest counts are looked at, before all of them."""
STEP_WEIGHTS = (3, 20)
"""What one more count in an exchange weighs beside what is hidden by it; more where none is found so: a long way round is
long to be found."""

C = TypeVar("C", bound=Hashable)
Sum = tuple[C | None, Sequence[C]]
"""A whole and the parts that add up to it. A whole of None is known to the reader from elsewhere."""


def is_small(number: int) -> bool:
    """Whether a count names the few it is of; nobody at all is not few."""
    return 0 < number < SMALLEST_CELL


def shown(number: int | None) -> int | None:
    """One count that nothing adds up with; None stays what it is, not told."""
    return None if number is None or is_small(number) else number


def hidden(
    counts: Mapping[C, int],
    sums: Sequence[Sum[C]],
    *,
    following: Collection[C] = (),
    fixed: Collection[C] = (),
    together: Callable[[C], Hashable] = lambda cell: cell,
) -> set[C]:
    """The cells that may not be shown.

    `following`: cells that the answer does not show, but which follow from others. `fixed`: those that are told elsewhere, and
    so are never hidden. `together`: a name that cells have in common which are shown or hidden together.
    """
    unseen = set(following)
    name = {cell: cell if cell in unseen else together(cell) for cell in counts}
    weight: dict[Hashable, int] = defaultdict(int)
    for cell, number in counts.items():
        weight[name[cell]] = max(weight[name[cell]], number)
    small = [cell for cell, number in counts.items() if is_small(number)]
    gone = {name[cell] for cell in (*small, *unseen)}
    ways = Ways(
        sums,
        free=lambda cell: name[cell] in gone,
        # Nobody is not hidden: the reader may know that nobody can be there.
        weigh=lambda cell: (name[cell], weight[name[cell]]) if weight[name[cell]] and cell not in fixed else None,
        falls=lambda cell, by: counts[cell] >= by,
    )
    for cell in small:
        found = ways.exchange(cell, SMALLEST_CELL - counts[cell])
        if found is None:
            return set(counts)
        gone |= found
    return {cell for cell in counts if name[cell] in gone}


def told(
    counts: Mapping[C, int], sums: Sequence[Sum[C]] = (), parts: Sequence[tuple[C, C]] = (), **named: Any
) -> dict[C, int | None]:
    """The counts as they may be shown. `parts`: a whole and a part of it, of which the rest follows; `named` as of `hidden`."""
    cells: dict[Any, int] = dict(counts)
    every: list[Sum[Any]] = [*sums]
    rests = {("rest of", whole, part): (whole, part) for whole, part in parts}
    for rest, (whole, part) in rests.items():
        cells[rest] = counts[whole] - counts[part]
        every.append((whole, [part, rest]))
    gone = hidden(cells, every, **named | {"following": [*named.get("following", ()), *rests]})
    return {cell: None if cell in gone else number for cell, number in counts.items()}


def told_by_table(
    counts: Mapping[C, int],
    sums: Sequence[Sum[C]],
    parts: Sequence[tuple[C, C]],
    tables: Sequence[Collection[C]],
    *,
    following: Collection[C] = (),
    **named: Any,
) -> dict[C, int | None]:
    """As `told`; where that would tell nothing at all, the first of the `tables`, and those after it that go with it.

    What hangs together only by a table is to come after it: from the first on that does not go, none is told. `named` as of
    `hidden`; what is `following` may stand in the tables, too, and is never told.
    """
    shown = told(counts, sums, parts, following=following, **named)
    if any(number is not None for number in shown.values()):
        return shown
    seen: set[C] = set()
    for table in tables:
        seen |= set(table)
        more = told(
            {cell: number for cell, number in counts.items() if cell in seen},
            [(whole, some) for whole, some in sums if (whole is None or whole in seen) and seen.issuperset(some)],
            [pair for pair in parts if seen.issuperset(pair)],
            following=[cell for cell in following if cell in seen],
            **named,
        )
        if all(number is None for number in more.values()):
            break
        shown |= more
    return shown


@dataclass(frozen=True, slots=True)
class Ways(Generic[C]):
    """How counts may be otherwise. `free`: those that are hidden already. `weigh`: the name and weight with which another one
    would be hidden; None where it may not be. `rises`, `falls`: whether a count may, by so many."""

    sums: Sequence[Sum[C]]
    free: Callable[[C], bool]
    weigh: Callable[[C], tuple[Hashable, int] | None]
    falls: Callable[[C, int], bool]
    rises: Callable[[C, int], bool] = lambda cell, by: True
    _of: dict[C, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    """By cell the sums it is in, with 1 where it is a part and -1 where it is the whole."""

    def __post_init__(self) -> None:
        for number, (whole, parts) in enumerate(self.sums):
            for part in parts:
                self._of[part].append((number, 1))
            if whole is not None:
                self._of[whole].append((number, -1))

    def exchange(self, cell: C, by: int) -> Set[Hashable] | None:
        """The names of the others that are to be hidden, so that `cell` may be more by so many; None where none is found.
        Light and short exchanges first."""
        if not self.rises(cell, by):
            return None
        for breadth, weight in product((BREADTH, len(self._of)), STEP_WEIGHTS):
            found = self._search(cell, by, breadth, weight)
            if found is not None:
                return found
        return None

    def _search(self, cell: C, by: int, breadth: int, step_weight: int) -> Set[Hashable] | None:
        turns, start = count(), {cell: 1}
        todo = [(0, next(turns), 0, start, frozenset[Hashable]())]
        seen: set[frozenset[tuple[C, int]]] = set()
        while todo and len(seen) < MOST_TRIES:
            _, _, weight, moves, extra = heappop(todo)
            off = self._off(moves)
            if not off:
                return extra
            for cost, other, step in self._repairs(moves, off, extra, by)[:breadth]:
                then = {**moves, other: step}
                if (key := frozenset(then.items())) in seen:
                    continue
                seen.add(key)
                named = self.weigh(other) if cost else None
                more = extra if named is None else extra | {named[0]}
                heappush(todo, (weight + cost + len(then) * step_weight, next(turns), weight + cost, then, more))
        return None

    def _off(self, moves: Mapping[C, int]) -> dict[int, int]:
        """The sums that do not hold, with what their parts are too many by."""
        off: dict[int, int] = defaultdict(int)
        for cell, step in moves.items():
            for number, side in self._of[cell]:
                off[number] += side * step
        return {number: much for number, much in off.items() if much}

    def _repairs(
        self, moves: Mapping[C, int], off: Mapping[int, int], extra: Set[Hashable], by: int
    ) -> list[tuple[int, C, int]]:
        """What brings the shortest sum that does not hold nearer to holding, the lightest first: weight, cell, step."""
        number = min(off, key=lambda one: (len(self.sums[one][1]), one))
        whole, parts = self.sums[number]
        down = -1 if off[number] > 0 else 1
        found = []
        for cell, step in [*((part, down) for part in parts), *(() if whole is None else ((whole, -down),))]:
            if cell in moves or not (self.rises if step > 0 else self.falls)(cell, by):
                continue
            named = None if self.free(cell) else self.weigh(cell)
            if named is not None or self.free(cell):
                found.append((0 if named is None or named[0] in extra else named[1], cell, step))
        return sorted(found, key=lambda one: one[0])
