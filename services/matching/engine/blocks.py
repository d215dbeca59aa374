"""The blocks of one key over the left file: which rows bear it, found in one step; and how many pairs that makes."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.matching.engine.compiling import kernel
from services.matching.engine.keys import Keys, Rule

Rows = npt.NDArray[np.uint32]

MOST_BITS: Final = 24


class Blocks(NamedTuple):
    """Rows by the first bits of their key; `tags` holds the whole key beside each row."""

    starts: npt.NDArray[np.uint32]
    rows: Rows
    tags: Keys
    shift: int


def blocks_of(keys: npt.NDArray[np.uint32], spread: int = 1) -> Blocks:
    """The blocks of one column of keys; rows without a key are in none. Order within a block is that of the rows.

    `spread`: about so many rows share a bucket; more take less room.
    """
    bits = min(MOST_BITS, max(4, (len(keys) // spread).bit_length()))
    keys, shift = np.ascontiguousarray(keys), 32 - bits
    starts = np.zeros((1 << bits) + 1, np.uint32)
    _count(keys, shift, starts)
    np.cumsum(starts, out=starts)
    rows, tags = np.empty(starts[-1], np.uint32), np.empty(starts[-1], np.uint32)
    _put(keys, shift, starts[:-1].copy(), rows, tags)
    return Blocks(starts, rows, tags, shift)


@kernel
def _count(keys: npt.NDArray[np.uint32], shift: int, starts: npt.NDArray[np.uint32]) -> None:
    for i in range(len(keys)):
        if keys[i] != 0:
            starts[(keys[i] >> shift) + 1] += 1


@kernel
def _put(keys: npt.NDArray[np.uint32], shift: int, at: npt.NDArray[np.uint32], rows: Rows, tags: Rows) -> None:
    for i in range(len(keys)):
        if keys[i] != 0:
            bucket = keys[i] >> shift
            rows[at[bucket]] = i
            tags[at[bucket]] = keys[i]
            at[bucket] += 1


def sizes_of(blocks: Blocks, keys: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """How many rows of the left file bear each key of the right."""
    out = np.zeros(len(keys), np.uint32)
    _measure(blocks.starts, blocks.tags, blocks.shift, np.ascontiguousarray(keys), out)
    return out


@kernel
def _measure(
    starts: npt.NDArray[np.uint32],
    tags: npt.NDArray[np.uint32],
    shift: int,
    keys: npt.NDArray[np.uint32],
    out: npt.NDArray[np.uint32],
) -> None:
    for i in range(len(keys)):
        key = keys[i]
        if key != 0:
            bucket = key >> shift
            for p in range(starts[bucket], starts[bucket + 1]):
                out[i] += tags[p] == key


class Allowed(NamedTuple):
    """Which rules each row of the right file is looked up by, and what was left out because its block is too large."""

    rules: npt.NDArray[np.uint64]
    """By row: bit r set where rule r is used."""
    pairs: int
    """Pairs that the rules used bring; those met by several are counted as often."""
    passed_over: dict[str, int]
    """By rule: rows for which it was not used."""
    bounded: int
    """Rows all of whose blocks are too large: looked up by the smallest, up to MOST_VISITED of its rows."""


MOST_VISITED: Final = 20_000
"""Rows of one block that are looked at, where a record has no narrower key."""


class Choosing:
    """Chooses the rules by row, one rule after the other: those whose block is not too large; the smallest where none is."""

    def __init__(self, rows: int) -> None:
        self._used = np.zeros(rows, np.uint64)
        self._smallest = np.full(rows, np.iinfo(np.uint32).max, np.uint32)
        self._smallest_rule = np.zeros(rows, np.uint64)
        self._pairs = 0
        self._passed_over: dict[str, int] = {}

    def see(self, number: int, rule: Rule, sizes: npt.NDArray[np.uint32]) -> None:
        """`sizes`: by row, the block that `rule`, of this number, finds."""
        fits = (sizes > 0) & (sizes <= rule.largest)
        self._used |= fits.astype(np.uint64) << np.uint64(number)
        self._pairs += int(sizes[fits].sum(dtype=np.int64))
        over = sizes > rule.largest
        if over.any():
            self._passed_over[rule.name] = self._passed_over.get(rule.name, 0) + int(over.sum())
        better = over & (sizes < self._smallest)
        self._smallest[better], self._smallest_rule[better] = sizes[better], number

    def chosen(self) -> Allowed:
        bounded = (self._used == 0) & (self._smallest < np.iinfo(np.uint32).max)
        used = self._used.copy()
        used[bounded] = np.uint64(1) << self._smallest_rule[bounded]
        pairs = self._pairs + int(np.minimum(self._smallest[bounded], MOST_VISITED).sum(dtype=np.int64))
        return Allowed(used, pairs, self._passed_over, int(bounded.sum()))
