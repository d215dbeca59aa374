"""The cells of one line of a file while they are read; what is wrong with them is gathered, and errors keep the line out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeVar

from shared.text import Cell, Text, clean_text
from shared.values import BadValue, Parsed

LONGEST_TEXT = 200
MISSING_VALUE = Text(
    ar="الخانة فارغة وهي ضرورية في هذا الملف",
    fr="cellule vide, alors que ce fichier l'exige",
    en="the cell is empty, and this file needs it",
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
