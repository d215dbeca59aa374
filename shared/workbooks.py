"""Opens an .xlsx that was measured first: nothing in it may take more memory than a list needs."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

import python_calamine as calamine

from shared.file_content import CHUNK_BYTES
from shared.unreadable import MAX_WORKBOOK_BYTES, UnreadableTable

MAX_UNPACKED_BYTES = 1024**3  # an .xlsx unpacked: a million rows of twenty columns take some 700 MB
MAX_SHEET_CELLS = 16_000_000  # the reader keeps a sheet as one block of 32 bytes for each cell, empty or not
DIGITS = "0123456789"
MAX_PARTS = 1_000  # files inside an .xlsx
MAX_SHEETS = 10  # looked through for the list


def sheets_of(file: BinaryIO) -> Iterator[calamine.CalamineSheet]:
    """The visible sheets of a workbook. Raises UnreadableTable."""
    _refuse_bombs(file)
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
    """Refuses a workbook with macros, and one that would unpack, or spread out, to more memory than a list needs.

    Sizes are counted, never believed. And a single cell in the last row and column of a sheet, a few bytes in the
    file, would make the reader reserve 17 billion cells: so the extent of each sheet is measured before it is read.
    """
    if file.seek(0, io.SEEK_END) > MAX_WORKBOOK_BYTES:
        raise UnreadableTable("too_large")
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            if "xl/workbook.xml" not in archive.namelist() or any(part.flag_bits & 1 for part in parts):
                raise UnreadableTable("wrong_extension")
            if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
                raise UnreadableTable("has_macros")
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
