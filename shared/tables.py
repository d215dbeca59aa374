"""Reads the rows of a list from .xlsx or .csv, whatever was drawn around them.

A list arrives with titles and empty rows above its header, a header of one or two rows in any of three languages, totals
at its end, and text in any of five encodings. `open_table` finds the header of a `Layout` and gives the rows below it, by
canonical field, with their line as Excel or an editor shows it. It does not judge a cell: `shared.values` does.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any, BinaryIO

import python_calamine as calamine

from shared.file_content import SIGNATURE_BYTES, is_workbook, refuse_by_content
from shared.headers import HEADER_SEARCH_ROWS, Header, HeaderFinder, Layout
from shared.text import Cell, announces_total, fold, guess_encoding
from shared.unreadable import MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS, UnreadableTable
from shared.workbooks import sheets_of

__all__ = ["Cell", "Layout", "Row", "Table", "UnreadableTable", "open_table"]

MAX_CELL_CHARACTERS = 2_000  # a remark of a page; a longer cell is cut, and the row says so
MAX_RECORD_LINES = 5  # a quoted cell over more lines is a quotation mark that was never closed

_DELIMITERS = ";,\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list. `line` is 1-based, as Excel or an editor shows it; `cut` names cells too long to be kept whole."""

    line: int
    cells: dict[str, Cell]
    cut: tuple[str, ...] = ()


Lines = Iterator[tuple[int, Sequence[object]]]


@dataclass(frozen=True)
class Table:
    """A list whose header was found. `rows()` may be read more than once, but not twice at the same time."""

    fields: tuple[str, ...]
    headers: Mapping[str, str]  # field -> the text of its header in the file, where a unit may stand: "Montant (MRO)"
    unmatched_headers: tuple[str, ...]
    header_line: int  # of the column names: the second of two header rows
    encoding: str | None  # of a .csv
    names: Mapping[int, str]  # the header of every column that has one; a mapping names columns by them
    header_lines: tuple[int, ...]  # the rows of the header
    _columns: tuple[tuple[str, int], ...]
    _read: Callable[[], Lines]
    _cell: Callable[[Any], Cell]

    @property
    def columns(self) -> dict[int, str]:
        """The field of each column that was recognised."""
        return {column: field for field, column in self._columns}

    def lines(self) -> Lines:
        """Every line of the file with its cells as they are."""
        return self._read()

    def rows(self) -> Iterator[Row]:
        """The rows below the header, without empty rows, totals and headers repeated on each printed page.

        Raises UnreadableTable `too_many_rows` past MAX_ROWS.
        """
        again = tuple(self.headers[field].rsplit(" / ", 1)[-1] for field, _ in self._columns)
        count, columns, cell = 0, self._columns, self._cell
        for line, raw in self._read():
            if line <= self.header_line:
                continue
            width = len(raw)
            cells = {field: cell(raw[column]) if column < width else None for field, column in columns}
            values = cells.values()
            if not any(value is not None for value in values) or _is_totals(raw) or tuple(values) == again:
                continue
            count += 1
            if count > MAX_ROWS:
                raise UnreadableTable("too_many_rows", rows=MAX_ROWS)
            yield _bounded(line, cells)


def open_table(
    source: bytes | BinaryIO,
    filename: str,
    layout: Layout,
    mapping: Mapping[str, str] | None = None,
    *,
    any_header: bool = False,
) -> Table:
    """The list in `source`: bytes, or a seekable file that stays open while the table is read.

    The content decides between .xlsx and .csv, whatever the name says. `mapping` is the sender's word on its columns
    (header text -> field, "" for a column to leave out). With `any_header` a table is given also where its header is not
    recognised or lacks a required column. Raises UnreadableTable.
    """
    file = _rewound(source)
    start = file.read(SIGNATURE_BYTES)
    refuse_by_content(file, start, filename)
    if any_header:
        layout = replace(layout, required=())
    finder = HeaderFinder(layout, mapping, any_header=any_header)
    table = (_open_workbook if is_workbook(start) else _open_text)(file, finder, layout)
    known = {fold(name) for name in table.names.values()}
    unknown = [name for name in mapping or {} if fold(name) not in known]
    if unknown:
        raise UnreadableTable("unknown_mapping_header", headers=", ".join(unknown))
    return table


def _rewound(source: bytes | BinaryIO) -> BinaryIO:
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    if file.seek(0, io.SEEK_END) > MAX_FILE_BYTES:
        raise UnreadableTable("too_large")
    file.seek(0)
    return file


def _table(
    layout: Layout,
    header: Header | None,
    lines: Sequence[int],
    read: Callable[[], Lines],
    encoding: str | None,
) -> Table:
    if header is None:
        raise UnreadableTable.naming("header_not_found", layout, layout.required or tuple(layout.fields)[:4])
    missing = [field for field in layout.required if field not in header.columns]
    if missing:
        raise UnreadableTable.naming("missing_columns", layout, missing)
    fields = tuple(field for field in layout.fields if field in header.columns)
    columns = tuple((field, header.columns[field]) for field in fields)
    own = tuple(lines[header.first : header.last + 1])
    cell = _cell if encoding is None else _text_cell
    return Table(
        fields, header.texts, header.unmatched, lines[header.last], encoding, header.names, own, columns, read, cell
    )


def _first_rows(rows: Lines) -> tuple[list[int], list[list[Cell]]]:
    """The first rows that hold anything, among which the header is."""
    filled = ((line, [_cell(value) for value in raw]) for line, raw in rows)
    found = list(islice(((line, row) for line, row in filled if any(row)), HEADER_SEARCH_ROWS))
    if any(len(row) - row.count(None) > MAX_COLUMNS for _, row in found):
        raise UnreadableTable("too_large")
    return [line for line, _ in found], [row[:MAX_COLUMNS] for _, row in found]


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return value.replace("\0", "").strip() or None  # PostgreSQL refuses it in a text; Excel writes it as _x0000_
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, (int, date)):
        return value
    return str(value)  # a time of day or a duration


def _text_cell(value: str) -> Cell:
    """A cell of a .csv, whose lines have lost their null characters already."""
    return value.strip() or None


def _bounded(line: int, cells: dict[str, Cell]) -> Row:
    for value in cells.values():
        if isinstance(value, str) and len(value) > MAX_CELL_CHARACTERS:
            break
    else:
        return Row(line, cells)
    cut = tuple(name for name, value in cells.items() if isinstance(value, str) and len(value) > MAX_CELL_CHARACTERS)
    return Row(line, cells | {name: str(cells[name])[:MAX_CELL_CHARACTERS] for name in cut}, cut)


_LETTER = re.compile(r"[^\W\d_]")


def _is_totals(raw: Sequence[object]) -> bool:
    """Whether every text of the row (a number written as text is none) announces a total."""
    total = False
    for value in raw:
        if isinstance(value, str) and _LETTER.search(value):
            if not announces_total(value):
                return False
            total = True
    return total


# -- .csv -----------------------------------------------------------------------------------------------------------


def _open_text(file: BinaryIO, finder: HeaderFinder, layout: Layout) -> Table:
    encoding = guess_encoding(file)
    if encoding is None:
        raise UnreadableTable("wrong_extension")
    best: tuple[tuple[int, int, bool], str, Header, list[int]] | None = None
    for delimiter in _DELIMITERS:
        lines, rows = _first_rows(_records(_text_lines(file, encoding), delimiter))
        header = finder.find(rows)
        if header and (best is None or header.rank > best[0]):
            best = header.rank, delimiter, header, lines
    if best is None:
        return _table(layout, None, [], lambda: iter(()), encoding)
    _, delimiter, header, lines = best
    return _table(layout, header, lines, lambda: _records(_text_lines(file, encoding), delimiter), encoding)


def _text_lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    longest = MAX_COLUMNS * MAX_CELL_CHARACTERS
    try:
        while line := text.readline(longest):
            if len(line) == longest:
                raise UnreadableTable("too_large")
            yield line.replace("\0", "") if "\0" in line else line  # PostgreSQL refuses it in a text
    finally:
        if not file.closed:  # its reader may have left before the end
            text.detach()  # or the file would be closed with the wrapper


def _records(lines: Iterator[str], delimiter: str) -> Lines:
    """The cells of each record with its first line. A quotation mark never closed costs its own line only."""
    waiting: deque[str] = deque()
    number = 0
    while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
        number += 1
        if '"' not in line:
            yield number, line.rstrip("\r\n").split(delimiter)
            continue
        taken = [line]
        while (cells := _quoted(taken, delimiter)) is None and len(taken) < MAX_RECORD_LINES:
            following = waiting.popleft() if waiting else next(lines, None)
            if following is None:
                break
            taken.append(following)
        if cells is None:
            waiting.extendleft(reversed(taken[1:]))
            yield number, line.rstrip("\r\n").replace('"', "").split(delimiter)
        else:
            yield number, cells
            number += len(taken) - 1


def _quoted(lines: Sequence[str], delimiter: str) -> list[str] | None:
    """The cells of one record with quoted cells, or None while it is not complete."""
    try:
        records = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


# -- .xlsx ----------------------------------------------------------------------------------------------------------


def _open_workbook(file: BinaryIO, finder: HeaderFinder, layout: Layout) -> Table:
    """The sheet whose header names most fields: a cover or a notes sheet may stand before the list."""
    best: tuple[Header, list[int], calamine.CalamineSheet] | None = None
    for sheet in sheets_of(file):
        lines, rows = _first_rows(enumerate(sheet.iter_rows(), start=1))
        header = finder.find(rows)
        if header and (best is None or header.rank > best[0].rank):
            best = header, lines, sheet
    if best is None:
        return _table(layout, None, [], lambda: iter(()), None)
    header, lines, chosen = best
    # Excel's first column may be empty, and the reader leaves such columns out of every row alike.
    return _table(layout, header, lines, lambda: enumerate(chosen.iter_rows(), start=1), None)
