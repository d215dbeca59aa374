"""All linkage benchmarks one after the other; what they told goes onto the benchmarks' page."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from typing import Any

from benchmarks.figures import PROJECT, machine
from benchmarks.linkage.batch import run_linkage_batch
from benchmarks.linkage.exported import run_linkage_export
from benchmarks.linkage.online import run_linkage_online
from benchmarks.linkage.plots import draw_quality
from benchmarks.linkage.pupils import run_linkage_pupils
from benchmarks.linkage.quality import run_linkage_quality
from benchmarks.linkage.service import run_linkage_service

LINKAGE: dict[str, Callable[[], dict[str, Any]]] = {
    "linkage-batch": run_linkage_batch,
    "linkage-quality": run_linkage_quality,
    "linkage-pupils": run_linkage_pupils,
    "linkage-online": run_linkage_online,
    "linkage-service": run_linkage_service,
    "linkage-export": run_linkage_export,
}
PLOTTED = ("febrl3", "latin-100k", "mixed-100k", "no-nni-100k", "mixed-1m")
OURS = ("numba", "numpy", "polars")


def run_linkage(tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Run each; `tell` hears the figures as they come. What the page shows, without the points of the curves."""
    where = machine() | {"command": "make bench-linkage"}
    results: dict[str, Any] = {"machine": where, "versions": {}}
    for name, run in LINKAGE.items():
        figures = run()
        tell(without_points(figures))
        results[name] = figures
    results["plots"] = draw_quality(PROJECT / "benchmarks" / "plots", results["linkage-quality"], PLOTTED)
    results["linkage-quality"] = without_points(results["linkage-quality"])
    results["versions"] = {"splink": results["linkage-batch"]["splink_version"]} | {
        name: importlib.metadata.version(name) for name in OURS
    }
    return results


def without_points(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures without the points of curves and calibration, which only the plots need."""
    return {
        key: without_points(value) if isinstance(value, dict) else value
        for key, value in figures.items()
        if key not in ("curve", "calibration")
    }
