"""Tables of distinct texts: each is folded once and compared by its code; how alike two are is a matter of letters."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.compiling import kernel
from shared.spelling import fold

LONGEST: Final = 32
"""Letters of a text that are compared; what follows is compared for equality alone."""

Codes = npt.NDArray[np.uint32]
Texts: TypeAlias = npt.NDArray[Any]  # [code] records of TEXT
Places = npt.NDArray[np.uint64]  # [256] by letter, where in a text it stands


def distinct(column: pl.Series) -> tuple[Codes, pl.Series]:
    """Each row's place among the distinct values of a column of texts, and these values; nulls are ""."""
    frame = column.fill_null("").to_frame("value")
    values = frame.unique().with_row_index("code")
    codes = frame.join(values, on="value", how="left", maintain_order="left").get_column("code")
    return codes.to_numpy().astype(np.uint32), values.get_column("value")


TEXT = np.dtype([("letters", np.uint8, LONGEST), ("bits", np.float32), ("length", np.uint8)], align=True)
"""One text: its letters, as bytes, then zeros; how rare it is, in bits; how many letters are compared."""


class TextTable:
    """The distinct folded texts of every field, 0 for none; one text of two fields is two. It only grows."""

    def __init__(self) -> None:
        self._codes: dict[tuple[int, str], int] = {}
        self.records: npt.NDArray[np.void] = np.zeros(1, TEXT)

    def add(self, field: int, texts: Collection[str]) -> Codes:
        """The code of each text of a field; texts that fold alike share one."""
        known, before = self._codes, len(self._codes)
        folded = [fold(text) for text in texts]
        codes = np.fromiter(
            (known.setdefault((field, text), len(known) + 1) if text else 0 for text in folded), np.uint32, len(texts)
        )
        fresh = [text for _, text in islice(known, before, None)]
        if fresh:
            more = np.zeros(len(fresh), TEXT)
            more["letters"] = _letters_of(fresh)
            more["length"] = [min(len(text), LONGEST) for text in fresh]
            self.records = np.concatenate((self.records, more))
        return codes

    def known(self) -> list[tuple[int, str]]:
        """The field and text of every code, from 1."""
        return list(self._codes)

    @classmethod
    def of(cls, known: Iterable[tuple[int, str]]) -> "TextTable":
        """The table whose `known` these are."""
        table = cls()
        for field, texts in groupby(known, key=itemgetter(0)):
            table.add(field, [text for _, text in texts])
        return table


def _letters_of(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """A letter is one byte: its number in Unicode, by a prime below 256. Letters that share one are rare neighbours."""
    wide = np.array([text[:LONGEST] for text in texts], dtype=f"<U{LONGEST}")
    points = wide.view(np.uint32).reshape(len(texts), LONGEST)
    return np.where(points > 0, points % 251 + 1, 0).astype(np.uint8)


@kernel
def alike(texts: Texts, a: int, b: int, places: Places) -> float:
    """0..1 for two texts by the letters that are wrong, lost, added, or exchanged with their neighbour (optimal string
    alignment), over the longer text. The distance is found for all letters of one text at once (Hyyrö, 2003).

    `places` is a workspace of zeros, and of zeros again afterwards.
    """
    size_a, size_b = np.int64(texts[a].length), np.int64(texts[b].length)
    longest = max(size_a, size_b)
    if min(size_a, size_b) * 2 < longest or longest == 0:
        return 0.0
    one = np.uint64(1)
    for i in range(size_a):
        places[texts[a].letters[i]] |= one << np.uint64(i)
    last = one << np.uint64(size_a - 1)
    distance = size_a
    up, down, same, before = ~np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
    for j in range(size_b):
        here = places[texts[b].letters[j]]
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
        places[texts[a].letters[i]] = np.uint64(0)
    return 1.0 - distance / longest
