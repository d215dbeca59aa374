"""Plots of the linkage benchmarks: precision by recall, how well a probability tells the truth, and how long one record takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt  # after the choice of how to draw
from matplotlib.axes import Axes

SIZE = (7.0, 3.4)
ENGINES = {
    "ours": ("#1f5f8b", "-", "o"),
    "encoded": ("#3d8b5a", "-.", "v"),
    "splink": ("#c46a1b", "--", "s"),
    "recordlinkage": ("#9aa5ad", ":", "^"),
}
LATENCIES = (
    ("linkage-online", "", "ours, in process", "#1f5f8b", "o"),
    ("linkage-service", "", "ours, through HTTP and the store", "#3d8b5a", "v"),
    ("linkage-online", "splink_", "splink, predict_between", "#c46a1b", "s"),
)
"""Benchmark, the beginning of its keys, what it is, and how it is drawn."""
LEAST_RECALL, LEAST_PRECISION = 0.8, 0.9
"""Where the axes begin."""
FEW = 20
"""Tenths of the probabilities with fewer pairs than this are not drawn: chance decides them."""


def draw_quality(folder: Path, quality: dict[str, Any], names: tuple[str, ...]) -> list[tuple[str, str]]:
    """A curve and a calibration plot of each set of data named that was run; returns file names and titles."""
    mpl.rcParams["svg.hashsalt"] = "tekamoul"  # the same figures give the same file
    drawn: list[tuple[str, str]] = []
    for name in names:
        if name not in quality:
            continue
        for kind, title, draw in (
            ("curve", f"Precision by recall, {name}", _curve),
            ("calibration", f"True share of the pairs by their probability, {name}", _calibration),
        ):
            file = f"linkage-{kind}-{name}.svg"
            _save(folder / file, title, draw, quality[name])
            drawn.append((file, title))
    return drawn


def draw_latency(folder: Path, linkage: dict[str, Any]) -> list[tuple[str, str]]:
    """How long one record takes by the size of the registry, of all sizes measured; returns file names and titles."""
    if not any(linkage.get(name) for name, *_ in LATENCIES):
        return []
    mpl.rcParams["svg.hashsalt"] = "tekamoul"
    file, title = "linkage-latency.svg", "Milliseconds for one record by the people in the registry, p50 and p99"
    _save(folder / file, title, _latency, linkage)
    return [(file, title)]


def _save(path: Path, title: str, draw: Callable[[Axes, dict[str, Any]], None], figures: dict[str, Any]) -> None:
    figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
    draw(axes, figures)
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _curve(axes: Axes, figures: dict[str, Any]) -> None:
    for engine, (color, line, marker) in ENGINES.items():
        if engine not in figures:
            continue
        one = figures[engine]
        recall, precision = zip(*one["curve"], strict=True)
        axes.plot(recall, precision, line, color=color, label=f"{engine}, best F1 {one['f1']:.4f}")
        axes.plot([one["recall"]], [one["precision"]], marker, color=color)
    axes.set_xlim(LEAST_RECALL, 1.0)
    axes.set_ylim(LEAST_PRECISION, 1.003)
    axes.set_xlabel("recall", fontsize=8)
    axes.set_ylabel("precision", fontsize=8)
    axes.legend(fontsize=8, frameon=False, loc="lower left")


def _calibration(axes: Axes, figures: dict[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.6)
    for engine, (color, line, marker) in ENGINES.items():
        points = [one for one in figures.get(engine, {}).get("calibration", []) if one[2] >= FEW]
        if points:
            told, is_true, _ = zip(*points, strict=True)
            axes.plot(told, is_true, marker + line, color=color, label=engine)
    axes.set_xlabel("probability told", fontsize=8)
    axes.set_ylabel("share true", fontsize=8)
    axes.legend(fontsize=8, frameon=False, loc="lower right")


def _latency(axes: Axes, linkage: dict[str, Any]) -> None:
    """A line of each kind from size to size, the half of the records within the whole one, 99 of 100 within the dashed."""
    every = set[int]()
    for name, begins, what, color, marker in LATENCIES:
        sizes = sorted(linkage.get(name, {}).get("sizes", []), key=lambda one: int(one["registry"]))
        people = [one["registry"] for one in sizes]
        every.update(people)
        for quantile, line, beside in (("p50", "-", (6, -10)), ("p99", "--", (6, 4))):
            told = [one[f"{begins}{quantile}_ms"] for one in sizes]
            axes.plot(people, told, marker + line, color=color, label=f"{what}, {quantile}", markersize=5)
            for at, milliseconds in zip(people, told, strict=True):
                axes.annotate(f"{milliseconds:.3g}", (at, milliseconds), beside, textcoords="offset points", fontsize=8)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sorted(every), [f"{one / 1_000_000:g}" for one in sorted(every)])
    axes.minorticks_off()
    axes.margins(x=0.15, y=0.15)
    axes.set_xlabel("millions of people in the registry", fontsize=8)
    axes.set_ylabel("milliseconds", fontsize=8)
    # Below: within, it lies on the slowest lines.
    axes.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=len(LATENCIES))
