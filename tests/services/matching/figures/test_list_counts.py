"""The counts of a list as they may be shown: nobody finds a small one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.figures.list_counts import list_counts
from services.matching.rules import suppressing
from suppression_attacker import Equation, most_and_least


def row(code: str, fell_out: int, not_reached: int, chosen: int) -> dict[str, Any]:
    candidates = not_reached + chosen
    return {"commune": code, "in_area": fell_out + candidates, "candidates": candidates, "chosen": chosen, "people": 9}


def page(*rows: dict[str, Any], **told_otherwise: Any) -> dict[str, Any]:
    """The counts of a list of these communes."""
    whole = {name: sum(one[name] for one in rows) for name in ("in_area", "candidates", "chosen")}
    return whole | {
        "criteria_not_met": whole["in_area"] - whole["candidates"], "cannot_tell": 0, "excluded": 0, "top_up": 0,
        "missing": 0, "people": 9 * len(rows), "by_commune": list(rows), "by_category": [], "exclusions": [],
        "overlaps": [], "boundaries": [],
    } | told_otherwise  # fmt: skip


def test_what_cannot_be_told_is_not_told_by_subtraction_either() -> None:
    # 100 in all: 30 do not meet the criteria, 2 cannot be told, 20 are excluded, 48 are left.
    stages = {"criteria_not_met": 30, "cannot_tell": 2, "excluded": 20}
    shown = list_counts(page(row("A", 52, 0, 48), **stages))

    assert {name: shown[name] for name in ("in_area", *stages, "candidates", "chosen")} == {
        "in_area": 100, "criteria_not_met": 30, "cannot_tell": None, "excluded": None, "candidates": 48, "chosen": 48,
    }  # fmt: skip


def test_what_is_excluded_is_not_told_by_the_only_exclusion() -> None:
    """2 cannot be told and 20 are excluded, all by one program: its 20 would tell what is hidden."""
    tekavoul = {"program": "TEKAVOUL", "instead": "exclude", "households": 20, "doubtful": 6}
    stages = {"criteria_not_met": 30, "cannot_tell": 2, "excluded": 20}
    shown = list_counts(page(row("A", 52, 0, 48), **stages, exclusions=[tekavoul]))

    assert (shown["cannot_tell"], shown["criteria_not_met"]) == (None, None)
    assert (shown["excluded"], shown["exclusions"][0]["households"], shown["exclusions"][0]["doubtful"]) == (20, 20, 6)


@pytest.mark.parametrize(
    ("chosen", "in_other", "told"), [(40, 4, None), (40, 5, 5), (40, 0, 0), (40, 38, None), (40, 40, 40)]
)
def test_a_program_that_has_few_of_the_chosen_or_all_but_a_few_is_not_told(
    chosen: int, in_other: int, told: int | None
) -> None:
    temwine = {"program": "TEMWINE", "households": in_other, "with_doubtful": in_other, "overlap_class": None}
    shown = list_counts(page(row("A", 10, 10, chosen), overlaps=[temwine]))

    assert (shown["overlaps"][0]["households"], shown["overlaps"][0]["with_doubtful"]) == (told, told)
    assert shown["chosen"] == chosen


def test_a_commune_of_few_takes_the_next_smallest_with_it() -> None:
    shown = list_counts(page(row("A", 0, 0, 3), row("B", 0, 0, 20), row("C", 0, 0, 40)))["by_commune"]

    assert [one["in_area"] for one in shown] == [None, None, 40]
    assert [(one["chosen"], one["people"]) for one in shown] == [(None, None), (None, None), (40, 9)]


def test_who_asks_where_few_live_is_told_how_many_are_chosen_if_not_of_which_commune(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """3 do not meet the criteria, in three communes: no search is long enough to tell the communes, and 30 are chosen."""
    monkeypatch.setattr(suppressing, "MOST_TRIES", 4)
    shown = list_counts(page(row("A", 1, 20, 10), row("B", 1, 10, 10), row("C", 1, 30, 10)))

    assert (shown["in_area"], shown["chosen"], shown["missing"]) == (93, 30, 0)
    assert (shown["criteria_not_met"], shown["candidates"]) == (None, None)
    assert {one[name] for one in shown["by_commune"] for name in ("in_area", "candidates", "chosen")} == {None}


CELL = st.sampled_from((0, 0, 1, 2, 5, 9, 30))


@pytest.mark.parametrize("tries", [2, 4, suppressing.MOST_TRIES], ids=["totals", "some", "all"])
@settings(max_examples=60, deadline=None)
@given(some=st.lists(st.tuples(CELL, CELL, CELL).filter(any), min_size=1, max_size=4))
def test_a_reader_of_the_whole_page_finds_no_small_count(some: list[tuple[int, int, int]], tries: int) -> None:
    """Nor where the search is given up so early that only some tables, or the totals alone, are told."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(suppressing, "MOST_TRIES", tries)
        shown = list_counts(page(*(row("ABCD"[place], *cells) for place, cells in enumerate(some))))
    places = range(len(some))
    names = ("fell_out", "not_reached", "chosen")
    adding = {"in_area": names, "candidates": names[1:], "chosen": names[2:]}
    equations: list[Equation] = []
    for name, parts in adding.items():
        for place in places:
            if (count := shown["by_commune"][place][name]) is not None:
                equations.append(({(place, part): 1 for part in parts}, count))
        if shown[name] is not None:
            equations.append(({(place, part): 1 for place in places for part in parts}, shown[name]))
    if shown["criteria_not_met"] is not None:
        equations.append(({(place, "fell_out"): 1 for place in places}, shown["criteria_not_met"]))
    if not sum(cells[1] for cells in some):  # too few were found: nobody was left over anywhere
        equations += [({(place, "not_reached"): 1}, 0) for place in places]

    for place, cells in enumerate(some):
        for name, count in zip(names, cells, strict=True):
            if 0 < count < 5:
                _, most = most_and_least([*equations, ({(place, name): 1, "over": -1, "under": 1}, 0)], (place, name))
                assert most is None or most >= 5, (place, name)
