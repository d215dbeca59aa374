"""What stands of persons' steps: a fold, in which a second person counts, and nothing of what was undone."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.rules.adjudicating import REASONS, AdjudicationStatus, outcome_of, status_after
from services.matching.rules.deciding import OpenedFor
from services.matching.rules.persons import Held, Said, Stands, Step, UnlinkReason, agree, what_stands
from services.matching.rules.second_person import needs_second, read_rules
from services.matching.stepping import second_person_rules

A, B, HOME = UUID(int=1), UUID(int=2), UUID(int=9)
FIRST, SECOND = ("wfp", "1"), ("wfp", "2")


def step(said: Said, who: UUID | None = None, by: tuple[str, str] = FIRST, **told: object) -> Step:
    return Step(id=UUID(int=77), said=said, by=by, individual_id=who, household_id=HOME if who else None, **told)  # type: ignore[arg-type]


individuals = st.sampled_from([A, B])
steps = st.one_of(
    st.builds(
        step,
        st.sampled_from([Said.SAME, Said.LINKED, Said.DIFFERENT]),
        individuals,
        st.sampled_from([FIRST, SECOND]),
        needs_second=st.booleans(),
    ),
    st.builds(step, st.just(Said.UNLINKED), individuals, reason=st.sampled_from(UnlinkReason)),
    st.builds(step, st.sampled_from([Said.CANNOT_TELL, Said.SKIPPED, Said.RESET])),
)


@given(st.lists(steps, max_size=12), individuals)
def test_who_was_said_last_is_held_and_is_not_refused(told: list[Step], who: UUID) -> None:
    stands = what_stands([*told, step(Said.RESET), step(Said.LINKED, who)])

    assert stands.held == Held(who, HOME)
    assert who not in {one.individual_id for one in stands.refusals}


@given(st.lists(steps, max_size=12), individuals)
def test_a_link_taken_back_as_a_mistake_leaves_what_was(told: list[Step], who: UUID) -> None:
    before = what_stands([*told, step(Said.RESET)])

    after = what_stands(
        [*told, step(Said.RESET), step(Said.LINKED, who), step(Said.UNLINKED, who, reason=UnlinkReason.MISTAKE)]
    )

    assert after == replace(before, disputed=False)


@given(st.lists(steps, max_size=12), individuals)
def test_whose_link_was_taken_away_is_refused_and_not_held(told: list[Step], who: UUID) -> None:
    stands = what_stands([*told, step(Said.UNLINKED, who, reason=UnlinkReason.ANOTHER_HOUSEHOLD)])

    assert stands.held is None
    assert (stands.refusals[-1].individual_id, stands.refusals[-1].household_id) == (who, HOME)


def test_two_who_agree_decide_and_two_who_do_not_decide_nothing() -> None:
    first = step(Said.SAME, A, needs_second=True)

    assert what_stands([first]) == Stands(waiting=first)
    assert what_stands([first, step(Said.SAME, A, SECOND, needs_second=True)]).held == Held(A, HOME)
    assert what_stands([first, step(Said.SAME, B, SECOND)]) == Stands(disputed=True)
    assert what_stands([first, step(Said.CANNOT_TELL, None, SECOND)]) == Stands(disputed=True)
    assert what_stands([first, step(Said.RESET), step(Said.SAME, A, SECOND, needs_second=True)]).held is None
    assert agree(step(Said.LINKED, A), step(Said.SAME, A)) and not agree(step(Said.SAME, A), step(Said.DIFFERENT, A))


def test_not_this_one_leaves_another_decision_as_it_is() -> None:
    stands = what_stands([step(Said.SAME, A), step(Said.DIFFERENT, B)])

    assert stands.held == Held(A, HOME)
    assert what_stands([step(Said.CANNOT_TELL), step(Said.DIFFERENT, B)]).held is None


@pytest.mark.parametrize(
    ("said", "value", "levels", "asked"),
    [
        (Said.SAME, "1200.00", {"nni": "missing", "household_number": "missing"}, True),
        (Said.LINKED, "1.00", {"nni": "one_slip", "household_number": "different"}, True),
        (Said.SAME, "1200.00", {"nni": "equal"}, False),
        (Said.SAME, "1200.00", {"household_number": "equal"}, False),
        (Said.SAME, "0.99", {}, False),
        (Said.SAME, None, {}, False),
        (Said.DIFFERENT, "1200.00", {}, False),
        (Said.CANNOT_TELL, "1200.00", {}, False),
    ],
)
def test_money_without_a_number_that_agrees_asks_for_a_second_person(
    said: Said, value: str | None, levels: dict[str, str], asked: bool
) -> None:
    rule = needs_second(second_person_rules(), said, Decimal(value) if value else None, levels)

    assert (rule is not None) is asked


def test_a_file_that_is_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="maybe"):
        read_rules({"rules": [{"outcomes": ["maybe"]}]})


def test_every_reason_has_its_words_in_three_languages() -> None:
    assert set(REASONS) == set(OpenedFor)
    assert all(text.ar and text.fr and text.en for text in REASONS.values())


def test_a_question_nobody_has_to_answer_any_more_is_settled() -> None:
    different = what_stands([step(Said.DIFFERENT, A)])
    unsure = what_stands([step(Said.CANNOT_TELL)])

    assert status_after(Stands(), in_doubt=False) is AdjudicationStatus.SETTLED
    assert status_after(different, in_doubt=False) is AdjudicationStatus.DECIDED
    assert status_after(different, in_doubt=True) is AdjudicationStatus.OPEN
    assert status_after(unsure, in_doubt=True) is AdjudicationStatus.DECIDED
    assert [outcome_of(one) for one in (Stands(), different, unsure, what_stands([step(Said.LINKED, A)]))] == [
        None, "different", "cannot_tell", "same",
    ]  # fmt: skip
