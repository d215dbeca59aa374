"""Reads the rows of a list from .xlsx or .csv, whatever was drawn around them.

A list arrives with titles and empty rows above its header, a header of one or two rows in any of three languages, totals
at its end, and text in any of five encodings. `open_table` finds the header of a `Layout` and gives the rows below it, by
canonical field, with their line as Excel or an editor shows it. It does not judge a cell: `shared.values` does.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import PurePath
from typing import BinaryIO
from xml.parsers import expat

import python_calamine as calamine

from shared.headers import HEADER_SEARCH_ROWS, Header, HeaderFinder, Layout
from shared.text import TABLE_PROBLEMS, Cell, Text, announces_total, guess_encoding

__all__ = ["Cell", "Layout", "Row", "Table", "UnreadableTable", "open_table"]

MAX_ROWS = 1_000_000  # five million people are some 850,000 households
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 2_000  # a remark of a page; a longer cell is cut, and the row says so
MAX_FILE_BYTES = 256 * 1024**2
MAX_UNPACKED_BYTES = 1024**3  # an .xlsx unpacked: a million rows of twenty columns take some 700 MB
MAX_SHEET_CELLS = 16_000_000  # the reader keeps a sheet as one block of 32 bytes for each cell, empty or not
CHUNK_BYTES = 65_536
DIGITS = "0123456789"
MAX_PARTS = 1_000  # files inside an .xlsx
MAX_SHEETS = 10  # looked through for the list
MAX_RECORD_LINES = 5  # a quoted cell over more lines is a quotation mark that was never closed

_ACCEPTED = frozenset({".xlsx", ".xlsm", ".xls", ".csv", ".tsv", ".txt", ""})  # .xls: many systems so name their .csv
_DELIMITERS = ";,\t|"


class UnreadableTable(Exception):
    """A file that cannot be read as the list it should be. `str()` is the code; `text` says what would be accepted."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        limits = {"rows": MAX_ROWS, "columns": MAX_COLUMNS, "megabytes": MAX_FILE_BYTES // 1024**2}
        self.text = TABLE_PROBLEMS[code].format(**(limits | values))

    @classmethod
    def naming(cls, code: str, layout: Layout, fields: Iterable[str]) -> UnreadableTable:
        """A refusal that names `fields` in each language."""
        error = cls(code, fields="{fields}", rows=HEADER_SEARCH_ROWS)
        labels = [layout.label(field) for field in fields]
        error.text = Text(
            ar=error.text.ar.replace("{fields}", "، ".join(label.ar for label in labels)),
            fr=error.text.fr.replace("{fields}", ", ".join(label.fr for label in labels)),
            en=error.text.en.replace("{fields}", ", ".join(label.en for label in labels)),
        )
        return error


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
    _columns: tuple[tuple[str, int], ...]
    _read: Callable[[], Lines]

    def rows(self) -> Iterator[Row]:
        """The rows below the header, without empty rows, totals and headers repeated on each printed page.

        Raises UnreadableTable `too_many_rows` past MAX_ROWS.
        """
        again = tuple(self.headers[field].rsplit(" / ", 1)[-1] for field, _ in self._columns)
        count = 0
        for line, raw in self._read():
            if line <= self.header_line:
                continue
            width = len(raw)
            cells = {field: _cell(raw[column]) if column < width else None for field, column in self._columns}
            values = cells.values()
            if not any(value is not None for value in values) or _is_totals(raw) or tuple(values) == again:
                continue
            count += 1
            if count > MAX_ROWS:
                raise UnreadableTable("too_many_rows")
            yield _bounded(line, cells)


def open_table(source: bytes | BinaryIO, filename: str, layout: Layout) -> Table:
    """The list in `source`: bytes, or a seekable file that stays open while the table is read.

    The content decides between .xlsx and .csv, whatever the name says. Raises UnreadableTable.
    """
    file = _rewound(source)
    start = file.read(8)
    if PurePath(filename).suffix.lower() not in _ACCEPTED or start.startswith(
        (b"\xd0\xcf\x11\xe0", b"%PDF", b"{\\rtf")
    ):
        raise UnreadableTable("unsupported_format")
    finder = HeaderFinder(layout)
    if start.startswith(b"PK\x03\x04"):
        return _open_workbook(file, finder, layout)
    if start.lstrip().startswith(b"<"):  # a web page or an XML spreadsheet, which Excel would open
        raise UnreadableTable("unsupported_format")
    return _open_text(file, finder, layout)


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
    return Table(fields, header.texts, header.unmatched, lines[header.last], encoding, columns, read)


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
        raise UnreadableTable("unsupported_format")
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
    _refuse_bombs(file)
    best: tuple[Header, list[int], calamine.CalamineSheet] | None = None
    for sheet in _sheets(file):
        lines, rows = _first_rows(enumerate(sheet.iter_rows(), start=1))
        header = finder.find(rows)
        if header and (best is None or header.rank > best[0].rank):
            best = header, lines, sheet
    if best is None:
        return _table(layout, None, [], lambda: iter(()), None)
    header, lines, chosen = best
    # Excel's first column may be empty, and the reader leaves such columns out of every row alike.
    return _table(layout, header, lines, lambda: enumerate(chosen.iter_rows(), start=1), None)


def _sheets(file: BinaryIO) -> Iterator[calamine.CalamineSheet]:
    file.seek(0)
    try:
        workbook = calamine.load_workbook(file)
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.typ == calamine.SheetTypeEnum.WorkSheet and sheet.visible == calamine.SheetVisibleEnum.Visible
        ]
        for name in visible[:MAX_SHEETS]:
            yield workbook.get_sheet_by_name(name)
    except BaseException as error:
        # A panic of the reader, which is written in Rust, arrives as a BaseException of its own.
        if isinstance(error, calamine.CalamineError) or type(error).__name__ == "PanicException":
            raise UnreadableTable("damaged_file") from error
        raise


def _refuse_bombs(file: BinaryIO) -> None:
    """Refuses a workbook that would unpack, or spread out, to more memory than a list needs.

    Sizes are counted, never believed. And a single cell in the last row and column of a sheet, a few bytes in the
    file, would make the reader reserve 17 billion cells: so the extent of each sheet is measured before it is read.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if "xl/workbook.xml" not in archive.namelist() or any(part.flag_bits & 1 for part in parts):
                raise UnreadableTable("unsupported_format")
            if len(parts) > MAX_PARTS:
                raise UnreadableTable("too_large")
            left = MAX_UNPACKED_BYTES
            for part in parts:
                part.file_size = MAX_UNPACKED_BYTES + 2 * CHUNK_BYTES  # read to the real end, not to the one declared
                left = _measure_part(archive, part, left)
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        EOFError,
        NotImplementedError,
        ValueError,
    ) as error:
        raise UnreadableTable("damaged_file") from error


def _measure_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    extent = _Extent() if part.filename.endswith(".xml") else None
    with archive.open(part) as content:
        while chunk := content.read(CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise UnreadableTable("too_large")
            if extent:
                extent.parser.Parse(chunk)
                if extent.cells > MAX_SHEET_CELLS:
                    raise UnreadableTable("too_large")
    if extent:
        extent.parser.Parse(b"", True)
    return left


class _Extent:
    """How many rows and columns the written cells of one sheet span (formatted empty cells take no room)."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self._reference = ""
        self._row = self._last_row = self._unnamed = self._most_unnamed = 0
        self._letters: set[str] = set()

    @property
    def cells(self) -> int:
        unnamed = max(self._most_unnamed, self._unnamed)  # they follow the named ones of their row
        return self._last_row * (unnamed + max(map(_column_number, self._letters), default=0))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        # Called for each cell and each value of a sheet, in this order: the quickest question first.
        if name == "c":
            self._reference = attributes.get("r", "")
            if not self._reference:
                self._unnamed += 1
        elif name in ("v", "is"):
            letters = self._reference.rstrip(DIGITS)
            self._letters.add(letters)
            if len(letters) < len(self._reference):
                self._last_row = max(self._last_row, self._row, int(self._reference[len(letters) :]))
            else:
                self._last_row = max(self._last_row, self._row)
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._most_unnamed, self._unnamed = max(self._most_unnamed, self._unnamed), 0
        elif ":" in name:
            self._start(name.rpartition(":")[2], attributes)


def _column_number(letters: str) -> int:
    """1 for A, 27 for AA, 16,384 for XFD."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number
