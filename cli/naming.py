"""The work behind `tekamoul match names`: a file of pairs read, scored and written piece by piece, in bounded memory."""

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import BinaryIO, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cli.main import language
from cli.printing import refused
from services.matching.engine.name_kernels import name_work, similarities
from services.matching.engine.name_table import NameTable
from shared.file_content import SIGNATURE_BYTES, is_workbook, refuse_by_content
from shared.text import Text, guess_encoding
from shared.unreadable import UnreadableTable

ROWS_AT_ONCE: Final = 50_000
CHARACTERS_AT_ONCE: Final = 4_000_000
"""Whichever comes first: some tens of MB."""
MOST_NAMES: Final = 1_000_000
"""Names and written words kept before the table is begun anew: some 200 MB."""
LONGEST_CELL: Final = 1_000_000
DELIMITERS: Final = ",;\t|"
COLUMNS: Final = ("a", "b")
SCORE: Final = "score"

WORDS: Final[dict[str, Text]] = {
    "scoring": Text(ar="مقارنة الأسماء", fr="Comparaison des noms", en="Comparing names"),
    "done": Text(
        ar="قورن {rows} زوجا في {seconds} ثانية. النتيجة في {out}.",
        fr="{rows} paires comparées en {seconds} s. Résultat dans {out}.",
        en="{rows} pairs compared in {seconds} s. The result is in {out}.",
    ),
    "missing_column": Text(
        ar="{file}: لا يوجد العمود {column}. المطلوب صف عناوين فيه a و b؛ الأعمدة الموجودة: {columns}",
        fr="{file} : la colonne {column} manque. Il faut une ligne d'en-tête avec a et b ; colonnes lues : {columns}",
        en="{file}: there is no column {column}. A header row with a and b is needed; the columns read: {columns}",
    ),
    "score_exists": Text(
        ar="{file}: فيه عمود {column} من قبل. غيّروا اسمه ثم أعيدوا المحاولة.",
        fr="{file} : une colonne {column} existe déjà. Renommez-la, puis réessayez.",
        en="{file} already has a column {column}. Rename it, then try again.",
    ),
    "no_rows": Text(
        ar="{file}: لا صف تحت العناوين. المطلوب زوج من الأسماء على الأقل.",
        fr="{file} : aucune ligne sous l'en-tête. Il faut au moins une paire de noms.",
        en="{file}: no row below the header. At least one pair of names is needed.",
    ),
    "unusable": Text(ar="{file}: {reason}", fr="{file} : {reason}", en="{file}: {reason}"),
    "not_csv": Text(
        ar="{file} ليس ملف csv (السطر {line}). المطلوب نص بترميز UTF-8 تفصل أعمدته فواصل.",
        fr="{file} n'est pas un csv (ligne {line}). Il faut un texte en UTF-8 dont les colonnes sont séparées par des virgules.",
        en="{file} is no csv (line {line}). A text in UTF-8 is needed, its columns parted by commas.",
    ),
}


class _Refused(Exception):
    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.text = WORDS[code].format(**values)


@dataclass(frozen=True)
class _Pairs:
    """A file of pairs, opened: where its columns are, and its rows."""

    delimiter: str
    header: list[str]
    a: int
    b: int
    rows: Iterator[list[str]]


def run(pairs: Path, out: Path) -> int:
    """Score the pairs and say so; the exit status: 1 where it was refused. `out` appears when it is whole."""
    console, began = Console(stderr=True), perf_counter()
    try:
        rows = _score_file(pairs, out, console)
    except _Refused as no:
        return refused(console, no.text.in_(language()))
    except KeyboardInterrupt:
        return 130
    told = WORDS["done"].format(rows=f"{rows:,}", seconds=f"{perf_counter() - began:.1f}", out=out)
    console.print(told.in_(language()), highlight=False, markup=False, soft_wrap=True)
    return 0


def _score_file(path: Path, out: Path, console: Console) -> int:
    partial = out.with_name(f".{out.name}.partial")
    try:
        with path.open("rb") as file, _progress(console) as progress:
            task = progress.add_task(WORDS["scoring"].in_(language()), total=path.stat().st_size)
            pairs = _opened(file, path)
            with partial.open("w", encoding="utf-8", newline="") as written:
                writer = csv.writer(written, delimiter=pairs.delimiter, lineterminator="\n")
                writer.writerow([*pairs.header, SCORE])
                count = 0
                for rows in _scored(pairs, path):
                    writer.writerows(rows)
                    count += len(rows)
                    progress.update(task, completed=file.tell())
        if not count:
            raise _Refused("no_rows", file=path.name)
        partial.replace(out)
    except OSError as no:
        reason = no.strerror or str(no)
        raise _refusal_of(Path(no.filename or out), Text(ar=reason, fr=reason, en=reason)) from no
    finally:
        partial.unlink(missing_ok=True)
    return count


def _progress(console: Console) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, disable=not sys.stderr.isatty())


def _opened(file: BinaryIO, path: Path) -> _Pairs:
    """Raises _Refused for what is no csv with both columns."""
    start = file.read(SIGNATURE_BYTES)
    encoding = None if is_workbook(start) else guess_encoding(file)
    try:
        refuse_by_content(file, start, f"{path.name}.csv")  # whatever its name ends in, as a .csv
    except UnreadableTable as no:
        raise _refusal_of(path, no.text) from no
    if encoding is None:
        raise _Refused("not_csv", file=path.name, line=1)
    file.seek(0)
    csv.field_size_limit(LONGEST_CELL)
    lines = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    first = lines.readline(LONGEST_CELL).lstrip("\ufeff")
    delimiter = max(DELIMITERS, key=lambda one: len(set(COLUMNS) & set(_columns(first, one))))
    columns = _columns(first, delimiter)
    for column in COLUMNS:
        if column not in columns:
            raise _Refused("missing_column", file=path.name, column=column, columns=", ".join(columns)[:200])
    if SCORE in columns:
        raise _Refused("score_exists", file=path.name, column=SCORE)
    rows = csv.reader(lines, delimiter=delimiter)
    return _Pairs(delimiter, _header(first, delimiter), columns.index("a"), columns.index("b"), rows)


def _refusal_of(path: Path, reason: Text) -> _Refused:
    no, frame = _Refused("unusable", file=path.name, reason=""), WORDS["unusable"]
    no.text = Text(
        ar=frame.ar.format(file=path.name, reason=reason.ar),
        fr=frame.fr.format(file=path.name, reason=reason.fr),
        en=frame.en.format(file=path.name, reason=reason.en),
    )
    return no


def _header(line: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def _columns(line: str, delimiter: str) -> list[str]:
    return [name.lower() for name in _header(line, delimiter)]


def _chunks(pairs: _Pairs, path: Path) -> Iterator[list[list[str]]]:
    """The rows, some at a time; a row shorter than the header is filled up, an empty line is none."""
    chunk: list[list[str]] = []
    size, width = 0, len(pairs.header)
    try:
        for row in pairs.rows:
            if not row:
                continue
            row += [""] * (width - len(row))
            chunk.append(row)
            size += len(row[pairs.a]) + len(row[pairs.b])
            if len(chunk) == ROWS_AT_ONCE or size > CHARACTERS_AT_ONCE:
                yield chunk
                chunk, size = [], 0
    except csv.Error as no:
        # The reader counts lines, and the header was not read by it.
        raise _Refused("not_csv", file=path.name, line=getattr(pairs.rows, "line_num", 0) + 1) from no
    if chunk:
        yield chunk


def _scored(pairs: _Pairs, path: Path) -> Iterator[list[list[str]]]:
    """The rows with their score in the column after the header's last; what stood beyond stays behind it."""
    table, work, width = NameTable(), name_work(), len(pairs.header)
    for rows in _chunks(pairs, path):
        if len(table) + table.words > MOST_NAMES:
            table, work = NameTable(), name_work()
        a, b = table.add(row[pairs.a] for row in rows), table.add(row[pairs.b] for row in rows)
        scores = similarities(table.arrays, work, a, b)
        for row, score in zip(rows, scores.tolist(), strict=True):
            row.insert(width, f"{score:.6f}")
        yield rows
