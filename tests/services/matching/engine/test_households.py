"""Rows of one household lift one another: worked out by hand on a registry of two households, and learned from lists."""

import random
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from services.matching.engine import households
from services.matching.engine.calibrating import own_numbers, with_gaps
from services.matching.engine.fields import Field, Kind, layout_of
from services.matching.engine.households import MOST_BITS, MOST_TOGETHER
from services.matching.engine.lists import Outcome, compare_lists, result_of
from services.matching.engine.model import Model, expert_shares
from services.matching.engine.packing import Vocabulary, pack

FIELDS = (
    Field("name", Kind.NAME),
    Field("birth", Kind.DATE),
    Field("phone", Kind.PHONE),
    Field("id", Kind.NUMBER),
    Field("household", Kind.NUMBER, shared=True),
    Field("place", Kind.PLACE, 1),
)
LIFT, LIFT_TOLD = 2.0, 0.5
NOTHING = (0.0, 0.0, 0.0)
Row = tuple[str, str, str, str, str, str]
REGISTERED: list[Row] = [
    ("Salem Ould Bowba", "1960-05-06", "22000001", "9900000033", "71", "Kiffa"),
    ("Mariem Mint Cheikh", "1966-02-03", "22000001", "9900000130", "71", "Kiffa"),
    ("Yeslem Ould Salem", "1999-11-12", "22000001", "", "71", "Kiffa"),
    ("Demba Diallo", "1971-07-08", "33000002", "9900000324", "82", "Kiffa"),
    ("Yeslem Ould Sidi", "1999-03-04", "33000002", "", "82", "Kiffa"),
]
MOTHER: Row = ("Mariem Mint Cheikh", "1966-02-03", "", "9900000130", "5", "Kiffa")
SON: Row = ("Yeslem", "1999", "", "", "5", "Kiffa")
"""One name and a year: he may be the Yeslem of either household."""


def columns(rows: list[Row]) -> dict[str, list[pl.Series]]:
    names = ("name", "birth", "phone", "id", "household", "place")
    return {name: [pl.Series(column)] for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def model(household: tuple[float, ...] | None = (0.0, LIFT, LIFT_TOLD)) -> Model:
    layout = layout_of(FIELDS)
    average = np.array([{Kind.NAME: 8.0}.get(one.kind, 0.0) for one in layout.fields])
    # Rows of the list bear numbers of the list's own: they say nothing of who is who.
    m, u = expert_shares(layout)
    at = layout.position("household")
    assert at is not None
    m[at, 1:4] = u[at, 1:4] = (0.001, 0.001, 0.998)
    return Model("by hand", layout, m, u, average, -3.0, household=household)


def lifts(
    listed: list[Row], using: Model | None = None, registered: list[Row] | None = None
) -> dict[tuple[int, int], float]:
    """By pair (registered, listed) what the household added."""
    outcome = compared(listed, using, registered)
    assert outcome.household is not None
    pairs = zip(outcome.pairs.left.tolist(), outcome.pairs.right.tolist(), outcome.household.tolist(), strict=True)
    return {(left, right): added for left, right, added in pairs if added}


def compared(listed: list[Row], using: Model | None = None, registered: list[Row] | None = None) -> Outcome:
    return compare_lists(
        FIELDS, columns(registered or REGISTERED), columns(listed), model=using or model(), assignment="many", least=0.0
    )


def of(outcome: Outcome, left: int, right: int) -> tuple[float, float]:
    """Score and probability of a pair."""
    (at,) = np.flatnonzero((outcome.pairs.left == left) & (outcome.pairs.right == right))
    return float(outcome.pairs.score[at]), float(outcome.probability[at])


def test_a_weak_row_is_lifted_into_the_household_of_its_mother() -> None:
    alone, together = compared([MOTHER, SON], model(NOTHING)), compared([MOTHER, SON])

    assert lifts([MOTHER, SON]) == {(2, 1): LIFT}
    before, after = of(alone, 2, 1), of(together, 2, 1)
    assert after[0] == pytest.approx(before[0] + LIFT, abs=1e-4)
    # Odds of 2 to the bits more for him, the same for whoever else he may be: shared among the two.
    odds = [p / (1 - sum(of(alone, left, 1)[1] for left in (2, 4))) for p in (before[1], of(alone, 4, 1)[1])]
    assert after[1] == pytest.approx(4 * odds[0] / (1 + 4 * odds[0] + odds[1]), abs=1e-6)
    assert of(together, 1, 0) == pytest.approx(of(alone, 1, 0))  # the son's own row is weak: it lifts nobody


def test_few_households_at_a_time_are_judged_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    father: Row = ("Salem Ould Bowba", "1960-05-06", "", "9900000033", "5", "Kiffa")
    others: list[Row] = [("Demba Diallo", "1971-07-08", "", "9900000324", "6", "Kiffa"), (*SON[:4], "6", "Kiffa")]
    at_once = lifts([MOTHER, SON, *others, father])
    assert len(at_once) == 4
    monkeypatch.setattr(households, "AT_ONCE", 1)
    assert lifts([MOTHER, SON, *others, father]) == at_once


def test_the_order_of_the_rows_changes_nothing() -> None:
    father: Row = ("Salem Ould Bowba", "1960-05-06", "", "9900000033", "5", "Kiffa")
    rows = [MOTHER, SON, father, ("Demba Diallo", "1971-07-08", "", "9900000324", "6", "Kiffa")]
    told = {(left, rows[right]): added for (left, right), added in lifts(rows).items()}
    for seed in range(4):
        turned = random.Random(seed).sample(rows, len(rows))
        assert {(left, turned[right]): added for (left, right), added in lifts(turned).items()} == told
    assert told == {(2, SON): LIFT, (0, father): LIFT, (1, MOTHER): LIFT}


def test_a_number_that_both_lists_bear_is_not_counted_again() -> None:
    """Rows that stand together by the registry's own number: it is among the fields already."""
    listed = [(*MOTHER[:4], "71", "Kiffa"), (*SON[:4], "71", "Kiffa")]
    assert lifts(listed) == {}


def test_a_phone_by_which_rows_stand_together_is_not_counted_again() -> None:
    by_phone = [(*MOTHER[:2], "22000001", MOTHER[3], "", "Kiffa"), (*SON[:2], "22000001", "", "", "Kiffa")]
    assert lifts(by_phone) == {}
    # A phone that the registry does not know says nothing yet: there the household does.
    new_phone = [(*MOTHER[:2], "44000009", MOTHER[3], "", "Kiffa"), (*SON[:2], "44000009", "", "", "Kiffa")]
    assert lifts(new_phone) == {(2, 1): LIFT}
    # In another place it is another household's.
    elsewhere = [new_phone[0], (*new_phone[1][:5], "Aleg")]
    with pytest.raises(AssertionError):
        lifts(elsewhere)  # no two rows stand together


def test_where_a_phone_tells_the_household_the_others_add_less() -> None:
    listed = [MOTHER, (*SON[:2], "22000001", "", "5", "Kiffa")]
    assert lifts(listed)[2, 1] == LIFT_TOLD


def test_nobody_is_lifted_by_a_row_of_the_same_person() -> None:
    """The mother stands twice in the list: that says nothing of whether the second row is she."""
    again: Row = ("Mariem", "1966", "", "", "5", "Kiffa")
    assert lifts([MOTHER, again]) == {}


def test_a_row_that_leads_elsewhere_takes_nothing_away() -> None:
    stranger: Row = ("Demba Diallo", "1971-07-08", "", "9900000324", "5", "Kiffa")
    assert lifts([stranger, SON]) == {(4, 1): LIFT}
    assert of(compared([stranger, SON]), 2, 1)[0] == pytest.approx(
        of(compared([stranger, SON], model(NOTHING)), 2, 1)[0]
    )


def test_a_number_on_more_rows_than_a_household_has_says_nothing() -> None:
    crowd: list[Row] = [(f"Hawa {at}", "1950", "", "", "5", "Kiffa") for at in range(MOST_TOGETHER)]
    with pytest.raises(AssertionError):
        lifts([MOTHER, SON, *crowd])
    assert lifts([MOTHER, SON, *crowd[2:]]) == {(2, 1): LIFT}


def test_lists_that_do_not_say_who_lives_together_have_no_such_column() -> None:
    nobody = [(*row[:4], "", "Kiffa") for row in REGISTERED]
    outcome = compared([MOTHER, SON], registered=nobody)
    assert outcome.household is None
    ids = pl.Series(range(5)), pl.Series(range(2))
    assert "weight_household_agrees" not in result_of(outcome, *ids).columns
    told = result_of(compared([MOTHER, SON]), *ids)
    assert told.filter((pl.col("left_id") == 2) & (pl.col("right_id") == 1))["weight_household_agrees"].to_list() == [
        LIFT
    ]


def test_what_a_household_weighs_is_part_of_a_model_s_file() -> None:
    assert Model.from_json(model().to_json()).household == (0.0, LIFT, LIFT_TOLD)
    assert Model.from_json(model(None).to_json()).household is None
    with pytest.raises(ValueError, match="household"):
        Model.from_json(replace(model(), household=(0.0, -1.0, 0.0)).to_json())


def test_what_a_household_weighs_is_learned_from_the_lists() -> None:
    """Four hundred households of five; half the rows of the list have two names and a year, as others in the country do."""
    rng = random.Random(3)
    given = "Mohamed Sidi Ahmed Cheikh Brahim Moussa Oumar Aichetou Mariem Fatimetou Khadijetou Vatma Lalla Bilal Demba".split()
    registered: list[Row] = []
    listed: list[Row] = []
    for household in range(400):
        father, place = rng.choice(given), rng.choice(["Kiffa", "Aleg"])
        for _ in range(5):
            name = f"{rng.choice(given)} {father} {rng.choice(given)}"
            born = f"{rng.randint(1950, 2015)}-{rng.randint(2, 11):02}-{rng.randint(1, 28):02}"
            nni = "" if rng.random() < 0.4 else str(rng.randint(9_900_000_000, 9_999_999_999))
            registered.append((name, born, "", nni, str(1000 + household), place))
            weak = rng.random() < 0.5
            listed.append(
                (
                    " ".join(name.split()[:2]) if weak else name,
                    born[:4] if weak else born,
                    "",
                    "" if weak else nni,
                    str(70_000 - household),
                    place,
                )
            )
    strangers = [(*row[:4], str(80_000 + at), row[5]) for at, row in enumerate(rng.sample(listed, 200))]
    outcome = compared(listed + strangers, None, registered)
    learned = compare_lists(FIELDS, columns(registered), columns(listed + strangers), least=0.01)
    assert outcome.model.household == (0.0, LIFT, LIFT_TOLD)  # a given model is left as it is
    assert learned.model.household is not None
    _, agrees, told = learned.model.household
    assert 0.2 < agrees <= MOST_BITS
    assert told == 0.0  # no row has a phone: nothing to learn from


def test_strangers_bear_the_list_s_own_numbers_where_it_gives_its_own() -> None:
    layout = layout_of(FIELDS)
    vocabulary = Vocabulary(layout)
    left, right = pack(columns(REGISTERED), vocabulary), pack(columns([MOTHER] * 5), vocabulary)
    at = slice(
        layout.offsets[layout.position("household") or 0], (layout.offsets[layout.position("household") or 0]) + 2
    )

    assert own_numbers(model()) == {"household"}
    dressed = with_gaps(left, right, layout, own_numbers(model()))
    assert (dressed[:, at] == right[:, at]).all()

    m, u = expert_shares(layout)  # where most bear the registry's, a stranger does too
    shared = replace(model(), m=m, u=u)
    assert own_numbers(shared) == frozenset()
    assert (with_gaps(left, right, layout, own_numbers(shared))[:, at] == left[:, at]).all()
