"""Whole lists from their columns to the pairs: what must hold whatever the lists are, and lists nobody would wish for."""

import random
from time import perf_counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.fields import Field, Kind, layout_of
from services.matching.engine.lists import OtherFields, Outcome, Stopped, compare_lists, result_of
from services.matching.engine.model import Model, expert_shares, thresholds

FIELDS = (
    Field("name", Kind.NAME),
    Field("birth", Kind.DATE),
    Field("phone", Kind.PHONE),
    Field("id", Kind.NUMBER),
    Field("place", Kind.PLACE, 2),
    Field("sex", Kind.SEX),
)
GIVEN = (
    "Mohamed Sidi Ahmed Cheikh Brahim Moussa Oumar Aichetou Mariem Fatimetou Khadijetou Vatma Lalla Zeinabou Aminata"
    " Moctar Yahya Isselmou Bilal Demba Samba Coumba Hawa Kadia"
).split()
FAMILIES = "Diallo Ba Sow Kane Sarr Dieng Camara Traore Bowba Lemrabott Ebnou Beyrouk Sneiba Zeidane Abeidna".split()
PLACES = [("Hodh Chargui", "Nema"), ("Hodh Chargui", "Bassikounou"), ("Assaba", "Kiffa"), ("Brakna", "Aleg")]
Row = dict[str, str]
Pairs = dict[tuple[str, str], float]


def country(people: int, seed: int) -> list[Row]:
    """People of 24 given names, fathers and families, by a seed; every third has no number, every fourth no phone."""
    rng = random.Random(seed)
    rows = []
    for at in range(people):
        wilaya, moughataa = rng.choice(PLACES)
        rows.append(
            {
                "key": f"p{at}",
                "name": f"{rng.choice(GIVEN)} {rng.choice(GIVEN)} {rng.choice(FAMILIES)}",
                "birth": f"{rng.randint(1940, 2015)}-{rng.randint(2, 11):02}-{rng.randint(1, 28):02}",
                "phone": "" if rng.random() < 0.25 else str(rng.randint(20_000_000, 49_999_999)),
                "id": "" if rng.random() < 0.33 else str(rng.randint(9_900_000_000, 9_999_999_999)),
                "wilaya": wilaya,
                "moughataa": moughataa,
                "sex": rng.choice("FM"),
            }
        )
    return rows


def as_a_clerk_writes(row: Row, rng: random.Random) -> Row:
    """The same person on another list: a number lost or slipped, a year alone, a name cut, another phone."""
    out = dict(row)
    if out["id"] and rng.random() < 0.5:
        out["id"] = "" if rng.random() < 0.8 else out["id"][:-1] + "7"
    if rng.random() < 0.3:
        out["birth"] = out["birth"][:4]
    if rng.random() < 0.2:
        out["name"] = " ".join(out["name"].split()[:2])
    if rng.random() < 0.4:
        out["phone"] = str(rng.randint(20_000_000, 49_999_999))
    return out


def columns(rows: list[Row]) -> dict[str, list[pl.Series]]:
    def of(*names: str) -> list[pl.Series]:
        return [pl.Series(name, [row[name] for row in rows], pl.String) for name in names]

    return {
        "name": of("name"), "birth": of("birth"), "phone": of("phone"), "id": of("id"),
        "place": of("wilaya", "moughataa"), "sex": of("sex"),
    }  # fmt: skip


def expert(rows: int = 300) -> Model:
    """What an expert expects, for lists of so many rows."""
    layout = layout_of(FIELDS)
    average = np.array([{Kind.NAME: 8.0}.get(one.kind, 0.0) for one in layout.fields])
    return Model("expert", layout, *expert_shares(layout), average, -float(np.log2(2 * rows)))


def compared(left: list[Row], right: list[Row] | None, **asked: object) -> Outcome:
    return compare_lists(FIELDS, columns(left), None if right is None else columns(right), **asked)  # type: ignore[arg-type]


def by_key(outcome: Outcome, left: list[Row], right: list[Row]) -> Pairs:
    pairs = zip(outcome.pairs.left.tolist(), outcome.pairs.right.tolist(), outcome.probability.tolist(), strict=True)
    return {(left[i]["key"], right[j]["key"]): probability for i, j, probability in pairs}


@pytest.fixture(scope="module")
def lists() -> tuple[list[Row], list[Row]]:
    rng = random.Random(5)
    left = country(300, 1)
    right = [as_a_clerk_writes(row, rng) for row in left[:150]] + [
        row | {"key": f"q{row['key']}"} for row in country(60, 2)
    ]
    return left, right


def test_the_order_of_rows_changes_nothing(lists: tuple[list[Row], list[Row]]) -> None:
    left, right = lists
    told = by_key(compared(left, right, model=expert(), assignment="many"), left, right)
    shuffled_left, shuffled_right = random.Random(3).sample(left, len(left)), random.Random(4).sample(right, len(right))
    again = by_key(
        compared(shuffled_left, shuffled_right, model=expert(), assignment="many"), shuffled_left, shuffled_right
    )
    # With a fixed model nothing is drawn at random; a model that is learned draws its sample by the rows' places.
    assert len(told) > 100
    assert told == pytest.approx(again, abs=1e-9)


def test_the_scores_are_the_same_whichever_list_is_called_left(lists: tuple[list[Row], list[Row]]) -> None:
    left, right = lists
    one = compared(left, right, model=expert(), assignment="many", least=0.0)
    other = compared(right, left, model=expert(), assignment="many", least=0.0)
    scores, turned = (
        dict(zip(zip(a.tolist(), b.tolist(), strict=True), outcome.pairs.score.tolist(), strict=True))
        for outcome, a, b in (
            (one, one.pairs.left, one.pairs.right),
            (other, other.pairs.right, other.pairs.left),
        )
    )
    assert set(scores) == set(turned)
    assert scores == pytest.approx(turned, abs=1e-4)


def test_a_file_beside_itself_finds_what_deduplicating_it_finds(lists: tuple[list[Row], list[Row]]) -> None:
    rows = [*lists[0], *lists[1]]
    alone = compared(rows, None, model=expert(), least=0.0)
    beside = compared(rows, rows, model=expert(), least=0.0, assignment="many")
    found = set(zip(alone.pairs.left.tolist(), alone.pairs.right.tolist(), strict=True))
    twice = set(zip(beside.pairs.left.tolist(), beside.pairs.right.tolist(), strict=True))
    assert found
    assert all(i < j for i, j in found)
    assert {(i, j) for i, j in twice if i < j} == found
    assert {(j, i) for i, j in twice if i > j} == found


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 1 << 20))
def test_one_to_one_gives_nobody_two_partners(seed: int) -> None:
    rng = random.Random(seed)
    people = country(12, seed)
    left, right = ([as_a_clerk_writes(rng.choice(people), rng) for _ in range(40)] for _ in range(2))
    one = compared(left, right, model=expert(), least=0.0)
    many = compared(left, right, model=expert(), least=0.0, assignment="many")
    for side in (one.pairs.left, one.pairs.right):
        assert len(set(side.tolist())) == len(side)
    pairs = set(zip(many.pairs.left.tolist(), many.pairs.right.tolist(), strict=True))
    assert set(zip(one.pairs.left.tolist(), one.pairs.right.tolist(), strict=True)) <= pairs
    # Several candidates of one row share one probability: it is one person at the most.
    assert (np.bincount(many.pairs.right, many.probability) <= 1.0 + 1e-9).all()


def test_a_model_written_and_read_gives_the_same_pairs(lists: tuple[list[Row], list[Row]]) -> None:
    left, right = lists
    learned = compared(left, right).model
    read = Model.from_json(learned.to_json())
    assert read.to_json() == learned.to_json()
    told, again = (compared(left, right, model=one, least=0.0) for one in (learned, read))
    assert told.pairs.left.tolist() == again.pairs.left.tolist()
    assert told.probability.tolist() == again.probability.tolist()
    assert told.pairs.bits.tolist() == again.pairs.bits.tolist()


def test_a_model_for_other_fields_is_refused_with_those_it_was_made_for(lists: tuple[list[Row], list[Row]]) -> None:
    with pytest.raises(OtherFields, match="id, phone, birth, sex, place, name"):
        compare_lists(FIELDS[:2], columns(lists[0]), None, model=expert())


def test_who_asks_for_it_is_told_and_may_stop(lists: tuple[list[Row], list[Row]]) -> None:
    heard: list[tuple[str, float]] = []
    compared(*lists, told=lambda stage, done: heard.append((stage, done)))
    assert {stage for stage, _ in heard} == {"pack", "train", "compare", "decide"}
    assert all(0.0 <= done <= 1.0 for _, done in heard)
    with pytest.raises(Stopped):
        compared(*lists, stop=lambda: True)


def test_a_result_has_a_row_for_each_pair_with_its_reasons(lists: tuple[list[Row], list[Row]]) -> None:
    left, right = lists
    outcome = compared(left, right, model=expert())
    frame = result_of(outcome, *(pl.Series([row["key"] for row in rows]) for rows in (left, right)))
    weights = [f"weight_{one.name}" for one in outcome.layout.fields]
    assert frame.columns == ["left_id", "right_id", "probability", "weight", "decision", *weights]
    np.testing.assert_allclose(frame.select(pl.sum_horizontal(weights)).to_series(), frame["weight"], atol=1e-3)
    link, _ = thresholds()
    assert set(frame.filter(pl.col("probability") >= link)["decision"]) == {"link"}
    assert frame["probability"].is_sorted(descending=True)
    linked = frame.filter(pl.col("decision") == "link")
    assert linked.filter(pl.col("left_id") == pl.col("right_id")).height > 0.97 * linked.height > 0


ODD_NAMES = (
    "", " ", "a", "م", "x" * 500, "م" * 500, "Mohamed محمد Ould ولد", "😀😀", "\x01\x1f", "'-'", "ـــ", "12 34",
    " ".join(["Ould"] * 100), " ".join(f"n{at}" for at in range(200)), "\u202e\u200f", "é\u0301\u0302", "ǅ", "\U00020000",
)  # fmt: skip


def blank(name: str = "", **cells: str) -> Row:
    empty = dict.fromkeys(("key", "birth", "phone", "id", "wilaya", "moughataa", "sex"), "")
    return {**empty, "name": name, **cells}


@pytest.mark.parametrize("model", [None, expert()], ids=["learned", "fixed"])
def test_names_nobody_has_are_compared_like_others(model: Model | None) -> None:
    rows = [blank(name, birth="1990-05-12", key=name) for name in ODD_NAMES]
    outcome = compared(rows, list(reversed(rows)), model=model, least=0.0)
    assert np.isfinite(outcome.pairs.score).all()
    assert ((outcome.probability >= 0) & (outcome.probability <= 1)).all()
    assert np.isfinite(compared(rows, None, model=model, least=0.0).pairs.score).all()


@pytest.mark.parametrize("model", [None, expert()], ids=["learned", "fixed"])
@pytest.mark.parametrize(("left", "right"), [(0, 0), (0, 5), (5, 0), (1, 1), (5, 5)], ids=lambda rows: f"{rows} rows")
def test_records_that_say_nothing_meet_nobody(left: int, right: int, model: Model | None) -> None:
    outcome = compared([blank()] * left, [blank()] * right, model=model)
    assert (len(outcome.pairs), outcome.compared) == (0, 0)
    assert len(compared([blank()] * left, None, model=model).pairs) == 0


@pytest.mark.parametrize("rows", [0, 1])
def test_people_beside_an_empty_list_meet_nobody(rows: int) -> None:
    people = country(50, 1)
    assert len(compared(people, [blank()] * rows).pairs) == 0
    assert len(compared([blank()] * rows, people).pairs) == 0


@pytest.mark.parametrize("missing", ["id", "birth", "phone", "name"])
def test_a_column_in_which_nothing_is_written_weighs_nothing(lists: tuple[list[Row], list[Row]], missing: str) -> None:
    left, right = ([row | {missing: ""} for row in rows] for rows in lists)
    outcome = compared(left, right, model=expert())
    at = outcome.layout.position(missing)
    assert len(outcome.pairs) > 50
    assert not outcome.pairs.bits[:, at].any()


BOUND_S, LONG_BOUND_S = 15.0, 60.0
"""On two busy cores, the compiling left out. Twenty thousand rows by twenty thousand are 200 million pairs; eight, a sixth."""
ONE_PHONE, ONE_NAME, ONE_NUMBER = {"phone": "22334455"}, {"name": "Mohamed Ould Ahmed Salem"}, {"id": "9912345678"}


@pytest.mark.parametrize(
    ("rows", "cells", "bound"),
    [
        pytest.param(16_000, ONE_PHONE, BOUND_S, id="one phone on 16,000 rows"),
        pytest.param(8_000, ONE_NAME, BOUND_S, id="one name 8,000 times"),
        pytest.param(8_000, ONE_NUMBER, BOUND_S, id="one number 8,000 times"),
        pytest.param(40_000, ONE_PHONE, LONG_BOUND_S, id="one phone on 40,000 rows", marks=pytest.mark.long),
        pytest.param(20_000, ONE_NAME, LONG_BOUND_S, id="one name 20,000 times", marks=pytest.mark.long),
        pytest.param(20_000, ONE_NUMBER, LONG_BOUND_S, id="one number 20,000 times", marks=pytest.mark.long),
    ],
)
def test_a_value_that_everybody_bears_takes_bounded_time_and_links_nobody(rows: int, cells: Row, bound: float) -> None:
    people = [{**row, **cells} for row in country(2_000, 7)] if "phone" in cells else [blank()]
    crowd = [{**people[at % len(people)], **cells, "key": str(at)} for at in range(rows)]
    if "phone" in cells:
        crowd = [row | {"id": "", "name": f"{row['name']} {at}", "birth": ""} for at, row in enumerate(crowd)]
    began = perf_counter()
    outcome = compared(crowd, None)
    assert perf_counter() - began < bound
    assert not (outcome.probability > 0.97).any()


@pytest.mark.parametrize(
    ("registered", "asked", "number"), [(2, 1, "9900000130"), (5, 3, "9900000324"), (2, 1, ""), (5, 3, "")]
)
def test_in_lists_of_a_few_rows_the_obvious_pair_is_found(registered: int, asked: int, number: str) -> None:
    """Of one row against two every second random pair is one person: what is learned from them must not hide the rest."""
    people = [
        ("9900000033", "Mohamed Ould Ahmed", "1980-05-06"),
        ("9900000130", "Mariem Mint Salem", "1991-02-03"),
        ("9900000227", "Yeslem Ould Bowba", "1975-11-12"),
        ("9900000324", "Zeinabou Mint Cheikh", "2001-07-08"),
        ("9900000421", "Sidi Ould Moctar", "1966-01-09"),
    ]
    fields = (Field("id", Kind.NUMBER), Field("name", Kind.NAME), Field("birth", Kind.DATE), Field("sex", Kind.SEX, 0))

    def columns(rows: list[tuple[str, str, str]]) -> dict[str, list[pl.Series]]:
        by_field = zip(("id", "name", "birth"), zip(*rows, strict=True), strict=True)
        return {name: [pl.Series(column)] for name, column in by_field}

    _, name, birth = people[asked]
    outcome = compare_lists(fields, columns(people[:registered]), columns([(number, name, birth)]))

    assert outcome.pairs.left.tolist() == [asked]
    assert outcome.probability[0] > 0.97
