"""Reads a file of households line by line into chunks; a large one in a process of its own.

There it costs the service neither time nor memory: cells are parsed while PostgreSQL takes in the chunk before, and
what a workbook needs in memory is given back when the reader ends.
"""

import gc
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from services.registry.catalog import questionnaires
from services.registry.rules.columns import ONE_OF_EACH, layout
from services.registry.rules.households import Problem
from services.registry.rules.questionnaires import question_labels
from services.registry.rules.reading import HouseholdReader, Line, Meaning, Read, household_number
from shared.headers import Layout
from shared.importing.importer import Chunk
from shared.tables import MAX_CELL_CHARACTERS, Row, Table, UnreadableTable, open_table
from shared.text import Cell, Text

CHUNK_LINES = 5_000
"""Applied in one transaction: with fewer, a third of an import is round trips; with more, others wait for its locks."""
MOST_MEMBERS = 100
"""Lines of one household in one place of a file. The largest households of the registry have about forty members."""
APART_BYTES = 1 << 20
"""A larger file is read apart: to start a process takes as long as to read a megabyte."""
GARBAGE_AFTER = 200_000
"""New objects after which the reader looks for cycles: it makes hardly any, and looking took a seventh of its time."""
READER_TRIES = 3
"""A reader that was killed is started again; a file that kills it every time is given up."""

TOO_MANY_LINES = Text(
    ar="أكثر من {most} سطرا لأسرة واحدة؛ لم تُقرأ الأسطر الباقية. يُرجى التحقق من رقم الأسرة.",
    fr="Plus de {most} lignes pour un seul ménage ; les suivantes ne sont pas lues. Vérifier le numéro de ménage.",
    en="More than {most} lines for one household; the rest is not read. Verify the household number.",
).format(most=MOST_MEMBERS)
VALUE_TOO_LONG = Text(
    ar="القيمة أطول من {most} حرف؛ لم يُقرأ السطر.",
    fr="La valeur dépasse {most} caractères ; la ligne n'est pas lue.",
    en="The value is longer than {most} characters; the line is not read.",
).format(most=MAX_CELL_CHARACTERS)


@dataclass(frozen=True, slots=True)
class Listing:
    """A file of households: where it lies, how it was called, and the day it came."""

    file: Path
    filename: str
    day: date
    mapping: dict[str, str] | None = None
    """The sender's word on its columns, which goes before every guess."""


def read_chunks(listing: Listing) -> Iterator[Chunk]:
    """The households of a file in its order. Raises UnreadableTable."""
    if listing.file.stat().st_size > APART_BYTES:
        yield from _chunks_from_apart(listing)
    else:
        yield from _chunks_here(listing)


def _chunks_here(listing: Listing) -> Iterator[Chunk]:
    with listing.file.open("rb") as source:
        table = open_table(source, listing.filename, household_layout(), listing.mapping)
        _refuse_missing(table)
        yield from chunks_of(table.rows(), HouseholdReader(table.fields, listing.day, questionnaires()))


@cache
def household_layout() -> Layout:
    """What a list of households may have, the answers to every published questionnaire among it."""
    return layout(question_labels(questionnaires()))


def _refuse_missing(table: Table) -> None:
    missing = [columns[0] for columns in ONE_OF_EACH if not set(columns) & set(table.fields)]
    if missing:
        raise UnreadableTable.naming("missing_columns", household_layout(), missing)


def chunks_of(rows: Iterable[Row], reader: HouseholdReader) -> Iterator[Chunk]:
    """Chunks of about CHUNK_LINES lines that never part lines of one household which stand together.

    Lines of one household may stand apart within a chunk. Those that come in a later chunk are an addition: they do not
    say that the members further above have left the household.
    """
    met: set[int] = set()
    gathered, last = _Gathered(), object()
    for row in rows:
        cell = row.cells.get("household_number")
        if gathered.lines >= CHUNK_LINES and (cell != last or gathered.lines >= 2 * CHUNK_LINES):
            yield gathered.read(reader, met)
            gathered = _Gathered()
        gathered.add(row, cell)
        last = cell
    if gathered.lines:
        yield gathered.read(reader, met)


class _Gathered:
    """The lines of a chunk, by household."""

    def __init__(self) -> None:
        self.lines = 0
        self._last_line = 0
        self._households: dict[str, list[Line]] = defaultdict(list)
        self._refused: list[Read] = []
        self._numbers: dict[Cell, Meaning] = {}

    def add(self, row: Row, cell: Cell) -> None:
        self.lines += 1
        self._last_line = row.line
        number, faults = self._numbers.get(cell) or self._numbers.setdefault(cell, household_number(cell))
        if faults:
            self._refuse(row, "household_number", *faults[0])
        elif row.cut:
            self._refuse(row, row.cut[0], "error", "value_too_long", VALUE_TOO_LONG)
        elif len(self._households[number]) >= MOST_MEMBERS:
            self._refuse(row, "household_number", "error", "too_many_lines", TOO_MANY_LINES)
        else:
            self._households[number].append((row.line, row.cells))

    def _refuse(self, row: Row, field: str, severity: str, code: str, reason: Text) -> None:
        self._refused.append(Read(None, [Problem(row.line, field, row.cells.get(field), severity, code, reason)], 1))

    def read(self, reader: HouseholdReader, met: set[int]) -> Chunk:
        """The households read; `met` are those of earlier chunks, by hash (a country's numbers themselves take 80 MiB)."""
        reads = self._refused
        for number, lines in self._households.items():
            read = reader.read(number, lines)
            if hash(number) in met and read.household is not None:
                read = read._replace(household=read.household._replace(whole=False))
            reads.append(read)
        met.update(map(hash, self._households))
        return Chunk(reads, self._last_line)


def _chunks_from_apart(listing: Listing) -> Iterator[Chunk]:
    for tried in range(1, READER_TRIES + 1):
        try:
            yield from _received(listing)
            return
        except EOFError:  # killed: what it had sent is applied, and known to be
            if tried == READER_TRIES:
                raise UnreadableTable("damaged_file") from None


def _received(listing: Listing) -> Iterator[Chunk]:
    spawn = get_context("spawn")  # a fork would take along the event loop and the connections
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_send_chunks, args=(sender, listing), daemon=True)
    process.start()
    sender.close()  # the reader holds the other end alone: when it dies, there is no more to receive
    try:
        while (received := receiver.recv()) is not None:
            if isinstance(received, Chunk):
                yield received
            else:
                raise _unreadable(*received)
    finally:
        receiver.close()
        process.terminate()
        process.join()


def _send_chunks(sender: Connection, listing: Listing) -> None:
    """The reader's whole life. It waits where the service is behind, so that it holds one chunk and never the file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who interrupts the service ends the reader through it
    gc.set_threshold(GARBAGE_AFTER)
    try:
        for chunk in _chunks_here(listing):
            sender.send(chunk)
        sender.send(None)
    except UnreadableTable as fault:
        sender.send((fault.code, fault.text))
    except BrokenPipeError:
        pass  # nobody listens any more


def _unreadable(code: str, text: Text) -> UnreadableTable:
    fault = UnreadableTable(code, fields="")
    fault.text = text
    return fault
