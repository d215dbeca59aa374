"""The report of a model as one HTML page: it needs nothing beside itself, reads in three languages, and can be printed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cli.model_words import WORDS, first_line, group_name, household_lines
from shared.text import LANGUAGES

WIDTH, HEIGHT, EDGE = 360.0, 260.0, 40.0
TICKS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
BLUE, GREY = "#1f5f8b", "#9aa5ad"
Point = tuple[float, float]


def page_of(
    report: Mapping[str, Any],
    language: str,
    others: Sequence[Mapping[str, Any]] = (),
    comparisons: Sequence[Mapping[str, Any]] = (),
) -> str:
    """`others`: reports of models that are held beside the first, as `comparisons` tell."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    speaks = language if language in LANGUAGES else "fr"
    return templates.get_template("model.html").render(
        language=speaks,
        report=report,
        reports=[report, *others],
        comparisons=comparisons,
        write=lambda word: WORDS[word].in_(speaks),
        first_line=lambda one: first_line(one, speaks),
        household_lines=lambda one: household_lines(one, speaks),
        group_name=lambda by, group: group_name(by, group, speaks),
        calibration_plot=calibration_plot,
        curve_plot=curve_plot,
    )


def calibration_plot(report: Mapping[str, Any]) -> Markup:
    """The true share of the pairs of each bin over what was told, with its interval; on the diagonal it is as told."""
    x, y = _scale(0.0, 1.0), _down(0.0, 1.0)
    drawn = [_line([(x(0), y(0)), (x(1), y(1))], GREY, dashed=True)]
    for one in report["calibration"]:
        at = x(one["told"])
        drawn.append(_line([(at, y(one["true"]["low"])), (at, y(one["true"]["high"]))], BLUE))
        drawn.append(f'<circle cx="{at:.1f}" cy="{y(one["true"]["value"]):.1f}" r="3.5" fill="{BLUE}"/>')
    return _plot(drawn, (0.0, 1.0), (0.0, 1.0))


def curve_plot(report: Mapping[str, Any]) -> Markup:
    """Precision over recall; the two thresholds as points. The axes begin where the curve does."""
    points = [(one["recall"], one["precision"]) for one in report["curve"]]
    marked = [
        (report[name]["recall"]["value"], report[name]["precision"]["value"])
        for name in ("at_link", "at_ask")
        if report[name]["recall"] and report[name]["precision"]
    ]
    least_x, least_y = (min((point[axis] for point in (*points, *marked)), default=0.0) // 0.1 / 10 for axis in (0, 1))
    least_x, least_y = min(least_x, 0.9), min(least_y, 0.9)
    x, y = _scale(least_x, 1.0), _down(least_y, 1.0)
    drawn = [_line([(x(recall), y(precision)) for recall, precision in points], BLUE)]
    drawn += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="4" fill="none" stroke="{BLUE}"/>' for a, b in marked]
    return _plot(drawn, (least_x, 1.0), (least_y, 1.0))


def _scale(low: float, high: float) -> Any:
    return lambda value: EDGE + (WIDTH - 1.5 * EDGE) * (value - low) / (high - low)


def _down(low: float, high: float) -> Any:
    return lambda value: HEIGHT - EDGE - (HEIGHT - 1.5 * EDGE) * (value - low) / (high - low)


def _line(points: Sequence[Point], color: str, *, dashed: bool = False) -> str:
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    dashes = ' stroke-dasharray="4 4"' if dashed else ""
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"{dashes}/>'


def _plot(drawn: Sequence[str], across: Point, upwards: Point) -> Markup:
    x, y = _scale(*across), _down(*upwards)
    frame = [_line([(x(across[0]), y(1)), (x(across[0]), y(upwards[0])), (x(1), y(upwards[0]))], GREY)]
    for share in TICKS:
        right, up = (low + share * (high - low) for low, high in (across, upwards))
        frame.append(f'<text x="{x(right):.1f}" y="{HEIGHT - EDGE / 2:.1f}" text-anchor="middle">{right:.3g}</text>')
        frame.append(f'<text x="{EDGE - 5:.1f}" y="{y(up) + 4:.1f}" text-anchor="end">{up:.3g}</text>')
    return Markup(f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img">{"".join((*frame, *drawn))}</svg>')  # noqa: S704
