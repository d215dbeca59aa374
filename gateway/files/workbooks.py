"""Reads an .xlsx in the one form in which the services write it, in bounded memory. Runs in a process of its own.

What is written in any other way, however good a spreadsheet finds it, is not read: so nothing of it is passed over.
"""

import codecs
import html
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from gateway.files.forms import OTHER, FileForm, Found
from gateway.files.tables import Cells, Unreadable, has_id, look_at_rows

SHEET, SHARED = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
PARTS = frozenset({
    SHEET, SHARED, "[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "docProps/core.xml", "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/theme/theme1.xml",
})  # fmt: skip
"""What a workbook of one sheet has: none has macros, comments, pictures, links or a second sheet."""
MOST_UNPACKED = 2 << 30
"""Characters of a sheet: a million rows of twenty columns have some 700 million."""
MOST_SHARED = 64 << 20
"""Characters of the texts that cells point at, which are held in memory; in large workbooks each cell has its own."""
MOST_BESIDE = 1 << 20
LONGEST_ROW = 8 << 20
CHUNK_BYTES = 1 << 18
MOST_COLUMNS = 256
CELL = re.compile(
    r'<c r="([A-Z]{1,3})[0-9]{1,7}"(?: s="[0-9]{1,5}")?'
    r'(?:/>|(?: t="(s|b|inlineStr)")?>(?:<v>([^<]*)</v>|<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)</c>)'
)
PARTS_OF_CELL = 5
"""What CELL.split gives for each: what lies before it, the column, the kind, and one of two contents."""
ROW = re.compile(r'<row r="[0-9]{1,7}"(?: [A-Za-z]{1,20}="[0-9:.]{1,20}")*(?:/>|>)')
TEXT = re.compile(r'<si><t(?: xml:space="preserve")?>([^<]*)</t></si>')


def look_at_workbook(file: Path, form: FileForm, known: frozenset[str]) -> Found:
    """Unreadable where it is damaged, unpacks to too much, or has a part, a formula or anything else that no service writes."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if SHEET not in names or len(set(names)) < len(names) or not PARTS.issuperset(names):
                raise Unreadable("parts")
            beside = ["".join(_read(archive, one, MOST_BESIDE)) for one in names if one not in (SHEET, SHARED)]
            rows = _Sheet(_read(archive, SHEET, MOST_UNPACKED), _shared(archive) if SHARED in names else [])
            found = look_at_rows(rows.rows(), form, known, padded=True)
    # zipfile says NotImplementedError of a way of packing it does not know, RuntimeError where a password is asked for.
    except (zipfile.BadZipFile, zlib.error, UnicodeDecodeError, EOFError, NotImplementedError, RuntimeError) as fault:
        raise Unreadable(type(fault).__name__) from None
    if any(has_id(text, known) for text in (*beside, rows.head, rows.tail)):
        return replace(found, ids=found.ids | {OTHER})
    return found


def _read(archive: zipfile.ZipFile, name: str, most: int) -> Iterator[str]:
    """The text of a part, a piece at a time; sizes are counted, never believed."""
    decoder, left = codecs.getincrementaldecoder("utf-8")("strict"), most
    with archive.open(name) as part:
        while chunk := part.read(CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise Unreadable("size")
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _shared(archive: zipfile.ZipFile) -> list[str]:
    """The texts that cells point at by their place."""
    content = "".join(_read(archive, SHARED, MOST_SHARED))
    _, begun, rest = content.partition("<si>")
    texts, _, end = (begun + rest).rpartition("</si>")
    parts = TEXT.split(f"{texts}</si>" if begun else "")
    if any(parts[::2]) or end not in ("</sst>", ""):
        raise Unreadable("shared texts")
    return [_plain(one) for one in parts[1::2]]


def _plain(text: str) -> str:
    return html.unescape(text) if "&" in text else text


class _Sheet:
    """The rows of a sheet, empty ones left out. `head` and `tail`: what stands before and after them, as the page's footer."""

    def __init__(self, pieces: Iterator[str], shared: list[str]) -> None:
        self._pieces, self._shared = pieces, shared
        self.head = self.tail = ""

    def rows(self) -> Iterator[Cells]:
        held = self._up_to("<sheetData>", "<sheetData/>")
        for piece in self._pieces:
            *rows, held = (held + piece).split("</row>")
            if len(held) > LONGEST_ROW:
                raise Unreadable("row")
            for one in rows:
                if row := self._row(one):
                    yield row
        *rows, last = held.split("</row>")
        yield from filter(None, map(self._row, rows))
        between, ended, self.tail = last.partition("</sheetData>")
        if not ended or ROW.sub("", between) or "<!" in self.head + self.tail or len(self.tail) > MOST_BESIDE:
            raise Unreadable("sheet")

    def _up_to(self, *marks: str) -> str:
        """What comes after the first of these marks; what comes before it is the head."""
        held = ""
        for piece in self._pieces:
            held += piece
            if len(held) > MOST_BESIDE + CHUNK_BYTES:
                break
            if found := next((mark for mark in marks if mark in held), None):
                self.head, _, rest = held.partition(found)
                return rest if found == marks[0] else f"</sheetData>{rest}"
        raise Unreadable("sheet")

    def _row(self, content: str) -> Cells:
        *empty, begin = ROW.findall(content) or [""]
        head, _, cells = content.partition(begin) if begin else ("", "", content)
        if not begin or "".join(empty) != head:
            raise Unreadable("row")
        parts = CELL.split(cells)
        if any(parts[::PARTS_OF_CELL]):
            raise Unreadable("cell")
        places = _places(tuple(parts[1::PARTS_OF_CELL]))
        row = [""] * (places[-1] + 1) if places else []
        for place, kind, value, text in zip(
            places, parts[2::PARTS_OF_CELL], parts[3::PARTS_OF_CELL], parts[4::PARTS_OF_CELL], strict=True
        ):
            row[place] = self._shared_text(value) if kind == "s" else _plain(value or text or "")
        return row

    def _shared_text(self, place: str | None) -> str:
        try:
            return self._shared[int(place or "")]
        except (ValueError, IndexError):
            raise Unreadable("shared text") from None


@lru_cache(maxsize=1_000)
def _places(letters: tuple[str, ...]) -> tuple[int, ...]:
    """The columns of a row's cells, from 0. Unreadable where one does not follow the one before."""
    places = tuple(map(_place_of, letters))
    if list(places) != sorted(set(places)) or (places and places[-1] >= MOST_COLUMNS):
        raise Unreadable("cell")
    return places


def _place_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
