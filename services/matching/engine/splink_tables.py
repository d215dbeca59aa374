"""Two lists as tables for Splink: records with normalised columns and keys, and how rare their values are.

Rows of the left file and of the right one have the same columns, as Splink asks; a column that only the one has a use for is
empty in the other. What two names or texts reach is listed for the pairs of values that some key brings together, and for no
others: comparing distinct values is quick here and cannot be said in SQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.batch import Pairs, allowed, visit
from services.matching.engine.fields import PLACE_LEVELS, Kind, Layout
from services.matching.engine.levels import levels_of
from services.matching.engine.lists import Prepared
from services.matching.engine.model import Model
from services.matching.engine.packing import HINT, NOT_DIGITS, PHONE_BITS, Words
from services.matching.engine.scoring import LEAST_RARE, MOST_RARE
from services.matching.engine.splink_settings import (
    BY_SQL,
    DATE_DIGITS,
    NUMBER_DIGITS,
    PHONE_DIGITS,
    Listed,
    column_of,
    paired,
    settings_of,
    term_frequency,
)

UNPRUNED: Final = -1e8
NUMBER: Final = (1 << PHONE_BITS) - 1
ENOUGH_TOGETHER: Final = 4_000_000
"""Pairs of values that wait before those met twice are dropped."""


@dataclass(frozen=True)
class Export:
    """`frequencies`: by column, the term frequency of each value, which Splink is to use instead of counting."""

    settings: dict[str, Any]
    left: pl.DataFrame
    right: pl.DataFrame
    frequencies: dict[str, pl.DataFrame]
    rules: dict[str, str]
    """By column of keys of the right file, what the key is made of."""
    pairs: int


def export_lists(lists: Prepared, model: Model, left_ids: pl.Series, right_ids: pl.Series) -> Export:
    """The lists as Splink links them with this model."""
    layout, sides, plan = model.layout, lists.sides, lists.plan
    chosen = allowed(sides, plan)
    fields = model.fields()
    fields["most"] = 1e6  # nothing is pruned: what decides no pair has a weight too
    groups = {at: _Group(at, lists, fields[at]) for at, one in enumerate(layout.fields) if one.kind not in BY_SQL}
    met = 0
    for seen, pairs in visit(sides, plan, chosen, lists.tables, fields, UNPRUNED):
        for group in groups.values():
            group.see(pairs)
        met += seen
    near = {at: group.listed() for at, group in groups.items()}
    phones = {at: _Phones(at, lists) for at in layout.of_kind(Kind.PHONE)}
    bits = chosen.rules[:, None] >> np.arange(len(plan.rules), dtype=np.uint64) & np.uint64(1)
    used = np.flatnonzero(bits.any(axis=0)).tolist()
    columns: list[dict[str, pl.Series]] = []
    for side, (rows, ids) in enumerate(((sides.left, left_ids), (sides.right, right_ids))):
        own = {"unique_id": pl.Series(range(len(rows)), dtype=pl.Int64), "record_id": ids.cast(pl.String)}
        for at, one in enumerate(layout.fields):
            name = column_of(layout, at)
            if one.kind in BY_SQL:
                own |= phones[at].columns(name, side) if at in phones else _columns(layout, at, rows)
            else:
                own |= groups[at].columns(name, side, near[at])
        columns.append(own)
    columns[0] |= {f"key_{at}": _whole(sides.left_keys[:, at]) for at in sorted({plan.rules[one].left for one in used})}
    looked_up = {number: np.where(bits[:, number], sides.right_keys[:, plan.rules[number].right], 0) for number in used}
    columns[1] |= {f"rule_{number}": _whole(keys) for number, keys in looked_up.items()}
    settings = settings_of(
        model, fields["bits"].astype(np.float64), plan, used, {at: list(levels) for at, levels in near.items()},
        {at: one.pairs for at, one in phones.items()}, sides.same,
    )  # fmt: skip
    left, right = _with_all(*columns)
    rules = {f"rule_{number}": plan.rules[number].name for number in used}
    return Export(settings, left, right, _frequencies(lists, model, left, right, settings), rules, met)


def _with_all(left: dict[str, pl.Series], right: dict[str, pl.Series]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two tables, each with the columns of both."""
    types = {name: column.dtype for one in (left, right) for name, column in one.items()}
    made = [
        pl.DataFrame(
            [
                one[name].alias(name) if name in one else pl.Series(name, [None] * len(one["unique_id"]), dtype)
                for name, dtype in types.items()
            ]
        )
        for one in (left, right)
    ]
    return made[0], made[1]


def _whole(values: npt.NDArray[Any]) -> pl.Series:
    """Whole numbers, missing where 0: of 64 bits with a sign, for Spark has no others."""
    column = pl.DataFrame({"value": values.astype(np.int64)})
    return column.select(pl.when(pl.col("value") != 0).then(pl.col("value"))).to_series()


def _columns(layout: Layout, at: int, rows: Words) -> dict[str, pl.Series]:
    """The columns of a number, a date, a sex or a place."""
    field, offset, name = layout.fields[at], layout.offsets[at], column_of(layout, at)
    word = rows[:, offset].astype(np.int64)
    if field.kind is Kind.NUMBER:
        return _number(name, np.ascontiguousarray(rows[:, offset : offset + 2]).view(np.uint64)[:, 0])
    if field.kind is Kind.DATE:
        day = (word >> 9) * 10_000 + (word >> 5 & 15) * 100 + (word & 31)
        return {name: _digits(np.where(word & 0x1FF, day, 0), DATE_DIGITS), f"{name}_year": _whole(word >> 9)}
    if field.kind is Kind.SEX:
        return {name: _whole(word & 3), f"{name}_hinted": pl.Series((word & HINT) > 0)}
    halves = np.ascontiguousarray(rows[:, offset : offset + 2]).view(np.uint16)
    return {f"{name}_{level + 1}": _whole(halves[:, level]) for level in range(PLACE_LEVELS)}


def _digits(values: npt.NDArray[np.int64], width: int) -> pl.Series:
    """As text of so many digits, missing where 0."""
    return _whole(values).cast(pl.String).str.zfill(width)


def _number(name: str, packed: npt.NDArray[np.uint64]) -> dict[str, pl.Series]:
    """The number as text, and of one that is made of digits all of them, zeros before it."""
    values, codes = np.unique(packed, return_inverse=True)
    told = [(f"{one:x}", one < NOT_DIGITS) if one else (None, False) for one in values.tolist()]
    text = pl.Series([one for one, _ in told], dtype=pl.String)
    digits = pl.Series([one.zfill(NUMBER_DIGITS) if one and plain else None for one, plain in told], dtype=pl.String)
    return {name: text.gather(codes), f"{name}_digits": digits.gather(codes)}


class _Phones:
    """The phones of either file, and on how many records each stands: in the list in which they are more."""

    def __init__(self, at: int, lists: Prepared) -> None:
        layout, sides = lists.vocabulary.layout, lists.sides
        words = slice(layout.offsets[at], layout.offsets[at] + layout.fields[at].words)
        self._words = [side[:, words].astype(np.int64) for side in (sides.left, sides.right)]
        given = [[one + 1 for one in range(side.shape[1]) if side[:, one].any()] for side in self._words]
        self.pairs = [(one, other) for one in given[0] for other in given[1]]
        every = np.unique(np.concatenate([side.reshape(-1) for side in self._words]))
        number = every & NUMBER
        # Sorted by what is above the number: of one number the last is the widest shared.
        order = np.lexsort((every, number))
        last = np.append(number[order][1:] != number[order][:-1], True)[: len(order)]
        self._numbers, self._shared = number[order][last], (every >> PHONE_BITS)[order][last]

    def columns(self, name: str, side: int) -> dict[str, pl.Series]:
        told: dict[str, pl.Series] = {}
        for one in self.pairs:
            number = self._words[side][:, one[side] - 1] & NUMBER
            told[paired(name, *one)] = _digits(number, PHONE_DIGITS)
            shared = self._shared[np.searchsorted(self._numbers, number)]
            told[f"{paired(name, *one)}_shared"] = pl.Series(np.where(number, shared, 0), dtype=pl.Int64)
        return told


class _Group:
    """The distinct values of a field in either file, and which pairs of them reach which level.

    A value is all the words that its level is judged by: the parts of a name may be exchanged, a father may be named in
    the whole name alone, and a class is held against an age.
    """

    def __init__(self, at: int, lists: Prepared, weighed: Any) -> None:
        layout, sides = lists.vocabulary.layout, lists.sides
        self._field, self._weighed, self._facts = layout.fields[at], weighed, lists.tables.facts
        kind, self._at = self._field.kind, at
        beside = {
            Kind.PART: layout.of_kind(Kind.PART),
            Kind.FATHER: (at, *layout.of_kind(Kind.NAME)),
            Kind.SCHOOL: (at, *layout.of_kind(Kind.DATE)),
        }
        words = [
            layout.offsets[one] + word for one in beside.get(kind, (at,)) for word in range(layout.fields[one].words)
        ]
        values = np.concatenate((sides.left[:, words], sides.right[:, words]))
        codes = np.unique(values, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
        self._codes = codes[: len(sides.left)], codes[len(sides.left) :]
        # Of a part of a name it is the text that tells whether there is one.
        first = layout.offsets[at] + (1 if kind is Kind.PART else 0)
        own = slice(first, layout.offsets[at] + self._field.words)
        self._words = sides.left[:, own], sides.right[:, own]
        self._known = [(side != 0).any(axis=1) for side in self._words]
        self._different = levels_of(kind).get("different", 0)
        self._found: list[pl.DataFrame] = []

    def see(self, pairs: Pairs) -> None:
        """Keep what these pairs tell, but for what goes without saying: two known values differ, or nothing is told."""
        both = self._known[0][pairs.left] & self._known[1][pairs.right]
        pairs = pairs.taken(np.flatnonzero(pairs.levels[:, self._at] != np.where(both, self._different, 0)))
        told = {
            "left": self._codes[0][pairs.left],
            "right": self._codes[1][pairs.right],
            "level": pairs.levels[:, self._at].astype(np.int64),
            "spellings": self._spellings(pairs),
        }
        self._found.append(pl.DataFrame(told).unique())
        if sum(map(len, self._found)) > ENOUGH_TOGETHER:
            self._found = [pl.concat(self._found).unique()]

    def _spellings(self, pairs: Pairs) -> npt.NDArray[np.int64]:
        """Of names written in two ways, which of either was the nearest, as 11, 12, 21 or 22; 0 where it does not matter.

        The kernel does not tell it. It is the two whose rarity explains what the pair weighs, and nothing else of them counts.
        """
        out = np.zeros(len(pairs), np.int64)
        if self._field.kind is not Kind.NAME:
            return out
        level, bits = pairs.levels[:, self._at], pairs.bits[:, self._at]
        share, nearest = self._weighed["rare"][level], np.full(len(pairs), np.inf)
        for one, other in product(range(self._field.words), repeat=2):
            x, y = self._words[0][pairs.left, one], self._words[1][pairs.right, other]
            rarity = np.minimum(self._facts["bits"][x], self._facts["bits"][y]) - self._weighed["average"]
            explained = self._weighed["bits"][level] + share * np.clip(rarity, LEAST_RARE, MOST_RARE)
            away = np.where((x != 0) & (y != 0) & (share > 0), np.abs(explained - bits), np.inf)
            out[away < nearest] = 10 * (one + 1) + other + 1
            nearest = np.minimum(nearest, away)
        return out

    def listed(self) -> dict[Listed, pl.DataFrame]:
        """By level: for each value of the right file (`right`) the values of the left one that reach it (`left`)."""
        if not self._found:
            return {}
        found = pl.concat(self._found).unique().sort("level", "spellings", "right", "left")
        self._found = []
        return {
            Listed(self._field.levels[level], divmod(spellings, 10) if spellings else None): one.group_by("right").agg(
                "left"
            )
            for (level, spellings), one in found.partition_by(
                "level", "spellings", as_dict=True, include_key=False, maintain_order=True
            ).items()
        }

    def columns(self, name: str, side: int, near: Mapping[Listed, pl.DataFrame]) -> dict[str, pl.Series]:
        """A code for the value, whether it is there, what its rarity is told by; and on the right side what is near it."""
        told = {name: pl.Series(self._codes[side], dtype=pl.Int64), f"{name}_known": pl.Series(self._known[side])}
        if self._field.kind in (Kind.TEXT, Kind.PART):
            told[f"{name}_value"] = _whole(self._words[side][:, 0])
        for spellings in {one.spellings for one in near if one.spellings}:
            told[paired(name, *spellings)] = _whole(self._words[side][:, spellings[side] - 1])
        if side == 1:
            rows = pl.DataFrame({"right": self._codes[1]})
            for one, lists in near.items():
                told[one.column(name)] = rows.join(lists, on="right", how="left", maintain_order="left").get_column(
                    "left"
                )
        return told


def _frequencies(
    lists: Prepared, model: Model, left: pl.DataFrame, right: pl.DataFrame, settings: dict[str, Any]
) -> dict[str, pl.DataFrame]:
    """For each column by which a level is adjusted, its values and their term frequencies."""
    names, texts = lists.tables.facts["bits"], lists.tables.texts["bits"]
    out = {}
    for at, comparison in enumerate(settings["comparisons"]):
        kind = model.layout.fields[at].kind
        told = (level.get("tf_adjustment_column") for level in comparison["comparison_levels"])
        for column in sorted({one for one in told if one}):
            shared = f"{column}_shared"
            wanted = [column, shared] if kind is Kind.PHONE else [column]
            values = pl.concat([left.select(wanted), right.select(wanted)]).unique(column).drop_nulls(column)
            if kind is Kind.PHONE:
                rarity = -values[shared].to_numpy().astype(np.float64)
            else:
                rarity = (names if kind is Kind.NAME else texts)[values[column].to_numpy()].astype(np.float64)
            frequency = pl.Series(f"tf_{column}", term_frequency(model, at, rarity))
            out[column] = values.select(column, frequency).sort(column)
    return out
