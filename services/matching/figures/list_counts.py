"""The counts of a targeting list as they may be shown: none of 1 to 4, and nothing from which one could be computed. Pure.

Of every commune and category the households are parted into those who fell out, those who were not reached and those chosen;
rows and columns of these tables add up to totals that are shown, so cells are hidden by rectangles (see suppressing.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.matching.figures.groups import TOTAL
from services.matching.figures.suppressing import Cell, hidden, hidden_in_table, sizes
from services.matching.rules.suppressing import is_small

STAGES = ("criteria_not_met", "cannot_tell", "excluded", "candidates")
"""What the households of the areas asked for are parted into; the chosen are some of the candidates."""

TOGETHER = ""


def told(count: int, of: int | None = None) -> int | None:
    """A count, unless it is small, or what it leaves of a count that is shown is."""
    return None if is_small(count) or (of is not None and is_small(of - count)) else count


def told_totals(counts: Mapping[str, Any]) -> dict[str, int | None]:
    """The totals. The stages add up to `in_area`, which is shown: where one is hidden a second is, or all of them."""
    stages = {name: counts[name] for name in STAGES}
    gone = {name for name, count in stages.items() if is_small(count)}
    if len(gone) == 1:
        rest = sorted((name for name in stages if stages[name] and name not in gone), key=lambda name: stages[name])
        gone |= set(rest[:1]) or set(stages)
    shown: dict[str, int | None] = {name: None if name in gone else count for name, count in stages.items()}
    chosen = told(counts["chosen"], None if "candidates" in gone else counts["candidates"])
    if "candidates" in gone and counts["chosen"] == counts["candidates"]:
        chosen = None  # fewer than were asked for, so these are all the candidates there are
    return shown | {"in_area": told(counts["in_area"]), "chosen": chosen}


def told_rows(rows: Sequence[Mapping[str, Any]], level: str) -> list[dict[str, Any]]:
    """The rows of one table, each with what may be shown of it."""
    weight = {(level, row[level]): row["in_area"] for row in rows}
    gone = {code for _, code in hidden(sizes(weight), [(TOTAL, list(weight))])}
    small = hidden_in_table([_cells(rows, level, gone)])
    return [_row(row, row[level], row[level] in gone, small) for row in rows]


def _cells(rows: Sequence[Mapping[str, Any]], level: str, gone: set[str]) -> dict[Cell, int]:
    """The cells; rows that are gone are known only together."""
    cells: dict[Cell, int] = {}
    for row in rows:
        code = TOGETHER if row[level] in gone else row[level]
        parts = {
            "fell_out": row["in_area"] - row["candidates"],
            "not_reached": row["candidates"] - row["chosen"],
            "chosen": row["chosen"],
        }
        for name, count in parts.items():
            cells[code, name] = cells.get((code, name), 0) + count
    if not any(count for (_, name), count in cells.items() if name == "not_reached"):
        return {cell: count for cell, count in cells.items() if cell[1] != "not_reached"}  # a reader knows that all are
    return cells


def _row(row: Mapping[str, Any], code: str, gone: bool, small: set[Cell]) -> dict[str, Any]:
    shown = dict(row)
    if gone:
        return shown | dict.fromkeys(("in_area", "candidates", "chosen", "people"))
    if (code, "fell_out") in small:
        shown["candidates"] = None
    if (code, "chosen") in small:
        shown["chosen"] = shown["people"] = None
    return shown
