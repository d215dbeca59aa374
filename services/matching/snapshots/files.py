"""The figures of a snapshot as files: csv, xlsx and Parquet, written once, each row with what it is of and by what method."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any, Final
from uuid import UUID

from services.matching.figures.cells import MONEY, Cell
from services.matching.snapshots.notes import indicators
from shared.exporting.cells import Column
from shared.exporting.files import writer
from shared.text import Text

FORMATS: Final = ("csv", "xlsx", "parquet")
BATCH = 1_000
CENTS = 100


def _column(name: str, type_: str = "text") -> Column:
    return Column(name, type_, Text(ar=name, fr=name, en=name))


COLUMNS: Final = (
    _column("snapshot_id"),
    _column("day", "date"),
    _column("period_from", "date"),
    _column("threshold", "number"),
    _column("indicator"),
    _column("indicator_ar"),
    _column("indicator_fr"),
    _column("by"),
    _column("group"),
    _column("group_ar"),
    _column("group_fr"),
    _column("program"),
    _column("other"),
    _column("unit"),
    _column("bound"),
    _column("numerator", "decimal"),
    _column("denominator", "decimal"),
    _column("value", "number"),
    _column("reason"),
    _column("overlap_class"),
)

PlaceNames = Mapping[str, tuple[str | None, str]]
"""By code: in Arabic and French."""


def file_name(format_: str) -> str:
    return f"indicators.{format_}"


def write(
    folder: Path,
    cells: Sequence[Cell],
    head: tuple[UUID, date, date, float],
    places: PlaceNames,
    made_at: datetime,
    given_up: Event,
) -> dict[str, Path]:
    """The files, by name; the same cells give the same bytes. Nothing more is written once it is `given_up`."""
    found: dict[str, Path] = {}
    for format_ in FORMATS:
        path = folder / file_name(format_)
        sink = writer(format_, path, COLUMNS, made_at)
        for start in range(0, len(cells), BATCH):
            if given_up.is_set():
                sink.drop()
                return {}
            sink.write([_row(one, head, places) for one in cells[start : start + BATCH]])
        sink.close()
        found[path.name] = path
    return found


def _row(cell: Cell, head: tuple[UUID, date, date, float], places: PlaceNames) -> list[Any]:
    snapshot_id, *rest = head
    names = indicators()[cell.indicator].names
    ar, fr = places.get(cell.group, (None, None)) if cell.by in ("wilaya", "moughataa") else (None, None)
    return [
        str(snapshot_id),
        *rest,
        cell.indicator,
        names.ar,
        names.fr,
        cell.by,
        cell.group,
        ar,
        fr,
        cell.program,
        cell.other,
        cell.unit,
        cell.bound,
        _number(cell.numerator, cell.unit),
        _number(cell.denominator, cell.unit),
        cell.value / CENTS if cell.value is not None and cell.indicator == "harmonisation_gap" else cell.value,
        cell.reason,
        cell.overlap_class,
    ]


def _number(number: int | None, unit: str) -> Decimal | None:
    if number is None:
        return None
    return Decimal(number) / CENTS if unit == MONEY else Decimal(number)
