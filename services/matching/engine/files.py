"""Lists as files: .csv in any of the usual encodings, .xlsx and Parquet in; csv, xlsx and Parquet out."""

import csv
import errno
import io
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl

from services.matching.engine.mapping import Column, ListMapping, MappingRefused, Side
from services.matching.engine.packing import plain
from shared.file_content import SIGNATURE_BYTES, is_workbook, refuse_by_content
from shared.text import guess_encoding
from shared.unreadable import MAX_FILE_BYTES, UnreadableTable
from shared.workbooks import sheets_of

PARQUET: Final = b"PAR1"
HEADER_ROWS: Final = 30
"""A title and empty lines may stand above the header; it is looked for so far."""
_DELIMITERS: Final = ";,\t|"
_ROW: Final = "\x00row"  # no header holds it: a text with such a byte is refused
MOST_SHEET_ROWS: Final = 1_048_575  # of Excel, below the header


def read_list(path: Path, mapping: ListMapping, side: Side) -> tuple[pl.Series, dict[str, list[pl.Series]]]:
    """The records' own numbers, and the columns of each field as texts.

    Raises UnreadableTable, MappingRefused (`column_not_found`), OSError.
    """
    given = mapping.columns[side]
    own = mapping.record_id[side]
    wanted = [column for columns in given.values() for one in columns for column in one.columns]
    frame = read_columns(path, list(dict.fromkeys([*([own] if own else []), *wanted]))).with_row_index(_ROW)
    frame = frame.filter(~pl.all_horizontal(pl.exclude(_ROW).is_null()))  # lines in which nothing is written
    ids = frame.get_column(own) if own else frame.get_column(_ROW).cast(pl.Int64).alias("row")
    texts = {name: plain(frame.get_column(name)) for name in dict.fromkeys(wanted)}
    del frame
    return ids, {name: [_joined(one, texts) for one in columns] for name, columns in given.items()}


def _joined(column: Column, texts: dict[str, pl.Series]) -> pl.Series:
    template = column.template
    if template is None:
        return texts[column.written]
    parts = [texts[name].alias(f"part{at}") for at, name in enumerate(column.columns)]
    return pl.DataFrame(parts).select(pl.format(template, *(part.name for part in parts))).to_series()


def read_columns(path: Path, wanted: Sequence[str]) -> pl.DataFrame:
    """These columns of a list, as the file holds them. Raises as `read_list`."""
    with path.open("rb") as file:
        start = file.read(SIGNATURE_BYTES)
        if not start:
            raise UnreadableTable("empty_file")
        if start.startswith(PARQUET):
            return _parquet(path, wanted)
        refuse_by_content(file, start, path.name)
        return _workbook(file, path, wanted) if is_workbook(start) else _text(file, path, wanted)


def _found(path: Path, wanted: Sequence[str], columns: Iterable[str]) -> None:
    known = list(columns)
    for column in wanted:
        if column not in known:
            raise MappingRefused("column_not_found", column=column, file=path.name, columns=", ".join(known[:40]))


def _parquet(path: Path, wanted: Sequence[str]) -> pl.DataFrame:
    try:
        _found(path, wanted, pl.read_parquet_schema(path))
        return pl.read_parquet(path, columns=list(wanted) or None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableTable("damaged_file") from error


def _workbook(file: BinaryIO, path: Path, wanted: Sequence[str]) -> pl.DataFrame:
    nearest: list[str] = []
    for sheet in sheets_of(file):
        rows = sheet.to_python(skip_empty_area=False)
        for at, row in enumerate(rows[:HEADER_ROWS]):
            header = [str(cell).strip() for cell in row]
            if set(wanted) <= set(header):
                data = [[_cell(cell) for cell in line] for line in rows[at + 1 :]]
                places = [header.index(name) for name in wanted]
                kept = {name: [line[place] for line in data] for name, place in zip(wanted, places, strict=True)}
                return pl.DataFrame(kept, schema=dict.fromkeys(wanted, pl.String))
            if len(set(wanted) & set(header)) > len(set(wanted) & set(nearest)) or not nearest:
                nearest = [name for name in header if name]
    if not nearest:
        raise UnreadableTable("empty_file")
    _found(path, wanted, nearest)
    raise AssertionError("a header that lacks nothing was not taken")


def _cell(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _text(file: BinaryIO, path: Path, wanted: Sequence[str]) -> pl.DataFrame:
    if file.seek(0, io.SEEK_END) > MAX_FILE_BYTES:
        raise UnreadableTable("too_large")
    file.seek(0)
    encoding = guess_encoding(file)
    if encoding is None:
        raise UnreadableTable("damaged_file")
    file.seek(0)
    source: Path | io.BytesIO = path
    head = file.read(1 << 16).decode(encoding, errors="replace")
    lone_returns = "\r" in head and "\n" not in head  # how lines ended on old Macintoshes
    if lone_returns or encoding.lower().replace("_", "-") not in ("utf-8", "utf-8-sig", "ascii"):
        file.seek(0)
        text = file.read().decode(encoding, errors="replace")
        source = io.BytesIO((text.replace("\r", "\n") if lone_returns else text).encode())
    lines = head.lstrip("\ufeff").splitlines()[:HEADER_ROWS]
    skipped, delimiter, header = _header(lines, wanted)
    _found(path, wanted, header)
    places = {header.index(name): name for name in wanted}  # by place: a header may be written with spaces around it
    try:
        frame = pl.read_csv(
            source,
            separator=delimiter,
            skip_lines=skipped,
            infer_schema=False,
            columns=sorted(places),
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
            null_values=[""],
        )
    except pl.exceptions.PolarsError as error:
        raise UnreadableTable("damaged_file") from error
    return frame.rename({written: places[at] for at, written in zip(sorted(places), frame.columns, strict=True)})


def _header(lines: Sequence[str], wanted: Sequence[str]) -> tuple[int, str, list[str]]:
    """How many lines stand above the header, what parts its columns, and the columns."""
    best: tuple[int, str, list[str]] = (0, ",", [])
    for at, line in enumerate(lines):
        for delimiter in _DELIMITERS:
            names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
            if set(wanted) <= set(names):
                return at, delimiter, names
            if (len(set(wanted) & set(names)), len(names)) > (
                len(set(wanted) & set(best[2])),
                len(best[2]),
            ) and at == 0:
                best = (at, delimiter, names)
    return best


def partial_of(path: Path) -> Path:
    """Where a file is written before it takes its place whole."""
    return path.with_name(f".{path.name}.partial")


def write_result(frame: pl.DataFrame, path: Path) -> None:
    """By the ending of its name: .parquet, .csv, .xlsx. Raises ValueError for another, OSError."""
    partial = partial_of(path)
    try:
        match path.suffix.lower():
            case ".parquet":
                frame.write_parquet(partial)
            case ".csv":
                frame.write_csv(partial, include_bom=True)
            case ".xlsx":
                if frame.height > MOST_SHEET_ROWS:
                    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
                frame.write_excel(partial)
            case other:
                raise ValueError(other)
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()
