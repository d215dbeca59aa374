"""Cells as they come, and what they mean. Expected values are worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values import (
    BadValue,
    Cell,
    Currency,
    PartialDate,
    looks_ten_times_off,
    nni_check_holds,
    parse_choice,
    parse_date,
    parse_integer,
    parse_money,
    parse_nni,
    parse_phones,
    parse_sex,
)

TODAY = date(2026, 11, 23)
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

# -- National id. 97 x 102060821 = 9899899637, so 9899899638 passes; 97 x 72167 = 7000199, so 0007000200 passes.


@pytest.mark.parametrize(
    ("cell", "nni"),
    [
        ("9899899638", "9899899638"),
        (9899899638, "9899899638"),
        (9899899638.0, "9899899638"),
        ("9899899638.0", "9899899638"),
        ("9.899899638E9", "9899899638"),
        ("9,899899638E+09", "9899899638"),
        ("9.8998996380E+09", "9899899638"),
        (" 989 989 96 38 ", "9899899638"),
        ("'9899899638", "9899899638"),
        ("٩٨٩٩٨٩٩٦٣٨", "9899899638"),
        ("7000200", "0007000200"),
        (7000200.0, "0007000200"),
    ],
)
def test_a_national_id_is_read_however_a_spreadsheet_left_it(cell: Cell, nni: str) -> None:
    parsed = parse_nni(cell)

    assert (parsed.value, parsed.warnings) == (nni, ())


@pytest.mark.parametrize(
    ("cell", "value", "warning"),
    [
        ("9899899639", "9899899639", "nni_check_failed"),
        ("9.8999E+09", None, "nni_precision_lost"),
        ("9,90E9", None, "nni_precision_lost"),
        ("98998996381", None, "nni_unreadable"),
        ("absent ce jour", None, "nni_unreadable"),
        ("42", None, "nni_unreadable"),
        ("²²²²²²²²²²", None, "nni_unreadable"),
    ],
)
def test_a_doubtful_national_id_is_a_warning_never_a_refusal(cell: Cell, value: str | None, warning: str) -> None:
    parsed = parse_nni(cell)

    assert parsed.value == value
    assert [each.code for each in parsed.warnings] == [warning]


@pytest.mark.parametrize("cell", [None, "", " - ", "néant", "NEANT", "لا يوجد", "#N/A", "0", 0, "000"])
def test_no_national_id_is_no_problem(cell: Cell) -> None:
    assert (parse_nni(cell).value, parse_nni(cell).warnings) == (None, ())


valid_nnis = st.integers(10_310, 103_092_782).map(lambda n: f"{n * 97 + 1:010d}")
nni_writings: list[Callable[[str], Cell]] = [
    str, int, float, lambda nni: str(float(nni)), lambda nni: str(int(nni)), lambda nni: f"{int(nni):.9E}",
    lambda nni: f"{int(nni):.9e}".replace(".", ","), lambda nni: f" {nni[:3]} {nni[3:6]}\u00a0{nni[6:]} ",
    lambda nni: ".".join((nni[:4], nni[4:7], nni[7:])), lambda nni: nni.translate(ARABIC), lambda nni: nni.translate(PERSIAN),
    lambda nni: f"'{nni}", lambda nni: f"\u200f{nni}\u200f", lambda nni: "-".join((nni[:5], nni[5:])),
]  # fmt: skip


@given(valid_nnis, st.sampled_from(nni_writings))
def test_any_valid_national_id_survives_any_writing(nni: str, write: Callable[[str], Cell]) -> None:
    assert nni_check_holds(nni)
    assert (parse_nni(write(nni)).value, parse_nni(write(nni)).warnings) == (nni, ())


@given(valid_nnis, st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(nni: str, place: int, shift: int) -> None:
    # 97 is prime and greater than 9, and no power of ten is a multiple of it.
    wrong = nni[:place] + str((int(nni[place]) + shift) % 10) + nni[place + 1 :]

    assert [each.code for each in parse_nni(wrong).warnings] == ["nni_check_failed"]


# -- Phones


@pytest.mark.parametrize(
    ("cell", "phones"),
    [
        (22123456, ["+22222123456"]),
        (22123456.0, ["+22222123456"]),
        ("2.2123456E7", ["+22222123456"]),
        ("+222 36 12 34 56", ["+22236123456"]),
        ("(+222) 36.12.34.56", ["+22236123456"]),
        ("00222-46-12-34-56", ["+22246123456"]),
        ("22212345", ["+22222212345"]),  # eight digits that begin like the country's code
        ("22222212345", ["+22222212345"]),
        ("22123456/33123456", ["+22222123456", "+22233123456"]),
        ("22 12 34 56 - 33 12 34 56", ["+22222123456", "+22233123456"]),
        ("22123456 33123456", ["+22222123456", "+22233123456"]),
        ("2212345633123456", ["+22222123456", "+22233123456"]),
        ("22123456 ou +22233123456", ["+22222123456", "+22233123456"]),
        ("22123456 و 33123456", ["+22222123456", "+22233123456"]),
        ("٢٢١٢٣٤٥٦ / ٣٣١٢٣٤٥٦", ["+22222123456", "+22233123456"]),
        ("22123456\n33123456", ["+22222123456", "+22233123456"]),
        ("22123456, 22123456", ["+22222123456"]),
        ("", []),
        ("néant", []),
        ("00000000", []),
        (None, []),
    ],
)
def test_phones_of_a_cell(cell: Cell, phones: list[str]) -> None:
    parsed = parse_phones(cell)

    assert list(parsed.value) == phones
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("cell", "phones"),
    [
        ("12345678", []),
        ("2212345", []),
        ("+221 77 123 45 67", []),
        ("22123456 / 3312345", ["+22222123456"]),
        ("chez son frère 22123456", ["+22222123456"]),
        ("2.2123E7", []),
        ("2" * 2000, []),
    ],
)
def test_what_is_no_phone_is_a_warning_and_the_good_one_beside_it_is_kept(cell: Cell, phones: list[str]) -> None:
    parsed = parse_phones(cell)

    assert list(parsed.value) == phones
    assert [each.code for each in parsed.warnings] == ["phone_unreadable"]


phones = st.integers(20_000_000, 49_999_999).map(str)
phone_writings: list[Callable[[str], str]] = [
    str, lambda phone: f"+222{phone}", lambda phone: f"00222 {phone}", lambda phone: f"+222 {phone[:4]} {phone[4:]}",
    lambda phone: " ".join(phone[i : i + 2] for i in range(0, 8, 2)), lambda phone: phone.translate(ARABIC),
    lambda phone: ".".join(phone[i : i + 2] for i in range(0, 8, 2)),
]  # fmt: skip


@given(
    st.lists(
        st.tuples(phones, st.sampled_from(phone_writings)),
        min_size=1,
        max_size=3,
        unique_by=lambda pair: pair[0],
    ),
    st.sampled_from(["/", " / ", ";", " ou ", " et ", "\n", " و "]),
)
def test_any_phones_in_any_writing_are_read_in_their_order(
    written: list[tuple[str, Callable[[str], str]]], separator: str
) -> None:
    parsed = parse_phones(separator.join(write(phone) for phone, write in written))

    assert parsed.value == tuple(f"+222{phone}" for phone, _ in written)
    assert parsed.warnings == ()


# -- Dates. Day 27526 of Excel is 12 May 1975: 27395 is 1 January 1975, and 31 + 28 + 31 + 30 + 11 days follow.


@pytest.mark.parametrize(
    "cell",
    [
        "12/05/1975", "12-5-1975", "12.05.1975", "12 / 05 / 1975", "1975-05-12", "1975/05/12", "1975-05-12 00:00:00",
        "1975-05-12T00:00:00", "١٢/٠٥/١٩٧٥", "12 mai 1975", "12-Mai-1975", "12 مايو 1975", "12 May 1975", "19750512", 12051975,
        27526, 27526.0, "27526", "27526.5", date(1975, 5, 12), datetime.combine(date(1975, 5, 12), time(8, 30)), "\u200f12/05/1975",
    ],
)  # fmt: skip
def test_one_day_in_every_writing(cell: Cell) -> None:
    parsed = parse_date(cell, TODAY)

    assert parsed.value == PartialDate(date(1975, 5, 12), "day")
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("1975", date(1975, 12, 31)),
        (1975, date(1975, 12, 31)),
        (1975.0, date(1975, 12, 31)),
        ("vers 1975", date(1975, 12, 31)),
        ("حوالي ١٩٧٥", date(1975, 12, 31)),
        ("00/00/1975", date(1975, 12, 31)),
        ("31/12/1975", date(1975, 12, 31)),
        (datetime.combine(date(1975, 12, 31), time()), date(1975, 12, 31)),
        ("01/01/1975", date(1975, 1, 1)),
        ("2026", date(2026, 12, 31)),  # born this year: its 31 December is not "in the future"
    ],
)
def test_a_year_alone_is_kept_as_a_year(cell: Cell, day: date) -> None:
    assert parse_date(cell, TODAY).value == PartialDate(day, "year")


@pytest.mark.parametrize(
    ("cell", "day"),
    [("12/05/75", date(1975, 5, 12)), ("12-05-26", date(2026, 5, 12)), ("12/05/27", date(1927, 5, 12))],
)
def test_a_year_of_two_digits_is_read_and_remarked(cell: str, day: date) -> None:
    parsed = parse_date(cell, TODAY)

    assert parsed.value == PartialDate(day, "day")
    assert [each.code for each in parsed.warnings] == ["date_two_digit_year"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("30/02/1980", "date_impossible"),
        ("05/25/1980", "date_impossible"),
        ("29/02/1900", "date_impossible"),
        ("12/00/1980", "date_impossible"),
        ("12/05/1899", "date_before_1900"),
        ("1850", "date_before_1900"),
        (datetime.combine(date.min, time()), "date_before_1900"),
        ("24/11/2026", "date_in_future"),
        ("2027", "date_in_future"),
        ("hier", "date_unreadable"),
        ("12/05", "date_unreadable"),
        ("99999", "date_unreadable"),
        (-5, "date_unreadable"),
        (float("nan"), "date_unreadable"),
        (float("inf"), "date_unreadable"),
        ("1e9", "date_unreadable"),
    ],
)
def test_an_unusable_date_is_refused_with_its_reason(cell: Cell, code: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse_date(cell, TODAY)

    assert refused.value.code == str(refused.value) == code


def test_the_latest_day_accepted_is_named() -> None:
    with pytest.raises(BadValue) as refused:
        parse_date("24/11/2026", TODAY)

    assert refused.value.text.fr.endswith("une date jusqu'au 23/11/2026")


def test_the_day_of_an_event_is_a_day_even_on_31_december() -> None:
    assert parse_date("31/12/2025", TODAY, year_only=False).value == PartialDate(date(2025, 12, 31), "day")
    with pytest.raises(BadValue, match="date_day_required"):
        parse_date("2025", TODAY, year_only=False)
    with pytest.raises(BadValue, match="date_in_future"):
        parse_date("31/12/2026", TODAY, year_only=False)


days = st.dates(date(1901, 1, 1), TODAY)
date_writings: list[Callable[[date], Cell]] = [
    lambda day: f"{day:%d/%m/%Y}", lambda day: f"{day:%d-%m-%Y}", lambda day: f"{day.day}.{day.month}.{day.year}",
    lambda day: day.isoformat(), lambda day: f"{day:%Y/%m/%d}", lambda day: f"{day:%d/%m/%Y}".translate(ARABIC),
    lambda day: f"{day:%Y%m%d}", lambda day: f"{day:%d%m%Y}", lambda day: day, lambda day: f"{day:%d/%m/%Y} 00:00",
    lambda day: datetime.combine(day, time()),
]  # fmt: skip


@given(days, st.sampled_from(date_writings))
def test_any_day_survives_any_writing(day: date, write: Callable[[date], Cell]) -> None:
    precision = "year" if (day.month, day.day) in ((12, 31), (1, 1)) else "day"

    assert parse_date(write(day), TODAY).value == PartialDate(day, precision)  # type: ignore[arg-type]


@given(st.integers(2_101, 46_349))
def test_a_serial_day_counts_from_the_last_days_of_1899(serial: int) -> None:
    # 1 January 1970 is day 25569 in Excel (published by Microsoft for the conversion of Unix times).
    parsed = parse_date(serial, TODAY).value

    assert parsed is not None
    assert parsed.value == date(1970, 1, 1) + timedelta(days=serial - 25_569)


# -- Money


@pytest.mark.parametrize(
    ("cell", "unit", "amount"),
    [
        (3600, "MRU", "3600.00"),
        (3600.5, "MRU", "3600.50"),
        ("3 600", "MRU", "3600.00"),
        ("3\u202f600,00", "MRU", "3600.00"),
        ("3.600", "MRU", "3600.00"),
        ("3,600", "MRU", "3600.00"),
        ("3,600.50", "MRU", "3600.50"),
        ("3.600,50", "MRU", "3600.50"),
        ("1.234.567", "MRU", "1234567.00"),
        ("٣٦٠٠", "MRU", "3600.00"),
        ("٣٬٦٠٠٫٥٠", "MRU", "3600.50"),
        ("3600 MRU", "MRU", "3600.00"),
        ("3600 UM", "MRO", "360.00"),
        ("٣٦٠٠ أوقية جديدة", "MRU", "3600.00"),
        ("0,5", "MRU", "0.50"),
        ("0.600", "MRU", "0.60"),
        ("36 000", "MRO", "3600.00"),
        (18005, "MRO", "1800.50"),
        ("0", "MRU", "0.00"),
    ],
)
def test_an_amount_is_new_ouguiya_with_two_places(cell: Cell, unit: Currency, amount: str) -> None:
    parsed = parse_money(cell, unit)

    assert str(parsed.value) == amount
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (-5, "amount_negative"),
        ("-3 600", "amount_negative"),
        ("(3600)", "amount_negative"),
        ("trois mille", "amount_unreadable"),
        ("3600/2", "amount_unreadable"),
        ("1.23.456,0", "amount_unreadable"),
        (float("nan"), "amount_unreadable"),
        (float("inf"), "amount_unreadable"),
        ("1000000000000", "amount_too_large"),
        (1e300, "amount_too_large"),
    ],
)
def test_an_unusable_amount_is_refused(cell: Cell, code: str) -> None:
    with pytest.raises(BadValue, match=code):
        parse_money(cell, "MRU")


def test_a_cell_that_names_the_other_unit_is_remarked() -> None:
    parsed = parse_money("36000 MRO", "MRU")

    assert parsed.value == Decimal("36000.00")
    assert [each.code for each in parsed.warnings] == ["amount_unit_differs"]


def _grouped(amount: Decimal, separator: str, decimal_mark: str) -> str:
    return f"{amount:,.2f}".replace(",", "\0").replace(".", decimal_mark).replace("\0", separator)


@given(
    st.decimals(0, 10**10, places=2),
    st.sampled_from(
        [
            (" ", ","),
            ("\u202f", ","),
            ("\u00a0", ","),
            (".", ","),
            (",", "."),
            ("", "."),
            ("", ","),
            ("٬", "٫"),
        ]
    ),
    st.booleans(),
    st.sampled_from(["", " MRU", " UM"]),
)
def test_any_amount_survives_any_separators(amount: Decimal, marks: tuple[str, str], arabic: bool, unit: str) -> None:
    written = _grouped(amount, *marks) + unit

    assert parse_money(written.translate(ARABIC) if arabic else written, "MRU").value == amount


@pytest.mark.parametrize(
    ("value", "expected", "off"),
    [
        ("36000", "3600", True),
        ("360", "3600", True),
        ("3600", "3600", False),
        ("5400", "3600", False),
        ("34000", "3600", True),
        ("0", "3600", False),
    ],
)
def test_ten_times_off(value: str, expected: str, off: bool) -> None:
    assert looks_ten_times_off(Decimal(value), Decimal(expected)) is off


# -- Numbers, sex, choices, and what is never told


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (6, 6),
        (6.0, 6),
        ("6", 6),
        ("٦", 6),
        ("6,0", 6),
        ("6 personnes", 6),
        ("1 200", 1200),
        ("néant", None),
        (None, None),
    ],
)
def test_whole_numbers(cell: Cell, number: int | None) -> None:
    assert parse_integer(cell, 1, 5000).value == number


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (0, "integer_out_of_range"),
        ("31", "integer_out_of_range"),
        (6.5, "integer_unreadable"),
        ("six", "integer_unreadable"),
        ("6-7", "integer_unreadable"),
    ],
)
def test_whole_numbers_refused(cell: Cell, code: str) -> None:
    with pytest.raises(BadValue, match=code) as refused:
        parse_integer(cell, 1, 30)

    assert "1" in refused.value.text.ar
    assert "30" in refused.value.text.ar


@pytest.mark.parametrize(
    ("words", "sex"),
    [
        (["F", "f.", "Femme", "féminin", "FILLE", "Female", "أنثى", "انثى", "امرأة"], "F"),
        (["M", "H", "G", "Masculin", "Garçon", "Male", "ذكر", "ذكـر", "رجل"], "M"),
    ],
)
def test_sex_in_three_languages(words: list[str], sex: str) -> None:
    assert {parse_sex(word).value for word in words} == {sex}


def test_an_unknown_sex_is_refused_and_an_empty_one_is_not() -> None:
    assert parse_sex(" ").value is None
    with pytest.raises(BadValue, match="sex_unreadable"):
        parse_sex("2")


def test_a_choice_is_recognised_by_any_of_its_words() -> None:
    actions = {"add": ["Ajout", "إضافة"], "remove": ["Retrait", "حذف"]}

    assert parse_choice("إضافـة", actions).value == "add"
    assert parse_choice("RETRAIT", actions).value == "remove"
    assert parse_choice("Add", actions).value == "add"
    assert parse_choice("none", {"none": []}).value == "none"
    assert parse_choice(None, actions).value is None
    with pytest.raises(BadValue, match="choice_unreadable") as refused:
        parse_choice("suspendre", actions)
    assert refused.value.text.en.endswith("accepted: add / Ajout / إضافة, remove / Retrait / حذف")


cells = st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.dates(), st.datetimes())


@given(cells)
def test_no_cell_makes_a_parser_fall_over_or_tell_the_value(cell: Cell) -> None:
    assert parse_nni(cell).value is None or len(parse_nni(cell).value or "") == 10
    assert all(len(phone) == 12 for phone in parse_phones(cell).value)
    for parse in (
        lambda: parse_date(cell, TODAY),
        lambda: parse_money(cell, "MRO"),
        lambda: parse_integer(cell, 1, 30),
        lambda: parse_sex(cell),
        lambda: parse_choice(cell, {"add": ["ajout"]}),
    ):
        try:
            parse()
        except BadValue as refused:
            assert str(refused) == refused.code
