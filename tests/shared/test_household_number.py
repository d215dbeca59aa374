"""Household numbers as lists write them."""

import pytest

from shared.household_number import is_household_number, parse_household_number


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("MR0110000123", "MR0110000123"),
        ("mr0110000123", "MR0110000123"),
        ("MR011 0000123", "MR0110000123"),
        ("MR-011-0000123", "MR0110000123"),
        ("0110000123", "MR0110000123"),
        (110000123, "MR0110000123"),
        (110000123.0, "MR0110000123"),
        ("110000123.0", "MR0110000123"),
        ("1510000123", "MR1510000123"),
        ("MR٠١١٠٠٠٠١٢٣", "MR0110000123"),
    ],
)
def test_a_number_is_mended_whatever_was_done_to_it(cell: str | int | float, expected: str) -> None:
    assert parse_household_number(cell) == expected
    assert is_household_number(expected)


@pytest.mark.parametrize("cell", [None, "", "  ", "néant", "-"])
def test_a_cell_without_a_digit_holds_no_number(cell: str | None) -> None:
    assert parse_household_number(cell) is None


@pytest.mark.parametrize(
    ("cell", "kept"), [("MR011000012", "MR011000012"), ("12345", "12345"), ("MR9910000123", "MR9910000123")]
)
def test_a_number_with_a_slip_is_kept_as_evidence_but_has_not_the_form(cell: str, kept: str) -> None:
    assert parse_household_number(cell) == kept
    assert not is_household_number(kept)
