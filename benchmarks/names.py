"""`names`: pairs of names labelled by hand, told apart by their similarity; beside the edit distances of rapidfuzz.

The costs were never looked at with the test part in view: its figures are those of names nobody tuned on.
"""

from __future__ import annotations

import csv
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from services.matching.engine.name_kernels import name_work, similarities
from services.matching.engine.name_table import NameTable
from shared.spelling import fold

DATA = Path(__file__).parent / "data" / "name_pairs.csv"
PRECISION = 0.95
TIMED_PAIRS = 1_000_000

# The plain table: each Arabic letter as French spelling most often has it; short vowels are unwritten.
LETTERS = str.maketrans(
    {
        "ا": "a", "آ": "a", "ى": "a", "ب": "b", "ت": "t", "ث": "th", "ج": "j", "ح": "h", "خ": "kh", "د": "d",
        "ذ": "dh", "ر": "r", "ز": "z", "س": "s", "ش": "ch", "ص": "s", "ض": "d", "ط": "t", "ظ": "z", "ع": "a",
        "غ": "gh", "ف": "f", "ق": "gh", "ك": "k", "ل": "l", "م": "m", "ن": "n", "ه": "h", "و": "ou", "ي": "i",
        "ة": "a", "ء": None, "گ": "g", "چ": "tch", "پ": "p",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    a: str
    b: str
    same: bool
    kind: str
    part: Literal["tuning", "test"]


def read_pairs() -> list[Pair]:
    with DATA.open(encoding="utf-8", newline="") as stream:
        return [
            Pair(row["a"], row["b"], row["same"] == "1", row["kind"], "tuning" if row["part"] == "tuning" else "test")
            for row in csv.DictReader(stream)
        ]


def auc(scores: Sequence[float], same: Sequence[bool]) -> float:
    """The share of pairs of one true and one false pair that are in the right order; ties count half."""
    false = sorted(score for score, one in zip(scores, same, strict=True) if not one)
    true = [score for score, one in zip(scores, same, strict=True) if one]
    right = sum(bisect_left(false, score) + bisect_right(false, score) for score in true) / 2
    return right / (len(true) * len(false))


def recall_at_precision(scores: Sequence[float], same: Sequence[bool], precision: float) -> float:
    """The most of the true pairs that any one threshold takes while so many of those taken are true; 0 for none."""
    ranked = sorted(zip(scores, same, strict=True), reverse=True)
    best = true = 0
    for taken, (score, one) in enumerate(ranked, start=1):
        true += one
        # A threshold takes all pairs of one score, or none.
        if (taken == len(ranked) or ranked[taken][0] < score) and true >= precision * taken:
            best = true
    return best / sum(same)


def ours(pairs: Sequence[Pair]) -> list[float]:
    table = NameTable()
    a, b = table.add(pair.a for pair in pairs), table.add(pair.b for pair in pairs)
    return [float(score) for score in similarities(table.arrays, name_work(), a, b)]


def transliterated(text: str) -> str:
    return fold(text).translate(LETTERS)


def _peer(score: Callable[[str, str], float], text: Callable[[str], str]) -> Callable[[Sequence[Pair]], list[float]]:
    return lambda pairs: [score(text(pair.a), text(pair.b)) for pair in pairs]


PEERS: dict[str, Callable[[Sequence[Pair]], list[float]]] = {
    "JaroWinkler, folded": _peer(JaroWinkler.similarity, fold),
    "token_set_ratio, folded": _peer(fuzz.token_set_ratio, fold),
    "JaroWinkler, transliterated": _peer(JaroWinkler.similarity, transliterated),
    "token_set_ratio, transliterated": _peer(fuzz.token_set_ratio, transliterated),
}


def figures_of(scorer: Callable[[Sequence[Pair]], list[float]], pairs: Sequence[Pair]) -> dict[str, float]:
    scores, same = scorer(pairs), [pair.same for pair in pairs]
    recall = recall_at_precision(scores, same, PRECISION)
    return {"auc": round(auc(scores, same), 4), "recall_at_p95": round(recall, 4)}


def nanoseconds_a_pair(pairs: Sequence[Pair]) -> float:
    """For names of the list against each other, most of them strangers: the mean over a million pairs of one thread."""
    table, work = NameTable(), name_work()
    ids = table.add(name for pair in pairs for name in (pair.a, pair.b))
    chosen = np.random.default_rng(1).integers(0, len(ids), (2, TIMED_PAIRS))
    a, b = ids[chosen[0]], ids[chosen[1]]
    similarities(table.arrays, work, a[:1], b[:1])
    began = time.thread_time()
    similarities(table.arrays, work, a, b)
    return round((time.thread_time() - began) * 1e9 / TIMED_PAIRS, 1)


def run_names() -> dict[str, Any]:
    """AUC and recall at precision .95 on the test part; the tuning part's and the peers' beside them."""
    everything = read_pairs()
    test = [pair for pair in everything if pair.part == "test"]
    tuning = [pair for pair in everything if pair.part == "tuning"]
    peers = {name: figures_of(scorer, test) for name, scorer in PEERS.items()}
    best = max(peers, key=lambda name: peers[name]["auc"])
    return {
        "benchmark": "names",
        "measured": f"on pairs whose names were not tuned on; the best peer is rapidfuzz {best}",
        "pairs": len(test),
        **figures_of(ours, test),
        "tuning_pairs": len(tuning),
        **{f"tuning_{key}": figure for key, figure in figures_of(ours, tuning).items()},
        "best_peer": best,
        **{f"best_peer_{key}": figure for key, figure in peers[best].items()},
        "ns_per_pair": nanoseconds_a_pair(everything),
        "peers": peers,
    }
