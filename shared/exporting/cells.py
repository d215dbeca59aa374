"""The columns of an export, the cells of a text file, and the part of a file that is asked for. Pure."""

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.text import Text

BETWEEN = "|"
"""Parts the values of a list in one cell."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
PHONES = re.compile(r"\+[0-9]+(\|\+[0-9]+)*")
RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `type` is text, integer, decimal, number (binary, such as a probability), date, boolean, list (of texts) or json."""

    name: str
    type: str
    label: Text


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


class Unsatisfiable(ValueError):
    """The range asked for begins behind the end of the file."""


def part_asked(header: str | None, size: int) -> tuple[int, int] | None:
    """The first and last byte of a Range header (RFC 9110, 14.2); None where the whole file is to be sent.

    Several ranges, or what is no range of bytes, count as not asked.
    """
    found = RANGE.fullmatch(header or "")
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        start, end = max(0, size - int(found[2])), size - 1
    else:
        start, end = int(found[1]), min(int(found[2] or size - 1), size - 1)
        if found[2] and int(found[2]) < int(found[1]):
            return None
    if start >= size or (found[2] == "0" and found[1] == ""):
        raise Unsatisfiable
    return start, end
