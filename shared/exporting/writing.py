"""Exports: asked for, written by a worker one at a time, kept in the database for a week.

A file appears whole or not at all: a job cut by a death begins again.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.exporting.cells import Column
from shared.exporting.errors import TooManyExports, UnknownColumns
from shared.exporting.files import MOST_XLSX_ROWS, Row, TooManyRows, writer
from shared.exporting.members import Members, drop_old_members
from shared.exporting.models import OPEN, Export, ExportPart
from shared.identity import Caller
from shared.ids import new_id
from shared.logs import log
from shared.platform import Platform
from shared.text import Text

MOST_WAITING = 20
"""Exports of one partner not yet written: a nightly job that asks again and again must not hold up the others."""
KEPT = timedelta(days=7)
PART_BYTES = 1 << 20
BATCH_ROWS = 2000
TOLD_EVERY_ROWS = 20_000
LOOK_SECONDS = 1.0
IDS_OF_THE_REGISTRY = frozenset({"registry_household_id", "registry_individual_id", "second_individual_id"})
EXPORTS_THE_REGISTRY = "households:export"
"""A file leaves as it was written, so no partner's own names of people can be put on in it: columns of the registry's ids stand
only in files of who may take the registry out. Two others could join their lists by them."""
LONGEST_STATEMENT = "5min"
"""The database sorts all that held on a past day before it gives the first row."""
LONGEST_CLOSING = "15min"
"""Meanwhile a large file is closed, which for xlsx is to compress it whole."""

TOO_LARGE = Text(
    ar="أكثر من {most} سطر، ولا يسعها ملف xlsx. اطلب csv أو parquet، أو حدّد مكانا.",
    fr="Plus de {most} lignes : un fichier xlsx n'en contient pas autant. Demandez csv ou parquet, ou un lieu.",
    en="More than {most} rows, which no xlsx file holds. Ask for csv or parquet, or for one place.",
)
FAILED = Text(
    ar="توقف التصدير بخطأ من جانبنا، وقد سُجّل. اطلبه من جديد.",
    fr="L'export s'est arrêté sur une erreur de notre côté, enregistrée. Demandez-le à nouveau.",
    en="The export stopped on a fault of ours, recorded. Ask for it again.",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a partner asks for. `columns` None: all. `as_of` and `known_at` None: as it is now."""

    partner: str
    what: str
    format: str
    filters: Mapping[str, str]
    columns: Sequence[str] | None = None
    as_of: date | None = None
    known_at: datetime | None = None


class Exporter(Protocol):
    """What a service says of its exports: what a file of it holds."""

    async def columns(self, tx: AsyncSession, export: Export) -> Sequence[Column]:
        """The columns of the file, from left to right."""
        ...

    def batches(self, tx: AsyncSession, export: Export) -> AsyncIterator[Sequence[Row]]:
        """The rows of the file, some at a time, as wide as its columns and one more: the id of who stands in it, None for nobody.
        `tx` sees one state of the database."""
        ...


def columns_for(by: Caller, known: Sequence[str]) -> list[str]:
    """Of the columns there are, those that the caller's file may have."""
    return [name for name in known if by.may(EXPORTS_THE_REGISTRY) or name not in IDS_OF_THE_REGISTRY]


async def ask_for(tx: AsyncSession, asked: Asked, known: Sequence[str]) -> Export:
    """Record a request; the worker writes it. `known` are the columns there are for the caller, in the order of the file.

    UnknownColumns where others are asked for, TooManyExports where as many of this partner wait already.
    """
    columns = asked.columns or known
    if unknown := set(columns) - set(known):
        raise UnknownColumns(pointer="/columns", unknown=", ".join(sorted(unknown)), columns=", ".join(known))
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:who))"), {"who": f"exports of {asked.partner}"})
    waiting = select(func.count()).where(Export.partner == asked.partner, Export.status.in_(OPEN))
    if (await tx.scalar(waiting) or 0) >= MOST_WAITING:
        raise TooManyExports(most=MOST_WAITING)
    made = Export(
        id=new_id(),
        partner=asked.partner,
        what=asked.what,
        format=asked.format,
        filters=dict(asked.filters),
        columns=[name for name in known if name in columns],
        as_of=asked.as_of,
        known_at=asked.known_at,
        status="waiting",
        rows_done=0,
        created_at=now(),
    )
    tx.add(made)
    await tx.flush()
    return made


def export_worker(exporter: Exporter) -> Callable[[Platform], Awaitable[None]]:
    """The worker that writes the exports asked for, oldest first, and removes the files that have expired."""

    async def write_exports(platform: Platform) -> None:
        async with platform.database.transaction() as tx:
            await drop_old_members(tx)
        while True:
            async with platform.database.transaction() as tx:
                await _remove_expired(tx)
                waiting = select(Export.id).where(Export.status.in_(OPEN)).order_by(Export.id).limit(1)
                next_id = await tx.scalar(waiting)
            if next_id is not None and await _write(platform, exporter, next_id):
                continue
            await platform.wait_for_work(LOOK_SECONDS)

    return write_exports


async def exports_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: files asked for and not yet written."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).select_from(Export).where(Export.status.in_(OPEN))
        return {"exports_waiting": await tx.scalar(waiting) or 0}


async def _remove_expired(tx: AsyncSession) -> None:
    """The file goes; who took it out, and when, stays, and for some years who stood in it."""
    gone = update(Export).where(Export.size.is_not(None), Export.expires_at <= now()).values(size=None)
    ids = list(await tx.scalars(gone.returning(Export.id)))
    if ids:
        await tx.execute(delete(ExportPart).where(ExportPart.export_id.in_(ids)))
        await drop_old_members(tx)


async def _write(platform: Platform, exporter: Exporter, export_id: UUID) -> bool:
    """Write one export, in this process or none: whether it was this one."""
    try:
        with tempfile.TemporaryDirectory(prefix="tekamoul-export-") as folder:
            file = Path(folder) / "export"
            async with platform.database.transaction() as tx:
                # One state of the database for the whole file, and one export at a time in all processes.
                await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                await tx.execute(text(f"SET LOCAL statement_timeout = '{LONGEST_STATEMENT}'"))
                await tx.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST_CLOSING}'"))
                if not await tx.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('exports'))")):
                    return False
                export, members = await tx.get_one(Export, export_id), Members()
                rows = await _fill(platform, exporter, tx, export, file, members)
            await _keep(platform, export_id, file, rows, members)
    except TooManyRows:
        await _fail(platform, export_id, "export_too_large", TOO_LARGE.format(most=MOST_XLSX_ROWS))
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise  # the worker is started again, and the export with it
        log.error("export_failed", export_id=str(export_id), exc_info=fault)
        await _fail(platform, export_id, "export_failed", FAILED)
    return True


async def _fill(
    platform: Platform, exporter: Exporter, tx: AsyncSession, export: Export, file: Path, members: Members
) -> int:
    """Write the rows to disk, a batch at a time; returns how many."""
    log.info("export_started", export_id=str(export.id), what=export.what, format=export.format)
    columns = await exporter.columns(tx, export)
    sink = writer(export.format, file, columns)  # not in a thread: whoever stopped us meanwhile would leave it open
    done = told = 0
    try:
        async for batch in exporter.batches(tx, export):
            await asyncio.to_thread(sink.write, [row[:-1] for row in batch])
            members.add([row[-1] for row in batch])
            done += len(batch)
            if done - told >= TOLD_EVERY_ROWS or not told:
                await _tell(platform, export.id, done)
                told = done
    except BaseException:
        sink.drop()
        raise
    await asyncio.to_thread(sink.close)
    return done


async def batches_of(tx: AsyncSession, statement: Select[Any], names: Sequence[str]) -> AsyncIterator[Sequence[Row]]:
    """The rows of a statement by a cursor of the database, the named columns of each."""
    found = await tx.stream(statement, execution_options={"yield_per": BATCH_ROWS})
    async for rows in found.mappings().partitions():
        yield [[_plain(row[name]) for name in names] for row in rows]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


async def _tell(platform: Platform, export_id: UUID, rows: int) -> None:
    async with platform.database.transaction() as tx:
        await tx.execute(update(Export).where(Export.id == export_id).values(status="running", rows_done=rows))


async def _keep(platform: Platform, export_id: UUID, file: Path, rows: int, members: Members) -> None:
    """Store the file in parts, and who stands in it; it is there with this transaction or not at all."""
    async with platform.database.transaction() as tx:
        export = await tx.get_one(Export, export_id, with_for_update=True)
        if export.status not in OPEN:
            return
        checksum, size, part = hashlib.sha256(), 0, 0
        with file.open("rb") as source:
            while piece := await asyncio.to_thread(source.read, PART_BYTES):
                await tx.execute(insert(ExportPart).values(export_id=export_id, part=part, content=piece))
                checksum.update(piece)
                part, size = part + 1, size + len(piece)
        await members.keep(tx, export_id)
        export.status, export.rows_done, export.size = "completed", rows, size
        export.checksum = checksum.digest()
        export.completed_at = now()
        export.expires_at = export.completed_at + KEPT
    log.info("export_ended", export_id=str(export_id), rows=rows, size=size)


async def _fail(platform: Platform, export_id: UUID, code: str, reason: Text) -> None:
    async with platform.database.transaction() as tx:
        export = await tx.get_one(Export, export_id, with_for_update=True)
        export.status, export.completed_at = "failed", now()
        export.failure = {"code": code, "ar": reason.ar, "fr": reason.fr, "en": reason.en}
