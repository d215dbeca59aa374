"""Writes a list as bytes: a csv in its encoding, or a workbook that is the same cell by cell at every run."""

import csv
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import xlsxwriter  # type: ignore[import-untyped, unused-ignore]

from cli.demo.clerk import Cell
from cli.demo.sheets import Cells, ListSpec

WRITTEN_AT = datetime(2026, 9, 28, 9, 30)  # noqa: DTZ001 - Excel knows no zones; a workbook carries its date: fixed, so that two runs agree


class ListWriter(Protocol):
    """Writes one line after another; `line` is the number of the last one, from 1 as a user sees it."""

    line: int

    def write(self, cells: Sequence[Cell]) -> None: ...
    def write_above(self, cells: Cells) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def list_writer(path: Path, spec: ListSpec) -> ListWriter:
    return XlsxWriter(path, spec) if spec.is_xlsx else CsvWriter(path, spec)


class CsvWriter:
    def __init__(self, path: Path, spec: ListSpec) -> None:
        self.line = 0
        self._width = len(spec.columns)
        self._stream = path.open("w", encoding=spec.encoding, newline="")
        self._csv = csv.writer(self._stream, delimiter=spec.delimiter, lineterminator="\r\n")

    def write(self, cells: Sequence[Cell]) -> None:
        texts = [_text(cell) for cell in cells]
        self._csv.writerow(texts + [""] * (self._width - len(texts)))
        self.line += 1

    def write_above(self, cells: Cells) -> None:
        self.write([text for text, _ in cells])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


class XlsxWriter:
    def __init__(self, path: Path, spec: ListSpec) -> None:
        self.line = 0
        # Constant memory: each row leaves for the disk when the next begins.
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False})
        self._book.set_properties({"created": WRITTEN_AT, "author": spec.institution})
        self._sheet = self._book.add_worksheet(spec.sheet)
        if spec.arabic_words:
            self._sheet.right_to_left()
        self._sheet.set_column(0, len(spec.columns) - 1, 16)
        self._date = self._book.add_format({"num_format": "dd/mm/yyyy"})
        self._title = self._book.add_format({"bold": True, "align": "center"})

    def write(self, cells: Sequence[Cell]) -> None:
        row = self.line
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                self._sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), self._date)  # noqa: DTZ001
            elif isinstance(cell, int):
                self._sheet.write_number(row, column, cell)
            elif cell:
                self._sheet.write_string(row, column, cell)
        self.line += 1

    def write_above(self, cells: Cells) -> None:
        column = 0
        for text, span in cells:
            self._sheet.merge_range(self.line, column, self.line, column + span - 1, text, self._title)
            column += span
        self.line += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._book.close()


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return cell.strftime("%d/%m/%Y") if isinstance(cell, date) else str(cell)
