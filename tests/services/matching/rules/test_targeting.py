"""What a list may ask, how seats are shared out, how those equally poor are ordered."""

import hashlib
import hmac
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.rules.targeting import (
    ATTRIBUTES,
    COUNTS,
    WORDS,
    Criterion,
    ListStatus,
    contradiction,
    holds,
    may_become,
    next_words,
    quotas_by_poor,
    shared_out,
    tie_key,
    wrong_value,
)
from shared import household_attributes


@pytest.mark.parametrize(
    ("criteria", "attribute"),
    [
        ([("size", "ge", 5), ("size", "lt", 5)], "size"),
        ([("size", "ge", 5), ("size", "lt", 6)], None),
        ([("size", "gt", 5), ("size", "lt", 6)], "size"),  # no household has five and a half members
        ([("size", "lt", 1)], "size"),  # nor none
        ([("disabled", "lt", 1)], None),
        ([("score", "gt", 5), ("score", "lt", 6)], None),
        ([("score", "gt", 6), ("score", "lt", 5)], "score"),
        ([("category", "eq", "poor"), ("category", "in", ("extreme_poor", "vulnerable"))], "category"),
        ([("category", "ne", "poor"), ("category", "not_in", ("extreme_poor", "vulnerable"))], None),
        ([("head_sex", "ne", "F"), ("head_sex", "ne", "M")], "head_sex"),
        ([("size", "in", (3, 4)), ("size", "not_in", (3,)), ("size", "ne", 4)], "size"),
        ([("head_sex", "eq", "F"), ("size", "ge", 4), ("disabled", "ge", 1)], None),
        ([], None),
    ],
)
def test_criteria_that_no_household_can_meet_are_found(
    criteria: list[tuple[str, str, object]], attribute: str | None
) -> None:
    assert contradiction([Criterion(*one) for one in criteria]) == attribute  # type: ignore[arg-type]


NUMBERED = st.builds(
    Criterion,
    st.sampled_from(("size", "disabled")),
    st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge")),
    st.integers(0, 6),
) | st.builds(
    Criterion,
    st.sampled_from(("size", "disabled")),
    st.sampled_from(("in", "not_in")),
    st.lists(st.integers(0, 6), min_size=1, max_size=3).map(tuple),
)


@given(st.lists(NUMBERED, max_size=5))
def test_a_contradiction_is_told_exactly_where_no_number_of_members_would_do(criteria: list[Criterion]) -> None:
    possible = all(
        any(all(holds(one, n) for one in criteria if one.attribute == name) for n in range(COUNTS[name], 40))
        for name in ("size", "disabled")
    )

    assert (contradiction(criteria) is None) == possible


@pytest.mark.parametrize(
    ("criterion", "wrong"),
    [
        (Criterion("size", "ge", -1), True),
        (Criterion("size", "ge", 2.5), True),
        (Criterion("size", "ge", 2), False),
        (Criterion("size", "eq", "two"), True),
        (Criterion("size", "in", 2), True),
        (Criterion("size", "eq", (2,)), True),
        (Criterion("size", "in", ()), True),
        (Criterion("score", "lt", -2.5), False),
        (Criterion("category", "eq", "rich"), True),
        (Criterion("category", "lt", "poor"), True),
        (Criterion("category", "in", ("poor", "extreme_poor")), False),
        (Criterion("head_sex", "eq", 1), True),
    ],
)
def test_a_value_that_an_attribute_cannot_have_is_noticed(criterion: Criterion, wrong: bool) -> None:
    assert wrong_value(criterion) == wrong


def test_seats_go_by_largest_remainder() -> None:
    # 10 seats over 100 + 53 + 47: 5, 2.65 and 2.35; the one seat left goes to the remainder .65.
    assert shared_out(10, {"A": 100, "B": 53, "C": 47}) == {"A": 5, "B": 3, "C": 2}
    assert shared_out(1, {"B": 5, "A": 5}) == {"A": 1, "B": 0}, "equal remainders go by code"
    assert shared_out(7, {"A": 0, "B": 0}) == {"A": 0, "B": 0}


def test_what_a_commune_cannot_fill_goes_to_the_others_by_the_same_rule() -> None:
    # 12 over 60, 30, 30 poor: 6, 3, 3; A has 2 candidates only, so 4 go to B and C, 2 each.
    assert quotas_by_poor(12, {"A": 60, "B": 30, "C": 30}, {"A": 2, "B": 9, "C": 9}) == {"A": 2, "B": 5, "C": 5}
    assert quotas_by_poor(5, {"A": 3}, {"A": 3, "B": 4}) == {"A": 3, "B": 2}, "no poor there, but candidates"


@given(st.integers(1, 60), st.dictionaries(st.sampled_from("ABCDE"), st.tuples(st.integers(0, 40), st.integers(0, 20))))
def test_as_many_are_found_as_there_are_and_no_commune_gives_more_than_it_has(
    number: int, communes: dict[str, tuple[int, int]]
) -> None:
    candidates = {code: has for code, (_, has) in communes.items() if has}
    seats = quotas_by_poor(number, {code: poor for code, (poor, _) in communes.items()}, candidates)

    assert sum(seats.values()) == min(number, sum(candidates.values()))
    assert all(seats[code] <= candidates[code] for code in candidates)


@given(st.integers(0, 500), st.dictionaries(st.text("ABCDE", min_size=1, max_size=2), st.integers(0, 99), min_size=1))
def test_nobody_gets_a_seat_more_or_less_than_the_exact_share(number: int, weights: dict[str, int]) -> None:
    seats, total = shared_out(number, weights), sum(weights.values())

    if total:
        assert sum(seats.values()) == number
        assert all(abs(seats[code] - number * weight / total) < 1 for code, weight in weights.items())


def test_the_order_of_ties_can_be_computed_again_by_anybody_who_has_the_seed() -> None:
    seed, list_id, household = b"\x07" * 32, UUID(int=1), UUID(int=2)

    digest = hmac.new(seed, bytes(15) + b"\x01" + bytes(15) + b"\x02", hashlib.sha256).hexdigest()

    assert tie_key(seed, list_id, household) == int(digest[:16], 16)


def test_only_what_was_released_can_come_back_and_only_what_is_there_be_revoked() -> None:
    before = {to: {one.value for one in ListStatus if may_become(one, to)} for to in ListStatus}

    assert before[ListStatus.RELEASED] == {"approved"}
    assert before[ListStatus.APPROVED] == {"counted"}
    assert before[ListStatus.RETURNED] == {"released", "returned"}
    assert before[ListStatus.REVOKED] == {"approved", "released", "returned", "closed"}
    assert next_words(ListStatus.REVOKED).en == "—"
    assert next_words(ListStatus.CLOSED).fr == "révoquée"


def test_every_word_an_attribute_can_be_is_itself_accepted() -> None:
    for attribute, words in WORDS.items():
        assert not any(wrong_value(Criterion(attribute, op, word)) for op, word in product(("eq", "ne"), words))  # type: ignore[arg-type]


def test_a_list_asks_for_the_attributes_that_eligibility_knows_by_the_same_names() -> None:
    assert set(ATTRIBUTES) == set(household_attributes.ATTRIBUTES) - {"wilaya", "moughataa", "commune"}
    for name, words in WORDS.items():
        assert household_attributes.ATTRIBUTES[name].form == "|".join(words)
