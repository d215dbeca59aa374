"""The country as a map of shaded wilayas: the outlines are Natural Earth's (public domain, see `wilayas.geojson`)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from services.matching.printing.charts import INK, QUIET, SHADES, Drawing

OUTLINES = Path(__file__).parent / "wilayas.geojson"
HEIGHT, LEFT = 285.0, 30.0
MIDDLE = math.cos(math.radians(20))
"""A degree of longitude beside one of latitude, in the middle of the country."""
NOBODY = "#eceff1"
ON_THE_COAST = ("MR-08", "MR-NKC")
"""Too small to be written on: what is said of them stands in the sea."""


@cache
def _features() -> tuple[dict[str, Any], ...]:
    return tuple(orjson.loads(OUTLINES.read_bytes())["features"])


def features() -> Sequence[tuple[str, ...]]:
    """The p-codes of the wilayas of each outline: the three of Nouakchott share one."""
    return [tuple(one["properties"]["pcodes"]) for one in _features()]


def shaded(title: str, values: Mapping[tuple[str, ...], tuple[float | None, str]], bounds: Sequence[float],
           legend: Sequence[str], *, mirrored: bool) -> str:  # fmt: skip
    """`values`: of each outline (its p-codes) the value and what is written on it. `bounds`: where a darker shade begins; one
    fewer than the shades. `legend`: what each shade is, and last what has no value."""
    drawing = Drawing(HEIGHT, mirrored=False, title=title)
    place = _placing()
    for one in _features():
        value, _ = values.get(tuple(one["properties"]["pcodes"]), (None, ""))
        drawing.path(_path(one["geometry"], place), _shade(value, bounds))
    for one in _features():
        value, told = values.get(tuple(one["properties"]["pcodes"]), (None, ""))
        x, y = place(one["properties"]["label_lon"], one["properties"]["label_lat"])
        dark = value is not None and value >= bounds[2]
        if one["properties"]["map_feature"] in ON_THE_COAST:
            drawing.text(x - 16, y + 4, told, at="end", size=9.5, bold=True)
        else:
            drawing.text(x, y + 4, told, at="middle", size=9.5, fill="#ffffff" if dark else INK, bold=True)
    at = 560.0 if not mirrored else 540.0
    for row, (color, words) in enumerate(zip((*SHADES, NOBODY), legend, strict=True)):
        y = 155.0 + 20 * row
        drawing.rect(at, y, 14, 14, color)
        drawing.text(at + 20, y + 11, words, size=10, fill=QUIET)
    return drawing.svg()


def _shade(value: float | None, bounds: Sequence[float]) -> str:
    return NOBODY if value is None else SHADES[sum(value >= one for one in bounds)]


def _rings(geometry: Mapping[str, Any]) -> Iterator[Sequence[Sequence[float]]]:
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    for polygon in polygons:
        yield from polygon


def _placing() -> Any:
    points = [point for one in _features() for ring in _rings(one["geometry"]) for point in ring]
    west, south = min(p[0] for p in points), min(p[1] for p in points)
    north = max(p[1] for p in points)
    scale = (HEIGHT - 10) / (north - south)

    def place(longitude: float, latitude: float) -> tuple[float, float]:
        return LEFT + 80 + (longitude - west) * scale * MIDDLE, 5 + (north - latitude) * scale

    return place


def _path(geometry: Mapping[str, Any], place: Any) -> str:
    return " ".join(
        "M" + " L".join("{:.1f} {:.1f}".format(*place(*point[:2])) for point in ring) + " Z"
        for ring in _rings(geometry)
    )
