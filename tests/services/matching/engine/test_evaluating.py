"""Reports of models on lists small enough to be counted by hand, and beside a slow count over sets."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.evaluating import EDGES, LEAST, Scored, evaluate
from services.matching.engine.groups import Grouping
from services.matching.engine.shares import share
from services.matching.engine.side_by_side import compare
from services.matching.engine.truth import Truth

Pair = tuple[int, int]  # left, right


def scored(name: str, told: dict[Pair, float], behind: dict[Pair, float] | None = None) -> Scored:
    """`told` is put forward; `behind` are pairs of lower rank of the same rows."""
    pairs = {**told, **(behind or {})}
    left, right = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    forward = np.array([pair in told for pair in pairs], bool)
    return Scored(name, left, right, np.array(list(pairs.values())), forward)


def truth(pairs: list[Pair], rows: int) -> Truth:
    return Truth(*(np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1)), rows)


TRUE = truth([(10, 0), (11, 1), (12, 2), (13, 3), (14, 4), (15, 5)], rows=8)
"""Of eight rows six are somebody's: 0 to 5."""
TOLD = {
    (10, 0): 0.99,  # linked, right
    (11, 1): 0.98,  # linked, right
    (99, 2): 0.975,  # linked to another: wrong, and its own pair is missed
    (13, 3): 0.60,  # asked, right
    (98, 6): 0.40,  # asked, nobody's
    (14, 4): 0.20,  # below: missed
}  # row 5 is met by nobody


def test_a_report_is_what_a_count_by_hand_gives() -> None:
    found = evaluate(scored("m", TOLD, behind={(12, 2): 0.02}), TRUE, [])
    link, ask = found["at_link"], found["at_ask"]
    assert found["rows"] == 8 and found["true_pairs"] == 6
    assert (link["taken"], link["right"], link["true"]) == (3, 2, 6)
    assert (ask["taken"], ask["right"], ask["true"]) == (5, 3, 6)
    assert [link[one]["value"] for one in ("precision", "recall", "f1")] == pytest.approx(
        [2 / 3, 2 / 6, 4 / 9], abs=1e-6
    )
    assert [ask[one]["value"] for one in ("precision", "recall", "f1")] == pytest.approx(
        [3 / 5, 3 / 6, 6 / 11], abs=1e-6
    )
    # One false link at 33; three of six neither linked nor asked at 3.3; two looks at 1.
    assert found["costs"] == {
        "false_links": 1, "missed": 3, "reviews": 2, "total": 44.9, "per_1000_rows": pytest.approx(5612.5),
    }  # fmt: skip
    assert found["reached"]["value"] == pytest.approx(5 / 6, abs=1e-6)  # all but row 5 are met, row 2 as the second


def test_calibration_is_by_bin_what_was_told_and_what_is_true() -> None:
    found = evaluate(scored("m", TOLD, behind={(12, 2): 0.02}), TRUE, [])
    bins = {(one["from"], one["to"]): (one["pairs"], one["told"], one["true"]["value"]) for one in found["calibration"]}
    assert bins == {
        (0.01, 0.05): (1, 0.02, 1.0),
        (0.2, 0.3): (1, 0.2, 1.0),
        (0.4, 0.5): (1, 0.4, 0.0),
        (0.6, 0.7): (1, 0.6, 1.0),
        (0.97, 0.99): (2, pytest.approx(0.9775), 0.5),
        (0.99, 1.0): (1, 0.99, 1.0),
    }
    apart = (0.98 + 0.8 + 0.4 + 0.4 + 2 * 0.4775 + 0.01) / 7
    assert found["calibration_error"] == pytest.approx(apart, abs=1e-6)


def test_the_curve_takes_pairs_of_one_probability_together() -> None:
    told = {(10, 0): 0.9, (99, 1): 0.9, (12, 2): 0.5}
    curve = evaluate(scored("m", told), TRUE, [])["curve"]
    assert [(one["threshold"], one["precision"], one["recall"]) for one in curve] == [
        (0.9, 0.5, pytest.approx(1 / 6, abs=1e-6)),
        (0.5, pytest.approx(2 / 3, abs=1e-6), pytest.approx(2 / 6, abs=1e-6)),
    ]


def a_list(wrong_of_first: int, of_first: int = 100, of_second: int = 400) -> tuple[Scored, Truth, Grouping]:
    """Two groups; of the first so many rows are not found, of the second one."""
    rows = of_first + of_second
    found = {(at, at): 0.99 for at in range(rows) if at >= wrong_of_first and at != rows - 1}
    of = np.array([0] * of_first + [1] * of_second)
    pairs = [(at, at) for at in range(rows)]
    return scored("m", found), truth(pairs, rows), Grouping("script", ("arabic", "latin"), of)


def test_a_group_whose_interval_lies_apart_is_marked_and_told_first() -> None:
    found = evaluate(*a_list(20)[:2], [a_list(20)[2]])
    own, rest = share(80, 100), share(399, 400)
    assert own and rest and own.high < rest.low
    assert found["clearly_worse"] == [
        {"by": "script", "group": "arabic", "measure": measure, "value": 0.8, "rest": 0.9975}
        for measure in ("recall", "recall_asked")
    ]
    by_group = {one["group"]: one for one in found["groups"]}
    assert [one["measure"] for one in by_group["arabic"]["worse"]] == ["recall", "recall_asked"]
    assert by_group["latin"]["worse"] == []


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_few_slips_are_no_pattern(wrong: int) -> None:
    scored_, truth_, groups = a_list(wrong, of_first=5)  # two of five missed lie apart, but two are two
    assert evaluate(scored_, truth_, [groups])["clearly_worse"] == []


def test_a_report_of_nothing_is_a_report() -> None:
    found = evaluate(scored("m", {}), truth([], 0), [])
    assert found["at_link"]["precision"] is None and found["at_link"]["recall"] is None
    assert found["calibration"] == [] and found["curve"] == [] and found["calibration_error"] is None
    assert found["costs"]["per_1000_rows"] is None


def drawn(seed: int) -> tuple[dict[Pair, float], dict[Pair, float], list[Pair], int]:
    """Pairs of two models, put forward and true: everything of a list by chance."""
    rng = random.Random(seed)
    rows = rng.randint(1, 40)
    told = [
        {(rng.randint(0, 30), at): round(rng.uniform(LEAST, 1.0), 3) for at in range(rows) if rng.random() < 0.8}
        for _ in range(2)
    ]
    return told[0], told[1], [(rng.randint(0, 30), at) for at in range(rows) if rng.random() < 0.7], rows


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6))
def test_a_count_over_sets_gives_the_same(seed: int) -> None:
    told, _, pairs, rows = drawn(seed)
    of = np.array([at % 3 for at in range(rows)])
    found = evaluate(scored("m", told), truth(pairs, rows), [Grouping("place", ("a", "b", "c"), of)])
    for name, inside in [("", range(rows)), *(("abc"[k], range(k, rows, 3)) for k in range(min(3, rows)))]:
        one: dict[str, Any] = found if not name else next(g for g in found["groups"] if g["group"] == name)
        true = {pair for pair in pairs if pair[1] in inside}
        linked = {pair for pair, p in told.items() if p >= 32 / 33 and pair[1] in inside}
        asked = {pair for pair, p in told.items() if p >= 1 / 3.3 and pair[1] in inside}
        for measure, taken in (("at_link", linked), ("at_ask", asked)):
            assert (one[measure]["taken"], one[measure]["right"]) == (len(taken), len(taken & true))
        cost = 33 * len(linked - true) + 3.3 * len(true - asked) + len(asked - linked)
        assert one["costs"]["total"] == pytest.approx(cost, abs=0.06)
    assert sum(one["pairs"] for one in found["calibration"]) == len(told)
    assert all(edge <= one["told"] for one, edge in zip(found["calibration"], EDGES, strict=False))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6))
def test_two_models_side_by_side_are_counted_as_over_sets(seed: int) -> None:
    first, other, pairs, rows = drawn(seed)
    found = compare(scored("a", first), scored("b", other), truth(pairs, rows), [])

    def right(told: dict[Pair, float], row: int) -> bool:
        linked = {pair for pair, p in told.items() if p >= 32 / 33 and pair[1] == row}
        return linked == {pair for pair in pairs if pair[1] == row}

    alone = [(right(first, row), right(other, row)) for row in range(rows)]
    assert found["right_only"] == [alone.count((True, False)), alone.count((False, True))]

    def decision(told: dict[Pair, float], pair: Pair) -> str:
        p = told.get(pair, 0.0)
        return "link" if p >= 32 / 33 else "adjudicate" if p >= 1 / 3.3 else "none"

    every = {*first, *other}
    assert found["decided"]["pairs"] == len(every)
    assert found["decided"]["differently"] == sum(decision(first, p) != decision(other, p) for p in every)
    for one in found["decided"]["told"]:
        these = [p for p in every if (decision(first, p), decision(other, p)) == (one["first"], one["other"])]
        assert (one["pairs"], one["true"]) == (len(these), len(set(these) & set(pairs)))


def test_the_better_of_two_wins_only_where_it_is_no_chance() -> None:
    pairs = [(at, at) for at in range(40)]
    of = np.array([0] * 30 + [1] * 10)
    good, poor = dict.fromkeys(pairs, 0.99), {pair: 0.99 for pair in pairs if pair[0] % 10 != 3}
    found = compare(scored("poor", poor), scored("good", good), truth(pairs, 40), [Grouping("sex", ("F", "M"), of)])
    # Four rows only the other decides right: p = 2 / 2^4 = 0.125, no winner.
    assert (found["right_only"], found["p"], found["winner"]) == ([0, 4], 0.125, None)
    poor = {pair: 0.99 for pair in pairs if pair[0] % 3}
    found = compare(scored("poor", poor), scored("good", good), truth(pairs, 40), [Grouping("sex", ("F", "M"), of)])
    # Fourteen: p = 2 / 2^14. Ten of them women (p = 2 / 2^10), four men.
    assert (found["right_only"], found["winner"]) == ([0, 14], 1)
    assert found["p"] == pytest.approx(2 / 2**14)
    assert [(one["group"], one["winner"]) for one in found["groups"]] == [("F", 1), ("M", None)]
    assert found["costs"] == [46.2, 0.0]
