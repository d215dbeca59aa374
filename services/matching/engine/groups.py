"""Groups of the rows of a list, by which a model is judged: nobody may be served worse without being shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.fields import Kind, Layout, layout_of
from services.matching.engine.packing import Columns, Vocabulary, Words, pack
from services.matching.engine.place_scripts import join_scripts
from services.matching.engine.rarity import rarity_of
from services.matching.engine.scoring import Floats
from services.matching.engine.truth import Marks

UNTOLD: Final = ""
"""The group of the rows of which a list does not tell it."""
CLAN, NO_CLAN = "pulaar_soninke_wolof", "other"
"""Names with a clan name (Ba, Diallo, Sow, Camara, Diop, ...), and the others."""
COMMON, BETWEEN, RARE = "common", "between", "rare"
SCRIPTS: Final = (UNTOLD, "arabic", "latin", "both", "mixed")
"""`both`: a name in each script; `mixed`: one name with letters of both."""
_HALF: Final = 0xFFFF


@dataclass(frozen=True)
class Grouping:
    """The rows of a list by one trait: `of` gives for each row its place in `groups`."""

    by: str
    groups: tuple[str, ...]
    of: npt.NDArray[np.int64]

    def each(self) -> Iterator[tuple[str, Marks]]:
        """The groups that have rows, the largest first and those of whom it is not told last; which rows they are."""
        sizes = np.bincount(self.of, minlength=len(self.groups))
        order = sorted(range(len(self.groups)), key=lambda at: (self.groups[at] == UNTOLD, -sizes[at], self.groups[at]))
        return ((self.groups[at], self.of == at) for at in order if sizes[at])


def groups_of(layout: Layout, left: Columns, right: Columns) -> list[Grouping]:
    """How the rows of the right list fall into groups, by each trait of which its fields tell."""
    wanted = [one for one in layout.fields if one.kind in (Kind.PLACE, Kind.SEX, Kind.NAME, Kind.PART, Kind.NUMBER)]
    few = layout_of([one for one in wanted if not one.shared])
    vocabulary = Vocabulary(few)
    held, listed = (
        pack({field: given for field, given in side.items() if few.position(field) is not None}, vocabulary)
        for side in (left, right)
    )
    join_scripts(vocabulary, [held, listed])
    named = [one for one in few.fields if one.kind in (Kind.NAME, Kind.PART)]
    written = [column for one in named for column in right.get(one.name, ())]
    places = _written(few, ((left, held), (right, listed)))
    name_bits, _ = rarity_of(vocabulary, held, listed)
    return groups_in(vocabulary, name_bits, listed, written, places)


def groups_in(
    vocabulary: Vocabulary,
    name_bits: Floats,
    listed: Words,
    written: Sequence[pl.Series],
    places: Mapping[int, str],
) -> list[Grouping]:
    """The same of packed rows. `written`: the names as the list has them; `places`: what the widest level's codes are called."""
    layout = vocabulary.layout
    out: list[Grouping] = []
    if at := layout.of_kind(Kind.PLACE):
        kinds, of = np.unique(_widest(layout, at[0], listed), return_inverse=True)
        out.append(Grouping("place", tuple(places.get(code, UNTOLD) for code in kinds.tolist()), of.astype(np.int64)))
    if layout.of_kind(Kind.NAME) or layout.of_kind(Kind.PART):
        out.append(_by_script(written, len(listed)))
        out += _by_name(layout, vocabulary, name_bits, listed)
    if at := layout.of_kind(Kind.SEX):
        words = listed[:, layout.offsets[at[0]]]
        sex = np.where(words == 0, 0, np.where(words % 4 == 1, 1, 2))  # told, or hinted at by the name
        out.append(Grouping("sex", (UNTOLD, "F", "M"), sex.astype(np.int64)))
    if at := tuple(at for at in layout.of_kind(Kind.NUMBER) if not layout.fields[at].shared):
        words = np.column_stack([listed[:, layout.offsets[one] : layout.offsets[one] + 2] for one in at])
        out.append(Grouping("number", ("without", "with"), np.where(words.any(axis=1), 1, 0).astype(np.int64)))
    return out


def _widest(layout: Layout, field: int, rows: Words) -> npt.NDArray[np.int64]:
    return (rows[:, layout.offsets[field]] & _HALF).astype(np.int64)


def _written(layout: Layout, sides: Iterable[tuple[Columns, Words]]) -> dict[int, str]:
    """What the codes of the widest level are called: as the registry writes it, else as the list does."""
    written: dict[int, str] = {}
    for at in layout.of_kind(Kind.PLACE):
        for side, rows in sides:
            for column in side.get(layout.fields[at].name, ())[:1]:
                kinds, first = np.unique(_widest(layout, at, rows), return_index=True)
                for code, row in zip(kinds.tolist(), first.tolist(), strict=True):
                    written.setdefault(code, str(column[row]).strip())
    return written


def _by_script(columns: Sequence[pl.Series], rows: int) -> Grouping:
    arabic, latin, mixed = (np.zeros(rows, bool) for _ in range(3))
    for column in columns:
        in_arabic, in_latin = (column.str.contains(letters).to_numpy() for letters in (r"\p{Arabic}", r"\p{Latin}"))
        arabic, latin, mixed = arabic | in_arabic, latin | in_latin, mixed | (in_arabic & in_latin)
    of = np.select([mixed, arabic & latin, arabic, latin], [4, 3, 1, 2], 0)
    return Grouping("script", SCRIPTS, of.astype(np.int64))


def _by_name(layout: Layout, vocabulary: Vocabulary, name_bits: Floats, listed: Words) -> list[Grouping]:
    """By clan names, and by how rare the name is: the commonest quarter, the rarest, the rest."""
    names = vocabulary.names.arrays
    bears_clan: npt.NDArray[np.bool_] = np.any(names.tokens["clan"].astype(bool)[names.names], axis=1)
    clan, told, bits = np.zeros(len(listed), bool), np.zeros(len(listed), bool), np.zeros(len(listed))
    for field, offset in zip(layout.fields, layout.offsets, strict=True):
        if field.kind is Kind.NAME:
            words = listed[:, offset : offset + field.words]
            clan |= bears_clan[words].any(axis=1)
            told |= words.any(axis=1)
            bits = np.maximum(bits, name_bits[words].max(axis=1))
        elif field.kind is Kind.PART:
            clan |= bears_clan[listed[:, offset]]
            told |= listed[:, offset] != 0
            bits += vocabulary.texts.records["bits"][listed[:, offset + 1]]
    low, high = np.quantile(bits[told], (0.25, 0.75)) if told.any() else (0.0, 0.0)
    rarity = np.select([~told, bits <= low, bits >= high], [0, 1, 3], 2)
    return [
        Grouping("clan", (UNTOLD, NO_CLAN, CLAN), np.where(told, 1 + clan, 0).astype(np.int64)),
        Grouping("rarity", (UNTOLD, COMMON, BETWEEN, RARE), rarity.astype(np.int64)),
    ]
