"""Small cells: hidden, with as many others as it takes that none of them can be found from what is shown.

A count of 1 to 4 is hidden; so is what it could be told from: the rest of its group, and, where groups add up to a total
that is shown, a second group. That a hidden count cannot be told is proved each time by another country which shows
the same page: one in which a household of one hidden group and a household of another have changed their states (a *move*
and its way back). A reader is held to know the rule, all that is shown, and that no count is below zero.
Sources: Willenborg and de Waal, Elements of Statistical Disclosure Control (2001), 4.2; Hundepool and others, Handbook on
Statistical Disclosure Control (2024), 4.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations

from services.matching.figures.groups import TOTAL, Group
from services.matching.rules.suppressing import Sum, is_small
from services.matching.rules.suppressing import hidden as any_hidden

ROUNDED_TO = 5
"""Counts of combinations of programs are shown in fives: what is known of the pairs would tell the small ones otherwise."""

Counts = Mapping[Group, int]


@dataclass(frozen=True, slots=True)
class Move:
    """A change of one household's state that alters nothing which is shown of its group, but hidden counts by one.

    `there` and `back`: groups in which a household can make it, and in which one can make its reverse.
    """

    there: Set[Group]
    back: Set[Group]


@dataclass(frozen=True, slots=True)
class Family:
    """Counts of a group that are shown or hidden together.

    `parts`: the counts none of which may be told where it is small: those shown, and those that follow from them.
    `moves`: for each of the parts, what alters it. `weight`: the households of a group; the lighter are hidden first.
    """

    parts: Sequence[Counts]
    moves: Sequence[Sequence[Move]]
    weight: Counts


def partition(parts: Sequence[Counts], weight: Counts) -> Family:
    """The family of parts that make up the group together: a household may go from any one to any other."""
    has = [{group for group, count in part.items() if count} for part in parts]
    moves = [
        [Move(mine, has[other]) for other in range(len(parts)) if other != place] for place, mine in enumerate(has)
    ]
    return Family(parts, moves, weight)


def sizes(weight: Counts) -> Family:
    """The family of how many a group holds: a household may go from any group to another."""
    return Family([weight], [[Move({group for group, count in weight.items() if count}, set(weight))]], weight)


Sums = Sequence[tuple[Group, Sequence[Group]]]


def hidden(family: Family, sums: Sums, forced: Iterable[Group] = (), moved: Set[Group] = frozenset()) -> set[Group]:
    """The groups of which the family is hidden.

    `forced`: hidden for another reason. `moved`: those whose number of households itself is hidden: a household may have
    gone from one to another of them.
    """
    found = set(forced) | {g for part in family.parts for g, count in part.items() if is_small(count)}
    before = -1
    while before != len(found):
        before = len(found)
        for whole, parts in sums:
            _hide_within(family, whole, [g for g in parts if family.weight.get(g)], found, moved)
        if TOTAL in found:
            return set(family.weight)
    return found


def _hide_within(family: Family, whole: Group, parts: Sequence[Group], found: set[Group], moved: Set[Group]) -> None:
    if whole in found:
        if whole != TOTAL:
            found.update(parts)
        return
    inside = {g for g in parts if g in found}
    while bare := next((g for g in sorted(inside) if not _protected(family, g, inside, moved)), None):
        rest = sorted((g for g in parts if g not in inside), key=lambda g: (family.weight[g], g))
        if not rest:
            found.add(whole)
            return
        inside.add(next((g for g in rest if _protected(family, bare, {bare, g}, moved)), rest[0]))
    found |= inside


def _protected(family: Family, group: Group, inside: Set[Group], moved: Set[Group]) -> bool:
    """Whether each count of a hidden group could be another one, with another hidden group making up for it."""
    others = inside - {group}
    if group in moved and others & moved:
        return True
    return all(
        not part.get(group) or any(_exchanged(move, group, others) for move in moves)
        for part, moves in zip(family.parts, family.moves, strict=True)
    )


def _exchanged(move: Move, group: Group, others: Set[Group]) -> bool:
    return (group in move.there and not move.back.isdisjoint(others)) or (
        group in move.back and not move.there.isdisjoint(others)
    )


Cell = tuple[str, str]
"""A row and a column."""


def hidden_in_table(part: Mapping[Cell, int], whole: Mapping[Cell, int]) -> set[Cell]:
    """The cells hidden of a table of two ways whose totals of rows and of columns are known, for the households of a cell and
    those of them who are in the part; where some could be told all the same, nothing of the table is shown."""
    split = {"part": part, "rest": {cell: count - part[cell] for cell, count in whole.items()}, "whole": whole}
    counts: dict[tuple[str, ...], int] = {
        (name, *cell): count for name, table in split.items() for cell, count in table.items()
    }
    sums: list[Sum[tuple[str, ...]]] = [(("whole", *cell), [("part", *cell), ("rest", *cell)]) for cell in whole]
    for name in split:
        for side in (0, 1):
            lines = sorted({cell[side] for cell in whole})
            sums += [(None, [(name, *cell) for cell in whole if cell[side] == line]) for line in lines]
    gone = any_hidden(counts, sums, together=_side_by_side)
    return {(cell[1], cell[2]) for cell in gone}


def _side_by_side(cell: tuple[str, ...]) -> tuple[str, ...]:
    return cell[1:]


def rounded(count: int) -> int:
    """To the nearest multiple of ROUNDED_TO."""
    return (count + ROUNDED_TO // 2) // ROUNDED_TO * ROUNDED_TO


def combinations_can_be_shown(exact: Mapping[int, int], bits: Sequence[int]) -> bool:
    """Whether combinations of programs (sets of bits; 0 is none) can be shown rounded beside the exact counts of programs,
    of pairs and of those in none.

    Each small one must be able to be another one: by a cube of three programs, over whose eight combinations one more and
    one less alternate, which changes no program and no pair.
    """
    return all(_in_a_cube(exact, which, bits) for which, count in exact.items() if is_small(count))


def _in_a_cube(exact: Mapping[int, int], which: int, bits: Sequence[int]) -> bool:
    return any(
        all(one and _stays(exact.get(one, 0), sign * turn) for one, sign in _cube(which, three))
        for three in combinations(bits, 3)
        for turn in (1, -1)
    )


def _cube(which: int, three: tuple[int, int, int]) -> list[tuple[int, int]]:
    a, b, c = three
    base = which & ~(a | b | c)
    corners = (0, a, b, c, a | b, a | c, b | c, a | b | c)
    return [(base | corner, -1 if corner.bit_count() % 2 else 1) for corner in corners]


def _stays(count: int, change: int) -> bool:
    return count + change >= 0 and rounded(count + change) == rounded(count)
