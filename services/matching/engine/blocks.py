"""The blocks of one key over the left file: which rows bear it, found in one step; and how many pairs that makes."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.matching.engine.compiling import kernel
from services.matching.engine.keys import Keys

Rows = npt.NDArray[np.uint32]

MOST_BITS: Final = 24


class Blocks(NamedTuple):
    """Rows by the first bits of their key; `tags` holds the whole key beside each row."""

    starts: npt.NDArray[np.int64]
    rows: Rows
    tags: Keys
    shift: int


def blocks_of(keys: npt.NDArray[np.uint32]) -> Blocks:
    """The blocks of one column of keys; rows without a key are in none. Order within a block is that of the rows."""
    bits = min(MOST_BITS, max(4, len(keys).bit_length()))
    return Blocks(*_sorted(np.ascontiguousarray(keys), 32 - bits, 1 << bits), 32 - bits)


@kernel
def _sorted(
    keys: npt.NDArray[np.uint32], shift: int, buckets: int
) -> tuple[npt.NDArray[np.int64], Rows, npt.NDArray[np.uint32]]:
    starts = np.zeros(buckets + 1, np.int64)
    for i in range(len(keys)):
        if keys[i] != 0:
            starts[(keys[i] >> shift) + 1] += 1
    for b in range(buckets):
        starts[b + 1] += starts[b]
    rows = np.empty(starts[buckets], np.uint32)
    tags = np.empty(starts[buckets], np.uint32)
    at = starts[:-1].copy()
    for i in range(len(keys)):
        if keys[i] != 0:
            b = keys[i] >> shift
            rows[at[b]] = i
            tags[at[b]] = keys[i]
            at[b] += 1
    return starts, rows, tags


def sizes_of(blocks: Blocks, keys: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """How many rows of the left file bear each key of the right."""
    return _sizes(blocks.starts, blocks.tags, blocks.shift, np.ascontiguousarray(keys))


@kernel
def _sizes(
    starts: npt.NDArray[np.int64], tags: npt.NDArray[np.uint32], shift: int, keys: npt.NDArray[np.uint32]
) -> npt.NDArray[np.uint32]:
    out = np.zeros(len(keys), np.uint32)
    for i in range(len(keys)):
        key = keys[i]
        if key != 0:
            bucket = key >> shift
            for p in range(starts[bucket], starts[bucket + 1]):
                out[i] += tags[p] == key
    return out


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


LARGEST_BLOCK: Final = 512
"""A key that more rows share says nothing that narrower keys of the same record do not say better."""
MOST_VISITED: Final = 20_000
"""Rows of one block that are looked at, where a record has no narrower key."""


class Choosing:
    """Chooses the rules by row, one rule after the other: those whose block is not too large; the smallest where none is."""

    def __init__(self, rows: int, largest: int = LARGEST_BLOCK) -> None:
        self._largest = largest
        self._used = np.zeros(rows, np.uint64)
        self._smallest = np.full(rows, np.iinfo(np.uint32).max, np.uint32)
        self._smallest_rule = np.zeros(rows, np.uint64)
        self._pairs = 0
        self._passed_over: dict[str, int] = {}

    def see(self, number: int, name: str, sizes: npt.NDArray[np.uint32]) -> None:
        """`sizes`: by row, the block that rule `number` finds."""
        fits = (sizes > 0) & (sizes <= self._largest)
        self._used |= fits.astype(np.uint64) << np.uint64(number)
        self._pairs += int(sizes[fits].sum(dtype=np.int64))
        over = sizes > self._largest
        if over.any():
            self._passed_over[name] = self._passed_over.get(name, 0) + int(over.sum())
        better = over & (sizes < self._smallest)
        self._smallest[better], self._smallest_rule[better] = sizes[better], number

    def chosen(self) -> Allowed:
        bounded = (self._used == 0) & (self._smallest < np.iinfo(np.uint32).max)
        used = self._used.copy()
        used[bounded] = np.uint64(1) << self._smallest_rule[bounded]
        pairs = self._pairs + int(np.minimum(self._smallest[bounded], MOST_VISITED).sum(dtype=np.int64))
        return Allowed(used, pairs, self._passed_over, int(bounded.sum()))
