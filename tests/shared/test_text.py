"""Messages in three languages; texts cleaned, folded and decoded."""

from __future__ import annotations

import io
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text import (
    LANGUAGES,
    PROBLEMS,
    TABLE_PROBLEMS,
    Text,
    announces_total,
    clean_text,
    fold,
    fold_digits,
    guess_encoding,
)

HOUSEHOLD = Text(ar="أسرة {number}", fr="ménage {number}", en="household {number}")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ar", "أسرة {number}"),
        ("ar-MR", "أسرة {number}"),
        ("FR", "ménage {number}"),
        ("en_GB", "household {number}"),
        ("wo", "ménage {number}"),
        ("", "ménage {number}"),
    ],
)
def test_a_text_speaks_the_language_asked_for_and_french_to_all_others(language: str, expected: str) -> None:
    assert HOUSEHOLD.in_(language) == expected


def test_places_are_filled_in_all_three_languages() -> None:
    assert HOUSEHOLD.format(number=7) == Text(ar="أسرة 7", fr="ménage 7", en="household 7")


@pytest.mark.parametrize("code", [*PROBLEMS, *TABLE_PROBLEMS])
def test_every_problem_says_what_is_accepted_in_three_different_sentences(code: str) -> None:
    text = {**PROBLEMS, **TABLE_PROBLEMS}[code]
    sentences = [text.in_(language) for language in LANGUAGES]
    places = [{name for _, name, _, _ in string.Formatter().parse(each) if name} for each in sentences]

    assert len(set(sentences)) == 3
    assert any("\u0600" <= letter <= "\u06ff" for letter in text.ar)
    assert set().union(*places) <= {
        "latest",
        "unit",
        "minimum",
        "maximum",
        "accepted",
        "fields",
        "rows",
        "columns",
        "megabytes",
        "workbook_megabytes",
        "headers",
    }
    if code in PROBLEMS:
        assert places[0] == places[1] == places[2]


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("  Mohamed\u00a0\u202f Ould\tAhmed ", "Mohamed Ould Ahmed"),
        ("محمــــد", "محمد"),
        ("أحمد\u200f \u200bسالم\ufeff", "أحمد سالم"),
        ("ﻣﺤﻤﺪ", "محمد"),  # the forms of an old terminal
        ("Cafe\u0301", "Café"),
        ("Ｎｏｍ", "Nom"),
        ("10 m²", "10 m²"),  # NFKC would make it 10 m2
        ("a\x00b\x07", "a b"),
        (9912345678.0, "9912345678"),
        (12.5, "12.5"),
        (None, ""),
    ],
)
def test_cleaning_removes_what_nobody_sees(written: str | float | None, cleaned: str) -> None:
    assert clean_text(written) == cleaned


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("École", "ECOLE"),
        ("الأسرة", "الاسره"),
        ("مصطفى", "مصطفي"),
        ("مُحَمَّد", "محمد"),
        ("القرية / الحي", "القرية الحي"),
        ("Œuvre", "oeuvre"),
        ("٢٢", "22"),
        ("№ 5", "No 5"),
    ],
)
def test_folding_makes_spellings_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_digits_of_both_arabic_scripts_are_folded() -> None:
    assert fold_digits("٠١٢٣٤٥٦٧٨٩ ۰۱۲۳۴۵۶۷۸۹") == "0123456789 0123456789"


@given(st.text())
def test_cleaning_and_folding_twice_change_nothing_more(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "label",
    [
        "TOTAL",
        "Total général",
        "Totaux",
        "Sous-total",
        "T O T A L",
        "المجموع",
        "المجمـــوع العام",
        "الجملة",
        "الإجمالي",
        "العدد الإجمالي",
    ],
)
def test_a_total_is_announced(label: str) -> None:
    assert announces_total(label)


@pytest.mark.parametrize("text", ["Totah Ould Ahmed", "مجموعة السلام", "محمد", "Mohamed", "MR0110000123"])
def test_a_name_announces_no_total(text: str) -> None:
    assert not announces_total(text)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Nom;Âge\nأحمد;3\n".encode(), "utf-8"),
        ("Nom;Âge\n".encode("utf-8-sig"), "utf-8-sig"),
        ("Nom;Âge\nأحمد;3\n".encode("utf-16"), "utf-16"),
        ("الاسم;السن\nأحمد;3\n".encode("utf-16-le"), "utf-16-le"),
        ("الاسم;السن\nأحمد;3\n".encode("utf-16-be"), "utf-16-be"),
        ("الاسم;السن\nأحمد;3\n".encode("cp1256"), "cp1256"),
        ("Prénom;الاسم\nSélem;سالم\n".encode("cp1256"), "cp1256"),
        ("MÉNAGE;Élève;Père\nDésiré;3;À\n".encode("cp1252"), "cp1252"),
        ("Nom;Âge\n".encode() + "Sélem;3\n".encode() * 30 + b"\xe9;3\n", "utf-8"),
        (b"Nom;3\n", "utf-8"),
        (bytes(range(256)) * 40, None),
    ],
)
def test_the_encoding_is_told_from_the_bytes(content: bytes, expected: str | None) -> None:
    assert guess_encoding(io.BytesIO(content)) == expected
