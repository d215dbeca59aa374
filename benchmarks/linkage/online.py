"""`linkage-online`: one record at a time against a registry in memory, from its texts as written to the best candidates.

In process, one after the other, after the kernels are compiled; Splink in the same run with fewer records, each of which
takes it a hundred times as long. The model is learned from the registry and the list, as in `linkage-batch`.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from benchmarks.linkage.data import Files, write_country
from benchmarks.linkage.engines import ENVIRONMENT, PEERS, need_peers
from benchmarks.linkage.measuring import measure
from benchmarks.platform import OUTSIDE
from services.matching.engine.files import read_list
from services.matching.engine.index import Index
from services.matching.engine.lists import compare_lists
from services.matching.engine.mapping import read_mapping
from services.matching.engine.snapshots import load, save

SIZES = (100_000, 1_000_000)
"""People in the registry; `TEKAMOUL_BENCH_ONLINE=5000000` chooses others."""
SIZES_VARIABLE = "TEKAMOUL_BENCH_ONLINE"
LISTED = 100_000
RECORDS, SPLINK_RECORDS, WARM_UP = 5_000, 40, 200
SEED = 2027


def run_linkage_online() -> dict[str, Any]:
    """Figures of the largest registry, and of each under `sizes`."""
    need_peers()
    asked = [int(one) for one in os.environ.get(SIZES_VARIABLE, "").split(",") if one.strip()]
    sizes = [_one_size(registry) for registry in asked or SIZES]
    return {"benchmark": "linkage-online", **sizes[-1], "sizes": sizes}


def _one_size(registry: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name:
        folder = Path(name)
        files = write_country(folder / "data", registry, LISTED, "mixed", SEED)
        load_before = round(os.getloadavg()[0], 2)
        ours, splink = _ours(files, folder), _splink(files, folder)
    return {"registry": registry, **ours, **splink, "load_before": load_before}


def _ours(files: Files, folder: Path) -> dict[str, Any]:
    mapping = read_mapping(files.mapping.read_text(encoding="utf-8"))
    left_ids, left = read_list(files.left, mapping, "left")
    right_ids, right = read_list(files.right, mapping, "right")
    kept = {name: list(columns) for name, columns in left.items()}
    records = [
        {name: [column[at] for column in columns] for name, columns in right.items()} for at in range(WARM_UP + RECORDS)
    ]
    model = compare_lists(mapping.fields, left, right).model
    began = perf_counter()
    index = Index.build(model.layout, kept)
    build_s = perf_counter() - began
    looking = index.looking()
    times, right_ones, asked = [], 0, 0
    truth = dict(pl.read_parquet(files.truth).select("right_id", "left_id").iter_rows())
    for at, record in enumerate(records):
        began = perf_counter()
        found = index.find(model, record, looking)
        times.append((perf_counter() - began) * 1_000)
        person = truth.get(right_ids[at])
        if person is not None:
            asked += 1
            right_ones += bool(found) and left_ids[found[0].row] == person
    save(index, folder / "index", {})
    began = perf_counter()
    load(folder / "index", model.layout)
    p50, p99 = np.percentile(times[WARM_UP:], [50, 99])
    return {
        "p50_ms": round(float(p50), 3),
        "p99_ms": round(float(p99), 3),
        "found_first": round(right_ones / asked, 4),
        "build_s": round(build_s, 2),
        "snapshot_load_s": round(perf_counter() - began, 2),
        "index_mib": round(index.nbytes / 1024**2, 1),
    }


def _splink(files: Files, folder: Path) -> dict[str, Any]:
    command = [str(ENVIRONMENT / "bin" / "python"), str(PEERS / "splink_online.py")]
    measured = measure([*command, str(files.left), str(files.right), str(SPLINK_RECORDS)], folder)
    told = json.loads(measured.output.splitlines()[-1])
    p50, p99 = np.percentile(told["times_ms"], [50, 99])
    return {"splink_p50_ms": round(float(p50), 1), "splink_p99_ms": round(float(p99), 1)}
