"""What the other rows of a household say: where they surely stand in one registered household, so may this one.

Rows of a list stand together by the number of their household there, or by one phone at one address. A row's candidate is
lifted where another row of its own is surely another member of the candidate's household. Only what each row's own fields
say counts for the others, so neither the order of rows nor a lift makes another. What is said already is not said again: a
candidate that bears the very number, or phone, by which the rows stand together is not lifted by it, and where a phone
already leads into the household the others add less, learned by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.batch import Pairs, Sides, shared_among
from services.matching.engine.fields import Kind, Layout
from services.matching.engine.model import HOUSEHOLD_LEVELS, STATED_HOUSEHOLD, Model, thresholds
from services.matching.engine.packing import PHONE_BITS, Words
from services.matching.engine.rarity import Doubles
from services.matching.engine.training import EXPERT_PAIRS

MOST_TOGETHER: Final = 24
"""Rows of a list that are one household at the most: a number or phone on more is a form's, or an agent's."""
AT_ONCE: Final = 20_000
"""Households of a list that are looked at together: all those of a million rows at once took a quarter more memory."""
ENOUGH: Final = 50.0
"""Expected pairs of one person, and pairs of two, from which a weight is learned."""
EXPECTED: Final = (0.6, 0.4)
"""How often the others agree on pairs of one person and of two, before any data is seen; it counts as so many pairs as what
an expert expects of the fields does."""
MOST_BITS: Final = 3.0
"""The others never say more than this: who of the household a row is its own fields must tell."""
_EQUAL: Final = 1
"""The level of numbers and phones that are the same, see `fields.py`."""
BY_NUMBER, BY_PHONE = 1, 2
MISSING, AGREES, AGREES_TOLD = range(len(HOUSEHOLD_LEVELS))
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Beside:
    """Which rows of a list stand together, by number; 0: alone. `by`: how that is known."""

    rows: Numbers
    by: npt.NDArray[np.uint8]

    @classmethod
    def nobody(cls, rows: int) -> Self:
        return cls(np.zeros(rows, np.int64), np.full(rows, BY_NUMBER, np.uint8))

    @classmethod
    def one_after_another(cls, lists: Sequence[Self]) -> Self:
        """Of several lists, whose households are others."""
        starts = np.cumsum([0, *(int(one.rows.max(initial=0)) for one in lists)])
        rows = [np.where(one.rows > 0, one.rows + start, 0) for one, start in zip(lists, starts, strict=False)]
        return cls(np.concatenate(rows), np.concatenate([one.by for one in lists]))


@dataclass(frozen=True)
class Households:
    """Whom rows stand beside, by number; 0: alone. `by`: by row of the right list, how that is known."""

    left: Numbers
    right: Numbers
    by: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, sides: Sides, layout: Layout) -> Self | None:
        """None where the left list does not say who lives together, or no two rows of the right one do."""
        shared = [at for at in layout.of_kind(Kind.NUMBER) if layout.fields[at].shared]
        if sides.same or not shared:
            return None
        words = slice(layout.offsets[shared[0]], layout.offsets[shared[0]] + 2)
        left, numbers = (_numbered(_wide(rows[:, words])) for rows in (sides.left, sides.right))
        phones = np.where(numbers == 0, _numbered(_at_an_address(sides.right, layout)), 0)
        numbers, phones = few(numbers), few(phones)
        right = np.where(numbers > 0, numbers, np.where(phones > 0, phones + numbers.max(initial=0), 0))
        if not left.any() or not right.any():
            return None
        return cls(left, right, np.where(numbers > 0, BY_NUMBER, BY_PHONE).astype(np.uint8))

    @classmethod
    def of_rows(cls, left: Numbers, beside: Beside) -> Self | None:
        """Where both are told. None where no two rows of the right list stand together."""
        right = few(beside.rows)
        return cls(left, right, beside.by) if right.any() else None


def _wide(words: Words) -> npt.NDArray[np.uint64]:
    """[rows] two words of 32 bits as one."""
    return np.ascontiguousarray(words).view(np.uint64)[:, 0]


def _numbered(values: npt.NDArray[np.uint64]) -> Numbers:
    """[rows] a number from 1 on for each value; 0 for 0, which is nothing."""
    known, at = np.unique(values, return_inverse=True)
    return at.astype(np.int64) + int(known[:1].any())


def _at_an_address(rows: Words, layout: Layout) -> npt.NDArray[np.uint64]:
    """[rows] the first phone with the place; 0 where one of them is not known."""
    phones, places = layout.of_kind(Kind.PHONE), layout.of_kind(Kind.PLACE)
    if not phones or not places:
        return np.zeros(len(rows), np.uint64)
    at = layout.offsets[places[0]]
    phone = rows[:, layout.offsets[phones[0]]].astype(np.uint64) & np.uint64((1 << PHONE_BITS) - 1)
    place = _numbered(_wide(rows[:, at : at + 2])).astype(np.uint64)
    return np.where((phone == 0) | (place == 0), np.uint64(0), phone << np.uint64(32) | place)


def few(numbers: Numbers) -> Numbers:
    """Those that two rows or more bear, and few enough to be one household."""
    rows = np.bincount(numbers)
    return np.where((rows[numbers] > 1) & (rows[numbers] <= MOST_TOGETHER), numbers, 0)


def levels_of(pairs: Pairs, probability: Doubles, of: Households, layout: Layout) -> npt.NDArray[np.uint8]:
    """By pair, its place in HOUSEHOLD_LEVELS. `probability`: what the fields of each pair alone say."""
    told, together = _told(pairs, of, layout), of.right[pairs.right]
    together[of.left[pairs.left] == 0] = 0
    levels = np.zeros(len(pairs), np.uint8)
    for first in range(1, int(together.max(initial=0)) + 1, AT_ONCE):
        some = np.flatnonzero((together >= first) & (together < first + AT_ONCE))
        at = some[_agree(pairs, probability, of, told, some)]
        levels[at] = told[at]
    return levels


def _agree(
    pairs: Pairs, probability: Doubles, of: Households, told: npt.NDArray[np.uint8], some: npt.NDArray[np.intp]
) -> npt.NDArray[np.uint32]:
    """Which of some pairs, all those of whole households of the list, others lift: by their place among these."""
    left, right = pairs.left[some], pairs.right[some]
    frame = pl.DataFrame(
        {
            "left": left,
            "right": right,
            "household": of.left[left],
            "together": of.right[right],
            "own": probability[some],
            "counted": told[some] == AGREES_TOLD + 1,
        }
    ).with_row_index("pair")
    link, _ = thresholds()
    surely = frame.group_by("together", "household", "right").agg(pl.col("own").sum().alias("sure"))
    surely = surely.filter(pl.col("sure") >= link).rename({"right": "other"})
    own = frame.select("left", "own", other="right")
    met = (
        frame.filter(~pl.col("counted"))
        .select("pair", "left", "right", "household", "together")
        .join(surely, on=["together", "household"])
        .filter(pl.col("right") != pl.col("other"))
        .join(own, on=["left", "other"], how="left")
        .filter(pl.col("sure") - pl.col("own").fill_null(0.0) >= link)
    )
    agree: npt.NDArray[np.uint32] = met.get_column("pair").unique().to_numpy()
    return agree


def _told(pairs: Pairs, of: Households, layout: Layout) -> npt.NDArray[np.uint8]:
    """By pair the level it reaches if others agree: one past the last where that would say the same again."""
    by_number, by_phone = (
        _any_equal(pairs, [at for at in layout.of_kind(kind) if kind is Kind.PHONE or layout.fields[at].shared])
        for kind in (Kind.NUMBER, Kind.PHONE)
    )
    again = by_number | (by_phone & (of.by[pairs.right] == BY_PHONE))
    levels: npt.NDArray[np.uint8] = np.where(again, AGREES_TOLD + 1, np.where(by_phone, AGREES_TOLD, AGREES))
    return levels.astype(np.uint8)


def _any_equal(pairs: Pairs, fields: list[int]) -> npt.NDArray[np.bool_]:
    equal: npt.NDArray[np.bool_] = (pairs.levels[:, fields] == _EQUAL).any(axis=1)
    return equal


@dataclass(frozen=True)
class Taught:
    """What pairs teach of a level of HOUSEHOLD_LEVELS: its bits, None where they are too few; and of how many pairs of one
    person, and of two, it could be said, as far as these are known."""

    bits: float | None
    one: float
    two: float


def taught_bits(
    pairs: Pairs, levels: npt.NDArray[np.uint8], probability: Doubles, of: Households, layout: Layout
) -> dict[str, Taught]:
    """By level what it weighs, in bits: how much more often the others agree on pairs of one person than on pairs of two,
    among pairs that are alike in whether a phone tells the household."""
    told = _told(pairs, of, layout)
    comparable = (of.right[pairs.right] > 0) & (of.left[pairs.left] > 0)
    out = {}
    for level in (AGREES, AGREES_TOLD):
        here = comparable & (told == level)
        one, met = probability[here], levels[here] == level
        bits, counts = None, (float(one.sum()), float((1.0 - one).sum()))
        if min(counts) >= ENOUGH:
            m, u = (
                (every[met].sum() + EXPERT_PAIRS * expected) / (every.sum() + EXPERT_PAIRS)
                for every, expected in zip((one, 1.0 - one), EXPECTED, strict=True)
            )
            bits = float(np.clip(np.log2(m / u), 0.0, MOST_BITS))
        out[HOUSEHOLD_LEVELS[level]] = Taught(bits, *counts)
    return out


def with_household(model: Model, pairs: Pairs, sides: Sides, of: Households) -> tuple[Model, dict[str, Any]]:
    """The model with what others of the household weigh, learned from these pairs, and stated where they are too few; with
    what a report tells of each level: its bits, whether they were learned, and from how many pairs of one person."""
    probability = shared_among(model.odds(pairs.score), pairs, sides)
    taught = taught_bits(pairs, levels_of(pairs, probability, of, model.layout), probability, of, model.layout)
    stated = dict(zip(HOUSEHOLD_LEVELS, STATED_HOUSEHOLD, strict=True))
    bits = {level: stated[level] if one.bits is None else one.bits for level, one in taught.items()}
    told = {
        level: {"bits": round(bits[level], 2), "learned": one.bits is not None, "pairs": round(one.one)}
        for level, one in taught.items()
    }
    return replace(model, household=(0.0, *bits.values())), told
