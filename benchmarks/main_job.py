"""`main-job`: a country's registry and eight lists in through the gateway, until everything is linked and told."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Spread
from benchmarks.peers import copy_rows, link_in_memory
from benchmarks.platform import OUTSIDE, MeasuredPlatform, PeakMemory
from cli.demo.generate import generate
from cli.demo.truth import Manifest
from cli.main_job import load_lists, load_registry, wait_until_quiet
from cli.report import gather_report, overall

DEFAULT_SIZES = (2000,)
ALL_SIZES = (2000, 10_000, 50_000)
REPEATED = 2000
"""The size that is run several times; the larger ones take long, and once shows how the cost grows."""
RUNS = 3
SEED = 2026
SIZES_VARIABLE = "TEKAMOUL_BENCH_HOUSEHOLDS"


def sizes_asked(otherwise: tuple[int, ...]) -> tuple[int, ...]:
    """`TEKAMOUL_BENCH_HOUSEHOLDS=2000,10000` chooses the sizes of the country."""
    given = os.environ.get(SIZES_VARIABLE, "")
    return tuple(int(one) for one in given.split(",") if one.strip()) or otherwise


def run_main_job(sizes: tuple[int, ...] = DEFAULT_SIZES, runs: int = 1) -> dict[str, Any]:
    """Figures of the first size, and of each size under `growth`."""
    growth = [_figures([_once(size) for _ in range(runs if size == REPEATED else 1)]) for size in sizes]
    return {"benchmark": "main-job", **growth[0], "growth": growth}


def _figures(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median run, with the spread of all."""
    seconds = Spread.of([one["seconds"] for one in runs])
    middle = min(runs, key=lambda one: abs(one["seconds"] - seconds.median))
    memory = Spread.of([one["memory_mib"] for one in runs])
    return middle | {"spread": {"seconds": seconds.as_list(), "memory_mib": memory.as_list()}, "runs": len(runs)}


def _once(households: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tekamoul-bench-", dir=OUTSIDE) as name:
        folder = Path(name)
        manifest = generate(folder, households=households, seed=SEED)
        with MeasuredPlatform() as platform:
            platform.start()
            return _measured(platform, folder, manifest)


def _measured(platform: MeasuredPlatform, folder: Path, manifest: Manifest) -> dict[str, Any]:
    households, before = manifest.registry.households, platform.cpu_seconds()
    with PeakMemory(platform) as memory:
        started = time.monotonic()
        steps = asyncio.run(_job(platform, folder, manifest))
        seconds = time.monotonic() - started
    cpu = {name: round(used - before.get(name, 0), 1) for name, used in platform.cpu_seconds().items()}
    report = asyncio.run(gather_report(platform.door, folder, manifest))
    quality = overall(report.quality)
    linked = asyncio.run(link_in_memory(platform.door, folder, manifest))
    copied = asyncio.run(copy_rows(platform.ready["postgres_url"], folder, manifest))
    return {
        "households": households,
        "individuals": manifest.registry.individuals,
        "listed": sum(one.rows for one in manifest.lists),
        "seconds": round(seconds, 2),
        "seconds_per_1000_households": round(seconds / households * 1000, 2),
        "memory_mib": round(memory.peak_mib),
        "steps": steps,
        "cpu_seconds": cpu,
        "memory_of_each_mib": {name: round(used) for name, used in memory.of_each.items()},
        "precision": round(quality.precision or 0, 4),
        "recall": round(quality.recall or 0, 4),
        "linking_in_memory_s": round(linked.seconds, 2),
        "ratio_to_linking_in_memory": round(seconds / linked.seconds, 2),
        "same_links_as_in_memory": linked.same,
        "copy_s": round(copied, 3),
        "ratio_to_copy": round(seconds / copied, 1),
    }


async def _job(platform: MeasuredPlatform, folder: Path, manifest: Manifest) -> dict[str, float]:
    """The job; returns when each step was done, in seconds from its beginning."""
    started, done = time.monotonic(), {}

    def silent(what: str, count: int, total: int) -> None:
        if os.environ.get("TEKAMOUL_BENCH_SHOW"):
            print(f"{time.monotonic() - started:7.1f} s  {what} {count} of {total}", flush=True)

    door = platform.door
    await load_registry(door, folder, manifest, silent)
    done["registry_accepted_s"] = round(time.monotonic() - started, 2)
    await load_lists(door, folder, manifest, silent)
    done["lists_accepted_s"] = round(time.monotonic() - started, 2)
    await wait_until_quiet(door.gateway_url, silent)
    done["all_linked_and_told_s"] = round(time.monotonic() - started, 2)
    return done
