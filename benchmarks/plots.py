"""The plots of the page, as SVG: small, and readable without colour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt  # after the choice of how to draw
from matplotlib.axes import Axes

SIZE = (7.0, 3.2)
BLUE, GREY = "#1f5f8b", "#9aa5ad"


def draw_plots(folder: Path, results: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Draw what the results hold; returns file names and titles."""
    folder.mkdir(exist_ok=True)
    mpl.rcParams["svg.hashsalt"] = "tekamoul"  # the same figures give the same file
    growth = results["main-job"]["growth"]
    drawn: list[tuple[str, str, Callable[[Axes], None]]] = [
        ("start.svg", "Seconds from the command to ready", lambda ax: _start(ax, results["start"])),
        (
            "cpu.svg",
            f"CPU seconds of the main job at {growth[0]['households']:,} households",
            lambda ax: _cpu(ax, growth[0]),
        ),
        ("growth.svg", "Main job: seconds per 1,000 households", lambda ax: _growth(ax, growth)),
    ]
    for file, title, draw in drawn:
        figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
        draw(axes)
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(folder / file, metadata={"Date": None})
        plt.close(figure)
    return [(file, title) for file, title, _ in drawn]


def _start(axes: Axes, start: dict[str, Any]) -> None:
    names = ("servers alone", "later start", "first start")
    keys = ("servers_alone_s", "ready_s", "first_start_s")
    spreads = [start["spread"][key] for key in keys]
    middle = [one[1] for one in spreads]
    reach = [[one[1] - one[0] for one in spreads], [one[2] - one[1] for one in spreads]]
    bars = axes.barh(names, middle, xerr=reach, color=[GREY, BLUE, BLUE], capsize=3)
    axes.bar_label(bars, fmt="%.1f", padding=14, fontsize=8)
    axes.axvline(20, color="black", linestyle=":", linewidth=1)
    axes.text(20, -0.45, " target", fontsize=8)
    axes.set_xlabel("seconds (bar: median, line: least to most)", fontsize=8)


def _cpu(axes: Axes, job: dict[str, Any]) -> None:
    used = sorted(job["cpu_seconds"].items(), key=lambda one: one[1])
    bars = axes.barh([name for name, _ in used], [seconds for _, seconds in used], color=BLUE)
    axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("CPU seconds", fontsize=8)


def _growth(axes: Axes, growth: list[dict[str, Any]]) -> None:
    sizes = [one["households"] for one in growth]
    per_thousand = [one["seconds_per_1000_households"] for one in growth]
    alone = [one["linking_in_memory_s"] / one["households"] * 1000 for one in growth]
    axes.plot(sizes, per_thousand, "o-", color=BLUE, label="the platform")
    axes.plot(sizes, alone, "s--", color=GREY, label="linking in memory, nothing stored")
    for size, seconds in zip(sizes, per_thousand, strict=True):
        axes.annotate(f"{seconds:.1f}", (size, seconds), textcoords="offset points", xytext=(0, 6), fontsize=8)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("households", fontsize=8)
    axes.legend(fontsize=8, frameon=False)
