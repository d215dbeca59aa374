"""Counts that may be shown: none of 1 to 4, and none that those beside it would tell."""

from collections import Counter
from collections.abc import Collection, Sequence

SMALLEST_CELL = 5
"""Statistics on fewer are suppressed: a cell of two households in a commune names them."""

Table = list[list[int | None]]
Place = tuple[int, int]


def is_small(count: int) -> bool:
    """Whether a count names the few it is of; nobody at all is not few."""
    return 0 < count < SMALLEST_CELL


def shown(count: int | None) -> int | None:
    """One count that nothing adds up with; None stays what it is, not told."""
    return None if count is None or is_small(count) else count


def suppress(table: Sequence[Sequence[int]], also: Collection[Place] = ()) -> Table:
    """A table whose last row and last column are totals, as it may be shown: in no row or column is a single cell missing,
    because the others and the total would tell it. `also`: cells to leave out whatever they count."""
    hidden = {
        (row, column)
        for row, cells in enumerate(table)
        for column, count in enumerate(cells)
        if is_small(count) or (row, column) in also
    }
    lines = [[(row, column) for column in range(len(table[0]))] for row in range(len(table))]
    lines += [[(row, column) for row in range(len(table))] for column in range(len(table[0]))]
    while told := next((found for line in lines if (found := _beside(table, line, hidden))), None):
        hidden.add(told)
    return [
        [None if (row, column) in hidden else count for column, count in enumerate(cells)]
        for row, cells in enumerate(table)
    ]


def _beside(table: Sequence[Sequence[int]], line: Sequence[Place], hidden: Collection[Place]) -> Place | None:
    """Of a line of which one cell is missing, the other one that leaves least out; None where all is well."""
    missing = [place for place in line if place in hidden]
    others = [place for place in line if place not in hidden and table[place[0]][place[1]] > 0]
    if len(missing) != 1 or not others:
        return None
    # One whose other line lacks nothing yet would leave that line with a single cell missing in turn.
    rows, columns = Counter(row for row, _ in hidden), Counter(column for _, column in hidden)
    across = columns if line[0][0] == line[-1][0] else rows
    side = 1 if across is columns else 0
    return min(others, key=lambda place: (across[place[side]] == 0, table[place[0]][place[1]], place))
