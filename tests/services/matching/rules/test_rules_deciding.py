"""Link, adjudicate or unmatched: thresholds, margin, households, and no dependence on order."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.rules.comparing import Comparison
from services.matching.rules.deciding import LINK, MARGIN, Scored, decide
from services.matching.rules.facts import IndividualFacts

SURE, POSSIBLE, POOR = 25.0, 12.0, 4.0


def candidate(person: int, score: float, *, household: int | None = None, forbidden: bool = False) -> Scored:
    home = person if household is None else household
    facts = IndividualFacts(
        individual_id=UUID(int=person),
        individual_number=f"{person:010d}",
        household_id=UUID(int=1000 + home),
        household_number=f"MR011{home:07d}",
    )
    return Scored(facts, Comparison(score, 1 / (1 + 2 ** (11 - score)), (), forbidden))


def test_no_candidate_is_unmatched() -> None:
    decision = decide([])

    assert (decision.kind, decision.individual_id, decision.household_id) == ("unmatched", None, None)


@pytest.mark.parametrize(("score", "kind"), [(SURE, "link"), (POSSIBLE, "adjudicate"), (POOR, "unmatched")])
def test_the_probability_of_the_best_decides(score: float, kind: str) -> None:
    assert decide([candidate(1, score), candidate(2, -20.0)]).kind == kind


def test_a_close_runner_up_asks_a_human() -> None:
    decision = decide([candidate(1, SURE), candidate(2, SURE - MARGIN + 0.1)])

    assert decision.kind == "adjudicate"
    assert decision.individual_id == UUID(int=1)
    assert decision.runner_up is not None
    assert decision.runner_up.individual.individual_id == UUID(int=2)


def test_a_runner_up_at_the_margin_does_not() -> None:
    assert decide([candidate(1, SURE), candidate(2, SURE - MARGIN)]).kind == "link"


def test_a_household_may_be_certain_while_the_person_in_it_is_not() -> None:
    head_and_spouse = [candidate(1, SURE, household=7), candidate(2, SURE - 1, household=7)]

    as_household = decide(head_and_spouse, unit="household")
    as_individual = decide(head_and_spouse, unit="individual")

    assert as_household.kind == "link"
    assert as_household.household_id == UUID(int=1007)
    assert as_household.individual_id == UUID(int=1)
    assert not as_household.person_certain
    assert as_individual.kind == "adjudicate"


def test_a_man_of_two_households_is_certain_but_his_household_is_not() -> None:
    two_homes = [candidate(1, SURE, household=7), candidate(1, SURE, household=8)]

    assert decide(two_homes, unit="individual").kind == "link"
    assert decide(two_homes, unit="individual").runner_up is None
    assert decide(two_homes, unit="household").kind == "adjudicate"
    assert not decide(two_homes, unit="household").household_certain


def test_a_forbidden_pair_is_never_linked() -> None:
    assert decide([candidate(1, 60.0, forbidden=True)]).kind == "adjudicate"


def test_equals_are_parted_by_number() -> None:
    decision = decide([candidate(5, SURE), candidate(3, SURE), candidate(4, SURE)])

    assert decision.individual_id == UUID(int=3)
    assert decision.kind == "adjudicate"


SCORED = st.builds(
    candidate,
    st.integers(1, 6),
    st.sampled_from([-5.0, POOR, POSSIBLE, SURE - 1, SURE]),
    household=st.integers(1, 3),
)


@given(st.lists(SCORED, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(candidates: list[Scored], random: object) -> None:
    unique = list({(c.individual.individual_id, c.individual.household_id): c for c in candidates}.values())
    shuffled = list(unique)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    for unit in ("household", "individual"):
        assert decide(shuffled, unit=unit) == decide(unique, unit=unit)
        assert decide(shuffled + shuffled, unit=unit) == decide(unique, unit=unit)


@given(st.lists(SCORED, min_size=1, max_size=8))
def test_a_link_is_always_likely_enough(candidates: list[Scored]) -> None:
    decision = decide(candidates)

    if decision.kind == "link":
        assert decision.probability >= LINK
        assert decision.comparison is not None and not decision.comparison.forbidden


def test_the_best_forbidden_hides_no_other_person() -> None:
    decision = decide([candidate(1, SURE, forbidden=True), replace(candidate(2, POOR))])

    assert decision.kind == "adjudicate"
    assert decision.runner_up is not None
