"""Files of exports as they are written: row by row to disk, in bounded memory."""

import csv
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import arro3.io
import xlsxwriter
from arro3.core import DataType, Field, Schema

from shared.exporting.cells import Column, csv_cell

MOST_XLSX_ROWS = 1_048_575
"""Rows of a sheet, by its format, less the header."""
PARQUET_BATCH_ROWS = 8192
WIDTH = 18

Row = Sequence[Any]


class TooManyRows(Exception):
    """More rows than the format holds."""


class Writer(Protocol):
    """Takes the rows of an export in order; `close` completes the file at the path given, `drop` gives it up."""

    def write(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None: ...

    def drop(self) -> None: ...


def writer(format_: str, file: Path, columns: Sequence[Column], made_at: datetime | None = None) -> Writer:
    """The writer of a file; the same rows with the same `made_at` give the same bytes."""
    made: dict[str, Callable[[Path, Sequence[Column], datetime | None], Writer]] = {
        "csv": CsvWriter,
        "xlsx": XlsxWriter,
        "parquet": ParquetWriter,
    }
    return made[format_](file, columns, made_at)


class CsvWriter:
    """UTF-8 with a mark at its beginning, by which spreadsheets know it; no cell is taken for a formula."""

    def __init__(self, file: Path, columns: Sequence[Column], made_at: datetime | None = None) -> None:
        self._file = file.open("w", encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow([column.name for column in columns])

    def write(self, rows: Sequence[Row]) -> None:
        self._csv.writerows([csv_cell(value) for value in row] for row in rows)

    def close(self) -> None:
        self._file.close()

    def drop(self) -> None:
        self._file.close()


class XlsxWriter:
    """One sheet, written through to disk. Texts stay texts, also those that look like formulas or addresses."""

    def __init__(self, file: Path, columns: Sequence[Column], made_at: datetime | None = None) -> None:
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": str(file.parent)})
        if made_at is not None:
            self._book.set_properties({"created": made_at})
        self._sheet = self._book.add_worksheet()
        self._date = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._rows = 0
        bold = self._book.add_format({"bold": True})
        self._sheet.set_column(0, len(columns) - 1, WIDTH)
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            self._sheet.write_string(0, place, column.name, bold)

    def write(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._rows += 1
            if self._rows > MOST_XLSX_ROWS:
                raise TooManyRows
            for place, value in enumerate(row):
                self._cell(place, value)

    def _cell(self, place: int, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._rows, place, value)
        elif isinstance(value, int | float | Decimal):
            self._sheet.write_number(self._rows, place, float(value))
        elif isinstance(value, date):
            self._sheet.write_datetime(self._rows, place, value, self._date)
        elif isinstance(value, str):
            self._sheet.write_string(self._rows, place, value)
        else:
            self._sheet.write_string(self._rows, place, csv_cell(value))

    def close(self) -> None:
        self._book.close()

    def drop(self) -> None:
        self._sheet._opt_close()  # its rows so far; to close the book would compress them all for nobody


TYPES = {
    "text": DataType.string(),
    "integer": DataType.int32(),
    "decimal": DataType.decimal128(16, 2),
    "number": DataType.float64(),
    "date": DataType.date32(),
    "boolean": DataType.bool(),
    "list": DataType.list(Field("item", DataType.string())),
    "json": DataType.string(),
}


class ParquetWriter:
    """Typed columns. Rows wait on disk as lines of JSON, from which the file is made in one pass of small batches."""

    def __init__(self, file: Path, columns: Sequence[Column], made_at: datetime | None = None) -> None:
        self._target, self._lines = file, file.with_suffix(".lines")
        self._names = [column.name for column in columns]
        self._texts = {column.name for column in columns if column.type == "json"}
        self._schema = Schema([Field(column.name, TYPES[column.type]) for column in columns])
        self._file = self._lines.open("w", encoding="utf-8")

    def write(self, rows: Sequence[Row]) -> None:
        self._file.writelines(
            json.dumps({name: self._value(name, v) for name, v in zip(self._names, row, strict=True)}) + "\n"
            for row in rows
        )

    def _value(self, name: str, value: Any) -> Any:
        if name in self._texts and value is not None:
            return json.dumps(value, ensure_ascii=False)
        return str(value) if isinstance(value, Decimal | date | UUID) else value

    def close(self) -> None:
        self._file.close()
        batches = arro3.io.read_json(str(self._lines), self._schema, batch_size=PARQUET_BATCH_ROWS)
        arro3.io.write_parquet(batches, str(self._target), compression="zstd(3)")
        self._lines.unlink()

    def drop(self) -> None:
        self._file.close()
