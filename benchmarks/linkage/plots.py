"""Plots of the linkage benchmarks: precision by recall, and how well a probability tells the truth."""

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


def _save(path: Path, title: str, draw: Callable[[Axes, dict[str, Any]], None], figures: dict[str, Any]) -> None:
    figure, axes = plt.subplots(figsize=SIZE, layout="constrained")
    draw(axes, figures)
    axes.set_title(title, fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="lower left" if draw is _curve else "lower right")
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


def _calibration(axes: Axes, figures: dict[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.6)
    for engine, (color, line, marker) in ENGINES.items():
        points = [one for one in figures.get(engine, {}).get("calibration", []) if one[2] >= FEW]
        if points:
            told, is_true, _ = zip(*points, strict=True)
            axes.plot(told, is_true, marker + line, color=color, label=engine)
    axes.set_xlabel("probability told", fontsize=8)
    axes.set_ylabel("share true", fontsize=8)
