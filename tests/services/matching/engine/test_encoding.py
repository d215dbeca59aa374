"""Filters that name nobody: what sets which bits, what a secret changes, and how alike two filters are."""

import hmac
import itertools
import math
import random
import secrets as random_secrets

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.engine.encoding import (
    LEAST_SECRET,
    NotEncoded,
    WeakSecret,
    as_text,
    encode,
    fingerprint,
    read_secret,
)
from services.matching.engine.fields import ENCODED_BITS, LEVELS, Field, Kind, layout_of
from services.matching.engine.levels import dice
from services.matching.engine.lists import compare_lists, result_of
from services.matching.engine.packing import Vocabulary
from services.matching.engine.packing import encoded as packed
from services.matching.engine.packing_one import pack_one
from services.matching.engine.scoring import encoded_level

FIELDS = (
    Field("name", Kind.NAME, 2),
    Field("father_name", Kind.FATHER),
    Field("birth", Kind.DATE),
    Field("sex", Kind.SEX),
    Field("phone", Kind.PHONE, 2),
    Field("place", Kind.PLACE, 2),
    Field("id", Kind.NUMBER),
    Field("street", Kind.TEXT),
)
SECRET = bytes(range(100, 140))
OTHER = bytes(range(60, 100))
PERSON = {
    "name": ["Mohamed Ould Ahmed Salem", ""], "father_name": ["Ahmed Salem"], "birth": ["1980-05-06"], "sex": ["M"],
    "phone": ["22334455", ""], "place": ["Trarza", "Rosso"], "id": ["9912345678"], "street": ["rue 12"],
}  # fmt: skip
Row = dict[str, list[str]]


def columns(rows: list[Row]) -> dict[str, list[pl.Series]]:
    return {
        field.name: [pl.Series([row[field.name][at] for row in rows], dtype=pl.String) for at in range(field.columns)]
        for field in FIELDS
    }


def filters(*rows: Row, secret: bytes = SECRET) -> np.ndarray:
    return encode(FIELDS, columns(list(rows)), secret).filters


def bits(one: np.ndarray) -> int:
    return int(np.bitwise_count(one).sum())


def dice_of(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * bits(a & b) / (bits(a) + bits(b))


def person(**other: list[str]) -> Row:
    return PERSON | other


def test_a_part_sets_the_bits_that_its_hmac_tells_and_the_filter_is_folded_once() -> None:
    # One phone of which two pairs are known by hand; all else is missing but the sex, without which nothing is encoded.
    nobody: Row = {name: [""] * len(values) for name, values in PERSON.items()}
    parts = [("sex", "2")] + [
        ("phone", f"{at} {pair}") for at, pair in enumerate(["_5", "55", "54", "44", "43", "33", "32", "22"])
    ]
    count = {"sex": 12, "phone": 11}
    unfolded = [0] * (2 * ENCODED_BITS)
    for of, part in parts:
        told = hmac.digest(SECRET, f"clk-1\0{of}\0{part}".encode(), "sha512")
        for at in range(count[of]):
            unfolded[int.from_bytes(told[2 * at : 2 * at + 2], "little") % (2 * ENCODED_BITS)] = 1
    expected = [unfolded[at] ^ unfolded[at + ENCODED_BITS] for at in range(ENCODED_BITS)]
    told_filter = filters(nobody | {"sex": ["M"], "phone": ["22334455", ""]})[0]
    assert [int(told_filter[at // 64]) >> at % 64 & 1 for at in range(ENCODED_BITS)] == expected


@pytest.mark.parametrize(
    "other",
    [
        {"name": ["محمد ولد أحمد سالم", ""]},
        {"name": ["", "MOHAMED O. AHMED SALEM"]},
        {"birth": ["06/05/1980"]},
        {"phone": ["+222 22 33 44 55", ""]},
        {"phone": ["", "22334455"]},
        {"id": ["099 123 456 78"]},
        {"id": ["9.912345678E+09"]},
        {"place": ["الترارزة", "روصو"]},
        {"sex": ["ذكر"]},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_person_written_otherwise_has_the_same_bits(other: Row) -> None:
    one, same = filters(person(), person(**other))
    assert dice_of(one, same) == 1.0


def test_a_slip_costs_little_and_another_person_shares_what_chance_gives() -> None:
    stranger: Row = {
        "name": ["Fatimetou Mint Brahim Diallo", ""], "father_name": ["Brahim Diallo"], "birth": ["2001-11-23"], "sex": ["F"],
        "phone": ["46001928", ""], "place": ["Hodh Chargui", "Nema"], "id": ["9987001234"], "street": ["ilot K"],
    }  # fmt: skip
    one, slip, lost, other = filters(person(), person(phone=["22334456", ""]), person(id=[""], street=[""]), stranger)
    assert dice_of(one, slip) > 0.9
    assert 0.6 < dice_of(one, lost) < 0.9
    chance = (bits(one) + bits(other)) / 2 / ENCODED_BITS
    assert dice_of(one, other) < chance + 0.15


def test_under_another_secret_the_same_record_shares_no_bits_beyond_chance() -> None:
    rng = random.Random(4)
    rows = [person(id=[str(rng.randrange(10**10))], phone=[str(rng.randrange(10**8)), ""]) for _ in range(200)]
    ours, theirs = filters(*rows), filters(*rows, secret=OTHER)
    shared = sum(bits(a & b) for a, b in zip(ours, theirs, strict=True))
    expected = sum(bits(a) * bits(b) / ENCODED_BITS for a, b in zip(ours, theirs, strict=True))
    # Most parts are the same in all 200 rows, so this is one draw of some 400 by 400 bits: a deviation is 10 bits a row.
    assert abs(shared - expected) / 200 < 4 * math.sqrt(400 * 0.6 * 0.4)
    assert fingerprint(SECRET) != fingerprint(OTHER)


@settings(max_examples=40, deadline=None)
@given(
    name=st.text(max_size=40),
    street=st.text(max_size=40),
    phone=st.text(max_size=12),
    secret=st.binary(min_size=40, max_size=40),
)
def test_the_same_record_has_the_same_bits_and_likeness_has_no_direction(
    name: str, street: str, phone: str, secret: bytes
) -> None:
    row = person(name=[name, ""], street=[street], phone=[phone, ""])
    one, again, other = filters(row, row, person(), secret=secret)
    assert (one == again).all()
    a, b = (packed(as_text(np.array([each])))[0] for each in (one, other))
    assert dice(a, b, 0, len(a)) == dice(b, a, 0, len(b)) == pytest.approx(dice_of(one, other), abs=1e-12)
    assert dice(a, a, 0, len(a)) == 1.0


@pytest.mark.parametrize("name", ["", "A", "x" * 500, "محمد " * 100, "🙂🙂🙂", "é̀" * 50, "\x00", " - "], ids=ascii)
def test_a_name_of_any_kind_sets_no_more_bits_than_a_long_one(name: str) -> None:
    nothing, given_name = filters(person(name=["", ""], father_name=[""]), person(name=[name, ""], father_name=[name]))
    # Eight parts of a name of at most 24 sounds, 32 bits each at the most: and a filter is never nearly full.
    assert bits(nothing) <= bits(given_name) + 200
    assert bits(given_name) < 0.62 * ENCODED_BITS


def test_a_record_of_which_one_field_alone_is_known_is_left_out() -> None:
    nobody: Row = {name: [""] * len(values) for name, values in PERSON.items()}
    told = encode(FIELDS, columns([nobody, nobody | {"name": ["Mohamed Ahmed", ""]}, person()]), SECRET)
    assert told.left_out == 2
    assert [bool(one.any()) for one in told.filters] == [False, False, True]
    assert as_text(told.filters).is_null().to_list() == [True, True, False]


def test_a_field_that_was_encoded_already_is_refused() -> None:
    with pytest.raises(NotEncoded, match="encoded"):
        encode((Field("encoded", Kind.ENCODED),), {"encoded": [pl.Series(["AAAA"])]}, SECRET)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"short", bytes(LEAST_SECRET), b"\x01\x02" * 40, bytes(range(200, 231)), b"correct horse battery staple and forty more letters",
        b"00" * 32, b"0123456789abcdef" * 2, b"ab" * 200,
    ],
)  # fmt: skip
def test_what_is_no_secret_of_32_random_bytes_is_refused(content: bytes) -> None:
    with pytest.raises(WeakSecret):
        read_secret(content)


def test_random_bytes_are_a_secret_in_hex_or_as_they_are() -> None:
    for _ in range(50):
        secret = random_secrets.token_bytes(32)
        assert read_secret(secret.hex().encode() + b"\n") == read_secret(secret) == secret


@pytest.mark.parametrize(
    ("both", "ours", "theirs", "level"),
    [
        (400, 400, 400, "dice_90"),  # 1
        (360, 400, 400, "dice_90"),  # 0.90
        (359, 400, 400, "dice_85"),  # 0.8975
        (340, 400, 400, "dice_85"),  # 0.85
        (320, 400, 400, "dice_80"),
        (310, 400, 400, "dice_75"),  # 0.775
        (280, 400, 400, "dice_70"),
        (200, 200, 400, "dice_65"),  # 2 * 200 / 600
        (240, 400, 400, "dice_60"),
        (220, 400, 400, "dice_55"),
        (219, 400, 400, "different"),
        (0, 400, 400, "different"),
        (0, 0, 400, "missing"),
    ],
)
def test_the_level_that_a_dice_coefficient_reaches(both: int, ours: int, theirs: int, level: str) -> None:
    a, b = np.zeros(ENCODED_BITS, np.uint8), np.zeros(ENCODED_BITS, np.uint8)
    a[:ours] = 1
    b[ours - both : ours - both + theirs] = 1
    words = [
        np.concatenate(([one.sum()], np.packbits(one, bitorder="little").view(np.uint32))).astype(np.uint32)
        for one in (a, b)
    ]
    told, above = encoded_level(dice(words[0], words[1], 0, len(words[0])))
    assert LEVELS[Kind.ENCODED][told] == level
    assert 0.0 <= above <= 1.0


def test_more_alike_never_weighs_less_within_a_level() -> None:
    steps = [encoded_level(at / 1000) for at in range(1001)]
    for (level, above), (next_level, next_above) in itertools.pairwise(steps):
        assert next_level < level or (next_level == level and next_above >= above)


def test_what_is_no_filter_is_missing_and_one_record_is_packed_like_a_list() -> None:
    written = as_text(filters(person()))
    column = pl.Series([written[0], f" {written[0]} ", "", "Mohamed", written[0][:40], "é", None, "AAAA" * 42 + "AAA="])
    told = packed(column)
    assert (told[0] == told[1]).all()
    assert not told[2:].any()
    vocabulary = Vocabulary(layout_of((Field("encoded", Kind.ENCODED),)))
    assert (pack_one({"encoded": [written[0]]}, vocabulary)[0] == told[0]).all()
    assert not pack_one({"encoded": ["Mohamed"]}, vocabulary).any()


def test_two_encoded_lists_are_linked_across_scripts_and_told_how_sure() -> None:
    rng = random.Random(9)
    words = {"Mohamed": "محمد", "Sidi": "سيدي", "Ahmed": "أحمد", "Cheikh": "الشيخ", "Brahim": "ابراهيم", "Moussa": "موسى",
             "Oumar": "عمر", "Salem": "سالم", "Bilal": "بلال", "Moctar": "المختار", "Yahya": "يحيى", "Vall": "فال"}  # fmt: skip
    people = []
    for _ in range(900):
        parts = rng.choices(list(words), k=3)
        born = f"{rng.randint(1950, 2010)}-{rng.randint(2, 11):02}-{rng.randint(2, 28):02}"
        people.append(
            (parts, born, str(rng.randint(20_000_000, 49_999_999)), str(rng.randrange(10**10)), rng.choice("FM"))
        )

    def row(parts: list[str], born: str, phone: str, number: str, sex: str) -> Row:
        return person(
            name=[" ".join(parts), ""],
            father_name=[""],
            birth=[born],
            phone=[phone, ""],
            id=[number],
            sex=[sex],
            street=[""],
        )

    left = [row(*one) for one in people[:600]]
    right = []
    for at, (parts, born, phone, number, sex) in enumerate(people[300:]):
        told = row([words[part] for part in parts], born if at % 3 else born[:4], phone, number if at % 2 else "", sex)
        right.append(told if at % 5 else told | {"phone": ["", ""]})
    lists = [{"encoded": [as_text(filters(*rows))]} for rows in (left, right)]
    outcome = compare_lists((Field("encoded", Kind.ENCODED),), lists[0], lists[1])
    found = result_of(outcome, pl.Series(range(600)), pl.Series(range(300, 900)))
    true = found["left_id"] == found["right_id"]
    assert true.sum() >= 290
    assert (~true).sum() <= 15
    assert ((found["decision"] == "link") & ~true).sum() <= 3
    assert {"probability", "weight", "decision", "weight_encoded"} < set(found.columns)


def test_an_encoded_list_with_very_many_doubles_is_compared_with_itself() -> None:
    """Of five rows each person has, ten pairs are one person's: among pairs taken at random they are no strangers."""
    rng = random.Random(4)
    given = "Mohamed Sidi Ahmed Cheikh Brahim Moussa Oumar Salem Bilal Moctar Yahya Vall Demba Samba Hawa Kadia".split()
    rows, whose = [], []
    for who in range(300):
        told = {
            "name": [f"{rng.choice(given)} {rng.choice(given)} {rng.choice(given)}", ""],
            "birth": [f"{rng.randint(1950, 2010)}-{rng.randint(2, 11):02}-{rng.randint(2, 28):02}"],
            "phone": [str(rng.randint(20_000_000, 49_999_999)), ""],
            "id": [str(rng.randrange(10**9, 10**10))],
            "place": list(
                rng.choice([("Trarza", "Rosso"), ("Brakna", "Aleg"), ("Assaba", "Kiffa"), ("Adrar", "Atar")])
            ),
            "sex": [rng.choice("FM")],
        }
        for copy in range(5):
            changed = dict(told)
            if copy == 1:
                changed["phone"] = [str(rng.randint(20_000_000, 49_999_999)), ""]
            if copy == 2:
                changed["birth"] = [told["birth"][0][:4]]
            rows.append(person(father_name=[""], street=[""], **changed))
            whose.append(who)
    outcome = compare_lists((Field("encoded", Kind.ENCODED),), {"encoded": [as_text(filters(*rows))]}, None)
    of = np.array(whose)
    true = of[outcome.pairs.left] == of[outcome.pairs.right]
    sure = outcome.probability >= 0.97
    assert (sure & true).sum() >= 0.8 * 300 * 10
    assert (sure & ~true).sum() <= 0.03 * sure.sum()
    u = outcome.model.u[0, 1:]
    assert (np.diff(u[:5]) >= 0).all()  # the more alike two filters, the fewer strangers
