"""Groups of the rows of a list, by which a model is judged: nobody may be served worse without being shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.fields import Field, Kind, Layout, layout_of
from services.matching.engine.packing import Columns, Vocabulary, Words, pack
from services.matching.engine.place_scripts import join_scripts
from services.matching.engine.rarity import rarity_of
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
        order = sorted(range(len(self.groups)), key=lambda at: (self.groups[at] == UNTOLD, -sizes[at]))
        return ((self.groups[at], self.of == at) for at in order if sizes[at])


def groups_of(layout: Layout, left: Columns, right: Columns) -> list[Grouping]:
    """How the rows of the right list fall into groups, by each trait of which its fields tell."""
    wanted = [one for one in layout.fields if one.kind in (Kind.PLACE, Kind.SEX, Kind.NAME, Kind.PART, Kind.NUMBER)]
    few = layout_of([one for one in wanted if not one.shared])
    vocabulary = Vocabulary(few)
    rows = [pack({field: given for field, given in side.items() if few.position(field) is not None}, vocabulary)
            for side in (left, right)]  # fmt: skip
    join_scripts(vocabulary, rows)
    held, listed = rows
    out: list[Grouping] = []
    if places := few.of_kind(Kind.PLACE):
        out.append(_by_place(few, few.fields[places[0]], left, right, listed, held))
    if named := [one for one in few.fields if one.kind in (Kind.NAME, Kind.PART)]:
        out.append(_by_script([column for one in named for column in right.get(one.name, ())], len(listed)))
    if sexes := few.of_kind(Kind.SEX):
        words = listed[:, few.offsets[sexes[0]]]
        sex = np.where(words == 0, 0, np.where(words % 4 == 1, 1, 2))  # told, or hinted at by the name
        out.append(Grouping("sex", (UNTOLD, "F", "M"), sex.astype(np.int64)))
    if named:
        out += _by_name(few, vocabulary, held, listed)
    if numbers := few.of_kind(Kind.NUMBER):
        told = np.column_stack([listed[:, few.offsets[at] : few.offsets[at] + 2] for at in numbers]).any(axis=1)
        out.append(Grouping("number", ("without", "with"), np.where(told, 1, 0).astype(np.int64)))
    return out


def _by_place(layout: Layout, field: Field, left: Columns, right: Columns, listed: Words, held: Words) -> Grouping:
    """By the widest level, called as the registry writes it, else as the list does."""
    offset = layout.offsets[layout.position(field.name) or 0]
    codes = (listed[:, offset] & _HALF).astype(np.int64)
    written: dict[int, str] = {0: UNTOLD}
    for side, rows in ((left, held), (right, listed)):
        for column in side.get(field.name, ())[:1]:
            own = (rows[:, offset] & _HALF).astype(np.int64)
            kinds, first = np.unique(own, return_index=True)
            for code, at in zip(kinds.tolist(), first.tolist(), strict=True):
                written.setdefault(code, str(column[at]).strip())
    kinds, of = np.unique(codes, return_inverse=True)
    return Grouping("place", tuple(written[code] for code in kinds.tolist()), of.astype(np.int64))


def _by_script(columns: list[pl.Series], rows: int) -> Grouping:
    arabic, latin, mixed = (np.zeros(rows, bool) for _ in range(3))
    for column in columns:
        in_arabic, in_latin = (column.str.contains(letters).to_numpy() for letters in (r"\p{Arabic}", r"\p{Latin}"))
        arabic, latin, mixed = arabic | in_arabic, latin | in_latin, mixed | (in_arabic & in_latin)
    of = np.select([mixed, arabic & latin, arabic, latin], [4, 3, 1, 2], 0)
    return Grouping("script", SCRIPTS, of.astype(np.int64))


def _by_name(layout: Layout, vocabulary: Vocabulary, held: Words, listed: Words) -> list[Grouping]:
    """By clan names, and by how rare the name is beside those of both lists: the commonest quarter, the rarest, the rest."""
    names = vocabulary.names.arrays
    bears_clan: npt.NDArray[np.bool_] = np.any(names.tokens["clan"].astype(bool)[names.names], axis=1)
    name_bits, _ = rarity_of(vocabulary, held, listed)
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
