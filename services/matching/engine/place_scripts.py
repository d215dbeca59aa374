"""Places written in Arabic in one list and in French in the other: by their sound they are told to be the same."""

from typing import Final

import numpy as np
import numpy.typing as npt

from services.matching.engine.fields import PLACE_LEVELS, Kind
from services.matching.engine.name_kernels import similarities
from services.matching.engine.name_sounding import name_work
from services.matching.engine.name_table import NameTable
from services.matching.engine.packing import Vocabulary, Words
from shared.spelling import is_arabic

ALIKE: Final = 0.80
MOST_PAIRS: Final = 4_000_000
"""Beyond so many pairs of an Arabic and a Latin name, the names of a level are left as they are written."""


def join_scripts(vocabulary: Vocabulary, lists: list[Words]) -> None:
    """Give each place in Arabic the code of the Latin one that it sounds like, in the records of all lists."""
    layout = vocabulary.layout
    for level, known in enumerate(vocabulary.places[:PLACE_LEVELS]):
        same = _same_by_sound(known)
        if same is None:
            continue
        for at in layout.of_kind(Kind.PLACE):
            word, high = layout.offsets[at] + level // 2, level % 2
            for records in lists:
                halves = records[:, word].copy().view(np.uint16).reshape(-1, 2)
                halves[:, high] = same[halves[:, high]]
                records[:, word] = halves.reshape(-1).view(np.uint32)


def _same_by_sound(known: dict[str, int]) -> npt.NDArray[np.uint16] | None:
    """By code, the code it shares; None where all names are of one script."""
    arabic = [name for name in known if name and is_arabic(name)]
    latin = [name for name in known if name and not is_arabic(name) and not any(map(str.isdigit, name))]
    if not arabic or not latin or len(arabic) * len(latin) > MOST_PAIRS:
        return None
    same = np.arange(1 << 16, dtype=np.uint16)
    names = NameTable()
    ours, theirs = names.add(arabic), names.add(latin)
    pairs = similarities(
        names.arrays, name_work(), np.repeat(ours, len(theirs)), np.tile(theirs, len(ours)), ALIKE
    ).reshape(len(ours), len(theirs))
    for name, alike in zip(arabic, pairs, strict=True):
        nearest = int(alike.argmax())
        if alike[nearest] >= ALIKE and known[name] < 1 << 16:
            same[known[name]] = known[latin[nearest]]
    return same
