"""The kernels by which one record is looked up in the segments of an index."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from services.matching.engine.compiling import kernel
from services.matching.engine.packing import Words
from services.matching.engine.scoring import PRUNED, Fields, Floats, Levels, Tables, Work, judge

if TYPE_CHECKING:
    from services.matching.engine.index import Segment

MOST_FOUND: Final = 256
"""Candidates kept of one look-up: the best of the rest would not be seen by anyone."""


def rows_bearing(segment: "Segment", column: int, key: int) -> npt.NDArray[np.uint32]:
    """The rows of a segment with this key, also those that do not count."""
    bucket = key >> segment.shift
    start, end = segment.starts[column, bucket], segment.starts[column, bucket + 1]
    rows: npt.NDArray[np.uint32] = segment.rows[start:end][segment.tags[start:end] == key]
    return rows


@kernel
def count_bearing(
    rules: npt.NDArray[np.int64],
    keys: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.uint32],
    block_rows: npt.NDArray[np.uint32],
    tags: npt.NDArray[np.uint32],
    shift: int,
    alive: npt.NDArray[np.bool_],
    dead: int,
    bearing: npt.NDArray[np.int64],
) -> None:
    """Add to each rule how many rows of a segment that count bear its key; past the largest it may be more."""
    for rule in range(len(rules)):
        key = keys[rules[rule, 1]]
        if key == 0:
            continue
        column, bucket = rules[rule, 0], key >> shift
        start, end = np.int64(starts[column, bucket]), np.int64(starts[column, bucket + 1])
        found = 0
        for place in range(start, end):
            found += tags[place] == key
        if dead > 0 and 0 < found <= rules[rule, 2] + dead:
            found = 0
            for place in range(start, end):
                found += tags[place] == key and alive[block_rows[place]]
        bearing[rule] += found


@kernel
def look_up(
    rules: npt.NDArray[np.int64],
    keys: npt.NDArray[np.uint32],
    bearing: npt.NDArray[np.int64],
    starts: npt.NDArray[np.uint32],
    block_rows: npt.NDArray[np.uint32],
    tags: npt.NDArray[np.uint32],
    shift: int,
    records: Words,
    alive: npt.NDArray[np.bool_],
    seen: npt.NDArray[np.uint32],
    number: int,
    fields: Fields,
    tables: Tables,
    work: Work,
    record: npt.NDArray[Any],
    least: float,
    count: int,
    out_rows: npt.NDArray[np.uint32],
    out_scores: Floats,
    out_levels: Levels,
    out_bits: Floats,
) -> int:
    """Judge every row of a segment that shares a key with the record, once; how many are kept, after `count` before."""
    last = len(out_rows) - 1
    bar = least
    if count >= last:
        bar = max(least, _lowest(out_scores, last))
    for rule in range(len(rules)):
        key = keys[rules[rule, 1]]
        if key == 0 or bearing[rule] > rules[rule, 2]:
            continue
        column, bucket = rules[rule, 0], key >> shift
        for place in range(np.int64(starts[column, bucket]), np.int64(starts[column, bucket + 1])):
            row = block_rows[place]
            if tags[place] == key and alive[row] and seen[row] != number:
                seen[row] = number
                count, bar = _keep(
                    records[row],
                    row,
                    fields,
                    tables,
                    work,
                    record,
                    bar,
                    count,
                    out_rows,
                    out_scores,
                    out_levels,
                    out_bits,
                )
    return count


@kernel
def _lowest(scores: Floats, count: int) -> float:
    lowest = np.float64(scores[0])
    for one in range(1, count):
        lowest = min(lowest, np.float64(scores[one]))
    return lowest


@kernel
def _keep(
    held: npt.NDArray[Any],
    row: int,
    fields: Fields,
    tables: Tables,
    work: Work,
    record: npt.NDArray[Any],
    bar: float,
    count: int,
    out_rows: npt.NDArray[np.uint32],
    out_scores: Floats,
    out_levels: Levels,
    out_bits: Floats,
) -> tuple[int, float]:
    """Judge one row; when the room is full the worst gives way, and nothing worse is judged to its end any more."""
    last = len(out_rows) - 1
    at = min(count, last)
    score = judge(fields, tables, work, held, record, bar, out_levels[at], out_bits[at])
    if score == PRUNED:
        return min(count, last), bar
    out_rows[at], out_scores[at] = row, score
    if count < last:
        return count + 1, bar
    worst = 0
    for one in range(len(out_rows)):
        if out_scores[one] < out_scores[worst]:
            worst = one
    if worst != last:
        out_rows[worst], out_scores[worst] = out_rows[last], out_scores[last]
        for one in range(len(fields)):
            out_levels[worst, one] = out_levels[last, one]
            out_bits[worst, one] = out_bits[last, one]
    return last, max(bar, _lowest(out_scores, last))
