"""`linkage-export`: a model exported for Splink, run by Splink, gives every pair the weight that the engine gives it."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.figures import PROJECT
from benchmarks.linkage.batch import SEED
from benchmarks.linkage.data import Files, write_country
from benchmarks.linkage.engines import ENVIRONMENT, need_peers, write_febrl
from benchmarks.linkage.measuring import measure
from benchmarks.platform import OUTSIDE
from services.matching.engine.files import read_list
from services.matching.engine.lists import prepared
from services.matching.engine.mapping import read_mapping
from services.matching.engine.model import Model
from services.matching.engine.scoring import judge, work_of

COUNTRY = (100_000, 20_000)
UNPRUNED = -1e8


def run_linkage_export() -> dict[str, Any]:
    """For each set of data: pairs that both meet, pairs that only one meets, and the largest difference of a weight, in bits."""
    need_peers()
    results: dict[str, Any] = {"benchmark": "linkage-export"}
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name:
        for which in (4, 3):
            job = write_febrl(Path(name) / f"febrl{which}", which)
            results[job.name] = _compare(job.files, job.dedupe)
        results["mixed-100k"] = _compare(write_country(Path(name) / "country", *COUNTRY, "mixed", SEED), dedupe=False)
    return results


def _compare(files: Files, dedupe: bool) -> dict[str, Any]:
    lists = [str(files.left)] if dedupe else [str(files.left), str(files.right)]
    model, out, pairs = files.folder / "model.json", files.folder / "export", files.folder / "splink.parquet"
    options = ["--mapping", str(files.mapping)]
    verb = "dedupe" if dedupe else "link"
    learned = files.folder / "pairs.parquet"
    _tekamoul(files.folder, verb, *lists, *options, "--out", str(learned), "--save-model", str(model))
    _tekamoul(files.folder, "export", *lists, *options, "--model", str(model), "--out", str(out))
    measure([str(ENVIRONMENT / "bin" / "python"), str(out / "link.py"), str(pairs)], files.folder)
    told = pl.read_parquet(pairs, columns=["unique_id_l", "unique_id_r", "weight"])
    return {
        "pairs": len(told),
        "met_by_one": abs(_met(files.folder) - len(told)),
        "largest_difference": _largest_difference(files, dedupe, model, told),
    }


def _tekamoul(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "cli.main", "match", *words]
    measure(command, folder, {"PYTHONPATH": str(PROJECT)})


def _met(folder: Path) -> int:
    return int(json.loads((folder / "export" / "export.json").read_bytes())["pairs"])


def _largest_difference(files: Files, dedupe: bool, model_file: Path, told: pl.DataFrame) -> float:
    """Each pair that Splink scored, judged again by the kernel, in 64 bits."""
    mapping = read_mapping(files.mapping.read_text(encoding="utf-8"))
    model = Model.from_json(model_file.read_bytes())
    left = read_list(files.left, mapping, "left")[1]
    lists = prepared(model.layout, left, None if dedupe else read_list(files.right, mapping, "right")[1], model.rarity)
    fields, sides, work = model.fields(), lists.sides, work_of()
    fields["most"] = 1e6  # nothing is pruned
    levels, bits = np.zeros(len(fields), np.uint8), np.zeros(len(fields), np.float32)
    differences = (
        judge(fields, lists.tables, work, sides.left[i], sides.right[j], UNPRUNED, levels, bits) - weight
        for i, j, weight in told.iter_rows()
    )
    return float(max(map(abs, differences)))
