"""How right a model is, beside the truth: at its two thresholds, at every probability, and for each group of rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.matching.engine.groups import Grouping
from services.matching.engine.model import FALSE_LINK_COST, MISSED_LINK_COST, REVIEW_COST, thresholds
from services.matching.engine.shares import Share, f1, share
from services.matching.engine.truth import Marks, Rows, Truth

LEAST: Final = 0.01
"""Pairs less probable than this are not looked at: they decide nothing."""
EDGES: Final = (LEAST, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 0.99, 1.0)
"""Of the bins of the calibration; the last includes 1."""
CURVE_POINTS: Final = 200
NONE, ASK, LINK = 0, 1, 2
DECISIONS: Final = ("none", "adjudicate", "link")


@dataclass(frozen=True)
class Scored:
    """What a model says of two lists: all pairs of `LEAST` or more, and which of them are put forward, one for each row at
    the most."""

    model: str
    left: Rows
    right: Rows
    probability: npt.NDArray[np.float64]
    forward: Marks


@dataclass(frozen=True, slots=True)
class Measure:
    """Pairs taken from a threshold on: how many, how many of them true, and how many true ones there are."""

    taken: int
    right: int
    true: int

    @property
    def precision(self) -> Share | None:
        return share(self.right, self.taken)

    @property
    def recall(self) -> Share | None:
        return share(self.right, self.true)

    @property
    def f1(self) -> Share | None:
        return f1(self.right, self.taken - self.right, self.true - self.right)

    def less(self, other: "Measure") -> "Measure":
        """What is left without those of `other`, a part of it."""
        return Measure(self.taken - other.taken, self.right - other.right, self.true - other.true)

    def told(self) -> dict[str, Any]:
        shares = {"precision": self.precision, "recall": self.recall, "f1": self.f1}
        counts = {"taken": self.taken, "right": self.right, "true": self.true}
        return counts | {name: one and one.told() for name, one in shares.items()}


@dataclass(frozen=True, slots=True)
class Counted:
    """Some rows of a list: `link` at the threshold of links, `asked` at that from which a person is asked at least."""

    rows: int
    link: Measure
    asked: Measure

    @property
    def reviews(self) -> int:
        return self.asked.taken - self.link.taken

    @property
    def false_links(self) -> int:
        return self.link.taken - self.link.right

    @property
    def missed(self) -> int:
        return self.asked.true - self.asked.right

    @property
    def cost(self) -> float:
        """In looks of a person, see `model.thresholds`."""
        return FALSE_LINK_COST * self.false_links + MISSED_LINK_COST * self.missed + REVIEW_COST * self.reviews

    def less(self, other: "Counted") -> "Counted":
        return Counted(self.rows - other.rows, self.link.less(other.link), self.asked.less(other.asked))

    def told(self) -> dict[str, Any]:
        costs = {
            "false_links": self.false_links,
            "missed": self.missed,
            "reviews": self.reviews,
            "total": round(self.cost, 1),
            "per_1000_rows": round(1000 * self.cost / self.rows, 2) if self.rows else None,
        }
        return {"rows": self.rows, "at_link": self.link.told(), "at_ask": self.asked.told(), "costs": costs}


class Decided:
    """The pairs a model puts forward with what follows for each, ready to be counted for any rows of the list."""

    def __init__(self, scored: Scored, truth: Truth) -> None:
        link, ask = thresholds()
        left, right = scored.left[scored.forward], scored.right[scored.forward]
        probability = scored.probability[scored.forward]
        true = truth.marks(left, right)
        self.decision = np.where(probability >= link, LINK, np.where(probability >= ask, ASK, NONE))
        self.left, self.right, self.probability, self.true = left, right, probability, true
        self.true_pairs, self._truth = len(truth.left), truth

    def counted(self, rows: Marks) -> Counted:
        here = rows[self.right]
        true = int(rows[self._truth.right].sum())
        link, asked = (here & (self.decision >= least) for least in (LINK, ASK))
        return Counted(
            int(rows.sum()),
            Measure(int(link.sum()), int((link & self.true).sum()), true),
            Measure(int(asked.sum()), int((asked & self.true).sum()), true),
        )

    def served(self) -> Marks:
        """By row, whether it is decided right without a person: linked to whom it is, or to nobody where it is nobody."""
        known = np.zeros(self._truth.rows, bool)
        known[self._truth.right] = True
        linked = self.decision == LINK
        wrong, found = np.zeros_like(known), np.zeros_like(known)
        wrong[self.right[linked & ~self.true]] = True
        found[self.right[linked & self.true]] = True
        served: Marks = np.where(known, found, True) & ~wrong
        return served


FEW_SLIPS: Final = 3
"""A group with fewer is not called worse: one slip in a small group is no pattern."""


_MEASURES: Final[Mapping[str, Callable[[Counted], tuple[int, int]]]] = {
    "precision": lambda one: (one.link.right, one.link.taken),
    "recall": lambda one: (one.link.right, one.link.true),
    "recall_asked": lambda one: (one.asked.right, one.asked.true),
}


def worse_than(counted: Counted, rest: Counted) -> list[dict[str, Any]]:
    """The measures by which some rows are served clearly worse than the rest: their interval lies apart below."""
    out = []
    for measure, of in _MEASURES.items():
        right, every = of(counted)
        own, others = share(right, every), share(*of(rest))
        if own and others and own.below(others) and every - right >= FEW_SLIPS:
            out.append({"measure": measure, "value": round(own.value, 6), "rest": round(others.value, 6)})
    return out


def evaluate(scored: Scored, truth: Truth, groupings: Sequence[Grouping]) -> dict[str, Any]:
    """The report of a model. All of it is counts and shares; nothing is of a person."""
    rows = Decided(scored, truth)
    every = rows.counted(np.ones(truth.rows, bool))
    link, ask = thresholds()
    groups = [one for grouping in groupings for one in _groups(grouping, rows, every)]
    true = truth.marks(scored.left, scored.right)
    reached = share(int(true.sum()), len(truth.left))
    bins, error = _calibration(scored.probability, true)
    return {
        "model": scored.model,
        "thresholds": {"link": round(link, 6), "ask": round(ask, 6)},
        "true_pairs": len(truth.left),
        "reached": reached and reached.told(),
        **every.told(),
        "clearly_worse": sorted(
            ({"by": one["by"], "group": one["group"], **apart} for one in groups for apart in one["worse"]),
            key=lambda apart: apart["value"] - apart["rest"],
        ),
        "groups": groups,
        "calibration": bins,
        "calibration_error": error,
        "curve": _curve(rows),
    }


def _groups(grouping: Grouping, rows: "Decided", every: Counted) -> Iterator[dict[str, Any]]:
    """Each group beside the rest of the list."""
    for name, here in grouping.each():
        counted = rows.counted(here)
        yield {
            "by": grouping.by,
            "group": name,
            **counted.told(),
            "worse": worse_than(counted, every.less(counted)),
        }


def _calibration(probability: npt.NDArray[np.float64], true: Marks) -> tuple[list[dict[str, Any]], float | None]:
    """By bin of probability: what was told on average, and the share that is true; and how far they part on average."""
    bins = np.clip(np.digitize(probability, EDGES[1:-1]), 0, len(EDGES) - 2)
    out, apart = [], 0.0
    for number in range(len(EDGES) - 1):
        here = bins == number
        if not (pairs := int(here.sum())):
            continue
        told, shown = float(probability[here].mean()), share(int(true[here].sum()), pairs)
        assert shown is not None
        apart += pairs * abs(told - shown.value)
        edges = {"from": EDGES[number], "to": EDGES[number + 1]}
        out.append(edges | {"pairs": pairs, "told": round(told, 6), "true": shown.told()})
    return out, round(apart / len(probability), 6) if len(probability) else None


def _curve(rows: "Decided") -> list[dict[str, float]]:
    """Precision and recall of what is put forward, from the strictest threshold to the mildest."""
    if not len(rows.probability) or not rows.true_pairs:
        return []
    order = np.argsort(-rows.probability, kind="stable")
    probability, right = rows.probability[order], np.cumsum(rows.true[order])
    last = np.flatnonzero(np.append(probability[1:] != probability[:-1], True))  # those of one probability go together
    shown = last[np.unique(np.linspace(0, len(last) - 1, CURVE_POINTS).astype(int))]
    return [
        {
            "threshold": round(float(probability[at]), 6),
            "precision": round(float(right[at] / (at + 1)), 6),
            "recall": round(float(right[at] / rows.true_pairs), 6),
        }
        for at in shown.tolist()
    ]
