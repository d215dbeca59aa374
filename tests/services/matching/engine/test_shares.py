"""Intervals and the paired test, beside published figures and exact fractions."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.shares import Z, exact_p, f1, share


@pytest.mark.parametrize(
    ("part", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_intervals_are_those_of_newcombe_1998(part: int, of: int, low: float, high: float) -> None:
    told = share(part, of)
    assert told is not None
    assert (told.value, told.low, told.high) == pytest.approx((part / of, low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_ends_are_where_a_share_would_just_be_met_by_chance(counts: tuple[int, int]) -> None:
    """The definition: the shares p at which |part / of - p| is Z deviations of p."""
    part, of = counts
    told = share(part, of)
    assert told is not None
    for end in (told.low, told.high):
        assert (part / of - end) ** 2 == pytest.approx(Z**2 * end * (1 - end) / of, abs=1e-9)
    assert told.low <= told.value + 1e-12 and told.value - 1e-12 <= told.high


def test_of_nothing_there_is_no_share() -> None:
    assert share(0, 0) is None
    assert f1(0, 0, 0) is None


def test_f1_and_its_interval_follow_from_the_share_found_of_all() -> None:
    # 8 found, 1 wrong, 3 missed: precision 8/9, recall 8/11, F1 = 16/20. The share 8/12 has the interval 0.3906..0.8619.
    told = f1(8, 1, 3)
    assert told is not None
    assert told.value == pytest.approx(0.8)
    assert (told.low, told.high) == pytest.approx((2 * 0.3906 / 1.3906, 2 * 0.8619 / 1.8619), abs=2e-4)


@settings(max_examples=200)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_paired_test_is_exact(first: int, second: int) -> None:
    cases = first + second
    tail = sum(Fraction(comb(cases, k), 2**cases) for k in range(min(first, second) + 1))
    assert exact_p(first, second) == pytest.approx(float(min(Fraction(1), 2 * tail)), rel=1e-9)


def test_the_paired_test_by_hand() -> None:
    # Five and fifteen: twice the share of the 2^20 ways with at most five, 21,700 of 1,048,576.
    assert exact_p(5, 15) == pytest.approx(2 * 21_700 / 1_048_576)
    assert exact_p(0, 0) == 1.0
    assert exact_p(3, 3) == 1.0
    assert 0.0 <= exact_p(40_000, 60_000) < 1e-300
