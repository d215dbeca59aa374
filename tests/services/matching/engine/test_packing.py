"""Cells as lists really hold them, and the packed words they become."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from services.matching.engine.fields import Field, Kind, layout_of
from services.matching.engine.packing import (
    HINT,
    NOT_DIGITS,
    PHONE_BITS,
    Vocabulary,
    dates,
    day_word,
    numbers,
    pack,
    phones,
    plain,
    sexes,
)
from services.matching.engine.place_scripts import join_scripts


def column(*values: str | None) -> pl.Series:
    return pl.Series("x", values, pl.String)


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("9912345678", "9912345678"),
        ("٩٩١٢٣٤٥٦٧٨", "9912345678"),
        ("۹۹۱۲۳۴۵۶۷۸", "9912345678"),
        ("99ـ12345678", "9912345678"),  # a tatweel
        ("9912 345-678", "9912345678"),
        (" 9912345678\u200f", "9912345678"),
        ("0012345678", "12345678"),
        ("12345678", "12345678"),  # zeros that a spreadsheet lost
        ("9912345678.0", "9912345678"),
        ("9.912345678E+09", "9912345678"),  # every digit is there
        ("9,912345678e9", "9912345678"),
        ("9.91E+09", "0"),  # digits are lost
        ("9.9123456785E+09", "0"),  # it was no whole number
        ("HH-0042", "42"),
        ("0000000000", "0"),
        ("", "0"),
        (None, "0"),
        ("-", "0"),
        ("néant", "0"),
        ("لا يوجد", "0"),
        ("😀", "0"),
        ("\x01", "0"),
    ],
)
def test_a_number_is_its_digits(written: str | None, digits: str) -> None:
    assert format(int(numbers(column(written))[0]), "x") == digits


def test_what_is_no_number_is_a_hash_of_its_letters() -> None:
    found = numbers(column("MR12A7", "mr 12-a7", "MR12A8", "1" * 16, "1" * 500))
    assert all(int(one) & NOT_DIGITS for one in found)
    assert found[0] == found[1]
    assert len(set(found.tolist())) == 4


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("22334455", 22334455),
        ("+222 22 33 44 55", 22334455),
        ("0022222334455", 22334455),
        ("٢٢٣٣٤٤٥٥", 22334455),
        ("22334455.0", 22334455),
        ("2.2334455E+07", 22334455),
        ("2.23E+07", 0),
        ("2233445", 0),  # too short
        ("", 0),
        (None, 0),
        ("00000000", 0),
        ("لا يوجد", 0),
    ],
)
def test_a_phone_is_its_last_eight_digits(written: str | None, phone: int) -> None:
    assert phones(column(written)).tolist() == [phone]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("1990-05-12", (1990, 5, 12)),
        ("12/05/1990", (1990, 5, 12)),
        ("12.05.1990", (1990, 5, 12)),
        ("1990/5/12", (1990, 5, 12)),
        ("19900512", (1990, 5, 12)),
        ("12051990", (1990, 5, 12)),
        ("19900512.0", (1990, 5, 12)),
        ("1990-05-12 00:00:00", (1990, 5, 12)),
        ("1990-05-12T00:00", (1990, 5, 12)),
        ("12 mai 1990", (1990, 5, 12)),
        ("12 مايو 1990", (1990, 5, 12)),
        ("١٢/٠٥/١٩٩٠", (1990, 5, 12)),
        ("33005", (1990, 5, 12)),  # the serial number of a day in Excel
        ("12/05/90", (1990, 5, 12)),
        ("31/12/1990", (1990, 0, 0)),  # how a year alone is written
        ("01/01/1990", (1990, 0, 0)),
        ("٣١/١٢/١٩٩٠", (1990, 0, 0)),
        ("00/00/1990", (1990, 0, 0)),
        ("1990", (1990, 0, 0)),
        ("1990.0", (1990, 0, 0)),
        ("vers 1975", (1975, 0, 0)),
        ("1990-02-30", (1990, 2, 30)),  # no calendar has it: a slip away from a day that one has
        ("1990-13-05", (1990, 13, 5)),
        ("99999999", (0, 0, 0)),
        ("inconnu", (0, 0, 0)),
        ("", (0, 0, 0)),
        (None, (0, 0, 0)),
        ("9" * 500, (0, 0, 0)),
        ("\x00", (0, 0, 0)),
    ],
)
def test_a_date_in_any_writing(written: str | None, day: tuple[int, int, int]) -> None:
    assert dates([column(written)]).tolist() == [day_word(*day)]


def test_a_year_of_two_digits_is_of_the_century_that_has_been() -> None:
    this_year = datetime.now(UTC).year
    last, next_one = dates([column(*(f"02/03/{year % 100:02}" for year in (this_year - 1, this_year + 1)))])
    assert (last >> 9, next_one >> 9) == (this_year - 1, this_year - 99)


@pytest.mark.parametrize(
    ("parts", "day"),
    [
        (("1990", "5", "12"), (1990, 5, 12)),
        (("١٩٩٠", "٥", "١٢"), (1990, 5, 12)),
        (("1990.0", "5.0", "12.0"), (1990, 5, 12)),
        (("1990", "", ""), (1990, 0, 0)),
        (("1990", "5", ""), (1990, 0, 0)),
        (("1990", "12", "31"), (1990, 0, 0)),
        (("1990", "5", "40"), (1990, 0, 0)),
        (("90", "5", "12"), (0, 0, 0)),  # of which century is not said
        (("", "5", "12"), (0, 0, 0)),
        (("9" * 30, "5", "12"), (0, 0, 0)),
        (("1990", "5"), (1990, 0, 0)),
    ],
)
def test_a_date_in_parts(parts: tuple[str, ...], day: tuple[int, int, int]) -> None:
    assert dates([column(one) for one in parts]).tolist() == [day_word(*day)]


def test_sexes_in_three_languages() -> None:
    female, male = sexes(column("F", "femme", "Féminin", "أنثى", "female")), sexes(column("M", "homme", "ذكر", "H"))
    assert set(female.tolist()) == {1}
    assert set(male.tolist()) == {2}
    assert sexes(column("", None, "?", "😀")).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (pl.Series([22334455.0, None]), ["22334455", ""]),  # a number with gaps becomes a float in many programs
        (pl.Series([9912345678, None]), ["9912345678", ""]),
        (pl.Series([1.5, 2.0]), ["1.5", "2.0"]),
        (pl.Series([date(1990, 5, 12), None]), ["1990-05-12", ""]),
        (pl.Series([None, None]), ["", ""]),
        (pl.Series(["a", None]), ["a", ""]),
    ],
)
def test_a_column_of_any_type_is_its_texts(given: pl.Series, texts: list[str]) -> None:
    assert plain(given).to_list() == texts


def test_times_of_a_parquet_are_days() -> None:
    assert dates([plain(pl.Series([datetime(1990, 5, 12)]))]).tolist() == [day_word(1990, 5, 12)]  # noqa: DTZ001


PHONED = layout_of([Field("phone", Kind.PHONE, 2)])


def test_two_columns_of_phones_with_how_many_share_each() -> None:
    records = pack(
        {"phone": [column("22334455", "33445566", "", "22334455"), column("33445566", "", None, "22334455")]},
        Vocabulary(PHONED),
    )
    both = records[:, :2]
    assert (both & ((1 << PHONE_BITS) - 1)).tolist() == [
        [22334455, 33445566], [33445566, 0], [0, 0], [22334455, 22334455],
    ]  # fmt: skip
    # The one stands three times, the other twice: the logarithm to the base 2, rounded down, is 1 for both.
    assert (both >> PHONE_BITS).tolist() == [[1, 1], [1, 0], [0, 0], [1, 1]]


def test_a_sex_that_is_not_given_is_hinted_at_by_the_name() -> None:
    layout = layout_of([Field("name", Kind.NAME), Field("sex", Kind.SEX)])
    names = column("Sidi Ould Ahmed", "Aichetou Mint Sidi", "Diallo", "Aichetou Mint Sidi")
    records = pack({"name": [names], "sex": [column("", None, "", "M")]}, Vocabulary(layout))
    assert records[:, layout.offsets[0]].tolist() == [2 | HINT, 1 | HINT, 0, 2]


def test_places_in_two_scripts_are_one_place() -> None:
    layout = layout_of([Field("place", Kind.PLACE, 2)])
    vocabulary = Vocabulary(layout)
    latin = pack({"place": [column("Hodh Chargui", "Assaba", ""), column("Néma", "Kiffa", "Nema")]}, vocabulary)
    arabic = pack({"place": [column("الحوض الشرقي", "لعصابة"), column("النعمة", "كيفة")]}, vocabulary)
    join_scripts(vocabulary, [latin, arabic])
    halves, others = (one[:, :2].copy().view(np.uint16) for one in (latin, arabic))
    assert others[1, 1] == halves[1, 1] != 0
    assert halves[2, 1] == halves[0, 1] != halves[1, 1]
    assert halves[2, 0] == 0


def test_places_past_what_a_level_tells_apart_are_missing() -> None:
    layout = layout_of([Field("place", Kind.PLACE, 1)])
    villages = pl.Series([f"village {at}" for at in range(70_000)])
    levels = pack({"place": [villages]}, Vocabulary(layout))[:, 0] & 0xFFFF
    assert len(set(levels.tolist())) == 1 << 16
    assert int((levels == 0).sum()) == 70_000 - 65_535


def test_a_field_that_a_list_does_not_have_is_missing_in_every_row() -> None:
    layout = layout_of([Field("id", Kind.NUMBER), Field("phone", Kind.PHONE)])
    records = pack({"phone": [column("22334455", "")]}, Vocabulary(layout))
    assert records.shape == (2, 16)
    assert not records[:, :2].any()


def test_a_record_wider_than_a_cache_line_takes_what_it_needs() -> None:
    assert layout_of([Field(f"id_{at}", Kind.NUMBER) for at in range(10)]).width == 20
