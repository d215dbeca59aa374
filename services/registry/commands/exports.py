"""Exports: asked for, written by a worker one at a time, kept in the database for a week.

A file appears whole or not at all: a job cut by a death begins again.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.export_files import MOST_XLSX_ROWS, Row, TooManyRows, writer
from services.registry.errors import FilterNotForThis, TooManyExports, UnknownColumns
from services.registry.models import Export, ExportPart, Place
from services.registry.queries.exporting import columns_of, export_columns, quality_rows, rows_of
from services.registry.rules.exports import FILTERS
from services.registry.schemas.exports import ExportIn
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.errors import NotFound
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
LONGEST_STATEMENT = "5min"
"""The database sorts all that held on a past day before it gives the first row."""
LONGEST_CLOSING = "15min"
"""Meanwhile a large file is closed, which for xlsx is to compress it whole."""
OPEN = ("waiting", "running")

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


async def request_export(tx: AsyncSession, body: ExportIn, *, by: str) -> Export:
    """Ask for a file; the worker writes it."""
    filters = {name: value for name in ("place", "category", "status") if (value := getattr(body, name)) is not None}
    for name in filters:
        if name not in FILTERS[body.what]:
            raise FilterNotForThis(pointer=f"/{name}", filters=", ".join(FILTERS[body.what]))
    if body.what == "quality" and (body.as_of or body.known_at):
        raise FilterNotForThis(pointer="/as_of", filters=", ".join(FILTERS[body.what]))
    if "place" in filters and await tx.get(Place, filters["place"]) is None:
        raise NotFound(pointer="/place")
    known = [column.name for column in export_columns()[body.what]]
    columns = body.columns or known
    if unknown := set(columns) - set(known):
        raise UnknownColumns(pointer="/columns", unknown=", ".join(sorted(unknown)), columns=", ".join(known))
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext(:who))"), {"who": f"exports of {by}"})
    waiting = select(func.count()).where(Export.partner == by, Export.status.in_(OPEN))
    if (await tx.scalar(waiting) or 0) >= MOST_WAITING:
        raise TooManyExports(most=MOST_WAITING)
    made = Export(
        id=new_id(),
        partner=by,
        what=body.what,
        format=body.format,
        filters=filters,
        columns=[name for name in known if name in columns],
        as_of=body.as_of,
        known_at=body.known_at,
        status="waiting",
        rows_done=0,
        created_at=now(),
    )
    tx.add(made)
    await tx.flush()
    return made


async def export_worker(platform: Platform) -> None:
    """Writes the exports asked for, oldest first, and removes the files that have expired."""
    while True:
        async with platform.database.transaction() as tx:
            await _remove_expired(tx)
            waiting = select(Export.id).where(Export.status.in_(OPEN)).order_by(Export.id).limit(1)
            next_id = await tx.scalar(waiting)
        if next_id is not None and await _write(platform, next_id):
            continue
        await platform.wait_for_work(LOOK_SECONDS)


async def exports_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: files asked for and not yet written."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).select_from(Export).where(Export.status.in_(OPEN))
        return {"exports_waiting": await tx.scalar(waiting) or 0}


async def _remove_expired(tx: AsyncSession) -> None:
    """The file goes; who took it out, and when, stays."""
    gone = update(Export).where(Export.size.is_not(None), Export.expires_at <= now()).values(size=None)
    ids = list(await tx.scalars(gone.returning(Export.id)))
    if ids:
        await tx.execute(delete(ExportPart).where(ExportPart.export_id.in_(ids)))


async def _write(platform: Platform, export_id: UUID) -> bool:
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
                export = await tx.get_one(Export, export_id)
                rows = await _fill(platform, tx, export, file)
            await _keep(platform, export_id, file, rows)
    except TooManyRows:
        await _fail(platform, export_id, "export_too_large", TOO_LARGE.format(most=MOST_XLSX_ROWS))
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise  # the worker is started again, and the export with it
        log.error("export_failed", export_id=str(export_id), exc_info=fault)
        await _fail(platform, export_id, "export_failed", FAILED)
    return True


async def _fill(platform: Platform, tx: AsyncSession, export: Export, file: Path) -> int:
    """Write the rows to disk, a batch at a time; returns how many."""
    log.info("export_started", export_id=str(export.id), what=export.what, format=export.format)
    sink = await asyncio.to_thread(writer, export.format, file, columns_of(export))
    done = told = 0
    try:
        async for batch in _batches(tx, export):
            await asyncio.to_thread(sink.write, batch)
            done += len(batch)
            if done - told >= TOLD_EVERY_ROWS or not told:
                await _tell(platform, export.id, done)
                told = done
    except BaseException:
        sink.drop()
        raise
    await asyncio.to_thread(sink.close)
    return done


async def _batches(tx: AsyncSession, export: Export) -> AsyncIterator[Sequence[Row]]:
    names = [column.name for column in columns_of(export)]
    if export.what == "quality":
        yield [[row[name] for name in names] for row in await quality_rows(tx, export)]
        return
    statement = await rows_of(tx, export)
    found = await tx.stream(statement, execution_options={"yield_per": BATCH_ROWS})
    async for rows in found.mappings().partitions():
        yield [[_plain(row[name]) for name in names] for row in rows]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


async def _tell(platform: Platform, export_id: UUID, rows: int) -> None:
    async with platform.database.transaction() as tx:
        await tx.execute(update(Export).where(Export.id == export_id).values(status="running", rows_done=rows))


async def _keep(platform: Platform, export_id: UUID, file: Path, rows: int) -> None:
    """Store the file in parts; it is there with this transaction or not at all."""
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
