"""What is known of the sample country and never given to a service: the truth of each list line, and the manifest."""

import csv
import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

TRUTH_HEADER = ("list", "program", "source_line", "individual_number", "household_number", "note")


class TruthRow(NamedTuple):
    """Who stands behind one line of a list. Both numbers are empty when the registry does not know that person.

    `note` says, separated by `;`, how the line differs from the registry: `typing_error`, `spouse`, `duplicate`, …
    """

    list: str
    program: str
    source_line: int
    individual_number: str
    household_number: str
    note: str

    @property
    def is_broken(self) -> bool:
        """An importer should refuse this line, or the field that makes no sense."""
        return "broken_" in self.note

    @property
    def is_duplicate(self) -> bool:
        return "duplicate" in self.note.split(";")


def read_truth(path: Path) -> dict[tuple[str, int], TruthRow]:
    """The truth by program and line (from 1, as Excel counts)."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        if tuple(next(rows, ())) != TRUTH_HEADER:
            raise ValueError(f"{path} is not a truth file: its first line must be {','.join(TRUTH_HEADER)}")
        truth = (TruthRow(row[0], row[1], int(row[2]), row[3], row[4], row[5]) for row in rows)
        return {(row.program, row.source_line): row for row in truth}


@dataclass(frozen=True, slots=True)
class ListInfo:
    """One list: `rows` counts beneficiary lines, without headers, empty lines and totals. `currency` is MRU or MRO."""

    file: str
    program: str
    institution: str
    partner: str
    currency: str
    rows: int


@dataclass(frozen=True, slots=True)
class RegistryInfo:
    """The registry's file. A polygamous head counts once in `individuals` and stands on two of its `lines`."""

    file: str
    households: int
    individuals: int
    lines: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one run wrote. Files are named relative to its folder."""

    seed: int
    today: date
    registry: RegistryInfo
    lists: tuple[ListInfo, ...]
    truth: str = "truth.csv"

    def write(self, path: Path) -> None:
        content = asdict(self) | {"today": self.today.isoformat()}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> Manifest:
    content = json.loads(path.read_text(encoding="utf-8"))
    return Manifest(
        seed=content["seed"],
        today=date.fromisoformat(content["today"]),
        registry=RegistryInfo(**content["registry"]),
        lists=tuple(ListInfo(**info) for info in content["lists"]),
        truth=content["truth"],
    )
