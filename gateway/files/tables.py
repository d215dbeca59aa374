"""Reads a table's rows once, in bounded memory, and notes under which headings what stands. Runs in a process of its own."""

import csv
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import arro3.io

from gateway.files.forms import IDS, NOTHING, OTHER, REGISTRY_ID, FileForm, Found

MOST_ROWS = 6_000_000
"""A line for each of five million people, and some; a sheet ends at a million."""
HEADER_WITHIN = 30
"""Lines among which the header is: what an institution writes above its own list never took more."""
MOST_ABOVE = 1_000
"""Characters of what stands above the header: for whom a copy is, and until when."""
DELIMITERS = ",;"
Cells = Sequence[str]


class Unreadable(Exception):
    """What cannot be read, or is not in the one form in which the services write: its message names what, without a value."""


def look_at_rows(rows: Iterable[Cells], form: FileForm, known: frozenset[str], *, padded: bool) -> Found:
    """`known`: ids that the request itself named. `padded`: whether a row may leave out its last cells. Unreadable."""
    lines, sent = iter(rows), form.own == "sent"
    above, headings = _header(lines, form, padded=padded)
    loose = [text for row in above for text in row]
    if sum(map(len, loose)) > MOST_ABOVE and not sent:
        raise Unreadable("above the header")
    ids = {OTHER} if has_id("\n".join(loose), known) and not sent else set()
    places = {place: headings[place] for place in range(len(headings))}
    of_ids, to_fill = _places(form, places, IDS), _places(form, places, NOTHING)
    watched = [place for place in places if place not in of_ids]
    pick = itemgetter(*watched) if len(watched) > 1 else lambda row: tuple(row[place] for place in watched)
    width, count, filled = len(headings), 0, set[str]()
    for row in lines:
        count += 1
        if count > MOST_ROWS:
            raise Unreadable("rows")
        if len(row) != width:
            if not padded or len(row) > width:
                raise Unreadable("width")
            row = [*row, *[""] * (width - len(row))]
        if has_id("\n".join(pick(row)), known):
            found = {headings[place] for place in watched if has_id(row[place], known)}
            ids |= {one for one in found if not (sent and one not in form.by_heading)}
        if to_fill:
            filled |= {headings[place] for place in to_fill if row[place]}
    return Found(tuple(headings), count, frozenset(ids), frozenset(filled))


def _places(form: FileForm, places: dict[int, str], holds: str) -> list[int]:
    table = form.by_heading
    return [place for place, heading in places.items() if heading in table and table[heading].holds == holds]


def _header(lines: Iterator[Cells], form: FileForm, *, padded: bool) -> tuple[list[Cells], list[str]]:
    """The lines above the header, and the header: the first line that has the table's headings and no others, but where an
    institution's own may stand beside them. Unreadable where there is none, or more stands above it than may."""
    above: list[Cells] = []
    for row in lines:
        headings = _without_end(row) if padded else list(row)
        if _is_header(headings, form):
            if len(above) > form.titles and form.own != "sent":
                raise Unreadable("above the header")
            names = {form.by_heading[one].name if one in form.by_heading else one for one in headings}
            if len(names) < len(headings) and form.own != "sent":
                raise Unreadable("column twice")
            return above, headings
        above.append(row)
        if len(above) >= HEADER_WITHIN:
            break
    raise Unreadable("header")


def _is_header(headings: Cells, form: FileForm) -> bool:
    known = sum(heading in form.by_heading for heading in headings)
    if form.own == "sent":  # what we add stands at its end, under each of our headings once
        last = headings[-len(form.columns) :]
        return {form.by_heading[one].name for one in last if one in form.by_heading} == {c.name for c in form.columns}
    return known == len(headings) > 0 or (form.own == "beside" and known > 0 and all(headings))


def _without_end(row: Cells) -> list[str]:
    kept = list(row)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def has_id(text: str, known: frozenset[str]) -> bool:
    return any(found.group().lower() not in known for found in REGISTRY_ID.finditer(text))


def look_at_csv(file: Path, form: FileForm, known: frozenset[str]) -> Found:
    """UTF-8 with or without a mark at its beginning. Unreadable."""
    faults = []
    for delimiter in DELIMITERS:
        try:
            with file.open(encoding="utf-8-sig", newline="") as text:
                return look_at_rows(csv.reader(text, delimiter=delimiter, strict=True), form, known, padded=False)
        except (UnicodeDecodeError, csv.Error) as fault:
            faults.append(f"{type(fault).__name__} {delimiter}")
        except Unreadable as fault:
            faults.append(f"{fault} {delimiter}")
    raise Unreadable(", ".join(faults))


FOOTER_LENGTH_BYTES = 8
"""The last bytes of a Parquet file: how long the footer before them is, and a mark."""
TEXTS, LISTS = "Utf8", "List(Utf8)"
TYPES = re.compile(r"Utf8|List\(Utf8\)|Int32|Decimal128\(16, 2\)|Float64|Date32|Boolean")
"""The types of columns that services write (shared/exporting/files.py)."""
BATCH_ROWS = 4_096


def look_at_parquet(file: Path, form: FileForm, known: frozenset[str]) -> Found:
    """A batch of rows at a time. Unreadable."""
    try:
        columns = _Columns(arro3.io.read_parquet(str(file), batch_size=BATCH_ROWS), _footer_ids(file, known))
        found = look_at_rows(columns.rows(), form, known, padded=False)
    except Unreadable:
        raise
    except BaseException as fault:  # a panic of the reader, which is written in Rust, is not an Exception
        raise Unreadable(type(fault).__name__) from None
    return replace(found, ids=found.ids | {OTHER}) if columns.unseen else found


def _footer_ids(file: Path, known: frozenset[str]) -> set[str]:
    """Ids in the footer, which has the least and the greatest value of each column, and may say anything beside."""
    with file.open("rb") as source:
        size = source.seek(-FOOTER_LENGTH_BYTES, os.SEEK_END)
        length = int.from_bytes(source.read(FOOTER_LENGTH_BYTES // 2), "little")
        source.seek(max(0, size - length))
        footer = source.read(length).decode("latin-1")
    return {found.group().lower() for found in REGISTRY_ID.finditer(footer)} - known


class _Columns:
    """The rows of a Parquet file as texts; what is no text is left empty. `unseen`: what of these ids stands in no row."""

    def __init__(self, reader: Any, unseen: set[str]) -> None:
        self._reader, self.unseen = reader, unseen
        self._types = [
            str(one.type).strip().removeprefix("arro3.core.DataType<").removesuffix(">") for one in reader.schema
        ]
        if not all(map(TYPES.fullmatch, self._types)):
            raise Unreadable("type of a column")

    def rows(self) -> Iterator[Cells]:
        yield list(self._reader.schema.names)
        for batch in self._reader:
            columns = [self._texts(batch.column(place), type_) for place, type_ in enumerate(self._types)]
            for column in columns if self.unseen else ():
                self.unseen.difference_update(column)
            yield from zip(*columns, strict=True)

    def _texts(self, column: Any, type_: str) -> list[str]:
        if type_ == TEXTS:
            return ["" if value is None else value for value in column.to_pylist()]
        if type_ == LISTS:
            return ["" if value is None else "\n".join(map(str, value)) for value in column.to_pylist()]
        return [""] * len(column)
