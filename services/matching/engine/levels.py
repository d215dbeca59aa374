"""The kernels that tell how near two numbers, phones, dates, sexes or places are: the level of `fields.py` they reach."""

from typing import Final

import numpy as np

from services.matching.engine.compiling import bits_set, kernel
from services.matching.engine.fields import LEVELS, Kind
from services.matching.engine.packing import HINT, NO_CLASS, NOT_DIGITS, SEEKS_HOUSEHOLD, Words


def levels_of(kind: Kind) -> dict[str, int]:
    """The number of each level of a kind of field."""
    return {level: at for at, level in enumerate(LEVELS[kind])}


_DATE, _SEX, _SCHOOL = map(levels_of, (Kind.DATE, Kind.SEX, Kind.SCHOOL))
SAME_DAY, SWAPPED, DAY_SLIP, SAME_YEAR, OTHER_DAY = (
    _DATE[one] for one in ("same_day", "swapped", "one_slip", "same_year", "other_day")
)
TEN_YEARS, NEXT_YEAR, NEAR_YEAR, OTHER_DATE = (
    _DATE[one] for one in ("ten_years", "next_year", "near_year", "different")
)
SAME_SEX, HINTED, AGAINST_HINT, OTHER_SEX = (_SEX[one] for one in ("same", "hinted", "against_hint", "different"))


FITS, OLDER, UNFIT = (_SCHOOL[one] for one in ("fits", "older", "unfit"))

FIRST_CLASS_AGE: Final = 6
LATE_YEARS: Final = 3
"""Entering late and repeating a class are ordinary."""
OLDEST_PUPIL: Final = 20


@kernel
def number_level(a: np.uint64, b: np.uint64) -> int:
    """Numbers of 4 bits a digit. One slip: a digit wrong, lost or added, or two neighbours exchanged."""
    if a == 0 or b == 0:
        return 0
    if a == b:
        return 1
    if (a | b) & np.uint64(NOT_DIGITS):
        return 3
    apart = a ^ b
    shift = np.uint64(0)
    while (apart >> shift) & np.uint64(15) == 0:
        shift += np.uint64(4)
    above = shift + np.uint64(4)
    if apart >> above == 0:
        return 2
    # Exchanged neighbours: two digits apart, each where the other was.
    if apart >> (above + np.uint64(4)) == 0:
        low_a, high_a = (a >> shift) & np.uint64(15), (a >> above) & np.uint64(15)
        low_b, high_b = (b >> shift) & np.uint64(15), (b >> above) & np.uint64(15)
        if low_a == high_b and high_a == low_b:
            return 2
    # A digit lost in one of them, below which both are the same.
    if a >> above == b >> shift or a >> shift == b >> above:
        return 2
    return 3


@kernel
def phone_slip(a: np.uint32, b: np.uint32) -> bool:
    """One digit wrong, or two neighbours exchanged."""
    wrong, at_first, at_second = 0, -1, -1
    first, second = np.int64(0), np.int64(0)
    for at in range(8):
        x, y = a % np.uint32(10), b % np.uint32(10)
        if x != y:
            wrong += 1
            if wrong > 2:
                return False
            if wrong == 1:
                first, at_first = np.int64(x) * 10 + np.int64(y), at
            else:
                second, at_second = np.int64(y) * 10 + np.int64(x), at
        a //= np.uint32(10)
        b //= np.uint32(10)
    return wrong == 1 or (wrong == 2 and at_second == at_first + 1 and first == second)


@kernel
def date_level(a: np.uint32, b: np.uint32) -> int:
    """Two dates of one word each, see `fields.py`."""
    if a == 0 or b == 0:
        return 0
    year_a, year_b = np.int64(a >> np.uint32(9)), np.int64(b >> np.uint32(9))
    day_a, day_b = np.int64(a & np.uint32(0x1FF)), np.int64(b & np.uint32(0x1FF))
    apart = abs(year_a - year_b)
    if day_a == 0 or day_b == 0:
        if apart == 0:
            return SAME_YEAR
        if apart == 10:
            return TEN_YEARS
    else:
        if a == b:
            return SAME_DAY
        if apart == 0 and day_a >> 5 == day_b & 31 and day_b >> 5 == day_a & 31:
            return SWAPPED
        if apart == 10 and day_a == day_b:
            return TEN_YEARS
        written_a = year_a * 10_000 + (day_a >> 5) * 100 + (day_a & 31)
        written_b = year_b * 10_000 + (day_b >> 5) * 100 + (day_b & 31)
        if phone_slip(np.uint32(written_a), np.uint32(written_b)):
            return DAY_SLIP
        if apart == 0:
            return OTHER_DAY
    if apart == 1:
        return NEXT_YEAR
    return NEAR_YEAR if apart == 2 else OTHER_DATE


@kernel
def sex_level(a: np.uint32, b: np.uint32) -> int:
    if a == 0 or b == 0:
        return 0
    same = (a & np.uint32(3)) == (b & np.uint32(3))
    if (a | b) & np.uint32(HINT):
        return HINTED if same else AGAINST_HINT
    return SAME_SEX if same else OTHER_SEX


@kernel
def place_level(a: Words, b: Words, offset: int) -> int:
    """The deepest level that both name: agreement there, or the widest level at which they part."""
    deepest = 0
    for level in range(3):
        word, shift = offset + level // 2, np.uint32(16 * (level % 2))
        x, y = (a[word] >> shift) & np.uint32(0xFFFF), (b[word] >> shift) & np.uint32(0xFFFF)
        if x != 0 and y != 0:
            if x != y:
                return 6 - level
            deepest = level + 1
    return 4 - deepest if deepest else 0


@kernel
def dice(a: Words, b: Words, offset: int, words: int) -> float:
    """Of two filters, twice the bits that are set in both by the bits of either; -1 where one has none."""
    either = np.int64(a[offset]) + np.int64(b[offset])  # how many bits are set stands before them
    if a[offset] == 0 or b[offset] == 0:
        return -1.0
    both = np.int64(0)
    for at in range(offset + 1, offset + words):
        both += np.int64(bits_set(a[at] & b[at]))
    return 2.0 * both / either


@kernel
def role_level(a: np.uint32, b: np.uint32) -> int:
    """Who of a household a row that stands for one has met; between two other rows it says nothing."""
    if a == SEEKS_HOUSEHOLD and b != SEEKS_HOUSEHOLD:
        return int(np.int64(b))
    return int(np.int64(a)) if b == SEEKS_HOUSEHOLD and a != SEEKS_HOUSEHOLD else 0


@kernel
def school_level(school: np.uint32, birth: np.uint32) -> int:
    """A pupil's class beside a year of birth: the third class is the third year, so an age of eight or more."""
    if school == 0 or birth == 0:
        return 0
    age = np.int64(school >> np.uint32(4)) - np.int64(birth >> np.uint32(9))
    grade = np.int64(school & np.uint32(15))
    if grade == NO_CLASS:
        return FITS if FIRST_CLASS_AGE - 1 <= age <= OLDEST_PUPIL else UNFIT
    late = age - (FIRST_CLASS_AGE - 1 + grade)
    if -1 <= late <= LATE_YEARS:
        return FITS
    return OLDER if late > LATE_YEARS and age <= OLDEST_PUPIL else UNFIT
