"""The rows of a file that were refused or warned of, with its own columns and ours: line, field and reason.

It can be corrected and sent again: our columns are known, and left out, when it returns.
"""

import asyncio
import csv
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Literal, TextIO
from uuid import UUID

import xlsxwriter  # type: ignore[import-untyped, unused-ignore]
from sqlalchemy import select

from shared.database import Database
from shared.headers import OWN_COLUMN, Layout
from shared.importing.correcting import MISSING_CODE
from shared.importing.models import Import, ImportIssue
from shared.importing.receiving import spooled
from shared.tables import Lines, Table, open_table
from shared.text import LANGUAGES, Language, Text

ISSUES_AT_ONCE = 500
LONGEST_CELL = 32_767
"""Excel's own bound."""
OWN = (
    Text(ar="السطر", fr="ligne", en="line"),
    Text(ar="الحقل", fr="champ", en="field"),
    Text(ar="السبب", fr="raison", en="reason"),
)
HEADINGS = {own.en: [OWN_COLUMN.format(what=own.in_(one)).in_(one) for one in LANGUAGES] for own in OWN}
"""What our columns are headed by, by the name of each."""
_FORMULA = re.compile(r"[=+\-@\t\r]")
_HARMLESS = re.compile(r"[+-]?[\d\s.,/]*\Z")  # a phone or an amount: no formula can be made of digits alone


@dataclass(frozen=True, slots=True)
class Fault:
    """A line, the fields that are wrong in it, and why, in one language."""

    line: int
    field: str
    reason: str


async def faults_of(database: Database, import_id: UUID, language: Language) -> AsyncIterator[list[Fault]]:
    """Every faulty line of an import's own file in order, a few hundred at a time."""
    after, left = (0, 0), [ImportIssue(line=0)]
    held: list[ImportIssue] = []
    while left:
        async with database.transaction() as tx:
            rows = select(ImportIssue).where(
                ImportIssue.import_id == import_id,
                ImportIssue.code != MISSING_CODE,  # its line is one of the earlier file
                (ImportIssue.line > after[0]) | ((ImportIssue.line == after[0]) & (ImportIssue.id > after[1])),
            )
            found = await tx.scalars(rows.order_by(ImportIssue.line, ImportIssue.id).limit(ISSUES_AT_ONCE))
            left = list(found.all())
        held += left
        if left:
            after = (left[-1].line, left[-1].id)
        # The issues of the last line may go on in the next page.
        whole = [one for one in held if not left or one.line < after[0]]
        held = [one for one in held if left and one.line >= after[0]]
        if whole:
            yield [_fault(line, list(some), language) for line, some in groupby(whole, key=lambda one: one.line)]


def _fault(line: int, issues: Sequence[ImportIssue], language: Language) -> Fault:
    fields = dict.fromkeys(one.field for one in issues if one.field)
    return Fault(line, ", ".join(fields), " | ".join(dict.fromkeys(one.reason[language] for one in issues)))


class FaultyRows:
    """The faulty rows of one file, read beside the faults that name them."""

    def __init__(self, source: BinaryIO, filename: str, layout: Layout, mapping: dict[str, str] | None) -> None:
        """Raises UnreadableTable."""
        self._table: Table = open_table(source, filename, layout, mapping, any_header=True)
        self._lines: Lines = self._table.lines()
        self._width = max(self._table.names, default=0) + 1

    def header(self, language: Language) -> Iterator[list[object]]:
        """The rows of the header as sent, our columns added to the last of them."""
        for line, cells in self._table.lines():
            if line in self._table.header_lines:
                row = self._padded(cells)
                last = line == self._table.header_lines[-1]
                yield row + [OWN_COLUMN.format(what=own.in_(language)).in_(language) for own in OWN if last]
            if line >= self._table.header_lines[-1]:
                break
        self._lines = self._table.lines()

    def rows(self, faults: Sequence[Fault]) -> Iterator[list[object]]:
        """The rows that `faults`, in the order of the file, name."""
        wanted = {one.line: one for one in faults if one.line > self._table.header_line}
        last = max(wanted, default=0)
        if not wanted:
            return
        for line, cells in self._lines:
            if line in wanted:
                fault = wanted[line]
                yield [*self._padded(cells), fault.line, fault.field, fault.reason]
            if line >= last:
                return

    def _padded(self, cells: Sequence[object]) -> list[object]:
        kept = list(cells[: self._width])
        return kept + [None] * (self._width - len(kept))


class CsvSheet:
    """Writes rows as a .csv that Excel opens."""

    media_type = "text/csv; charset=utf-8"

    def __init__(self, sink: TextIO) -> None:
        self._writer = csv.writer(sink, delimiter=";")

    @classmethod
    @contextmanager
    def open(cls, file: Path) -> Iterator["CsvSheet"]:
        with file.open("w", encoding="utf-8-sig", newline="") as sink:
            yield cls(sink)

    def write(self, row: Sequence[object]) -> None:
        self._writer.writerow([as_plain_text(cell) for cell in row])


def as_plain_text(cell: object) -> str:
    """A cell as text that no spreadsheet takes for a formula."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = cell.isoformat() if isinstance(cell, date) else str(cell)
    return f"'{text}" if _FORMULA.match(text) and not _HARMLESS.match(text) else text


class XlsxSheet:
    """Writes rows into the one sheet of a workbook, one row in memory. Every text is a text, whatever it begins with."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._sheet = book.add_worksheet()
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._line = 0

    @classmethod
    @contextmanager
    def open(cls, file: Path) -> Iterator["XlsxSheet"]:
        with xlsxwriter.Workbook(str(file), {"constant_memory": True, "tmpdir": str(file.parent)}) as book:
            yield cls(book)

    def write(self, row: Sequence[object]) -> None:
        for column, cell in enumerate(row):
            if cell is None or cell == "":
                continue
            if isinstance(cell, bool):
                self._sheet.write_boolean(self._line, column, cell)
            elif isinstance(cell, (int, float)) and abs(cell) < 1e15:
                self._sheet.write_number(self._line, column, cell)
            elif isinstance(cell, date) and cell.year >= 1900:
                self._sheet.write_datetime(self._line, column, cell, self._day)
            else:
                self._sheet.write_string(self._line, column, str(cell)[:LONGEST_CELL])
        self._line += 1


Form = Literal["xlsx", "csv"]
Sheet = CsvSheet | XlsxSheet
SHEETS: dict[Form, type[CsvSheet] | type[XlsxSheet]] = {"xlsx": XlsxSheet, "csv": CsvSheet}


async def write_error_file(
    file: Path, form: Form, database: Database, import_: Import, layout: Layout, language: Language
) -> None:
    """Write the faulty rows of an import to disk: they may be as many as were sent. UnreadableTable, FileNoLongerKept."""
    async with spooled(database, import_.id) as sent:
        with sent.open("rb") as source:
            rows = await asyncio.to_thread(FaultyRows, source, import_.filename, layout, import_.mapping)
            with SHEETS[form].open(file) as sheet:
                for row in rows.header(language):
                    sheet.write(row)
                async for faults in faults_of(database, import_.id, language):
                    await asyncio.to_thread(_write, sheet, rows, faults)


def _write(sheet: Sheet, rows: FaultyRows, faults: list[Fault]) -> None:
    for row in rows.rows(faults):
        sheet.write(row)
