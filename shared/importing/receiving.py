"""A file on its way in and out of the database: stored in parts, and laid out on disk for whoever reads it."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database
from shared.ids import new_id
from shared.importing.models import Import, ImportPart, ImportStatus

PART_BYTES = 1 << 20


async def receive(tx: AsyncSession, *, kind: str, partner: str, filename: str, currency: str, file: Path) -> Import:
    """Store a file for the worker. The same file again is the same import: nothing is applied twice."""
    checksum = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(PART_BYTES):
            checksum.update(piece)
    await tx.execute(sql("SELECT pg_advisory_xact_lock(hashtext(:file))"), {"file": kind + checksum.hexdigest()})
    known = await tx.scalar(
        select(Import).where(
            Import.kind == kind,
            Import.checksum == checksum.digest(),
            Import.currency == currency,
            Import.status != ImportStatus.FAILED,
        )
    )
    if known is not None:
        return known
    made = Import(
        id=new_id(),
        kind=kind,
        partner=partner,
        filename=filename,
        currency=currency,
        checksum=checksum.digest(),
        size=file.stat().st_size,
        status=ImportStatus.RECEIVED,
    )
    tx.add(made)
    await tx.flush()
    with file.open("rb") as source:
        part = 0
        while piece := source.read(PART_BYTES):
            await tx.execute(insert(ImportPart).values(import_id=made.id, part=part, content=piece))
            part += 1
    await tx.refresh(made)
    return made


@asynccontextmanager
async def spooled(database: Database, import_id: UUID) -> AsyncIterator[Path]:
    """The stored file on disk, one part in memory at a time.

    The file has no name in any folder, so it is gone with the process, however that ends.
    """
    with tempfile.TemporaryFile() as sink:
        part = 0
        while (content := await _part(database, import_id, part)) is not None:
            sink.write(content)
            part += 1
        sink.flush()
        yield Path(f"/proc/{os.getpid()}/fd/{sink.fileno()}")


async def _part(database: Database, import_id: UUID, part: int) -> bytes | None:
    async with database.transaction() as tx:
        wanted = select(ImportPart.content).where(ImportPart.import_id == import_id, ImportPart.part == part)
        return await tx.scalar(wanted)
