"""Numbers that name a person or a household, freed of how they were typed, and how far two of them are
apart.
"""

import re
from typing import Literal

from rapidfuzz.distance import OSA

from shared.spelling import fold

Nearness = Literal["equal", "one_slip", "different"]

NNI_DIGITS = 10
_LOST_ZEROS = 2  # a spreadsheet drops leading zeros; more than two lost is another number
_CUT = "00000"
_NOT_DIGITS, _NOT_LETTERS, _PREFIX = re.compile(r"\D"), re.compile(r"[\W_]"), re.compile(r"^[a-z]*0*")
PHONE_DIGITS = 8  # without the country's 222


def digits_of(text: str | None) -> str:
    """Only the digits of `text`, Arabic ones made Western."""
    if not text:
        return ""
    if text.isascii():  # nothing to fold, and by far the most
        return text if text.isdigit() else _NOT_DIGITS.sub("", text)
    return _NOT_DIGITS.sub("", fold(text))


def household_code(text: str | None) -> str:
    """A household number as it survives a clerk: no prefix, no zeros before it, no spaces: 630000025 for
    MR0630000025.
    """
    if not text:
        return ""
    plain = text.lower() if text.isascii() and text.isalnum() else _NOT_LETTERS.sub("", fold(text))
    return _PREFIX.sub("", plain)


def national_id(text: str | None) -> str:
    """Ten digits; "" for what a spreadsheet has cut to its first few (9.93E+09) and for what is too short to
    be one.
    """
    digits = digits_of(text)
    if len(digits) < NNI_DIGITS - _LOST_ZEROS or digits.endswith(_CUT):
        return ""
    return digits.zfill(NNI_DIGITS)


def phone_of(text: str) -> str:
    """The last eight digits, or "" for what is too short to be a phone."""
    digits = digits_of(text)
    return digits[-PHONE_DIGITS:] if len(digits) >= PHONE_DIGITS else ""


def nearness(a: str, b: str) -> Nearness:
    """How two non-empty numbers stand: one slip is one digit wrong, lost, doubled, or exchanged with its
    neighbour.
    """
    if a == b:
        return "equal"
    return "one_slip" if OSA.distance(a, b, score_cutoff=1) <= 1 else "different"
