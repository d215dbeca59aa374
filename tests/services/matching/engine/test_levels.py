"""The level two numbers, phones, dates, sexes or places reach, beside an oracle or worked out by hand."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from services.matching.engine.fields import LEVELS, Kind
from services.matching.engine.levels import (
    date_level,
    number_level,
    phone_slip,
    place_level,
    role_level,
    school_level,
    sex_level,
)
from services.matching.engine.packing import HINT, NOT_DIGITS, day_word, role_word, school_word

DIGITS = st.text("0123456789", min_size=1, max_size=15)
SLIPS = st.sampled_from(["change", "drop", "add", "exchange"])


def packed(digits: str) -> np.uint64:
    """Four bits a digit, as `packing.numbers` has it: zeros before the number are dropped."""
    return np.uint64(int(digits or "0", 16))


def slipped(digits: str, kind: str, at: int, digit: str) -> str:
    at %= len(digits)
    if kind == "change":
        return digits[:at] + digit + digits[at + 1 :]
    if kind == "drop":
        return digits[:at] + digits[at + 1 :]
    if kind == "add":
        return digits[:at] + digit + digits[at:]
    return digits[:at] + digits[at + 1 : at + 2] + digits[at : at + 1] + digits[at + 2 :]


def level_of_numbers(a: str, b: str) -> str:
    return LEVELS[Kind.NUMBER][number_level(packed(a), packed(b))]


def by_distance(a: str, b: str) -> str:
    """What optimal string alignment says of the digits as they are packed."""
    a, b = a.lstrip("0"), b.lstrip("0")
    if not a or not b:
        return "missing"
    # A digit too many before the number is a digit lost as well: zeros stand before every number.
    distance = min(OSA.distance(a, b), OSA.distance(a.zfill(16), b.zfill(16)))
    return "equal" if distance == 0 else "one_slip" if distance == 1 else "different"


@settings(deadline=None)
@given(DIGITS, SLIPS, st.integers(0, 15), st.sampled_from("0123456789"))
@example("1000000000", "change", 0, "0")
def test_one_slip_is_one_edit_of_the_digits(digits: str, kind: str, at: int, digit: str) -> None:
    other = slipped(digits, kind, at, digit)[:15]
    assert level_of_numbers(digits, other) == by_distance(digits, other)
    assert level_of_numbers(other, digits) == level_of_numbers(digits, other)


@settings(deadline=None)
@given(DIGITS, DIGITS)
def test_any_two_numbers_are_told_by_their_edits(a: str, b: str) -> None:
    assert level_of_numbers(a, b) == by_distance(a, b)


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("9912345678", "0912345678", "one_slip"),  # the first digit misread as zero is one digit wrong
        ("1012345678", "0112345678", "one_slip"),  # and exchanged with a zero behind it
        ("9002345678", "0002345678", "one_slip"),  # though three digits fewer are packed
        ("9912345678", "9921345687", "different"),
        ("0012345678", "12345678", "equal"),  # lost zeros
        ("", "9912345678", "missing"),
    ],
)
def test_a_slip_in_the_first_digit_may_make_a_leading_zero(a: str, b: str, level: str) -> None:
    assert level_of_numbers(a, b) == level


def test_what_is_no_number_is_the_same_or_different() -> None:
    a, b = np.uint64(NOT_DIGITS | 5), np.uint64(NOT_DIGITS | 6)
    assert [number_level(a, a), number_level(a, b), number_level(a, packed("5"))] == [1, 3, 3]


@settings(deadline=None)
@given(st.integers(20_000_000, 49_999_999), st.integers(20_000_000, 49_999_999))
def test_strange_phones_slip_where_one_digit_or_two_neighbours_differ(a: int, b: int) -> None:
    assert phone_slip(np.uint32(a), np.uint32(b)) == (a != b and one_digit_or_neighbours(str(a), str(b)))


@settings(deadline=None)
@given(st.integers(20_000_000, 49_999_999), st.integers(0, 7), st.sampled_from("0123456789"), st.booleans())
def test_phones_slip(phone: int, at: int, digit: str, exchanged: bool) -> None:
    other = slipped(str(phone), "exchange" if exchanged else "change", at, digit)
    assume(other != str(phone))
    assert phone_slip(np.uint32(phone), np.uint32(int(other)))


def one_digit_or_neighbours(a: str, b: str) -> bool:
    apart = [at for at in range(8) if a[at] != b[at]]
    if len(apart) == 2:
        first, second = apart
        return second == first + 1 and a[first] == b[second] and a[second] == b[first]
    return len(apart) == 1


def day(written: str) -> np.uint32:
    year, month, of_month = ([*map(int, written.split("-")), 0, 0])[:3]
    return np.uint32(day_word(year, month, of_month))


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("1990-05-12", "0", "missing"),
        ("1990-05-12", "1990-05-12", "same_day"),
        ("1990-05-12", "1990-12-05", "swapped"),
        ("1990-05-12", "1990-05-13", "one_slip"),
        ("1990-05-12", "1991-05-12", "one_slip"),
        ("1990-05-12", "1990-05-21", "one_slip"),  # neighbours exchanged
        ("1990-05-12", "1990", "same_year"),
        ("1990", "1990", "same_year"),
        ("1990-05-12", "1990-07-23", "other_day"),
        ("1990-05-12", "1980-05-12", "ten_years"),
        ("1990", "1980", "ten_years"),
        ("1990-05-12", "1991-07-23", "next_year"),
        ("1990-05-12", "1989", "next_year"),
        ("1990", "1992", "near_year"),
        ("1990-05-12", "1988-07-23", "near_year"),
        ("1990-05-12", "1987-07-23", "different"),
        ("1990-05-12", "1980-07-23", "different"),
        ("1990", "1987", "different"),
    ],
)
def test_dates_by_hand(a: str, b: str, level: str) -> None:
    assert LEVELS[Kind.DATE][date_level(day(a), day(b))] == level
    assert LEVELS[Kind.DATE][date_level(day(b), day(a))] == level


DAYS = st.builds(day_word, st.integers(1900, 2026), st.integers(1, 12), st.integers(1, 31))
YEARS = st.builds(day_word, st.integers(1900, 2026))


@settings(deadline=None)
@given(DAYS | YEARS, DAYS | YEARS)
def test_dates_are_compared_the_same_in_either_order(a: int, b: int) -> None:
    assert date_level(np.uint32(a), np.uint32(b)) == date_level(np.uint32(b), np.uint32(a))


F, M, MINT, OULD = 1, 2, 1 | HINT, 2 | HINT


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        (0, F, "missing"), (0, 0, "missing"), (F, F, "same"), (F, M, "different"), (F, MINT, "hinted"),
        (MINT, MINT, "hinted"), (M, MINT, "against_hint"), (OULD, MINT, "against_hint"),
    ],
)  # fmt: skip
def test_sexes_by_hand(a: int, b: int, level: str) -> None:
    assert LEVELS[Kind.SEX][sex_level(np.uint32(a), np.uint32(b))] == level
    assert LEVELS[Kind.SEX][sex_level(np.uint32(b), np.uint32(a))] == level


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ((1, 2, 3), (1, 2, 3), "same_3"),
        ((1, 2, 3), (1, 2, 0), "same_2"),
        ((1, 0, 0), (1, 2, 3), "same_1"),
        ((1, 2, 3), (1, 2, 4), "other_3"),
        ((1, 2, 3), (1, 5, 3), "other_2"),  # the widest level at which they part
        ((1, 2, 3), (9, 2, 3), "other_1"),
        ((0, 2, 3), (9, 2, 3), "same_3"),
        ((0, 2, 3), (9, 0, 0), "missing"),
        ((0, 0, 0), (0, 0, 0), "missing"),
        ((65_535, 65_535, 65_535), (65_535, 65_535, 65_535), "same_3"),
    ],
)
def test_places_by_hand(a: tuple[int, int, int], b: tuple[int, int, int], level: str) -> None:
    first, second = (np.array([*one, 0], np.uint16).view(np.uint32) for one in (a, b))
    assert LEVELS[Kind.PLACE][place_level(first, second, 0)] == level
    assert LEVELS[Kind.PLACE][place_level(second, first, 0)] == level


@pytest.mark.parametrize(
    ("registered", "row", "level"),
    [
        ("head", "household", "head"),
        ("spouse", "household", "spouse"),
        ("child", "household", "member"),
        ("other", "household", "member"),
        ("head", "", "missing"),  # a row that stands for a person
        ("head", "spouse", "missing"),
        ("", "household", "missing"),
        ("household", "household", "missing"),
    ],
)
def test_roles_by_hand(registered: str, row: str, level: str) -> None:
    a, b = np.uint32(role_word(registered)), np.uint32(role_word(row))
    assert LEVELS[Kind.ROLE][role_level(a, b)] == level
    assert LEVELS[Kind.ROLE][role_level(b, a)] == level


@pytest.mark.parametrize(
    ("listed", "of_class", "born", "level"),
    [
        # In the third class, entered at six: eight, from seven to eleven with late entry and repeated years.
        ("2024-11-02", "3AF", "2016", "fits"),
        ("2024-11-02", "3AF", "2017-03-01", "fits"),
        ("2024-11-02", "3AF", "2013", "fits"),
        ("2024-11-02", "3AF", "2012", "older"),
        ("2024-11-02", "3AF", "2018", "unfit"),
        ("2024", "3AF", "2003", "unfit"),  # nobody of 21
        ("2024", "٣ م", "2016", "fits"),
        ("2024", "CP", "2019", "fits"),  # without a class: of five to twenty
        ("2024", "", "2004", "fits"),
        ("2024", "", "2003", "unfit"),
        ("2024", "", "2020", "unfit"),
        ("", "3AF", "2016", "missing"),
        ("2024", "3AF", "", "missing"),
    ],
)
def test_schools_by_hand(listed: str, of_class: str, born: str, level: str) -> None:
    school, birth = np.uint32(school_word(listed, of_class)), np.uint32(day(born) if born else 0)
    assert LEVELS[Kind.SCHOOL][school_level(school, birth)] == level
