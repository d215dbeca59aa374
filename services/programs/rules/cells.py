"""The cells of one line of a report while they are read; what is wrong with them is gathered, and errors keep the line out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from services.programs.rules.reading import LONGEST_TEXT, Finding
from shared.text import Cell, Text, clean_text
from shared.values import BadValue, Parsed

MISSING_VALUE = Text(
    ar="الخانة فارغة وهي ضرورية في هذا التقرير",
    fr="cellule vide, alors que ce rapport l'exige",
    en="the cell is empty, and this report needs it",
)
T = TypeVar("T")


@dataclass(slots=True)
class Cells:
    """The cells of one line while they are read; gathers what is wrong with them."""

    line: int
    cells: Mapping[str, Cell]
    findings: list[Finding] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        return clean_text(self.cells.get(name))[:LONGEST_TEXT] or None

    def find(self, name: str, code: str, reason: Text, severity: Literal["error", "warning"] = "error") -> None:
        self.findings.append(Finding(self.line, name, self.cells.get(name), severity, code, reason))

    def read(self, name: str, parse: Callable[[Cell], Parsed[T | None]]) -> T | None:
        try:
            parsed = parse(self.cells.get(name))
        except BadValue as fault:
            self.find(name, fault.code, fault.text)
            return None
        for problem in parsed.warnings:
            self.find(name, problem.code, problem.text, "warning")
        return parsed.value

    @property
    def refused(self) -> bool:
        return any(one.severity == "error" for one in self.findings)
