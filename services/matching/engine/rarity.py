"""How rare values are: a name by how often its parts are borne, however they are spelled; a text by how often it is written.

Two lists that are compared tell it themselves. A registry of which one record after another is asked has it frozen in the
model: what a pair scores must not depend on what else is held, nor on when the index was built.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.matching.engine.fields import Kind, Layout
from services.matching.engine.name_sounding import NameArrays, Tokens
from services.matching.engine.name_table import skeleton_sum
from services.matching.engine.packing import Vocabulary, Words
from services.matching.engine.scoring import Floats

Counts = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

MOST_PART_BITS: Final = 64.0


@dataclass(frozen=True)
class Rarity:
    """`parts`: how rare a part of a name is, in bits, by its consonant skeleton; `unknown`: any other part."""

    parts: Mapping[str, float]
    unknown: float

    def told(self) -> dict[str, Any]:
        """What a model's file says of it."""
        return {"unknown_bits": self.unknown, "part_bits": dict(self.parts)}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Rarity":
        """Raises KeyError, TypeError, AttributeError and ValueError where the file tells nothing of the kind."""
        rarity = cls({str(part): float(bits) for part, bits in told["part_bits"].items()}, float(told["unknown_bits"]))
        if not all(0.0 <= bits <= MOST_PART_BITS for bits in (rarity.unknown, *rarity.parts.values())):
            raise ValueError(f"a part of a name is from 0 to {MOST_PART_BITS} bits rare")
        return rarity

    @cached_property
    def _known(self) -> tuple[npt.NDArray[np.uint64], Doubles]:
        by_sum = sorted((skeleton_sum(consonants), bits) for consonants, bits in self.parts.items())
        return np.array([one for one, _ in by_sum], np.uint64), np.array([bits for _, bits in by_sum], np.float64)

    def of_tokens(self, tokens: Tokens) -> Doubles:
        """How rare each of these tokens is; no token weighs nothing."""
        sums, known = self._known
        out = np.full(len(tokens), self.unknown)
        if len(sums):
            at = np.minimum(np.searchsorted(sums, tokens["skeleton_sum"]), len(sums) - 1)
            found = sums[at] == tokens["skeleton_sum"]
            out[found] = known[at[found]]
        out[tokens["length"] == 0] = 0.0
        return out

    def of_names(self, names: NameArrays, first: int = 0) -> Floats:
        """How rare the names of a table are, from the one numbered `first` on: the sum of their parts."""
        own = names.names[first:]
        if own.size > len(names.tokens):
            every = self.of_tokens(names.tokens)
            return _summed(every, own)
        parts, places = np.unique(own, return_inverse=True)
        return _summed(self.of_tokens(names.tokens[parts]), places.reshape(own.shape))


def _summed(bits: Doubles, parts: npt.NDArray[np.integer[Any]]) -> Floats:
    """By row, what its parts bring together, in doubles."""
    out = np.zeros(len(parts))
    for place in range(parts.shape[1]):
        out += bits[parts[:, place]]
    return out.astype(np.float32)


def counted_rarity(vocabulary: Vocabulary, lists: Sequence[Words]) -> Rarity:
    """How rare the parts of the names of these lists are. A part that none of them bears is as rare as the rarest."""
    table = vocabulary.names
    bits = _token_bits(table.arrays, vocabulary.layout, lists)
    rarest = float(bits.max(initial=0.0))
    sums, first = np.unique(table.arrays.tokens["skeleton_sum"], return_index=True)
    told = first[(bits[first] < rarest) & (sums != 0)].tolist()
    parts = zip(table.consonants(told), bits[told].round(3).tolist(), strict=True)
    return Rarity(dict(sorted(parts)), round(rarest, 3))


def average_rarity(vocabulary: Vocabulary, rarity: Rarity, records: Words) -> float:
    """The average rarity, in bits, of a name that two of these records share by chance."""
    layout = vocabulary.layout
    borne = records[:, layout.offsets[layout.of_kind(Kind.NAME)[0]]]
    return _average(rarity.of_names(vocabulary.names.arrays), borne)


def rarity_of(vocabulary: Vocabulary, left: Words, right: Words) -> tuple[Floats, Doubles]:
    """The rarity of each name, in bits: -log2 of the share of rows that bear it; and by field the average rarity of what
    two rows share by chance. The rarity of each text is written into the table of texts."""
    layout, names = vocabulary.layout, vocabulary.names.arrays
    average = np.zeros(len(layout.fields))
    name_bits: Floats = _token_bits(names, layout, (left, right))[names.names].sum(axis=1).astype(np.float32)
    for at in layout.of_kind(Kind.NAME)[:1]:
        average[at] = _average(name_bits, right[:, layout.offsets[at]])
    texts = vocabulary.texts.records
    for at, field in enumerate(layout.fields):
        if field.kind in (Kind.TEXT, Kind.PART):
            word = layout.offsets[at] + (1 if field.kind is Kind.PART else 0)
            counts = _counted(left[:, word], right[:, word], len(texts))
            counts[0] = 0
            borne_by = np.flatnonzero(counts)
            shares = counts[borne_by] / max(1, counts.sum())
            texts["bits"][borne_by] = -np.log2(shares)
            average[at] = -np.log2(max(1e-12, float((shares**2).sum())))
    return name_bits, average


def _average(name_bits: Floats, borne: npt.NDArray[np.uint32]) -> float:
    borne = borne[borne != 0]
    return float(-np.log2(np.exp2(-name_bits[borne].astype(np.float64)).mean())) if len(borne) else 0.0


def _counted(left: npt.NDArray[np.uint32], right: npt.NDArray[np.uint32], size: int) -> Counts:
    return (np.bincount(left, minlength=size) + np.bincount(right, minlength=size)).astype(np.int64)


def _token_bits(names: NameArrays, layout: Layout, lists: Sequence[Words]) -> Doubles:
    """A token is as rare as its skeleton: spellings of the same consonants are one part."""
    borne = np.zeros(len(names.tokens), np.int64)
    rows = 0
    for at in layout.of_kind(Kind.NAME):
        for side in lists:
            counts = np.bincount(side[:, layout.offsets[at]], minlength=len(names.names))
            counts[0] = 0
            rows += int(counts.sum())
            for place in range(names.names.shape[1]):
                np.add.at(borne, names.names[:, place], counts)
    _, classes = np.unique(names.tokens["skeleton_sum"], return_inverse=True)
    own_class = np.where(names.tokens["skeleton_sum"] == 0, np.arange(len(classes)) + classes.max() + 1, classes)
    by_class = np.bincount(own_class, weights=borne)
    shares = np.maximum(by_class[own_class], 1.0) / max(1, rows)
    bits: Doubles = -np.log2(np.minimum(shares, 1.0))
    bits[0] = 0.0
    return bits
