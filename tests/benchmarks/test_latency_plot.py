"""The plot of how long one record takes shows what was measured, at every size."""

from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt

from benchmarks.linkage.page import linkage_section
from benchmarks.linkage.plots import _latency, draw_latency

ONLINE = {"registry": 1_000_000, "p50_ms": 1.5, "p99_ms": 7.0, "splink_p50_ms": 626.0, "splink_p99_ms": 707.0}
LINKAGE: dict[str, Any] = {
    "linkage-online": {"sizes": [ONLINE]},
    "linkage-service": {
        "sizes": [
            {"registry": 1_800_000, "p50_ms": 12.0, "p99_ms": 20.7},
            {"registry": 100_000, "p50_ms": 6.8, "p99_ms": 10.6},
        ]
    },
}


def test_every_figure_stands_where_it_was_measured() -> None:
    figure, axes = plt.subplots()
    _latency(axes, LINKAGE)
    drawn = {
        str(line.get_label()): [tuple(map(float, point)) for point in zip(*line.get_data(), strict=True)]
        for line in axes.get_lines()
    }
    plt.close(figure)
    assert drawn == {
        "ours, in process, p50": [(1_000_000, 1.5)],
        "ours, in process, p99": [(1_000_000, 7.0)],
        "ours, through HTTP and the store, p50": [(100_000, 6.8), (1_800_000, 12.0)],
        "ours, through HTTP and the store, p99": [(100_000, 10.6), (1_800_000, 20.7)],
        "splink, predict_between, p50": [(1_000_000, 626.0)],
        "splink, predict_between, p99": [(1_000_000, 707.0)],
    }


def test_the_page_shows_the_plot_where_something_was_measured(tmp_path: Path) -> None:
    assert draw_latency(tmp_path, {}) == []
    plots = draw_latency(tmp_path, LINKAGE)
    assert [file for file, _ in plots] == ["linkage-latency.svg"]
    assert (tmp_path / "linkage-latency.svg").read_text(encoding="utf-8").startswith("<?xml")
    machine = dict.fromkeys(("command", "date", "cpu", "cores", "memory_gib", "commit"), "-")
    page = "\n".join(linkage_section({"machine": machine, "versions": {}}, plots))
    assert f"![{plots[0][1]}](plots/linkage-latency.svg)" in page
