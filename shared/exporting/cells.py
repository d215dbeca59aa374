"""The columns of an export, and the cells of a text file. Pure."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.text import Text

BETWEEN = "|"
"""Parts the values of a list in one cell."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
PHONES = re.compile(r"\+[0-9]+(\|\+[0-9]+)*")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `type` is text, integer, decimal, number (binary, such as a probability), date, boolean, list (of texts) or json."""

    name: str
    type: str
    label: Text


def headings_of(columns: Iterable[Column]) -> dict[str, set[str]]:
    """Of each column, what it may be headed by: its name, and its label in each language."""
    return {one.name: {one.name, one.label.ar, one.label.fr, one.label.en} for one in columns}


def csv_cell(value: Any) -> str:
    """A value as a cell of a text file. What a spreadsheet would take for a formula begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        value = BETWEEN.join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) and not PHONES.fullmatch(value) else value
    return str(value)
