"""Answers of which not all can be told: their totals are, and nothing that would tell the few."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from services.matching.case_queries import _summary as of_cases
from services.matching.grievances.queries import _summary as of_grievances
from services.matching.matrix_simulating import _told as _simulated
from services.matching.queries import _told_of_pairs
from services.matching.responses.plan_queries import _reached
from services.matching.rules import suppressing


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No way is found to hide a few behind others."""
    monkeypatch.setattr(suppressing, "MOST_TRIES", 0)


def row(**counts: int) -> Any:
    return SimpleNamespace(program_a="A", program_b="B", desk="registry", program=None, days=3.0, **counts)


def test_a_list_of_five_says_how_long_it_is_and_not_where() -> None:
    """3, 1 and 1 of five, all of them enrolled: whoever knows the five could not be told that one of them is five."""
    (listed, enrolled), communes = _reached([("C1", 3, 3), ("C2", 1, 1), ("C3", 1, 1)], {})

    assert (listed, enrolled) == (5, 5)
    assert {(one.listed, one.enrolled) for one in communes} == {(None, None)}
    (listed, enrolled), _ = _reached([("C1", 3, 3), ("C2", 1, 1), ("C3", 1, 0)], {})
    assert (listed, enrolled) == (5, None), "four of five would tell one"


def test_households_of_no_known_wilaya_are_a_place_of_their_own_in_a_simulation() -> None:
    """30 in both programs in MR01 and 20 somewhere: all would be forbidden."""
    said = {"both": True, "before": "undecided", "after": "forbidden", "unknown": False}
    rows: list[Any] = [
        SimpleNamespace(wilaya="MR01", name_fr="Hodh Ech Chargui", name_ar=None, households=30, **said),
        SimpleNamespace(wilaya=None, name_fr=None, name_ar=None, households=20, **said),
    ]

    found = _simulated(("A", "B"), date(2026, 6, 1), rows)

    assert (found.households, found.after.forbidden, found.cases_opened) == (50, 50, 50)
    assert {one.wilaya_code: (one.households, one.after.forbidden) for one in found.wilayas} == {
        "MR01": (30, 30), None: (20, 20),
    }  # fmt: skip


@pytest.mark.usefixtures("hurried")
def test_the_programs_are_told_before_their_pairs() -> None:
    counted = {("A", "A"): 20, ("B", "B"): 30, ("C", "C"): 9, ("A", "B"): 3, ("A", "C"): 0, ("B", "C"): 8}

    shown = _told_of_pairs(["A", "B", "C"], counted)

    assert {pair: many for pair, many in shown.items() if many is not None} == {
        ("A", "A"): 20, ("B", "B"): 30, ("C", "C"): 9,
    }  # fmt: skip


@pytest.mark.usefixtures("hurried")
def test_of_cases_those_open_and_ended_are_told_before_what_became_of_them() -> None:
    few = {"reopened": 0, "disputed": 2, "overdue": 9}
    found = of_cases(row(opened=20, waiting=9, resolved=6, ceased=5, **few))

    assert (found.opened, found.waiting, found.resolved, found.ceased) == (20, 9, 6, 5)
    assert (found.reopened, found.disputed, found.overdue) == (None, None, None)


@pytest.mark.usefixtures("hurried")
def test_of_grievances_too() -> None:
    more = {"overdue": 0, "answered": 9, "upheld": 6, "escalated": 0, "reopened": 0}
    found = of_grievances(row(opened=20, waiting=9, closed=11, **more))

    assert (found.opened, found.waiting, found.closed) == (20, 9, 11)
    assert {found.overdue, found.answered, found.upheld, found.escalated, found.reopened} == {None}
