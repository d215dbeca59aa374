"""`linkage-quality`: F1 of the platform (clear and encoded), Splink and recordlinkage on FEBRL and on countries whose truth is known."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.linkage.accuracy import Accuracy, judge, mark, one_to_one, read_pairs
from benchmarks.linkage.batch import SEED
from benchmarks.linkage.data import write_country
from benchmarks.linkage.engines import (
    Job,
    Run,
    compile_kernels,
    need_peers,
    run_encoded,
    run_ours,
    run_peer,
    write_febrl,
)
from benchmarks.platform import OUTSIDE

COUNTRIES = (
    ("latin-100k", "latin", 100_000, 100_000),
    ("mixed-100k", "mixed", 100_000, 100_000),
    ("no-nni-100k", "no-nni", 100_000, 100_000),
    ("numbered-100k", "numbered", 100_000, 100_000),
    ("new-phones-100k", "new-phones", 100_000, 100_000),
    ("latin-1m", "latin", 1_000_000, 200_000),
    ("mixed-1m", "mixed", 1_000_000, 200_000),
)
"""Name, variant, registry, list."""
SMALL = 100_000
"""The largest for recordlinkage, which compares in one process and keeps every pair in memory, and for encoded lists, whose
blocks are wide: beyond this a run takes longer than it tells."""


def run_linkage_quality() -> dict[str, Any]:
    """For each set of data the F1 of each engine at its own best threshold, and how it came about."""
    need_peers()
    results: dict[str, Any] = {"benchmark": "linkage-quality"}
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name:
        compile_kernels(Path(name))
        for job, small in _jobs(Path(name)):
            results[job.name] = _compare(job, Path(name), small)
    return results


def _jobs(folder: Path) -> Iterator[tuple[Job, bool]]:
    """Each set of data, written when it is its turn."""
    for which in (3, 4):
        yield write_febrl(folder / f"febrl{which}", which), True
    for name, variant, registry, listed in COUNTRIES:
        files = write_country(folder / name, registry, listed, variant, SEED)
        yield Job(name, "country", files), registry <= SMALL


def _compare(job: Job, folder: Path, small: bool) -> dict[str, Any]:
    runs = {"ours": run_ours(job, folder), "splink": run_peer("splink", job, folder)}
    if small and not job.dedupe:
        runs["encoded"] = run_encoded(job, folder)
    if small:
        runs["recordlinkage"] = run_peer("recordlinkage", job, folder)
    figures: dict[str, Any] = {}
    for name, run in runs.items():
        accuracy, by_mistake = judge_run(run, job)
        figures[f"{name}_f1"] = accuracy.f1
        figures[name] = asdict(accuracy) | {"seconds": run.measured.seconds, "recall_by_mistake": by_mistake}
    return figures


def judge_run(run: Run, job: Job) -> tuple[Accuracy, dict[str, float]]:
    """How right it is, and for each mistake of the clerk the share of its rows that found their person."""
    pairs = read_pairs(run.pairs_file, job.dedupe)
    marked, true_pairs = mark(pairs if job.dedupe else one_to_one(pairs), job.files.truth, job.dedupe)
    accuracy = judge(marked, true_pairs)
    if not job.files.mistakes.exists():
        return accuracy, {}
    return accuracy, recall_by_mistake(marked.filter(pl.col("probability") >= accuracy.threshold), job.files.mistakes)


def recall_by_mistake(linked: pl.DataFrame, mistakes: Path) -> dict[str, float]:
    """Of the registered people whose row has the mistake, the share linked to themselves. Rows may have several."""
    rows = pl.read_parquet(mistakes).filter(~pl.col("stranger")).with_columns(pl.col("right_id").cast(pl.String))
    found = linked.filter(pl.col("true")).select("right_id", found=pl.lit(True))
    joined = rows.join(found, on="right_id", how="left").with_columns(pl.col("found").fill_null(False))
    kinds = [kind for kind in rows.columns if kind not in ("right_id", "stranger") and joined[kind].any()]
    return {kind: round(float(joined.filter(pl.col(kind))["found"].cast(pl.Float64).mean() or 0), 4) for kind in kinds}  # type: ignore[arg-type]
