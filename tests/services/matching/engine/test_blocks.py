"""Which rows are looked up by which key, beside plain dictionaries and sets."""

from collections import defaultdict
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine import batch
from services.matching.engine.batch import Sides, TooManyPairs, allowed, judge_all, visit
from services.matching.engine.blocks import MOST_VISITED, Choosing, blocks_of, sizes_of
from services.matching.engine.fields import Field, Kind, layout_of
from services.matching.engine.keys import Rule, keys_of, plan_of
from services.matching.engine.model import Model, expert_shares
from services.matching.engine.packing import Vocabulary, pack
from services.matching.engine.rarity import rarity_of
from services.matching.engine.scoring import Tables, tables_of

KEYS = st.lists(st.sampled_from([0, 0, 1, 2, 3, 1 << 28, (1 << 28) + 1, (1 << 32) - 1]), max_size=60)


@settings(deadline=None)
@given(KEYS, KEYS)
def test_the_rows_of_a_key_are_those_of_a_dictionary(left: list[int], right: list[int]) -> None:
    expected: dict[int, list[int]] = defaultdict(list)
    for row, key in enumerate(left):
        if key:
            expected[key].append(row)

    blocks = blocks_of(np.array(left, np.uint32))
    for key, rows in expected.items():
        bucket = key >> blocks.shift
        here = slice(blocks.starts[bucket], blocks.starts[bucket + 1])
        assert blocks.rows[here][blocks.tags[here] == key].tolist() == rows
    assert len(blocks.rows) == sum(map(len, expected.values()))
    sizes = sizes_of(blocks, np.array(right, np.uint32))
    assert sizes.tolist() == [len(expected.get(key, [])) if key else 0 for key in right]


def test_a_block_too_large_is_passed_over_where_a_narrower_one_stands_in() -> None:
    choosing = Choosing(4)
    choosing.see(0, Rule("wide", 0, 0, 10), np.array([11, 11, 30_000, 0], np.uint32))
    choosing.see(1, Rule("narrow", 0, 0, 10), np.array([3, 20, 40_000, 0], np.uint32))
    chosen = choosing.chosen()
    # The first row has a narrow key; the others none, and are looked up by the smaller of their two blocks.
    assert chosen.rules.tolist() == [0b10, 0b01, 0b01, 0]
    assert chosen.pairs == 3 + 11 + MOST_VISITED
    assert chosen.passed_over == {"wide": 3, "narrow": 2}
    assert chosen.bounded == 2


def test_names_alone_that_many_bear_are_left_for_narrower_keys() -> None:
    layout = layout_of([Field("name", Kind.NAME), Field("phone", Kind.PHONE)])
    for bearers, looked_up in ((64, 64), (65, 1)):
        vocabulary = Vocabulary(layout)
        phones = [str(22_000_000 + at) for at in range(bearers)]
        rows = pack({"name": [pl.Series(["Mohamed Sidi Ahmed"] * bearers)], "phone": [pl.Series(phones)]}, vocabulary)
        plan = plan_of(layout)
        keys = keys_of(rows, layout, plan, vocabulary.names.arrays)
        chosen = allowed(Sides(rows, rows[:1], keys, keys[:1]), plan)
        by_rule = {rule.name: int(chosen.rules[0]) >> at & 1 for at, rule in enumerate(plan.rules)}
        assert by_rule["phone"] == 1
        # Up to 64 the row is looked up by its three names too; beyond, by its phone alone.
        assert by_rule["three names"] == (looked_up > 1)
        assert chosen.passed_over.get("three names", 0) == (looked_up == 1)


LAYOUT = layout_of(
    [
        Field("name", Kind.NAME, 2),
        Field("birth", Kind.DATE),
        Field("phone", Kind.PHONE, 2),
        Field("id", Kind.NUMBER),
        Field("place", Kind.PLACE, 1),
        Field("school", Kind.TEXT),
    ]
)
CELLS = {
    "name": (
        ["Mohamed Ould Ahmed", "Ahmed Ould Mohamed", "محمد ولد أحمد", "Sidi Moctar", "Sidimoctar", "Ba Mamadou", ""],
        ["Mohamed Ahmed Salem", "", ""],
    ),
    "birth": (["1990-05-12", "1990", "1991-01-02", ""],),
    "phone": (["22334455", "33445566", ""], ["22334455", "33445566", "", ""]),
    "id": (["9912345678", "9900000001", "", ""],),
    "place": (["Nema", "Kiffa", ""],),
    "school": (["Ecole 1", ""],),
}
RECORDS = st.fixed_dictionaries({name: st.tuples(*map(st.sampled_from, cells)) for name, cells in CELLS.items()})
Record = dict[str, tuple[str, ...]]


def packed(left: list[Record], right: list[Record] | None) -> tuple[Sides, Tables, Model]:
    vocabulary = Vocabulary(LAYOUT)

    def columns(records: list[Record]) -> dict[str, list[pl.Series]]:
        return {
            name: [pl.Series([one[name][at] for one in records], dtype=pl.String) for at in range(len(cells))]
            for name, cells in CELLS.items()
        }

    left_rows = pack(columns(left), vocabulary)
    right_rows = left_rows if right is None else pack(columns(right), vocabulary)
    plan, names = plan_of(LAYOUT), vocabulary.names.arrays
    sides = Sides(
        left_rows,
        right_rows,
        keys_of(left_rows, LAYOUT, plan, names),
        keys_of(right_rows, LAYOUT, plan, names),
        right is None,
    )
    bits, average = rarity_of(vocabulary, left_rows, right_rows)
    return sides, tables_of(vocabulary, bits), Model("expert", LAYOUT, *expert_shares(LAYOUT), average, -20.0)


def meeting(sides: Sides) -> set[tuple[int, int]]:
    """Every pair that shares a key under one of the rules, found one by one."""
    rules = plan_of(LAYOUT).rules
    pairs = product(range(len(sides.left)), range(len(sides.right)))
    return {
        (i, j)
        for i, j in pairs
        if (not sides.same or i < j)
        and any(sides.left_keys[i, one.left] == sides.right_keys[j, one.right] != 0 for one in rules)
    }


@settings(deadline=None, max_examples=20)
@given(st.lists(RECORDS, max_size=9), st.none() | st.lists(RECORDS, max_size=9))
def test_every_pair_that_shares_a_key_is_judged_once(left: list[Record], right: list[Record] | None) -> None:
    sides, tables, model = packed(left, right)
    plan = plan_of(LAYOUT)
    parts = list(visit(sides, plan, allowed(sides, plan), tables, model.fields(), -1e8))
    met = [pair for _, pairs in parts for pair in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)]
    assert len(met) == len(set(met)) == sum(seen for seen, _ in parts)
    assert set(met) == meeting(sides)


@settings(deadline=None, max_examples=20)
@given(st.lists(RECORDS, min_size=1, max_size=9), st.lists(RECORDS, min_size=1, max_size=9), st.floats(-40, 60))
def test_pruning_loses_no_pair_that_reaches_the_least_score(
    left: list[Record], right: list[Record], least: float
) -> None:
    sides, tables, model = packed(left, right)
    plan = plan_of(LAYOUT)
    rows = sorted(meeting(sides))
    a, b = (np.array([pair[at] for pair in rows], np.uint32) for at in (0, 1))
    whole = judge_all(sides, a, b, tables, model.fields())
    kept = [pairs for _, pairs in visit(sides, plan, allowed(sides, plan), tables, model.fields(), least)]
    found = {
        (i, j): score
        for pairs in kept
        for i, j, score in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.score.tolist(), strict=True)
    }
    # A hair's breadth around the least score is left to rounding.
    assert {pair for pair, score in zip(rows, whole.score, strict=True) if score > least + 1e-3} <= set(found)
    assert all(score >= least - 1e-3 for score in found.values())
    for pair, score in zip(rows, whole.score.tolist(), strict=True):
        assert found.get(pair, score) == pytest.approx(score, abs=1e-4)


@settings(deadline=None, max_examples=20)
@given(st.lists(RECORDS, min_size=1, max_size=7), st.lists(RECORDS, min_size=1, max_size=7))
def test_a_pair_scores_the_same_whichever_side_is_called_left(left: list[Record], right: list[Record]) -> None:
    scores = []
    for first, second in ((left, right), (right, left)):
        sides, tables, model = packed(first, second)
        model = Model("expert", LAYOUT, *expert_shares(LAYOUT), np.full(len(LAYOUT.fields), 6.0), -20.0)
        rows = np.indices((len(first), len(second)), np.uint32).reshape(2, -1)
        scores.append(judge_all(sides, rows[0], rows[1], tables, model.fields()).score.reshape(len(first), -1))
    np.testing.assert_allclose(scores[0], scores[1].T, atol=1e-4)


def test_of_two_phones_in_common_the_rarer_counts() -> None:
    record: Record = {name: tuple("" for _ in cells) for name, cells in CELLS.items()}
    both, turned, crowd = (
        record | {"phone": phones} for phones in (("22334455", "33445566"), ("33445566", "22334455"), ("22334455", ""))
    )
    sides, tables, model = packed([both, crowd, crowd, crowd], [turned])
    first = np.zeros(1, np.uint32)
    judged = judge_all(sides, first, first, tables, model.fields())
    # 33445566 stands on one record of either list; 22334455 on four of the left, which costs two bits.
    number = LAYOUT.position("phone")
    assert judged.bits[0, number] == pytest.approx(model.bits()[number, 1], abs=1e-4)


def test_too_many_probable_pairs_are_refused_before_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    same: Record = {name: tuple(cell[0] for cell in cells) for name, cells in CELLS.items()}
    sides, tables, model = packed([same] * 100, [same] * 100)
    plan = plan_of(LAYOUT)
    monkeypatch.setattr(batch, "MOST_PAIRS", 5_000)
    with pytest.raises(TooManyPairs):
        list(visit(sides, plan, allowed(sides, plan), tables, model.fields(), -1e8))
