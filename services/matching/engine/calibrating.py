"""How probable a score is, told from the score that strangers reach.

Fields hang together (who shares a phone shares a household, a place and a father), so the sum of their weights is not quite
the logarithm of the odds. The left file says how strangers look: two of its rows are two people. Rows of it, taken at
random, are given the gaps of rows of the right list and looked up like them: the best that each scores with another is what
a row of the list whose person is not registered scores at best. The share of true pairs at a score is what the list shows
more than its share of such rows explains. (The idea is that of the decoys of proteomics: Elias and Gygi, 2007.)
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from services.matching.engine.batch import Pairs, Sides
from services.matching.engine.fields import Kind, Layout
from services.matching.engine.keys import Plan, keys_of
from services.matching.engine.model import Model
from services.matching.engine.packing import Words
from services.matching.engine.rarity import Doubles
from services.matching.engine.scoring import Floats, Tables

STRANGERS: Final = 30_000
"""Rows of the left file that are looked up."""
ENOUGH: Final = 200
"""Pairs of strangers from which their scores are believed."""
ENOUGH_WRONG: Final = 50
"""Wrong pairs among the best of known rows from which they tell how probable a score is."""
TWINS_BITS: Final = 10.0
"""A pair of the left file as sure as this is one person registered twice, and no pair of strangers."""
FEW: Final = 5
"""Strangers in a step of the score from which the step is believed."""
_ROUNDS: Final = 50


@dataclass(frozen=True)
class Strangers:
    """Rows of the left file dressed as rows of the right list, and looked up after them."""

    rows: npt.NDArray[np.int64]
    """Where each stands in the left file."""
    first: int
    """Where they begin in the right list; as many rows are the list's own."""


def with_strangers(
    sides: Sides,
    layout: Layout,
    plan: Plan,
    tables: Tables,
    seed: int = 1,
    among: npt.NDArray[np.int64] | None = None,
    own: frozenset[str] = frozenset(),
) -> tuple[Sides, Strangers]:
    """The two lists with strangers after the rows of the right one; `among`: the rows of the left file they may be; `own`:
    fields whose values are the list's own, see `own_numbers`."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(sides.left) if among is None else among)[: min(STRANGERS, len(sides.right))]
    dressed = with_gaps(sides.left[rows], sides.right[rng.integers(0, len(sides.right), len(rows))], layout, own)
    keys = keys_of(dressed, layout, plan, tables.names)
    right, right_keys = np.concatenate((sides.right, dressed)), np.concatenate((sides.right_keys, keys))
    return Sides(sides.left, right, sides.left_keys, right_keys), Strangers(rows, len(sides.right))


def calibrated(
    model: Model, found: Pairs, strangers: Strangers, least: float, whom: npt.NDArray[np.int64] | None = None
) -> Model:
    """The model with the curve that makes its probabilities those of these lists; as it was where too few strangers meet
    somebody. `found`: all pairs of the list and of the strangers that score at least `least`; `whom`: by row of the left
    file, of whom a link to it speaks, where several rows are one."""
    strange = found.right >= strangers.first
    own = _met(_best(found.right[~strange], found.score[~strange], strangers.first))
    at, left, score = found.right[strange] - strangers.first, found.left[strange], found.score[strange]
    own_rows = strangers.rows[at]
    is_other = left != own_rows if whom is None else whom[left] != whom[own_rows]
    others = is_other & (score + model.prior < TWINS_BITS)
    best = _met(_best(at[others], score[others], len(strangers.rows)))
    return _fitted(model, own, best, strangers.first, len(strangers.rows), least) if len(best) >= ENOUGH else model


def calibrated_by_truth(model: Model, found: Pairs, true: npt.NDArray[np.bool_], rows: int, least: float) -> Model:
    """The model with the curve that pairs of known rows tell, as they are marked; as it was where too few are wrong.
    `found`: all pairs of these `rows` that score at least `least`."""
    best = _best(found.right, found.score, rows)
    foremost = found.score == best[found.right]
    own, right = found.score[foremost], true[foremost]
    if (~right).sum() < ENOUGH_WRONG:
        return model
    edges = np.arange(least, float(own.max()) + 2.0)
    every = np.histogram(own, edges)[0].astype(np.float64)
    share = (np.histogram(own[right], edges)[0] + 0.5) / (every + 1.0)
    # Above the last pair that is wrong each bit counts for one.
    return _with_curve(model, edges, share, every, int(np.flatnonzero(np.histogram(own[~right], edges)[0])[-1]) + 1)


def _best(rows: npt.NDArray[np.uint32], scores: Floats, count: int) -> Floats:
    """The best score of each row; -inf of one that has none."""
    best = np.full(count, -np.inf, np.float32)
    np.maximum.at(best, rows, scores)
    return best


def _met(best: Floats) -> Floats:
    return best[np.isfinite(best)]


def own_numbers(model: Model) -> frozenset[str]:
    """Numbers of households that the list gives by itself: mostly another than the registry's even for one person. A stranger
    who bore the registry's would find the own household by it, as no row of the list does."""
    return frozenset(
        field.name
        for at, field in enumerate(model.layout.fields)
        if field.kind is Kind.NUMBER and field.shared and model.m[at, field.levels.index("different")] > 0.5
    )


def with_gaps(rows: Words, like: Words, layout: Layout, own: frozenset[str] = frozenset()) -> Words:
    """The rows without the fields that the rows beside them lack; a year alone where those have a year alone; standing for
    what those stand for, and with their values in the fields `own`."""
    out = rows.copy()
    for field, offset in zip(layout.fields, layout.offsets, strict=True):
        words = slice(offset, offset + field.words)
        if field.kind is Kind.PLACE:
            halves, given = out[:, words].copy().view(np.uint16), like[:, words].copy().view(np.uint16)
            halves[given == 0] = 0
            out[:, words] = halves.view(np.uint32)
            continue
        if field.kind in (Kind.ROLE, Kind.SCHOOL) or field.name in own:  # what a list alone tells
            out[:, words] = like[:, words]
            continue
        out[(like[:, words] == 0).all(axis=1), words] = 0
        if field.kind is Kind.DATE:
            out[(like[:, offset] & np.uint32(0x1FF)) == 0, offset] &= ~np.uint32(0x1FF)
    return out


def _fitted(model: Model, own: Floats, strange: Floats, rows: int, strangers: int, least: float) -> Model:
    """The share of true pairs by the best score of a row, in steps of one bit, never falling. How many rows of the list
    are strangers is told by the pairs that are not true, and the other way about."""
    edges = np.arange(least, max(float(own.max(initial=least)), least) + 2.0)
    every = np.histogram(own, edges)[0].astype(np.float64)
    shape = np.histogram(strange, edges)[0].astype(np.float64)
    unregistered = 0.5
    for _ in range(_ROUNDS):
        false = shape * unregistered * rows / strangers
        share = 1.0 - np.minimum((false + 0.5) / (every + 1.0), 1.0)
        before, unregistered = unregistered, 1.0 - float((every * share).sum()) / rows
        if abs(before - unregistered) < 1e-4:
            break
    # Above the scores that strangers reach they say nothing: there each bit counts for one.
    last = int(np.flatnonzero(shape >= FEW)[-1]) + 1 if (shape >= FEW).any() else 0
    return _with_curve(model, edges, share, every, last)


def _with_curve(model: Model, edges: Doubles, share: Doubles, every: Doubles, last: int) -> Model:
    """The share of true pairs by score, up to the step `last`, made to rise; too short a curve is none."""
    if last < 3:
        return model
    rising = np.clip(_never_falling(share[:last], every[:last] + 1.0), 1e-3, 1 - 1e-6)
    return model.with_curve((edges[:-1] + edges[1:])[:last] / 2, np.log2(rising / (1.0 - rising)))


def _never_falling(values: Doubles, weights: Doubles) -> Doubles:
    """The nearest values that never fall (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, wa, na), (b, wb, nb) = pools[-2:]
            pools[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return np.repeat([value for value, _, _ in pools], [count for _, _, count in pools])
