"""The phase an area takes: by hand, and beside a count in fractions that shares no code."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from services.matching.rules.triggering import Rule, calls, phase_of

TWENTY = Decimal(20)
PEOPLE = st.tuples(*[st.integers(0, 50)] * 5)


def test_an_area_takes_the_highest_phase_of_a_fifth_of_its_people_in_it_or_worse() -> None:
    assert phase_of((50, 25, 19, 6, 0), 100, TWENTY) == 3, "25 in phase 3 or worse, 6 in phase 4 or worse"
    assert phase_of((60, 20, 15, 4, 1), 100, TWENTY) == 3, "exactly 20 is enough"
    assert phase_of((60, 21, 14, 4, 1), 100, TWENTY) == 2, "19 is not"
    assert phase_of((40, 20, 15, 24, 1), 100, TWENTY) == 4, "25 in phase 4 or worse, which are in 3 or worse too"
    assert phase_of((100, 0, 0, 0, 0), 100, TWENTY) == 1
    assert phase_of((0, 0, 0, 0, 20), 100, TWENTY) == 5, "who is in no phase counts to the total alone"


def test_nobody_has_no_phase_and_calls_for_nothing() -> None:
    assert phase_of((0, 0, 0, 0, 0), 0, TWENTY) is None
    assert not calls(Rule(), None)


def test_a_wilaya_has_its_own_threshold_and_the_rule_its_least_phase() -> None:
    rule = Rule(TWENTY, {"MR01": Decimal("12.5")}, least_phase=3)
    people = (700, 175, 125, 0, 0)
    assert phase_of(people, 1000, rule.percent_in("MR01")) == 3
    assert phase_of(people, 1000, rule.percent_in("MR03")) == phase_of(people, 1000, rule.percent_in(None)) == 2
    assert calls(rule, 3) and not calls(rule, 2)


@given(PEOPLE, st.integers(0, 30), st.decimals("0.01", "100", places=2))
def test_it_is_the_highest_phase_whose_share_reaches_the_threshold(
    people: tuple[int, ...], unclassified: int, percent: Decimal
) -> None:
    total = sum(people) + unclassified
    reached = [
        phase for phase in range(1, 6) if total and Fraction(sum(people[phase - 1 :]), total) >= Fraction(percent) / 100
    ]

    assert phase_of(people, total, percent) == (max(reached, default=1) if total else None)
