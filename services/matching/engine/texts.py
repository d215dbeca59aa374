"""Tables of distinct texts: each is folded once and compared by its code; how alike two are is a matter of letters."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.compiling import kernel

from shared.spelling import fold

LONGEST: Final = 32
"""Letters of a text that are compared; what follows is compared for equality alone."""

Codes = npt.NDArray[np.uint32]
Places = npt.NDArray[np.uint64]  # [256] by letter, where in a text it stands


def distinct(column: pl.Series) -> tuple[Codes, list[str]]:
    """Each row's place among the distinct values of a column of texts, and these values; nulls are ""."""
    frame = column.fill_null("").to_frame("value")
    values = frame.unique().with_row_index("code")
    codes = frame.join(values, on="value", how="left", maintain_order="left").get_column("code")
    return codes.to_numpy().astype(np.uint32), values.get_column("value").to_list()


class Letters(NamedTuple):
    """What the kernels read of a table of texts, by code: the letters, and how many of them."""

    letters: npt.NDArray[np.uint8]  # [texts, LONGEST]
    lengths: npt.NDArray[np.uint8]


class TextTable:
    """Distinct folded texts of one field, code 0 for none. It only grows."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {"": 0}
        self._letters = np.zeros((1, LONGEST), np.uint8)
        self._lengths = np.zeros(1, np.uint8)

    def __len__(self) -> int:
        return len(self._codes)

    def letters(self) -> Letters:
        return Letters(self._letters, self._lengths)

    def add(self, texts: Sequence[str]) -> Codes:
        """The code of each text; texts that fold alike share one."""
        known, before = self._codes, len(self._codes)
        codes = np.fromiter((known.setdefault(fold(text), len(known)) for text in texts), np.uint32, len(texts))
        if len(known) > before:
            fresh = [text for text, _ in zip(reversed(known), range(len(known) - before), strict=False)][::-1]
            self._letters = np.concatenate((self._letters, _letters_of(fresh)))
            self._lengths = np.concatenate((self._lengths, np.array([min(len(t), LONGEST) for t in fresh], np.uint8)))
        return codes


def _letters_of(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """A letter is one byte: its number in Unicode, by a prime below 256. Letters that share one are rare neighbours."""
    wide = np.array([text[:LONGEST] for text in texts], dtype=f"<U{LONGEST}")
    points = wide.view(np.uint32).reshape(len(texts), LONGEST)
    return np.where(points > 0, points % 251 + 1, 0).astype(np.uint8)


@kernel
def alike(letters: npt.NDArray[np.uint8], lengths: npt.NDArray[np.uint8], a: int, b: int, places: Places) -> float:
    """0..1 for two texts by the letters that are wrong, lost, added, or exchanged with their neighbour (optimal string
    alignment), over the longer text. The distance is found for all letters of one text at once (Hyyrö, 2003).

    `places` is a workspace of zeros, and of zeros again afterwards.
    """
    size_a, size_b = np.int64(lengths[a]), np.int64(lengths[b])
    longest = max(size_a, size_b)
    if min(size_a, size_b) * 2 < longest or longest == 0:
        return 0.0
    one = np.uint64(1)
    for i in range(size_a):
        places[letters[a, i]] |= one << np.uint64(i)
    last = one << np.uint64(size_a - 1)
    distance = size_a
    up, down, same, before = ~np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
    for j in range(size_b):
        here = places[letters[b, j]]
        exchanged = ((~same & here) << one) & before
        same = (((here & up) + up) ^ up) | here | down | exchanged
        right_up = down | ~(same | up)
        right_down = same & up
        if right_up & last:
            distance += 1
        if right_down & last:
            distance -= 1
        right_up = (right_up << one) | one
        right_down <<= one
        up = right_down | ~(same | right_up)
        down = right_up & same
        before = here
    for i in range(size_a):
        places[letters[a, i]] = np.uint64(0)
    return 1.0 - distance / longest
