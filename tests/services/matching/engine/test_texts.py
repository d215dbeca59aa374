"""How alike two texts are, beside rapidfuzz; what a table of texts holds."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from services.matching.engine.hashing import hashes_of
from services.matching.engine.texts import LONGEST, TextTable, alike, distinct

WORDS = st.text("abcdأبجد ", min_size=1, max_size=LONGEST)


def told(a: str, b: str) -> float:
    table = TextTable()
    codes = table.add(0, [a, b])
    places = np.zeros(256, np.uint64)
    value = alike(table.records, int(codes[0]), int(codes[1]), places)
    assert not places.any(), "the workspace is left as it was found"
    return float(value)


def folded(text: str) -> str:
    return " ".join(text.split()).replace("أ", "ا")


def by_distance(a: str, b: str) -> float:
    longest = max(len(a), len(b))
    return 0.0 if min(len(a), len(b)) * 2 < longest or not longest else 1.0 - OSA.distance(a, b) / longest


@settings(deadline=None)
@given(WORDS, WORDS)
def test_texts_are_as_alike_as_their_letters(a: str, b: str) -> None:
    assert told(a, b) == pytest.approx(by_distance(folded(a), folded(b)))


@settings(deadline=None)
@given(st.text("abcd", min_size=2, max_size=LONGEST), st.integers(0, 31), st.sampled_from("abcd"))
def test_one_letter_is_one_letter_wherever_it_stands(text: str, at: int, letter: str) -> None:
    at %= len(text)
    other = text[:at] + letter + text[at + 1 :]
    assert told(text, other) == pytest.approx(by_distance(text, other))


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [
        ("nema", "nmea", 0.75),
        ("nema", "nema", 1.0),
        ("a", "abc", 0.0),  # less than half as long: not looked at
        ("Néma", "NEMA", 1.0),
        ("x" * 500, "x" * 500, 1.0),
        ("", "nema", 0.0),
        ("😀", "😀", 0.0),  # no letter
    ],
)
def test_texts_by_hand(a: str, b: str, value: float) -> None:
    assert told(a, b) == pytest.approx(value)


def test_a_text_has_one_code_in_a_field_and_another_in_the_next() -> None:
    table = TextTable()
    assert table.add(0, ["Nema", "", "néma", "Kiffa"]).tolist() == [1, 0, 1, 2]
    assert table.add(1, ["Nema"]).tolist() == [3]
    assert table.add(0, ["kiffa"]).tolist() == [2]


def test_distinct_values_give_the_column_back() -> None:
    codes, values = distinct(pl.Series(["b", None, "a", "b", ""]))
    assert values.gather(codes).to_list() == ["b", "", "a", "b", ""]


def test_hashes_are_the_same_on_every_machine() -> None:
    # FNV-1a of "a" is 0xAF63DC4C8601EC8C (the authors' table); what follows is the finalizer of splitmix64.
    value = 0xAF63DC4C8601EC8C
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        value = ((value ^ (value >> shift)) * factor) % 2**64
    assert hashes_of(["", "a"]).tolist() == [0, value]
    assert len(set(hashes_of([str(one) for one in range(10_000)]).tolist())) == 10_000
