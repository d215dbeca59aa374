"""Models beside one another on the same rows: what each decides, and whether the difference is more than chance."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from services.matching.engine.evaluating import DECISIONS, NONE, Decided, Scored
from services.matching.engine.groups import Grouping
from services.matching.engine.shares import exact_p
from services.matching.engine.truth import Marks, Rows, Truth

CERTAIN: Final = 0.05
"""A difference that chance alone makes more seldom than this has a winner."""


def compare(first: Scored, other: Scored, truth: Truth, groupings: Sequence[Grouping]) -> dict[str, Any]:
    """`other` beside `first`. Per group, and for all rows: which rows only one of them decides right (McNemar's test), what
    both cost, who wins."""
    one, two = Decided(first, truth), Decided(other, truth)
    served = one.served(), two.served()
    groups = [
        {"by": grouping.by, "group": name, **_beside(one, two, served, rows)}
        for grouping in groupings
        for name, rows in grouping.each()
    ]
    return {
        "models": [first.model, other.model],
        **_beside(one, two, served, np.ones(truth.rows, bool)),
        "decided": _decided(one, two),
        "groups": groups,
    }


def _beside(one: Decided, two: Decided, served: tuple[Marks, Marks], rows: Marks) -> dict[str, Any]:
    first_only = int((served[0] & ~served[1] & rows).sum())
    second_only = int((served[1] & ~served[0] & rows).sum())
    p = exact_p(first_only, second_only)
    costs = [round(decided.counted(rows).cost, 1) for decided in (one, two)]
    winner = None if p >= CERTAIN else int(second_only > first_only)
    return {
        "rows": int(rows.sum()),
        "right_only": [first_only, second_only],
        "p": p,
        "costs": costs,
        "winner": winner,  # 0 the first, 1 the other, None where it may be chance
    }


def _decided(one: Decided, two: Decided) -> dict[str, Any]:
    """How many pairs the first decides so and the other so; of those decided otherwise, how many are one person."""
    pairs, decisions, true = _together(one, two)
    told = [
        {
            "first": DECISIONS[a],
            "other": DECISIONS[b],
            "pairs": int(here.sum()),
            "true": int((here & true).sum()),
        }
        for a in range(len(DECISIONS))
        for b in range(len(DECISIONS))
        if (here := (decisions[0] == a) & (decisions[1] == b)).any() and (a, b) != (NONE, NONE)
    ]
    return {"pairs": len(pairs), "differently": int((decisions[0] != decisions[1]).sum()), "told": told}


def _together(one: Decided, two: Decided) -> tuple[Rows, tuple[Rows, Rows], Marks]:
    """All pairs that one of them puts forward, with what each decides on them."""
    width = int(max(one.left.max(initial=0), two.left.max(initial=0))) + 1
    numbers = [decided.right.astype(np.int64) * width + decided.left for decided in (one, two)]
    pairs, at = np.unique(np.concatenate(numbers), return_inverse=True)
    first, second = np.full(len(pairs), NONE), np.full(len(pairs), NONE)
    true = np.zeros(len(pairs), bool)
    first[at[: len(numbers[0])]], second[at[len(numbers[0]) :]] = one.decision, two.decision
    true[at[: len(numbers[0])]], true[at[len(numbers[0]) :]] = one.true, two.true
    return pairs, (first, second), true
