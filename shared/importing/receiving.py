"""A file on its way in and out of the database: stored in parts, and laid out on disk for whoever reads it."""

import hashlib
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import Select, delete, insert, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database
from shared.ids import new_id
from shared.importing.errors import FileNoLongerKept, NotSupersedable
from shared.importing.models import COUNTS, Import, ImportIssue, ImportPart, ImportStatus
from shared.unreadable import MAX_FILE_BYTES, MAX_WORKBOOK_BYTES

PART_BYTES = 1 << 20
KEPT_DAYS = 90
"""How long the parts of an ended import stay: long enough to correct a file and to look into a complaint."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender says of a file."""

    partner: str
    kind: str
    filename: str
    currency: str = "MRU"
    dry_run: bool = False
    mapping: dict[str, str] | None = None
    supersedes: UUID | None = None

    @property
    def most_bytes(self) -> int:
        """How large it may be: a text is read line by line, a workbook has to be unpacked."""
        return MAX_WORKBOOK_BYTES if PurePath(self.filename).suffix.lower().startswith(".xls") else MAX_FILE_BYTES

    def as_import(self, *, checksum: bytes, size: int, status: ImportStatus) -> Import:
        return Import(
            id=new_id(),
            kind=self.kind,
            partner=self.partner,
            filename=self.filename,
            currency=self.currency,
            dry_run=self.dry_run,
            mapping=self.mapping,
            supersedes=self.supersedes,
            checksum=checksum,
            size=size,
            status=status,
        )


async def receive(tx: AsyncSession, sent: Sent, file: Path) -> Import:
    """Store a file for the worker. The same file again is the same import: nothing is applied twice."""
    await refuse_supersedes(tx, sent)
    with file.open("rb") as source:
        checksum = checksum_of(hashlib.file_digest(source, "sha256").digest(), sent.mapping)
    known = await the_same(tx, sent.partner, sent.kind, checksum, sent.currency, dry_run=sent.dry_run)
    if known is not None:
        if known.status == ImportStatus.CHECKED:  # what it would do may have changed since
            await read_again(tx, known)
        return known
    made = sent.as_import(checksum=checksum, size=file.stat().st_size, status=ImportStatus.RECEIVED)
    tx.add(made)
    await tx.flush()
    with file.open("rb") as source:
        await store_parts(tx, made, source, first=0)
    await tx.flush()
    await tx.refresh(made)
    return made


async def refuse_supersedes(tx: AsyncSession, sent: Sent) -> None:
    """NotSupersedable where the import that this file should take the place of is not there to be replaced."""
    if sent.supersedes is None:
        return
    earlier = await tx.get(Import, sent.supersedes)
    replaceable = earlier is not None and (earlier.partner, earlier.kind) == (sent.partner, sent.kind)
    if earlier is None or not replaceable or earlier.dry_run or earlier.status != ImportStatus.COMPLETED:
        raise NotSupersedable(pointer="/query/supersedes")


def checksum_of(file: bytes, mapping: dict[str, str] | None) -> bytes:
    """What makes a file the same again: its SHA-256 and, where the sender gave one, its mapping."""
    if not mapping:
        return file
    return hashlib.sha256(file + json.dumps(mapping, sort_keys=True).encode()).digest()


async def digest_of(tx: AsyncSession, import_id: UUID) -> bytes:
    """The stored file's SHA-256, one part in memory at a time."""
    digest, part = hashlib.sha256(), 0
    while (content := await tx.scalar(_content(import_id, part))) is not None:
        digest.update(content)
        part += 1
    return digest.digest()


async def the_same(
    tx: AsyncSession, partner: str, kind: str, checksum: bytes, currency: str, *, dry_run: bool
) -> Import | None:
    """The import that stands for this file; until the transaction ends nobody else can make one."""
    await tx.execute(sql("SELECT pg_advisory_xact_lock(hashtext(:file))"), {"file": f"{partner}{kind}{checksum.hex()}"})
    found: Import | None = await tx.scalar(
        select(Import).where(
            Import.partner == partner,
            Import.kind == kind,
            Import.checksum == checksum,
            Import.currency == currency,
            Import.dry_run == dry_run,
            Import.status.in_(COUNTS),
        )
    )
    return found


async def store_parts(tx: AsyncSession, import_: Import, source: BinaryIO, *, first: int) -> int:
    """Write what `source` holds as the import's next parts, numbered from `first`; returns the number after the last."""
    part = first
    while piece := source.read(PART_BYTES):
        await tx.execute(insert(ImportPart).values(import_id=import_.id, part=part, content=piece))
        import_.received += len(piece)
        part += 1
    return part


async def read_again(tx: AsyncSession, import_: Import) -> None:
    """Let the worker read a stored file once more, from its first line."""
    await tx.execute(delete(ImportIssue).where(ImportIssue.import_id == import_.id))
    import_.status, import_.lines_done = ImportStatus.RECEIVED, 0
    import_.accepted = import_.unchanged = import_.rejected = import_.warnings = 0
    import_.failure = import_.started_at = import_.completed_at = None


@asynccontextmanager
async def spooled(
    database: Database, import_id: UUID, seen: Callable[[bytes], object] | None = None
) -> AsyncIterator[Path]:
    """The stored file on disk, one part in memory at a time; `seen` is shown each. FileNoLongerKept where it is not.

    The file has no name in any folder, so it is gone with the process, however that ends.
    """
    with tempfile.TemporaryFile() as sink:
        part = 0
        while (content := await _part(database, import_id, part)) is not None:
            sink.write(content)
            if seen is not None:
                seen(content)
            part += 1
        sink.flush()
        if part == 0 and await _was_there(database, import_id):
            raise FileNoLongerKept(days=KEPT_DAYS)
        yield Path(f"/proc/{os.getpid()}/fd/{sink.fileno()}")


async def _part(database: Database, import_id: UUID, part: int) -> bytes | None:
    async with database.transaction() as tx:
        return await tx.scalar(_content(import_id, part))


def _content(import_id: UUID, part: int) -> Select[bytes]:
    return select(ImportPart.content).where(ImportPart.import_id == import_id, ImportPart.part == part)


async def _was_there(database: Database, import_id: UUID) -> bool:
    async with database.transaction() as tx:
        return bool(await tx.scalar(select(Import.size).where(Import.id == import_id)))
