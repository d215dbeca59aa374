"""What a record is made of: the kinds of fields, the levels a comparison of each may reach, and where each lies in a
packed record.

A packed record is a row of 32-bit words, one cache line long where the fields of a country fit into it:

    number   2 words   16 digits of 4 bits, leading zeros dropped; 0 missing; bit 63 set: not digits, a hash
    phone    1 word per phone, at most two: 27 bits of number, 5 of the logarithm of how many share it
    date     1 word    year * 512 + month * 32 + day; month and day 0: a year alone; 0 missing
    sex      1 word    1 F, 2 M; 4 added where only Ould or Mint told it; 0 missing
    place    2 words   16 bits per level, widest first; 0 missing
    role     1 word    of a registered person in the household: 1 head, 2 spouse, 3 member; 8: a row that stands for a household
    school   1 word    of a pupil: year of the list * 16 + class, 15 where the class is not known; 0 missing
    encoded  33 words  how many bits of a Bloom filter (`encoding.py`) are set, 0 missing; its bits
    name     1 word per spelling, at most two: the name in the table of names; 0 missing
    father   1 word    the same, for the father's name
    part     2 words   a given or a family name: in the table of names, and in the table of texts
    text     1 word    in the table of texts; 0 missing
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Kind(IntEnum):
    """In the order in which a pair is compared: the cheapest first, names last."""

    NUMBER = 0
    PHONE = 1
    DATE = 2
    SEX = 3
    PLACE = 4
    ROLE = 5
    SCHOOL = 6
    ENCODED = 7
    TEXT = 8
    PART = 9
    FATHER = 10
    NAME = 11


LEVELS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.NUMBER: ("missing", "equal", "one_slip", "different"),
    Kind.PHONE: ("missing", "equal", "one_slip", "different"),
    Kind.DATE: (
        "missing", "same_day", "swapped", "one_slip", "same_year", "other_day", "ten_years", "next_year", "near_year",
        "different",
    ),
    Kind.SEX: ("missing", "same", "hinted", "against_hint", "different"),
    Kind.PLACE: ("missing", "same_3", "same_2", "same_1", "other_3", "other_2", "other_1"),
    Kind.ROLE: ("missing", "head", "spouse", "member"),
    Kind.SCHOOL: ("missing", "fits", "older", "unfit"),
    Kind.ENCODED: ("missing", "dice_90", "dice_85", "dice_80", "dice_75", "dice_70", "dice_65", "dice_60", "dice_55", "different"),
    Kind.TEXT: ("missing", "same", "alike", "near", "different"),
    Kind.PART: ("missing", "same", "alike", "near", "different", "swapped"),
    Kind.FATHER: ("missing", "same", "near", "unconfirmed", "different", "repeated"),
    Kind.NAME: ("missing", "same", "alike", "near", "part", "doubtful", "different"),
}  # fmt: skip
"""The first is always what a pair shows where one side does not have the field: it weighs nothing."""

MOST_LEVELS: Final = max(map(len, LEVELS.values()))

DESCENDING: Final[dict[Kind, tuple[tuple[str, ...], ...]]] = {
    Kind.NUMBER: (("equal", "one_slip", "different"),),
    Kind.PHONE: (("equal", "one_slip", "different"),),
    Kind.DATE: (
        ("same_day", "swapped", "other_day", "different"),
        ("same_day", "one_slip", "different"),
        ("same_day", "same_year", "next_year", "near_year", "different"),
        ("same_day", "ten_years", "different"),
    ),
    Kind.SEX: (("same", "hinted", "against_hint"), ("same", "different")),
    Kind.PLACE: (("same_3", "same_2", "same_1", "other_1"), ("same_3", "other_3", "other_2", "other_1")),
    Kind.ROLE: (("head", "spouse", "member"),),
    Kind.SCHOOL: (("fits", "older", "unfit"),),
    Kind.ENCODED: (LEVELS[Kind.ENCODED][1:],),
    Kind.TEXT: (("same", "alike", "near", "different"),),
    Kind.PART: (("same", "alike", "near", "different"), ("same", "swapped", "different")),
    Kind.FATHER: (("same", "near", "unconfirmed", "different"), ("same", "repeated", "different")),
    Kind.NAME: (("same", "alike", "near", "doubtful", "different"), ("same", "part", "different")),
}
"""Levels that can only weigh less from left to right, whatever few pairs seem to say."""

ENCODED_BITS: Final = 1024

WORDS: Final[dict[Kind, int]] = {
    Kind.NUMBER: 2, Kind.DATE: 1, Kind.SEX: 1, Kind.ROLE: 1, Kind.SCHOOL: 1, Kind.FATHER: 1, Kind.PART: 2, Kind.TEXT: 1,
    Kind.ENCODED: 1 + ENCODED_BITS // 32,
}  # fmt: skip
"""Those of a fixed width; the others take a word per spelling, per phone, or two for three levels of place."""

MOST_SPELLINGS: Final = 2
MOST_PHONES: Final = 2
PLACE_LEVELS: Final = 3
LINE_WORDS: Final = 16
"""A cache line of 64 bytes."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record. `columns`: how many columns it is read from (spellings, phones, levels of place; of a school
    the day of the list and the class).

    `shared`: a whole household bears the same number, so it says little about who of them is meant.
    """

    name: str
    kind: Kind
    columns: int = 1
    shared: bool = False

    @property
    def words(self) -> int:
        if self.kind in WORDS:
            return WORDS[self.kind]
        return 2 if self.kind is Kind.PLACE else self.columns

    @property
    def levels(self) -> tuple[str, ...]:
        return LEVELS[self.kind]


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a packed record, in the order of comparison, and the first word of each."""

    fields: tuple[Field, ...]
    offsets: tuple[int, ...]
    width: int
    """Words of a record: a line, or where that is not enough as many as it takes."""

    def position(self, name: str) -> int | None:
        return next((at for at, field in enumerate(self.fields) if field.name == name), None)

    def of_kind(self, kind: Kind) -> tuple[int, ...]:
        return tuple(at for at, field in enumerate(self.fields) if field.kind is kind)


def layout_of(fields: Iterable[Field]) -> Layout:
    """Lay the fields out. Given and family names must both be there or be single parts; names repeat nothing."""
    ordered: Sequence[Field] = sorted(fields, key=lambda field: field.kind)
    offsets, at = [], 0
    for field in ordered:
        offsets.append(at)
        at += field.words
    return Layout(tuple(ordered), tuple(offsets), max(at, LINE_WORDS) if at <= LINE_WORDS else at)
