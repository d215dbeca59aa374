"""The cells of one line of a file while they are read; what is wrong with them is gathered, and errors keep the line out."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeVar
from uuid import UUID

from shared.headers import Field
from shared.household_number import parse_household_number
from shared.text import Cell, Text, clean_text, fold_digits
from shared.values import BadValue, Parsed, parse_nni

LONGEST_TEXT = 200
MISSING_VALUE = Text(
    ar="الخانة فارغة وهي ضرورية في هذا الملف",
    fr="cellule vide, alors que ce fichier l'exige",
    en="the cell is empty, and this file needs it",
)
ENROLLMENT_ID = Field(
    Text(ar="معرّف التسجيل", fr="Identifiant d'inscription", en="Enrollment id"),
    "Identifiant d'inscription ¦ ID inscription ¦ N° inscription ¦ Enrollment id ¦ Enrollment ID ¦ معرف التسجيل ¦ رقم التسجيل",
)
Severity = Literal["error", "warning"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one cell: an `error` keeps the row out, a `warning` lets it in."""

    line: int
    field: str
    value: Cell
    severity: Severity
    code: str
    reason: Text


@dataclass(slots=True)
class Cells:
    """The cells of one line while they are read; gathers what is wrong with them."""

    line: int
    cells: Mapping[str, Cell]
    findings: list[Finding] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        return clean_text(self.cells.get(name))[:LONGEST_TEXT] or None

    def find(self, name: str, code: str, reason: Text, severity: Severity = "error") -> None:
        self.findings.append(Finding(self.line, name, self.cells.get(name), severity, code, reason))

    def read(self, name: str, parse: Callable[[Cell], Parsed[T | None]], *, wrong: Severity = "error") -> T | None:
        """The value of a cell; a wrong one becomes None and a finding."""
        try:
            parsed = parse(self.cells.get(name))
        except BadValue as fault:
            self.find(name, fault.code, fault.text, wrong)
            return None
        for problem in parsed.warnings:
            self.find(name, problem.code, problem.text, "warning")
        return parsed.value

    @property
    def refused(self) -> bool:
        return any(one.severity == "error" for one in self.findings)


def as_sent(cells: Mapping[str, Cell]) -> dict[str, Any]:
    """The cells that hold something, as JSON can hold them: dates as ISO text, numbers as they are."""
    return {
        name: cell.isoformat() if isinstance(cell, date) else cell
        for name, cell in cells.items()
        if cell not in (None, "")
    }


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
