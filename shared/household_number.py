"""Household numbers of the registry as lists write them."""

import re

from shared.text import Cell
from shared.values import clean_text, fold_digits

_WELL_FORMED = re.compile(r"MR[01]\d{9}")
_BARE = re.compile(r"(\d{9,10})(?:[.,]0+)?")
"""Without its prefix: ten digits, or nine where a spreadsheet took it for a number and dropped the first zero."""
LONGEST = 20


def parse_household_number(cell: Cell) -> str | None:
    """The number as `MR0110000123`, as far as it can be mended; None where the cell holds nothing like a number.

    `is_household_number` says whether the result has the form of one. A number with a slip in it is kept: it is
    evidence for matching, though no identity.
    """
    text = re.sub(r"[\s\-_/'’.]", "", fold_digits(clean_text(cell))).upper()
    if isinstance(cell, int | float) or text.isdigit():
        found = _BARE.fullmatch(fold_digits(clean_text(cell)).replace(" ", ""))
        text = f"MR{found[1].zfill(10)}" if found else text
    return text[:LONGEST] if any(letter.isdigit() for letter in text) else None


def is_household_number(number: str) -> bool:
    """`MR`, the three digits of the moughataa's p-code, and seven more."""
    return _WELL_FORMED.fullmatch(number) is not None
