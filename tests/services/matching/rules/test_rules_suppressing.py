"""Counts as they may be shown: worked out by hand, and against a reader who tries every number there could be."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.rules.suppressing import SMALLEST_CELL, Sum, hidden, is_small, told, told_by_table
from suppression_attacker import Equation, most_and_least

COUNT = st.one_of(st.integers(0, 6), st.integers(0, 40))


def of_table(rows: Sequence[Sequence[int]]) -> tuple[dict[tuple[int, int], int], list[Sum[tuple[int, int]]]]:
    """A table with its totals in the last column and the last row."""
    table = [[*row, sum(row)] for row in rows]
    table.append([sum(column) for column in zip(*table, strict=True)])
    down, across = len(table) - 1, len(table[0]) - 1
    counts = {(r, c): count for r, row in enumerate(table) for c, count in enumerate(row)}
    sums: list[Sum[tuple[int, int]]] = [((r, across), [(r, c) for c in range(across)]) for r in range(down + 1)]
    sums += [((down, c), [(r, c) for r in range(down)]) for c in range(across + 1)]
    return counts, sums


def tells_nothing(counts: Mapping[Any, int], sums: Sequence[Sum[Any]], gone: set[Any]) -> None:
    """A small count is hidden, and for all that a reader can work out it may as well be SMALLEST_CELL."""
    equations: list[Equation] = []
    for whole, parts in sums:
        row = {**dict.fromkeys(parts, 1), whole: -1}
        unknown = {cell: side for cell, side in row.items() if cell in gone}
        equations.append((unknown, -sum(side * counts[cell] for cell, side in row.items() if cell not in gone)))
    for cell, count in counts.items():
        if is_small(count):
            assert cell in gone
            _, most = most_and_least(equations, cell)
            assert most is None or most >= SMALLEST_CELL, (cell, count, most)


def shown_of(rows: Sequence[Sequence[int]]) -> list[list[int | None]]:
    counts, sums = of_table(rows)
    gone = hidden(counts, sums)
    return [[None if (r, c) in gone else counts[r, c] for c in range(len(rows[0]) + 1)] for r in range(len(rows) + 1)]


def test_a_small_count_hides_a_rectangle_of_counts_with_it() -> None:
    """By hand: 3 is few. 10 less 7 would tell it, and 23 less 20, so both go; then 29 less 9 would tell 20, so 9 goes."""
    assert shown_of([[3, 7, 0], [20, 9, 0]]) == [[None, None, 0, 10], [None, None, 0, 29], [23, 16, 0, 39]]
    assert shown_of([[5, 6], [0, 8]]) == [[5, 6, 11], [0, 8, 8], [5, 14, 19]]


def test_what_is_hidden_together_is_not_few_either() -> None:
    """1 and 2 of 43: 43 less 40 would say that three are there, so 40 is hidden with them, or the 43."""
    assert told({"all": 43, "a": 1, "b": 2, "c": 40}, [("all", ["a", "b", "c"])]) == {
        "all": 43, "a": None, "b": None, "c": None,
    }  # fmt: skip


def test_what_is_left_of_a_whole_is_hidden_as_what_is_shown_of_it() -> None:
    """38 of 40 leave two; 40 of 40 leave nobody, who needs no hiding."""
    assert told({"all": 40, "a": 38}, parts=[("all", "a")]) == {"all": 40, "a": None}
    assert told({"all": 40, "a": 40}, parts=[("all", "a")]) == {"all": 40, "a": 40}
    assert told({"all": 40, "a": 38}, parts=[("all", "a")], fixed=["a"]) == {"all": None, "a": 38}


def test_two_tables_that_share_their_totals_are_one_answer() -> None:
    """By place 3 and 37, by kind 20 and 20: the places hide each other, and the kinds stay."""
    shown = told({"all": 40, "p": 3, "q": 37, "k": 20, "l": 20}, [("all", ["p", "q"]), ("all", ["k", "l"])])
    assert shown == {"all": 40, "p": None, "q": None, "k": 20, "l": 20}


def test_a_table_of_few_shows_nothing_but_nobody() -> None:
    assert told({"all": 3, "a": 3, "b": 0}, [("all", ["a", "b"])]) == {"all": None, "a": None, "b": 0}


def test_where_a_whole_answer_cannot_be_told_its_first_tables_are() -> None:
    """Six, of whom two are of each kind: 6 is known, so none of the two could be five. All six are told, and no kind is."""
    counts = {"meant": 8, "missed": 6, "a": 2, "b": 2, "c": 2, "rest": 2}
    sums: list[Sum[str]] = [("missed", ["a", "b", "c"]), ("meant", ["missed", "rest"])]
    known = {"fixed": ["meant", "missed"]}
    assert set(told({**counts, "meant": 6, "rest": 0}, sums, following=["rest"], **known).values()) == {None}

    shown = told_by_table(
        {**counts, "meant": 6, "rest": 0}, sums, [], [["meant", "missed", "rest"], ["a", "b", "c"]],
        following=["rest"], together=lambda cell: "kinds" if cell in "abc" else cell, **known,
    )  # fmt: skip
    assert shown == {"meant": 6, "missed": 6, "a": None, "b": None, "c": None, "rest": None}
    nothing = told_by_table(
        counts, sums, [], [["meant", "missed", "rest"], ["a", "b", "c"]], following=["rest"], **known
    )
    assert set(nothing.values()) == {None}, "of eight six would tell the two"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(COUNT, min_size=3, max_size=3), min_size=1, max_size=4))
def test_no_small_cell_of_a_table_with_its_totals_can_be_told(rows: list[list[int]]) -> None:
    counts, sums = of_table(rows)
    tells_nothing(counts, sums, hidden(counts, sums))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(COUNT, COUNT, COUNT), min_size=1, max_size=4), st.lists(COUNT, min_size=1, max_size=3))
def test_nor_of_several_that_share_them(rows: list[tuple[int, int, int]], cuts: list[int]) -> None:
    """Places with who is in a program, before and after, and the same households by kind."""
    total = sum(sum(row) for row in rows)
    counts: dict[Any, int] = {"all": total}
    sums: list[Sum[Any]] = [("all", [("place", at) for at in range(len(rows))])]
    for at, row in enumerate(rows):
        counts |= {("place", at): sum(row), ("in", at): row[0] + row[1], ("stay", at): row[0], ("came", at): row[1]}
        counts["out", at] = row[2]
        sums += [(("place", at), [("in", at), ("out", at)]), (("in", at), [("stay", at), ("came", at)])]
    kinds, left = [], total
    for at, cut in enumerate(cuts):
        counts["kind", at] = min(cut, left)
        left -= counts["kind", at]
        kinds.append(("kind", at))
    counts["kind", "rest"] = left
    sums.append(("all", [*kinds, ("kind", "rest")]))
    following = [cell for cell in counts if cell[0] in ("came", "out")]
    gone = hidden(counts, sums, following=following)

    assert set(following) <= gone
    tells_nothing(counts, sums, gone)


def test_a_country_of_communes_is_hidden_within_a_second_and_keeps_most_of_its_counts() -> None:
    rows = [[(at * 7) % 45, (at * 13) % 90, (at * 31) % 400] for at in range(238)]
    counts, sums = of_table(rows)
    gone = hidden(counts, sums)

    few = sum(map(is_small, counts.values()))
    assert few > 20 and len(gone) < 4 * few
    assert all(cell in gone for cell, count in counts.items() if is_small(count))
