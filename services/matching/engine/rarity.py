"""How rare values are: a name by how often its parts are borne, however they are spelled; a text by how often it is written."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.matching.engine.fields import Kind, Layout
from services.matching.engine.model import Doubles
from services.matching.engine.name_sounding import NameArrays
from services.matching.engine.packing import Vocabulary, Words
from services.matching.engine.scoring import Floats

Counts = npt.NDArray[np.int64]


def rarity_of(vocabulary: Vocabulary, left: Words, right: Words) -> tuple[Floats, Doubles]:
    """The rarity of each name, in bits: -log2 of the share of rows that bear it; and by field the average rarity of what
    two rows share by chance. The rarity of each text is written into the table of texts."""
    layout, names = vocabulary.layout, vocabulary.names.arrays
    average = np.zeros(len(layout.fields))
    name_bits = _names(names, layout, left, right)
    for at in layout.of_kind(Kind.NAME)[:1]:
        borne = right[:, layout.offsets[at]]
        borne = borne[borne != 0]
        average[at] = -np.log2(np.exp2(-name_bits[borne].astype(np.float64)).mean()) if len(borne) else 0.0
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


def _counted(left: npt.NDArray[np.uint32], right: npt.NDArray[np.uint32], size: int) -> Counts:
    return (np.bincount(left, minlength=size) + np.bincount(right, minlength=size)).astype(np.int64)


def _names(names: NameArrays, layout: Layout, left: Words, right: Words) -> Floats:
    """A name is as rare as its parts together; spellings of one consonant skeleton are one part."""
    return name_bits_of(names, _token_bits(names, layout, (left, right)))


def token_bits_of(vocabulary: Vocabulary, records: Words) -> Doubles:
    """How rare each part of a name is among these records, in bits."""
    return _token_bits(vocabulary.names.arrays, vocabulary.layout, (records,))


def name_bits_of(names: NameArrays, token_bits: Doubles) -> Floats:
    """How rare the names of a table are, by their parts."""
    bits: Floats = token_bits[names.names].sum(axis=1).astype(np.float32)
    return bits


def new_name_bits(tokens: npt.NDArray[np.uint32], token_bits: Doubles, rarest: float) -> Floats:
    """The same for names [names, parts] that came after their parts were counted: a part that came too is `rarest`."""
    known = tokens < len(token_bits)
    parts = np.where(known, token_bits[np.where(known, tokens, 0)], rarest)
    bits: Floats = parts.sum(axis=1).astype(np.float32)
    return bits


def _token_bits(names: NameArrays, layout: Layout, lists: Sequence[Words]) -> Doubles:
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
