"""The figures of a snapshot as files: csv, xlsx and Parquet, written once, each row with what it is of and by what method."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from services.matching.figures.cells import MONEY, Cell
from services.matching.figures.groups import OF_PLACES
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
    _column("known_on", "date"),
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
Head = tuple[UUID, date, date, date, float]
"""What the first columns of every row say: snapshot, day, day on which it was known, first month, threshold."""


def file_name(format_: str) -> str:
    return f"indicators.{format_}"


def write(folder: Path, cells: Sequence[Cell], head: Head, places: PlaceNames, made_at: datetime) -> None:
    """Every file, by its name in `folder`; the same cells give the same bytes."""
    for format_ in FORMATS:
        sink = writer(format_, folder / file_name(format_), COLUMNS, made_at)
        for start in range(0, len(cells), BATCH):
            sink.write([_row(one, head, places) for one in cells[start : start + BATCH]])
        sink.close()


def _row(cell: Cell, head: Head, places: PlaceNames) -> list[Any]:
    snapshot_id, *rest = head
    names = indicators()[cell.indicator].names
    ar, fr = places.get(cell.group.split("|")[0], (None, None)) if cell.by in OF_PLACES else (None, None)
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
