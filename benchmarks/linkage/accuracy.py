"""How right a set of scored pairs is, beside the truth: precision, recall and F1 at every threshold, and calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.linkage.names import Floats, Truths

CURVE_POINTS = 200
BINS = 10


@dataclass(frozen=True)
class Accuracy:
    """At the threshold with the best F1; `at_half` is the F1 at a probability of one half. All but sizes from 0 to 1."""

    f1: float
    precision: float
    recall: float
    threshold: float
    at_half: float
    reached: float
    """Share of the true pairs that are among the pairs at all."""
    curve: list[tuple[float, float]]
    """Recall and precision, from the strictest threshold to the mildest."""
    calibration: list[tuple[float, float, int]]
    """Of each tenth of probabilities that has pairs: their mean, the share that is true, how many."""


def read_pairs(path: Path, dedupe: bool) -> pl.DataFrame:
    """The pairs (left_id, right_id, probability, weight) with ids as text; in dedupe the smaller id is the left one."""
    columns = pl.read_parquet(path, columns=["left_id", "right_id", "probability", "weight"])
    pairs = columns.with_columns(pl.col("left_id", "right_id").cast(pl.String))
    if dedupe:
        smaller, larger = pl.min_horizontal("left_id", "right_id"), pl.max_horizontal("left_id", "right_id")
        pairs = pairs.with_columns(left_id=smaller, right_id=larger)
    return pairs


def one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """The best pair of each record on both sides: pairs that are the first choice of the left and of the right."""
    ranked = pairs.sort("weight", descending=True)
    best = ranked.unique("right_id", keep="first", maintain_order=True)
    return best.unique("left_id", keep="first", maintain_order=True)


def mark(pairs: pl.DataFrame, truth: Path, dedupe: bool) -> tuple[pl.DataFrame, int]:
    """The pairs with a column `true`, and how many true pairs there are."""
    known = pl.read_parquet(truth).with_columns(pl.col("left_id", "right_id").cast(pl.String))
    if dedupe:
        smaller, larger = pl.min_horizontal("left_id", "right_id"), pl.max_horizontal("left_id", "right_id")
        known = known.with_columns(left_id=smaller, right_id=larger)
    marked = pairs.join(known.with_columns(true=pl.lit(True)), on=["left_id", "right_id"], how="left")
    return marked.with_columns(pl.col("true").fill_null(False)), len(known)


def judge(marked: pl.DataFrame, true_pairs: int) -> Accuracy:
    """Raises ValueError when no pair was found: there is nothing to judge."""
    if not len(marked) or not true_pairs:
        raise ValueError("there are no pairs to judge")
    ranked = marked.sort("weight", descending=True)
    weight, right = ranked["weight"].to_numpy(), ranked["true"].to_numpy()
    found = np.cumsum(right)
    count = np.arange(1, len(right) + 1)
    last = np.append(weight[1:] != weight[:-1], True)  # pairs of one weight are taken together or not at all
    found, count, at = found[last], count[last], np.flatnonzero(last)
    precision, recall = found / count, found / true_pairs
    f1 = 2 * found / (count + true_pairs)
    best = int(np.argmax(f1))
    half = int((ranked["probability"] >= 0.5).sum())
    half_f1 = 2 * int(right[:half].sum()) / (half + true_pairs)
    shown = np.unique(np.linspace(0, len(at) - 1, CURVE_POINTS).astype(int))
    return Accuracy(
        f1=round(float(f1[best]), 5),
        precision=round(float(precision[best]), 5),
        recall=round(float(recall[best]), 5),
        threshold=_downwards(float(ranked["probability"][int(at[best])])),
        at_half=round(half_f1, 5),
        reached=round(float(found[-1] / true_pairs), 5),
        curve=[(round(float(recall[one]), 4), round(float(precision[one]), 4)) for one in shown],
        calibration=_calibration(marked["probability"].to_numpy(), right=marked["true"].to_numpy()),
    )


def _downwards(probability: float) -> float:
    """To four digits, never above it: the pairs at the threshold itself are many, and they belong to what is accepted."""
    return math.floor(probability * 10_000) / 10_000


def _calibration(probability: Floats, right: Truths) -> list[tuple[float, float, int]]:
    bins: NDArray[np.int64] = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    points = []
    for number in range(BINS):
        here = bins == number
        if here.any():
            told, is_true = float(probability[here].mean()), float(right[here].mean())
            points.append((round(told, 4), round(is_true, 4), int(here.sum())))
    return points
