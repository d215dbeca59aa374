"""The counts of a plan as cells of one answer: what adds up in it, and so what hides with what. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.matching.rules.suppressing import Sum, told_by_table

Cell = tuple[str, int, str]
"""The table ("" has the totals), the place of the row in it, the count."""
TOTALS = ("households_in_area", "candidates", "households", "already_in_program")
TAKEN = ("vertical", "horizontal")
LEVELS = ("by_commune", "by_category")
OF_A_ROW = ("households_there", *TAKEN, "left_out")
LISTS = {**dict.fromkeys(LEVELS, OF_A_ROW), "parts": ("households", "left_out"), "overlaps": ("households",)}
FIRST_TOLD = ("", "parts", "unreached", "eligible", "boundary", "overlaps", *reversed(LEVELS))
"""What is told of a plan of so few that not all of it can be: the totals before all tables, and the finest table last."""
AREA: Cell = ("", 0, "households_in_area")
"""Told with an area's analyses, too."""
REACHED: Cell = ("", 0, "households")
"""How many the plan reaches, and so what it costs: told before all else, wherever that gives nobody away."""
LEFT: Cell = ("", 0, "left")
"""The candidates who are not taken: no figure, but it follows from two."""
SINGLE = {
    "unreached": (
        ("before", "after"),
        ("before", "poor_before"),
        ("after", "poor_after"),
        ("poor_before", "poor_after"),
    ),
    "eligible": (("households", "unreached_before"), ("unreached_before", "unreached_after")),
    "boundary": (("alike", "taken"),),
}
"""Tables of one row, with what is a part of what in them; a plan may lack some."""


def told_of_plan(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a plan (figures/planning.py), None where one may not be shown; a boundary is told whole or not.

    People and money go with the households of which they are: where those are hidden in one row alone, the next lightest
    row's are, too, as they add up.
    """
    cells: dict[Cell, int] = {("", 0, name): figures[name] for name in TOTALS}
    for table, names in LISTS.items():
        cells |= {(table, at, name): row[name] for at, row in enumerate(figures[table]) for name in names}
    for table, within in SINGLE.items():
        row = figures[table] or {}
        cells |= {(table, 0, name): row[name] for pair in within for name in pair if row}
    cells[LEFT] = figures["candidates"] - figures["households"]
    beyond = {
        (table, at, "beyond"): row["households_there"] - sum(row[name] for name in OF_A_ROW[1:])
        for table in LEVELS
        for at, row in enumerate(figures[table])
    }
    sums, parts = _hanging_together(figures)
    counts = cells | beyond
    tables = [[cell for cell in counts if cell[0] == table] for table in FIRST_TOLD]
    shown = told_by_table(counts, sums, parts, tables, following=[LEFT, *beyond], fixed=[AREA, REACHED])
    if shown[REACHED] is None:  # nothing can be told beside it
        shown = told_by_table(counts, sums, parts, tables, following=[LEFT, *beyond], fixed=[AREA])

    def row_of(table: str, at: int, row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, **{name: shown[table, at, name] for name in row if (table, at, name) in cells}}

    plan = row_of("", 0, figures) | {
        table: [row_of(table, at, row) for at, row in enumerate(figures[table])] for table in LISTS
    }
    plan |= {table: row_of(table, 0, figures[table]) if figures[table] else None for table in SINGLE}
    if plan["boundary"] and None in (plan["boundary"]["alike"], plan["boundary"]["taken"]):
        plan["boundary"] = None
    _without(plan, "households_in_area", ("people_in_area",))
    _without(plan, "households", ("people", "spent", "remainder", "wanted"))
    for part in plan["parts"]:
        _without(part, "households", ("people", "amount"))
    for table in LEVELS:
        _never_alone(plan[table], TAKEN, ("people", "amount"))
        _never_alone(plan[table], ("households_there",), ("people_there",))
    return plan


def _without(row: dict[str, Any], count: str, names: Sequence[str]) -> None:
    if row[count] is None:
        row |= dict.fromkeys(names)


def _never_alone(rows: Sequence[dict[str, Any]], counts: Sequence[str], names: Sequence[str]) -> None:
    hidden = [one for one in rows if None in (one[count] for count in counts)]
    rest = [one for one in rows if one not in hidden and any(one[name] for name in names)]
    if len(hidden) == 1 and rest:
        hidden.append(min(rest, key=lambda one: min(one[name] for name in names)))
    for one in hidden:
        one |= dict.fromkeys(names)


def _hanging_together(figures: Mapping[str, Any]) -> tuple[list[Sum[Cell]], list[tuple[Cell, Cell]]]:
    """What adds up, and what is a part of what."""
    area, candidates, taken, already = (("", 0, name) for name in TOTALS)
    parts: list[tuple[Cell, Cell]] = [(area, candidates), (area, already)]
    sums: list[Sum[Cell]] = [(candidates, [taken, LEFT])]
    sums.append((taken, [("parts", at, "households") for at in range(len(figures["parts"]))]))
    of_part = {one["part"]: ("parts", at, "households") for at, one in enumerate(figures["parts"])}
    for table in LEVELS:
        rows = range(len(figures[table]))
        sums += [((table, at, OF_A_ROW[0]), [(table, at, name) for name in (*OF_A_ROW[1:], "beyond")]) for at in rows]
        if rows:
            sums.append((area, [(table, at, "households_there") for at in rows]))
            sums += [(of_part.get(name), [(table, at, name) for at in rows]) for name in TAKEN]
    left = [[(table, at, "left_out") for at in range(len(figures[table]))] for table in (*LEVELS, "parts")]
    sums += [(LEFT, some) for some in left if some]
    parts += [(taken, ("overlaps", at, "households")) for at in range(len(figures["overlaps"]))]
    for table, within in SINGLE.items():
        parts += [((table, 0, whole), (table, 0, part)) for whole, part in within if figures[table]]
    return sums, parts
