"""The counts of a targeting list as they may be shown: none of 1 to 4, and nothing from which one could be computed. Pure.

All that one answer shows hangs together: the stages add up to the households of the area, communes and categories to the same
totals, and what each exclusion, tie and program takes is a part of one of them.
"""

from collections.abc import Mapping
from typing import Any

from services.matching.rules.suppressing import Sum, told_by_table

STAGES = ("criteria_not_met", "cannot_tell", "excluded", "candidates")
"""What the households of the areas asked for are parted into; the chosen are some of the candidates."""
OF_A_ROW = ("in_area", "candidates", "chosen")
ROWS = {
    "by_commune": OF_A_ROW,
    "by_category": OF_A_ROW,
    "overlaps": ("with_doubtful", "households"),
    "exclusions": ("households", "doubtful"),
    "boundaries": ("tied", "taken"),
}
"""The tables, with the counts of a row."""
FIRST_TOLD = ("", "exclusions", "overlaps", "boundaries", "by_category", "by_commune")
"""What is told of a list of so few that not all of it can be: the totals before all tables, and the finest table last."""
Cell = tuple[str, int, str]
"""The table ("" has the totals), the place of the row in it, the count."""
AREA: Cell = ("", 0, "in_area")
"""Told with an area's analyses, too."""
CHOSEN: Cell = ("", 0, "chosen")
"""What was asked for: told before all else, wherever that gives nobody away."""


def list_counts(counts: Mapping[str, Any]) -> dict[str, Any]:
    """The counts of `choosing.choose`, None where one may not be shown; people go with the households that they live in."""
    cells: dict[Cell, int] = {("", 0, name): counts[name] for name in (*STAGES, "in_area", "chosen", "top_up")}
    for table, names in ROWS.items():
        cells |= {(table, at, name): one[name] for at, one in enumerate(counts[table]) for name in names}
    sums, parts = _hanging_together(counts)
    tables_of = [[cell for cell in cells if cell[0] == table] for table in FIRST_TOLD]
    shown = told_by_table(cells, sums, parts, tables_of, fixed=[AREA, CHOSEN])
    if shown[CHOSEN] is None:  # nothing can be told beside it
        shown = told_by_table(cells, sums, parts, tables_of, fixed=[AREA])
    tables = {
        table: [_row(one, {name: shown[table, at, name] for name in names}) for at, one in enumerate(counts[table])]
        for table, names in ROWS.items()
    }
    totals = _row(counts, {cell[2]: shown[cell] for cell in cells if not cell[0]})
    return totals | ({"missing": None} if totals["chosen"] is None else {}) | tables


def _row(row: Mapping[str, Any], shown: Mapping[str, int | None]) -> dict[str, Any]:
    people = {"people": None} if "people" in row and shown["chosen"] is None else {}
    return {**row, **shown, **people}


def _hanging_together(counts: Mapping[str, Any]) -> tuple[list[Sum[Cell]], list[tuple[Cell, Cell]]]:
    """What adds up, and what is a part of what."""
    sums: list[Sum[Cell]] = [(("", 0, "in_area"), [("", 0, name) for name in STAGES])]
    parts: list[tuple[Cell, Cell]] = [(("", 0, "chosen"), ("", 0, "top_up"))]
    levels = {"": [counts]} | {table: counts[table] for table in ("by_commune", "by_category")}
    for table, rows in levels.items():
        for at in range(len(rows)):
            candidates, chosen = (table, at, "candidates"), (table, at, "chosen")
            if table:
                parts.append(((table, at, "in_area"), candidates))
            # Where nobody was left over, a reader who sees that too few were found knows it of every row.
            if counts["chosen"] == counts["candidates"]:
                sums.append((candidates, [chosen]))
            else:
                parts.append((candidates, chosen))
        if table and rows:
            sums += [(("", 0, name), [(table, at, name) for at in range(len(rows))]) for name in OF_A_ROW]
    alone = [at for at, one in enumerate(counts["exclusions"]) if one["instead"] == "exclude"]
    if len(alone) == 1:
        sums.append((("", 0, "excluded"), [("exclusions", alone[0], "households")]))
    for at in range(len(counts["overlaps"])):
        parts.append((("", 0, "chosen"), ("overlaps", at, "with_doubtful")))
        parts.append((("overlaps", at, "with_doubtful"), ("overlaps", at, "households")))
    parts += [(("boundaries", at, "tied"), ("boundaries", at, "taken")) for at in range(len(counts["boundaries"]))]
    return sums, parts
