"""Files of households: the registry's interchange format, one line per individual in a household."""

import csv
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.quotas import over_quota
from services.registry.commands.registering import register_households
from services.registry.errors import UnknownKindOfFile
from services.registry.models import Place
from services.registry.rules.households import COLUMNS, read_household
from shared.clock import now
from shared.contracts.registry import ImportCompleted
from shared.errors import NotPermitted
from shared.identity import Caller
from shared.importing.importer import CHUNK_ROWS, Chunk, Issue, Outcome
from shared.importing.models import Import
from shared.outbox import record
from shared.tables import UnreadableTable

KIND = "households"

Line = tuple[int, dict[str, str]]


def refuse_kind(caller: Caller, kind: str) -> None:
    if not caller.may("households:write"):
        raise NotPermitted(permission="households:write")
    if kind != KIND:
        raise UnknownKindOfFile(pointer="/query/kind")


class HouseholdsImporter:
    """Reads files of households and registers what they hold."""

    def __init__(self) -> None:
        self._communes: frozenset[str] = frozenset()

    def chunks(self, import_: Import, file: Path) -> Iterator[Chunk]:
        try:
            with file.open(encoding="utf-8-sig", newline="") as source:
                lines = csv.reader(line.replace("\x00", "") for line in source)
                header = next(lines, [])
                missing = [column for column in COLUMNS if column not in header]
                if missing:
                    raise UnreadableTable("missing_columns", fields=", ".join(missing))
                yield from _whole_households(
                    (lines.line_num, dict(zip(header, cells, strict=False))) for cells in lines if any(cells)
                )
        except UnicodeDecodeError:
            raise UnreadableTable("damaged_file") from None

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        if not self._communes:
            self._communes = frozenset(await tx.scalars(select(Place.code).where(Place.kind == "commune")))
        outcome, households = Outcome(), []
        for _, rows in groupby(chunk.rows, key=_household_of):
            household, problems, refused = read_household(rows, self._communes, _today())
            outcome.rejected += refused
            outcome.issues += [Issue(p.line, p.field, p.value, p.severity, p.code, p.reason) for p in problems]
            if household is not None:
                households.append(household)
        done = await register_households(tx, households, by=import_.partner, import_id=import_.id)
        outcome.issues += [Issue(p.line, p.field, p.value, p.severity, p.code, p.reason) for p in done.problems]
        outcome.issues += await over_quota(tx, done.changed, chunk.last_line)
        outcome.accepted, outcome.unchanged = done.accepted, done.unchanged
        outcome.rejected += done.refused
        return outcome

    async def completed(self, tx: AsyncSession, import_: Import) -> None:
        record(
            tx,
            ImportCompleted(
                import_id=import_.id,
                kind=import_.kind,
                accepted=import_.accepted,
                unchanged=import_.unchanged,
                rejected=import_.rejected,
            ),
        )


def _today() -> date:
    return now().date()


def _household_of(line: Line) -> str:
    return line[1].get("household_number", "")


def _whole_households(lines: Iterator[Line]) -> Iterator[Chunk]:
    """Chunks of about CHUNK_ROWS lines that never part the lines of one household."""
    rows: list[Line] = []
    for _, group in groupby(lines, key=_household_of):
        rows += group
        if len(rows) >= CHUNK_ROWS:
            yield Chunk(rows, rows[-1][0])
            rows = []
    if rows:
        yield Chunk(rows, rows[-1][0])
