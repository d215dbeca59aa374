"""The numbers and ids by which a line of a file names a beneficiary."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from shared.headers import Field
from shared.household_number import parse_household_number
from shared.text import Cell, Text, clean_text, fold_digits
from shared.values import parse_nni

ENROLLMENT_ID = Field(
    Text(ar="معرّف التسجيل", fr="Identifiant d'inscription", en="Enrollment id"),
    "Identifiant d'inscription ¦ ID inscription ¦ N° inscription ¦ Enrollment id ¦ Enrollment ID ¦ معرف التسجيل ¦ رقم التسجيل",
)


def read_card_number(cell: Cell) -> str | None:
    """A spreadsheet drops the leading zeros of some cards of a list, so all are kept without them."""
    return fold_digits(clean_text(cell)).lstrip("0") or None


NUMBERS: Mapping[str, Callable[[Cell], str | None]] = {
    "household_number": parse_household_number,
    "card_number": read_card_number,
    "nni": lambda cell: parse_nni(cell).value,
}
"""How each number by which a beneficiary is named is kept; the surest first."""


def named_in(cells: Mapping[str, Cell]) -> dict[str, Any]:
    """Every way in which a line names a beneficiary, the surest first: `enrollment_id`, then the numbers."""
    named: dict[str, Any] = {}
    with suppress(ValueError):
        named["enrollment_id"] = UUID(clean_text(cells.get("enrollment_id")))
    return named | {name: number for name, read in NUMBERS.items() if (number := read(cells.get(name)))}
