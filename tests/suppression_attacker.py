"""A reader who wants to know a hidden count: all that is shown as equations over whole numbers, solved as far as it goes.

Exact elimination, then bounds tightened until nothing moves. Shares no code with what hides.
"""

from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from math import gcd

Unknown = Hashable
Equation = tuple[Mapping[Unknown, int], int]
"""Sum of coefficient x unknown = number."""
ROUNDS = 60


Row = tuple[dict[Unknown, int], int]


def found(equations: Iterable[Equation]) -> dict[Unknown, int]:
    """What can be told for certain of unknowns that are whole and not below zero."""
    rows = _reduced(list(equations))
    low: dict[Unknown, int] = {}
    high: dict[Unknown, int | None] = {}
    for row, _ in rows:
        for name in row:
            low[name], high[name] = 0, None
    for _ in range(ROUNDS):
        moved = [_tighten(row, number, low, high) for row, number in rows]
        if not any(moved):
            break
    return {name: low[name] for name in low if low[name] == high[name]}


def _reduced(equations: list[Equation]) -> list[Row]:
    """The equations, and what remains when each unknown is eliminated from the others: both bind the bounds. An equation taken so
    many times says the same: the numbers stay whole."""
    given = [({n: c for n, c in row.items() if c}, b) for row, b in equations]
    solved: list[Row] = []
    left = list(given)
    while left:
        row, number = left.pop()
        if not row:
            assert number == 0, "what is shown contradicts itself"
            continue
        pivot = min(row, key=repr)
        left = [_without(pivot, one, (row, number)) for one in left]
        solved = [_without(pivot, one, (row, number)) for one in solved] + [(row, number)]
    return given + solved


def _without(pivot: Unknown, one: Row, other: Row) -> Row:
    if pivot not in one[0]:
        return one
    mine, times = other[0][pivot], one[0][pivot]
    both = {n: mine * one[0].get(n, 0) - times * other[0].get(n, 0) for n in one[0].keys() | other[0].keys()}
    number = mine * one[1] - times * other[1]
    common = gcd(number, *both.values()) or 1
    return {n: c // common for n, c in both.items() if c}, number // common


def _tighten(row: dict[Unknown, int], number: int, low: dict[Unknown, int], high: dict[Unknown, int | None]) -> bool:
    moved = False
    for name, times in row.items():
        rest_low, rest_high = _range({n: c for n, c in row.items() if n != name}, low, high)
        most = None if rest_low is None else number - rest_low
        least = None if rest_high is None else number - rest_high
        if times < 0:
            most, least = least, most
        if most is not None and (high[name] is None or most // times < high[name]):  # type: ignore[operator]
            high[name], moved = most // times, True
        if least is not None and -(-least // times) > low[name]:
            low[name], moved = -(-least // times), True
    return moved


def _range(
    row: dict[Unknown, int], low: dict[Unknown, int], high: dict[Unknown, int | None]
) -> tuple[int | None, int | None]:
    least: int | None = 0
    most: int | None = 0
    for name, times in row.items():
        small, large = (low[name], high[name]) if times > 0 else (high[name], low[name])
        least = None if least is None or small is None else least + times * small
        most = None if most is None or large is None else most + times * large
    return least, most


def most_and_least(equations: Iterable[Equation], wanted: Unknown) -> tuple[int, int | None]:
    """The least and the most that an unknown can be by any solution over fractions: the simplex method, by Bland's rule, on
    all equations at once. None where there is no most."""
    rows = [({n: Fraction(c) for n, c in row.items() if c}, Fraction(b)) for row, b in equations]
    return int(-(_most(rows, wanted, -1) or 0)), None if (most := _most(rows, wanted, 1)) is None else int(most // 1)


def _most(rows: list[tuple[dict[Unknown, Fraction], Fraction]], wanted: Unknown, sign: int) -> Fraction | None:
    names = sorted({name for row, _ in rows for name in row}, key=repr)
    table, basis = [], []
    for at, (row, number) in enumerate(rows):
        side = -1 if number < 0 else 1
        line = [side * row.get(name, Fraction(0)) for name in names]
        table.append([*line, *(Fraction(at == other) for other in range(len(rows))), side * number])
        basis.append(len(names) + at)
    width = len(names) + len(rows)
    aim = [Fraction(0)] * len(names) + [Fraction(-1)] * len(rows)
    least = _climb(table, basis, aim, width)
    assert least == 0, "what is shown contradicts itself"
    for at, column in enumerate(basis):  # what was added to begin with leaves, where it can
        if column >= len(names):
            other = next((c for c in range(len(names)) if table[at][c]), None)
            if other is not None:
                _pivot(table, basis, at, other)
    aim = [Fraction(sign if name == wanted else 0) for name in names] + [Fraction(0)] * len(rows)
    return _climb(table, basis, aim, len(names))


def _climb(table: list[list[Fraction]], basis: list[int], aim: list[Fraction], width: int) -> Fraction | None:
    while True:
        gain = (
            column
            for column in range(width)
            if column not in basis
            and aim[column] > sum(aim[b] * row[column] for b, row in zip(basis, table, strict=True))
        )
        enters = next(gain, None)
        if enters is None:
            return sum((aim[b] * row[-1] for b, row in zip(basis, table, strict=True)), Fraction(0))
        leaves = min(
            ((row[-1] / row[enters], basis[at], at) for at, row in enumerate(table) if row[enters] > 0), default=None
        )
        if leaves is None:
            return None
        _pivot(table, basis, leaves[2], enters)


def _pivot(table: list[list[Fraction]], basis: list[int], at: int, column: int) -> None:
    scale = table[at][column]
    table[at] = [one / scale for one in table[at]]
    for other, row in enumerate(table):
        if other != at and row[column]:
            times = row[column]
            table[other] = [one - times * mine for one, mine in zip(row, table[at], strict=True)]
    basis[at] = column
