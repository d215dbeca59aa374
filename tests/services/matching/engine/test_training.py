"""Models: what is learned from pairs whose truth is known, what a score is worth, and models nobody should trust."""

import json
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.calibrating import _never_falling
from services.matching.engine.fields import DESCENDING, LEVELS, MOST_LEVELS, Field, Kind, layout_of
from services.matching.engine.lists import compare_lists
from services.matching.engine.model import EXPERT, Model, empty_shares, expert_shares, thresholds
from services.matching.engine.training import _maximised, settled_prior

LAYOUT = layout_of(
    [Field("id", Kind.NUMBER), Field("birth", Kind.DATE), Field("sex", Kind.SEX), Field("name", Kind.NAME)]
)


def shares(rng: np.random.Generator, kind: Kind, of_one: bool) -> list[float]:
    """A made-up truth: for pairs of one person agreement is likely, for strangers disagreement."""
    levels = len(LEVELS[kind]) - 1
    drawn = rng.dirichlet(np.ones(levels)) * 0.2
    drawn[0 if of_one else -1] += 0.8
    return list(drawn)


def drawn_levels(rng: np.random.Generator, truth: np.ndarray[Any, Any], pairs: int) -> np.ndarray[Any, Any]:
    """[pairs, fields]: each field's level drawn on its own, missing in one pair of ten."""
    out = np.zeros((pairs, len(LAYOUT.fields)), np.uint8)
    for at, field in enumerate(LAYOUT.fields):
        known = len(field.levels) - 1
        out[:, at] = 1 + rng.choice(known, pairs, p=truth[at, 1 : known + 1])
        out[rng.random(pairs) < 0.1, at] = 0
    return out


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("true_share", [0.05, 0.5, 0.95])
def test_what_pairs_were_drawn_from_is_learned_from_them(seed: int, true_share: float) -> None:
    rng = np.random.default_rng(seed)
    m, u = empty_shares(LAYOUT), empty_shares(LAYOUT)
    for at, field in enumerate(LAYOUT.fields):
        known = slice(1, len(field.levels))
        m[at, known], u[at, known] = shares(rng, field.kind, True), shares(rng, field.kind, False)
    pairs = 100_000
    matches = int(pairs * true_share)
    levels = np.concatenate((drawn_levels(rng, m, matches), drawn_levels(rng, u, pairs - matches)))

    told, counts = _maximised(
        levels, np.zeros(levels.shape, np.float32), np.ones(len(LAYOUT.fields), bool), LAYOUT, u, start=0.3
    )

    # With 5,000 pairs of one person the standard error of a share is below 0.007, and who is one is not known for sure.
    assert told == pytest.approx(matches, rel=0.05)
    for at, field in enumerate(LAYOUT.fields):
        known = slice(1, len(field.levels))
        np.testing.assert_allclose(counts[at, known] / counts[at, known].sum(), m[at, known], atol=0.03)


def test_the_prior_settles_where_the_expected_pairs_are_as_many_as_it_says() -> None:
    model = Model("any", LAYOUT, *expert_shares(LAYOUT), np.zeros(4), -20.0)
    # 300 pairs beyond doubt and 5,000 that are nobody's, of a thousand rows by a thousand.
    scores = np.concatenate((np.full(300, 60.0), np.full(5_000, -40.0))).astype(np.float32)
    assert settled_prior(model, scores, 1_000, 1_000) == pytest.approx(np.log2(300 / (1e6 - 300)), abs=0.02)
    assert settled_prior(model, scores[:0], 0, 1_000) == -20.0


def nearest_rising(values: list[float], weights: list[float]) -> list[float]:
    """The definition: at each place the largest, over where a stretch may begin, of the least mean to where it may end."""

    def mean(first: int, last: int) -> float:
        return float(np.average(values[first : last + 1], weights=weights[first : last + 1]))

    places = range(len(values))
    return [max(min(mean(a, b) for b in places if b >= at) for a in places if a <= at) for at in places]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.5, 100)), min_size=1, max_size=12))
def test_values_are_made_to_rise_as_little_as_they_need(points: list[tuple[float, float]]) -> None:
    values, weights = (list(one) for one in zip(*points, strict=True))
    risen = _never_falling(np.array(values), np.array(weights))
    np.testing.assert_allclose(risen, nearest_rising(values, weights), atol=1e-9)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_level_that_must_not_weigh_more_does_not(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(list(Kind)))
    layout = layout_of([Field("one", kind)])
    m, u = empty_shares(layout), empty_shares(layout)
    levels = LEVELS[kind]
    for share in (m, u):
        share[0, 1 : len(levels)] = data.draw(
            st.lists(st.floats(1e-7, 1.0), min_size=len(levels) - 1, max_size=len(levels) - 1)
        )
    bits = Model("any", layout, m, u, np.zeros(1), -10.0).bits()[0]
    assert bits[0] == 0.0
    assert not bits[len(levels) :].any()
    for order in DESCENDING[kind]:
        told = [bits[levels.index(level)] for level in order]
        assert told == sorted(told, reverse=True)


def test_a_missing_field_and_levels_beyond_a_kinds_own_weigh_nothing() -> None:
    bits = Model("expert", LAYOUT, *expert_shares(LAYOUT), np.zeros(4), -20.0).bits()
    assert bits.shape == (4, MOST_LEVELS)
    assert not bits[:, 0].any()


@pytest.mark.parametrize("kind", list(Kind))
def test_what_an_expert_expects_is_whole(kind: Kind) -> None:
    assert set(EXPERT[kind]) == set(LEVELS[kind]) - {"missing"}
    assert all(0 < m <= 1 and 0 < u <= 1 for m, u in EXPERT[kind].values())


def test_thresholds_follow_from_costs() -> None:
    # A link at p costs (1 - p) * 33, a look 1: the same at p = 32/33. No link at p costs p * 3.3: the same at 1/3.3.
    assert thresholds() == pytest.approx((32 / 33, 1 / 3.3))
    assert thresholds(false_link=10, missed_link=5, review=2) == pytest.approx((0.8, 0.4))


def test_beyond_its_curve_a_bit_of_score_is_a_bit_of_odds() -> None:
    model = Model("any", LAYOUT, *expert_shares(LAYOUT), np.zeros(4), -20.0)
    scores = np.array([0.0, 10.0, 15.0, 20.0, 30.0], np.float32)
    assert np.log2(model.odds(scores)).tolist() == pytest.approx([-20, -10, -5, 0, 10])
    curved = model.with_curve(np.array([10.0, 20.0]), np.array([-4.0, 4.0]))
    assert np.log2(curved.odds(scores)).tolist() == pytest.approx([-14, -4, 0, 4, 14])


def a_model() -> dict[str, Any]:
    model = Model("any", LAYOUT, *expert_shares(LAYOUT), np.zeros(4), -20.0)
    told: dict[str, Any] = json.loads(model.with_curve(np.array([1.0, 2.0]), np.array([-4.0, 4.0])).to_json())
    return told


def broken(*path: str | int, value: object) -> bytes:
    told = a_model()
    at: Any = told
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"null", b"1", b"{}", b"\xff",
        broken("prior_bits", value="much"),
        broken("fields", value=[]) [:-20],
        broken("fields", 0, "kind", value="colour"),
        broken("fields", 0, "kind", value=3),
        broken("fields", 0, "columns", value="two"),
        broken("fields", 0, "columns", value=10**9),
        broken("fields", 0, "columns", value=-1),
        broken("fields", 1, "name", value="id"),
        broken("fields", 0, "levels", "equal", value={"m": 0.5}),
        broken("fields", 0, "levels", "equal", value={"m": 0, "u": 0.5}),
        broken("fields", 0, "levels", "equal", value={"m": 0.5, "u": -1}),
        broken("fields", 0, "levels", "equal", value={"m": 2, "u": 0.5}),
        broken("fields", 0, "average_rarity_bits", value=None),
        broken("curve", 1, "score", value=0.5),
        broken("curve", 1, value={"score": 3}),
    ],
)  # fmt: skip
def test_what_is_no_model_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not a model: "):
        Model.from_json(text)


def test_a_model_is_read_as_it_was_written() -> None:
    text = json.dumps(a_model()).encode()
    assert json.loads(Model.from_json(text).to_json()) == a_model()


# A country in which the truth is known: names of 25 given names and 15 families, so many are called alike.


def syllables(rng: np.random.Generator, count: int) -> list[str]:
    words = ["".join(parts) for parts in product("bdfgklmnrst", "aiou", "bdklmnrst", "ai")]
    return [words[at] for at in rng.choice(len(words), count, replace=False)]


def small_country(seed: int, registered: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A registry, and a list of 3 in 10 of it and as many strangers: a quarter of its names has a slip, 8 birth dates
    in 10 are a year alone, 9 in 10 have no phone, a fifth is placed in the wrong commune."""
    listed_of = registered * 3 // 10
    rng = np.random.default_rng(seed)
    given_names, families = syllables(rng, 25), syllables(rng, 15)
    people = registered + listed_of
    parts = [rng.choice(given_names, people), rng.choice(given_names, people), rng.choice(families, people)]
    frame = pl.DataFrame(
        {
            "key": range(people),
            "name": [" ".join(one) for one in zip(*parts, strict=True)],
            "birth": [
                f"{year}-{month:02}-{day:02}"
                for year, month, day in zip(
                    rng.integers(1940, 2015, people),
                    rng.integers(2, 12, people),
                    rng.integers(2, 29, people),
                    strict=True,
                )
            ],
            "sex": rng.choice(["F", "M"], people),
            "place": rng.choice([f"commune {at}" for at in range(20)], people),
            "phone": rng.integers(20_000_000, 49_999_999, people).astype(str),
        }
    )
    kept, slips = rng.random(people) < 0.1, rng.random(people) < 0.25
    listed = frame.with_columns(
        birth=pl.when(pl.Series(rng.random(people) < 0.8)).then(pl.col("birth").str.head(4)).otherwise("birth"),
        phone=pl.when(pl.Series(kept)).then("phone").otherwise(pl.lit("")),
        name=pl.when(pl.Series(slips)).then(pl.col("name").str.replace("a", "ou")).otherwise("name"),
        place=pl.when(pl.Series(rng.random(people) < 0.2)).then(pl.lit("commune 0")).otherwise("place"),
    )
    return frame.head(registered), pl.concat((listed.head(listed_of), listed.slice(registered)))


def judged(registered: int, seeds: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], bool]:
    """How probable the pairs of some countries are told to be, whether each is true, and whether strangers were asked."""
    fields = [
        Field("name", Kind.NAME), Field("birth", Kind.DATE), Field("sex", Kind.SEX), Field("place", Kind.PLACE),
        Field("phone", Kind.PHONE),
    ]  # fmt: skip
    told: list[float] = []
    true: list[bool] = []
    curved = []
    for seed in range(seeds):
        left, right = small_country(seed, registered)
        left_columns, right_columns = (
            {one.name: [frame.get_column(one.name)] for one in fields} for frame in (left, right)
        )
        outcome = compare_lists(fields, left_columns, right_columns, assignment="many", least=0.05)
        told += outcome.probability.tolist()
        true += (left["key"].to_numpy()[outcome.pairs.left] == right["key"].to_numpy()[outcome.pairs.right]).tolist()
        curved.append(outcome.model.curve is not None)
    return np.array(told), np.array(true), all(curved)


def test_of_the_pairs_told_so_probable_about_so_many_are_true() -> None:
    probability, true, calibrated = judged(20_000, seeds=2)
    assert calibrated
    for low, high, off in ((0.3, 0.97, 0.05), (0.5, 0.8, 0.06), (0.97, 1.01, 0.01)):
        inside = (probability >= low) & (probability < high)
        assert inside.sum() > 500
        assert true[inside].mean() == pytest.approx(probability[inside].mean(), abs=off)


def test_where_too_few_strangers_meet_somebody_probabilities_err_on_the_careful_side() -> None:
    probability, true, calibrated = judged(4_000, seeds=2)
    assert not calibrated
    for low, high in ((0.3, 0.8), (0.8, 0.97), (0.97, 1.01)):
        inside = (probability >= low) & (probability < high)
        assert inside.sum() > 50
        assert true[inside].mean() >= probability[inside].mean() - 0.02
