"""The list of labelled pairs of names, how it is judged, and that names nobody tuned on are told apart."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.names import PEERS, auc, figures_of, ours, read_pairs, recall_at_precision, transliterated
from shared.spelling import fold

# Particles and Oum, which is a word for kin, belong to no family of names.
SHARED_WORDS = {*"el o m ould mint oumou ولد بنت منت ام".split()}


def test_the_order_of_true_and_false_pairs_is_counted() -> None:
    # Of six pairs of a true and a false one four are in order and one is a tie.
    assert auc([0.9, 0.8, 0.5, 0.5, 0.1], [True, False, True, False, True][:5]) == pytest.approx(
        (2 + 1 * 0.5 + 0 + 0 + 0) / 6
    )


def test_recall_is_that_of_the_best_threshold_precise_enough() -> None:
    scores, same = [0.9, 0.8, 0.7, 0.6, 0.5], [True, True, False, True, False]

    assert recall_at_precision(scores, same, 0.95) == pytest.approx(2 / 3)
    assert recall_at_precision(scores, same, 0.75) == 1.0
    assert recall_at_precision([0.5, 0.5], [True, False], 0.95) == 0.0


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4]), st.booleans()), min_size=2, max_size=12))
def test_both_figures_are_those_of_counting_every_pair_and_every_threshold(told: list[tuple[float, bool]]) -> None:
    scores, same = [score for score, _ in told], [one for _, one in told]
    true, false = [s for s, one in told if one], [s for s, one in told if not one]
    if not true or not false:
        return
    ordered = sum((t > f) + (t == f) / 2 for t in true for f in false)
    recalls = [
        sum(t >= least for t in true) / len(true)
        for least in scores
        if sum(t >= least for t in true) >= 0.75 * sum(s >= least for s in scores)
    ]

    assert auc(scores, same) == pytest.approx(ordered / len(true) / len(false))
    assert recall_at_precision(scores, same, 0.75) == pytest.approx(max(recalls, default=0.0))


def test_the_list_has_enough_pairs_of_each_kind_and_no_pair_twice() -> None:
    pairs = read_pairs()

    assert len(pairs) >= 600
    assert len({frozenset((pair.a, pair.b)) for pair in pairs}) == len(pairs)
    for part in ("tuning", "test"):
        assert min(Counter(pair.same for pair in pairs if pair.part == part).values()) >= 120
        kinds = Counter(pair.kind for pair in pairs if pair.part == part)
        assert set(kinds) == {*"spelling script short order glued near_miss swap sibling relative stranger".split()}


def test_no_family_of_names_stands_in_both_parts() -> None:
    words = {
        part: {word for pair in read_pairs() if pair.part == part for word in fold(f"{pair.a} {pair.b}").split()}
        for part in ("tuning", "test")
    }

    assert words["tuning"] & words["test"] <= SHARED_WORDS


def test_names_nobody_tuned_on_are_told_apart_and_better_than_by_edit_distances() -> None:
    test = [pair for pair in read_pairs() if pair.part == "test"]

    told = figures_of(ours, test)

    assert told["auc"] >= 0.93
    assert told["recall_at_p95"] >= 0.75
    assert all(told["auc"] > figures_of(peer, test)["auc"] for peer in PEERS.values())


def test_the_plain_transliteration_writes_every_letter() -> None:
    assert transliterated("محمد ولد أحمد") == "mhmd ould ahmd"
    assert transliterated("Néma") == "nema"
    assert all(not "\u0600" <= char <= "\u06ff" for pair in read_pairs() for char in transliterated(pair.a + pair.b))
