"""Visits every pair that shares a key, once, block by block, and keeps those worth keeping."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.matching.engine.blocks import MOST_VISITED, Allowed, Blocks, Choosing, blocks_of, sizes_of
from services.matching.engine.compiling import kernel
from services.matching.engine.keys import THREADS, Keys, Plan
from services.matching.engine.packing import Words
from services.matching.engine.rarity import Doubles
from services.matching.engine.scoring import PRUNED, Fields, Floats, Levels, Tables, Work, judge, work_of

PIECE: Final = 20_000
"""Rows of the right file in one piece of work: between two of them there is room to tell how far it is, and to stop."""

MOST_PAIRS: Final = 100_000_000
"""Pairs that may be kept: where more are probable the fields tell nobody apart, and memory would end first."""


class TooManyPairs(Exception):
    """More than MOST_PAIRS pairs are probable enough to be kept."""


@dataclass(frozen=True)
class Sides:
    """Two files ready to be compared; `same` where both are one, which is compared with itself."""

    left: Words
    right: Words
    left_keys: Keys
    right_keys: Keys
    same: bool = False


@dataclass(frozen=True)
class Pairs:
    """Pairs by their rows, with what judging each gave."""

    left: npt.NDArray[np.uint32]
    right: npt.NDArray[np.uint32]
    score: Floats
    levels: Levels  # [pairs, fields]
    bits: Floats  # [pairs, fields]

    def __len__(self) -> int:
        return len(self.left)

    def taken(self, which: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Pairs":
        return Pairs(self.left[which], self.right[which], self.score[which], self.levels[which], self.bits[which])

    @classmethod
    def together(cls, parts: list["Pairs"], fields: int) -> "Pairs":
        parts = parts or [
            cls(
                np.zeros(0, np.uint32),
                np.zeros(0, np.uint32),
                np.zeros(0, np.float32),
                np.zeros((0, fields), np.uint8),
                np.zeros((0, fields), np.float32),
            )
        ]
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in cls.__dataclass_fields__))


def allowed(sides: Sides, plan: Plan) -> Allowed:
    """Which rules look up which rows of the right file, and how many pairs that makes."""
    choosing = Choosing(len(sides.right))
    indexes = _Indexes(sides.left_keys)
    for number, rule in enumerate(plan.rules):
        choosing.see(number, rule, sizes_of(indexes.of(rule.left), sides.right_keys[:, rule.right]))
    return choosing.chosen()


class _Indexes:
    """The blocks of one column at a time: several rules follow one another on the same."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._column, self._blocks = -1, blocks_of(np.zeros(0, np.uint32))

    def of(self, column: int) -> Blocks:
        if column != self._column:
            self._blocks, self._column = blocks_of(self._keys[:, column]), column
        return self._blocks


def visit(
    sides: Sides,
    plan: Plan,
    chosen: Allowed,
    tables: Tables,
    fields: Fields,
    least: float,
    rules: tuple[int, ...] | None = None,
) -> Iterator[tuple[int, Pairs]]:
    """Judge the pairs rule by rule; yields, piece by piece, the pairs seen and those of at least `least`.

    With `rules`, the pairs of these rules alone, also where an earlier rule meets them. The order of the pieces is that of
    the rules, whatever the number of threads.
    """
    asked = tuple(range(len(plan.rules))) if rules is None else rules
    joined = np.array([(rule.left, rule.right) for rule in plan.rules], np.int64).reshape(-1, 2)
    indexes = _Indexes(sides.left_keys)
    works = [work_of() for _ in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        for number in asked:
            order = _in_block_order(sides, chosen, number, plan.rules[number].right)
            if not len(order):
                continue
            blocks = indexes.of(plan.rules[number].left)
            pieces = [order[start : start + PIECE] for start in range(0, len(order), PIECE)]
            for start in range(0, len(pieces), THREADS):
                futures = [
                    pool.submit(
                        _judge_piece,
                        sides,
                        blocks,
                        joined,
                        number,
                        rules is None,
                        chosen,
                        piece,
                        tables,
                        fields,
                        work,
                        least,
                    )
                    for piece, work in zip(pieces[start : start + THREADS], works, strict=False)
                ]
                for future in futures:
                    yield future.result()


def _in_block_order(sides: Sides, chosen: Allowed, number: int, column: int) -> npt.NDArray[np.uint32]:
    """The rows that the rule looks up, those of one block beside one another: their candidates are still at hand."""
    rows = np.flatnonzero(chosen.rules >> np.uint64(number) & np.uint64(1)).astype(np.uint32)
    return rows[np.argsort(sides.right_keys[rows, column], kind="stable")]


def _judge_piece(
    sides: Sides,
    blocks: Blocks,
    joined: npt.NDArray[np.int64],
    number: int,
    once: bool,
    chosen: Allowed,
    rows: npt.NDArray[np.uint32],
    tables: Tables,
    fields: Fields,
    work: Work,
    least: float,
) -> tuple[int, Pairs]:
    size = max(1_024, 4 * len(rows))
    found: list[Pairs] = []
    seen, kept, row, at = 0, 0, 0, 0
    while row < len(rows):
        out = Pairs(
            np.empty(size, np.uint32),
            np.empty(size, np.uint32),
            np.empty(size, np.float32),
            np.empty((size, len(fields)), np.uint8),
            np.empty((size, len(fields)), np.float32),
        )
        row, at, count, more = _visit(
            sides.left, sides.right, sides.left_keys, sides.right_keys, sides.same, blocks.starts, blocks.rows, blocks.tags,
            blocks.shift, joined, number, once, chosen.rules, rows, row, at, tables, fields, work, least, out.left,
            out.right, out.score, out.levels, out.bits,
        )  # fmt: skip
        seen, kept = seen + more, kept + count
        if kept > MOST_PAIRS:
            raise TooManyPairs
        found.append(out.taken(np.arange(count)))
    return seen, Pairs.together(found, len(fields))


@kernel
def _visit(
    left: Words,
    right: Words,
    left_keys: Keys,
    right_keys: Keys,
    same: bool,
    starts: npt.NDArray[np.uint32],
    block_rows: npt.NDArray[np.uint32],
    tags: npt.NDArray[np.uint32],
    shift: int,
    joined: npt.NDArray[np.int64],
    number: int,
    once: bool,
    used: npt.NDArray[np.uint64],
    rows: npt.NDArray[np.uint32],
    row: int,
    at: int,
    tables: Tables,
    fields: Fields,
    work: Work,
    least: float,
    out_left: npt.NDArray[np.uint32],
    out_right: npt.NDArray[np.uint32],
    out_score: Floats,
    out_levels: Levels,
    out_bits: Floats,
) -> tuple[int, int, int, int]:
    """From place (`row`, `at`) on, until the answers are full: the place to go on from, the pairs kept, the pairs seen."""
    count, seen = 0, 0
    while row < len(rows):
        i = rows[row]
        key = right_keys[i, joined[number, 1]]
        bucket = key >> shift
        start = np.int64(starts[bucket])
        end = min(np.int64(starts[bucket + 1]), start + MOST_VISITED)
        place = start + at
        while place < end:
            j = block_rows[place]
            place += 1
            if tags[place - 1] != key or (same and j >= i):
                continue
            if once and _met_before(left_keys, right_keys, joined, number, used[i], i, j):
                continue
            seen += 1
            # What a pruned pair leaves behind is written over by the next.
            score = judge(fields, tables, work, left[j], right[i], least, out_levels[count], out_bits[count])
            if score == PRUNED:
                continue
            out_left[count], out_right[count], out_score[count] = j, i, score
            count += 1
            if count == len(out_left):
                return row, int(place - start), count, seen
        at = 0
        row += 1
    return row, at, count, seen


@kernel
def _met_before(
    left_keys: Keys,
    right_keys: Keys,
    joined: npt.NDArray[np.int64],
    number: int,
    used: np.uint64,
    i: int,
    j: int,
) -> bool:
    """An earlier rule that looks up the row meets this pair as well: it was judged there."""
    for rule in range(number):
        if (used >> np.uint64(rule)) & np.uint64(1):
            key = right_keys[i, joined[rule, 1]]
            if key != 0 and key == left_keys[j, joined[rule, 0]]:
                return True
    return False


def judge_all(
    sides: Sides, left: npt.NDArray[np.uint32], right: npt.NDArray[np.uint32], tables: Tables, fields: Fields
) -> Pairs:
    """Judge the pairs of these rows, whatever their keys."""
    out = Pairs(
        left,
        right,
        np.empty(len(left), np.float32),
        np.empty((len(left), len(fields)), np.uint8),
        np.empty((len(left), len(fields)), np.float32),
    )
    cut = len(left) // THREADS + 1
    with ThreadPoolExecutor(THREADS) as pool:
        pieces = [slice(start, start + cut) for start in range(0, len(left), cut)]
        for done in [
            pool.submit(
                judge_rows, sides.left, sides.right, left[one], right[one], tables, fields, work_of(),
                out.score[one], out.levels[one], out.bits[one],
            )
            for one in pieces
        ]:  # fmt: skip
            done.result()
    return out


@kernel
def judge_rows(
    left: Words,
    right: Words,
    left_rows: npt.NDArray[np.uint32],
    right_rows: npt.NDArray[np.uint32],
    tables: Tables,
    fields: Fields,
    work: Work,
    score: Floats,
    levels: Levels,
    bits: Floats,
) -> None:
    """Judge the pairs of these rows into `score`, `levels` and `bits`."""
    for at in range(len(left_rows)):
        score[at] = judge(fields, tables, work, left[left_rows[at]], right[right_rows[at]], -1e8, levels[at], bits[at])


def shared_among(odds: Doubles, pairs: Pairs, sides: Sides) -> Doubles:
    """Where a row of the right list may be one of several, they share one probability: it is one person at the most."""
    together = odds if sides.same else np.bincount(pairs.right, weights=odds, minlength=len(sides.right))[pairs.right]
    shared: Doubles = odds / (1.0 + together)
    return shared
