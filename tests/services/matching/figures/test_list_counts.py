"""The counts of a list as they may be shown: nobody finds a small one."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.figures.list_counts import told, told_rows, told_totals


def row(code: str, fell_out: int, not_reached: int, chosen: int) -> dict[str, Any]:
    candidates = not_reached + chosen
    return {"commune": code, "in_area": fell_out + candidates, "candidates": candidates, "chosen": chosen, "people": 9}


def test_what_cannot_be_told_is_not_told_by_subtraction_either() -> None:
    # 100 in all: 30 do not meet the criteria, 2 cannot be told, 20 are excluded, 48 are left.
    counts = {"in_area": 100, "criteria_not_met": 30, "cannot_tell": 2, "excluded": 20, "candidates": 48, "chosen": 48}

    assert told_totals(counts) == {
        "in_area": 100, "criteria_not_met": 30, "cannot_tell": None, "excluded": None, "candidates": 48, "chosen": 48,
    }  # fmt: skip


def test_a_count_is_hidden_with_the_one_that_it_leaves() -> None:
    assert (told(4), told(5), told(0), told(8, 10), told(10, 10), told(5, 10)) == (None, 5, 0, None, 10, 5)


def test_a_commune_of_few_takes_the_next_smallest_with_it() -> None:
    shown = told_rows([row("A", 0, 0, 3), row("B", 0, 0, 20), row("C", 0, 0, 40)], "commune")

    assert [one["in_area"] for one in shown] == [None, None, 40]
    assert [(one["chosen"], one["people"]) for one in shown] == [(None, None), (None, None), (40, 9)]


CELL = st.sampled_from((0, 0, 1, 2, 5))
Table = tuple[tuple[int, int, int], ...]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL).filter(any), min_size=1, max_size=2))
def test_whoever_knows_the_rule_and_all_that_is_shown_finds_no_small_count(some: list[tuple[int, int, int]]) -> None:
    page = _page(tuple(some))
    fell_out, not_reached, chosen = (sum(column) for column in zip(*some, strict=True))
    most = (fell_out + not_reached + chosen,) * 3
    rows = [[cells for cells in product(*(range(one + 1) for one in most)) if _fits(one, cells)] for one in page[1]]
    totals = page[0]
    possible = [
        table
        for table in product(*rows)
        if sum(map(sum, table)) == most[0] and _fits(totals, tuple(sum(column) for column in zip(*table, strict=True)))
    ]

    for place, cells in enumerate(some):
        for column, count in enumerate(cells):
            if 0 < count < 5:
                assert len({table[place][column] for table in possible}) > 1


def _page(table: Table) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rows = [row("ABC"[place], *cells) for place, cells in enumerate(table)]
    whole = row("all", *(sum(column) for column in zip(*table, strict=True)))
    counts = whole | {"criteria_not_met": whole["in_area"] - whole["candidates"], "cannot_tell": 0, "excluded": 0}
    return told_totals(counts), told_rows(rows, "commune")


def _fits(shown: dict[str, Any], cells: tuple[int, ...]) -> bool:
    _, not_reached, chosen = cells
    told_of = {"in_area": sum(cells), "candidates": not_reached + chosen, "chosen": chosen}
    return bool(sum(cells)) and all(shown[name] in (None, value) for name, value in told_of.items())
