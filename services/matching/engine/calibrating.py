"""How probable a score is, told from the score that strangers reach.

Fields hang together (who shares a phone shares a household, a place and a father), so the sum of their weights is not quite
the logarithm of the odds. The left file says how strangers look: two of its rows are two people. Rows of it, taken at
random, are given the gaps of rows of the right list and looked up like them: the best that each scores with another is what
a row of the list whose person is not registered scores at best. The share of true pairs at a score is what the list shows
more than its share of such rows explains. (The idea is that of the decoys of proteomics: Elias and Gygi, 2007.)
"""

from typing import Final

import numpy as np

from services.matching.engine.batch import Pairs, Sides, allowed, visit
from services.matching.engine.fields import Kind, Layout
from services.matching.engine.keys import Plan, keys_of
from services.matching.engine.model import Doubles, Model
from services.matching.engine.packing import Words
from services.matching.engine.scoring import Floats, Tables

STRANGERS: Final = 50_000
"""Rows of the left file that are looked up."""
ENOUGH: Final = 200
"""Pairs of strangers from which their scores are believed."""
TWINS_BITS: Final = 10.0
"""A pair of the left file as sure as this is one person registered twice, and no pair of strangers."""
FEW: Final = 5
"""Strangers in a step of the score from which the step is believed."""
_ROUNDS: Final = 50


def calibrated(
    model: Model, found: Pairs, sides: Sides, plan: Plan, tables: Tables, least: float, seed: int = 1
) -> Model:
    """The model with the slope and prior that make its probabilities those of these lists; as it was where too few
    strangers meet. `found`: all pairs of the two lists that score at least `least`."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(sides.left))[:STRANGERS]
    dressed = _with_gaps(sides.left[rows], sides.right[rng.integers(0, len(sides.right), len(rows))], model.layout)
    asked = Sides(sides.left, dressed, sides.left_keys, keys_of(dressed, model.layout, plan, tables.names))
    best = np.full(len(rows), -np.inf, np.float32)
    for _, pairs in visit(asked, plan, allowed(asked, plan), tables, model.fields(), least):
        others = (pairs.left != rows[pairs.right]) & (pairs.score + model.prior < TWINS_BITS)
        np.maximum.at(best, pairs.right[others], pairs.score[others])
    strange = best[np.isfinite(best)]
    if len(strange) < ENOUGH:
        return model
    own = np.full(len(sides.right), -np.inf, np.float32)
    np.maximum.at(own, found.right, found.score)
    return _fitted(model, own[np.isfinite(own)], strange, len(sides.right), len(rows), least)


def _with_gaps(rows: Words, like: Words, layout: Layout) -> Words:
    """The rows without the fields that the rows beside them lack; a year alone where those have a year alone."""
    out = rows.copy()
    for field, offset in zip(layout.fields, layout.offsets, strict=True):
        words = slice(offset, offset + field.words)
        if field.kind is Kind.PLACE:
            halves, given = out[:, words].copy().view(np.uint16), like[:, words].copy().view(np.uint16)
            halves[given == 0] = 0
            out[:, words] = halves.view(np.uint32)
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
