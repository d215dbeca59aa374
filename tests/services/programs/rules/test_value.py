"""What an enrollment is worth in a month: the design's own example, and the edges."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.programs.catalog import programs_of
from services.programs.rules.program import Value, in_force
from services.programs.rules.value import is_ten_times_off, monthly_value, payment_due


def a_value(**given_: object) -> Value:
    return Value.model_validate(
        {"from": "2024-01-01", "amount_mru": "3600.00", "per": "household", "confidence": "found", "note": ""} | given_
    )


QUARTERLY = a_value(months_per_payment=3)
PER_HEAD = a_value(amount_mru="450.00", per="person", months=[6, 7, 8, 9])


def test_the_household_of_six_of_the_design_gets_1200_and_2700_and_1000() -> None:
    tekavoul = programs_of("taazour")["TEKAVOUL"].value_on(date(2024, 6, 1))
    el_maouna = programs_of("csa")["EL_MAOUNA"].value_on(date(2024, 6, 1))
    disability = programs_of("masef")["DISABILITY_CASH"].value_on(date(2024, 6, 1))

    assert tekavoul and monthly_value(tekavoul, 6, None) == Decimal("1200.00")
    assert el_maouna and monthly_value(el_maouna, 6, None) == Decimal("2700.00")
    assert disability and monthly_value(disability, 6, None) == Decimal("1000.00")


@pytest.mark.parametrize(
    ("version", "size", "listed", "expected"),
    [
        (QUARTERLY, None, None, "1200.00"),
        (QUARTERLY, None, "4500.00", "1500.00"),  # the list's own payment counts
        (QUARTERLY, None, "36000.00", "1200.00"),  # ten times off: the program's
        (QUARTERLY, None, "360.00", "1200.00"),
        (QUARTERLY, None, "1000.00", "333.33"),
        (PER_HEAD, 6, None, "2700.00"),
        (PER_HEAD, 6, "2250.00", "2250.00"),  # one person less than the list says: still its own payment
        (a_value(amount_mru="450.00", per="person", max_people=5), 8, None, "2250.00"),
        (a_value(amount_mru="222.58", per="pupil"), None, None, "222.58"),
    ],
)
def test_monthly_value(version: Value, size: int | None, listed: str | None, expected: str) -> None:
    assert monthly_value(version, size, Decimal(listed) if listed else None) == Decimal(expected)


def test_a_value_per_head_of_a_household_of_unknown_size_is_unknown() -> None:
    assert monthly_value(PER_HEAD, None, None) is None
    assert monthly_value(PER_HEAD, None, Decimal("900.00")) == Decimal("900.00")
    assert is_ten_times_off(PER_HEAD, None, Decimal("900.00")) is False


def test_the_version_in_force_is_the_last_that_has_begun() -> None:
    early, late = a_value(**{"from": "2016-01-01"}), a_value(**{"from": "2024-01-01"})

    assert in_force((late, early), date(2023, 12, 31)) == early
    assert in_force((late, early), date(2024, 1, 1)) == late
    assert in_force((late, early), date(2015, 12, 31)) is None


@given(
    st.decimals(min_value=1, max_value=100_000, places=2),
    st.sampled_from(["household", "person", "pupil"]),
    st.integers(1, 12),
    st.integers(1, 60),
    st.none() | st.integers(1, 60),
)
def test_a_payment_spread_over_its_months_adds_up_to_the_payment(
    amount: Decimal, per: str, every: int, size: int, most: int | None
) -> None:
    version = a_value(amount_mru=str(amount), per=per, months_per_payment=every, max_people=most)

    monthly, due = monthly_value(version, size, None), payment_due(version, size)

    assert monthly is not None and due is not None
    assert abs(monthly * every - due) <= Decimal("0.005") * every
    assert due == amount * (min(size, most or size) if per == "person" else 1)


def test_a_listed_payment_that_is_the_programs_own_goes_on_with_the_program() -> None:
    earlier = Value(**{"from": "2024-01-01"}, amount_mru="450", per="person", confidence="found", note="")
    now_given = Value(**{"from": "2026-01-01"}, amount_mru="500", per="person", confidence="found", note="")

    # 6 times 450 is 2,700: what the program gave when the list came, so now it is 6 times 500.
    assert monthly_value(now_given, 6, Decimal(2700), (earlier, now_given)) == Decimal("3000.00")
    assert monthly_value(now_given, 6, Decimal(2000), (earlier, now_given)) == Decimal("2000.00")
    assert monthly_value(now_given, 6, Decimal(2700), (now_given,)) == Decimal("2700.00")
