"""`linkage-batch`: a whole list against a whole registry, from files to the file of results, beside Splink in the same run."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.linkage.accuracy import Accuracy, judge, mark, one_to_one, read_pairs
from benchmarks.linkage.data import write_country
from benchmarks.linkage.engines import Job, Run, compile_kernels, need_peers, run_ours, run_peer
from benchmarks.platform import OUTSIDE

SIZES = ((100_000, 100_000), (1_000_000, 200_000))
"""People in the registry and rows of the list; `TEKAMOUL_BENCH_LINKAGE=5000000x1000000` chooses others."""
SIZES_VARIABLE = "TEKAMOUL_BENCH_LINKAGE"
SEED = 2026


def sizes_asked() -> tuple[tuple[int, int], ...]:
    given = [one.split("x") for one in os.environ.get(SIZES_VARIABLE, "").split(",") if one.strip()]
    return tuple((int(registry), int(listed)) for registry, listed in given) or SIZES


def run_linkage_batch() -> dict[str, Any]:
    """Figures of the largest size, and of each size under `sizes`."""
    need_peers()
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name:
        compile_kernels(Path(name))
    sizes = [_one_size(registry, listed) for registry, listed in sizes_asked()]
    return {"benchmark": "linkage-batch", **sizes[-1], "sizes": sizes}


def _one_size(registry: int, listed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name:
        folder = Path(name)
        files = write_country(folder / "data", registry, listed, "latin", SEED)
        job = Job("latin", "country", files)
        ours, splink = run_ours(job, folder), run_peer("splink", job, folder)
        return {
            "registry": registry,
            "list": listed,
            "pairs": ours.compared,
            "splink_pairs": splink.compared,
            **_side("ours", ours),
            **_side("splink", splink),
            "ratio": round(ours.measured.seconds / splink.measured.seconds, 3),
            "memory_ratio": round(ours.measured.peak_mib / splink.measured.peak_mib, 3),
            "ours_f1": best_accuracy(ours, job).f1,
            "splink_f1": best_accuracy(splink, job).f1,
            "splink_stages": splink.told["stages"],
            "splink_version": splink.told["version"],
            "load_before": round(os.getloadavg()[0], 2),
        }


def _side(name: str, run: Run) -> dict[str, Any]:
    measured = run.measured
    return {f"{name}_s": measured.seconds, f"{name}_mib": measured.peak_mib, f"{name}_cpu_s": measured.cpu_seconds}


def best_accuracy(run: Run, job: Job) -> Accuracy:
    """In a link each record is given its best pair first, whoever made the pairs: both engines are judged alike."""
    pairs = read_pairs(run.pairs_file, job.dedupe)
    return judge(*mark(pairs if job.dedupe else one_to_one(pairs), job.files.truth, job.dedupe))
