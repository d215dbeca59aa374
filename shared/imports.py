"""Imports: a partner's file becomes rows of ours, in chunks that survive a death at any moment.

The file is stored first, in the database, so that an accepted upload cannot be lost. A worker applies it chunk by
chunk: the rows, their event and the place reached are one transaction. A bad row is reported and stops nothing.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Identity, Index, Integer, LargeBinary, MetaData, Text, func, insert, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared import text
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.database import NAMING
from shared.ids import new_id
from shared.logs import log
from shared.platform import Platform
from shared.tables import UnreadableTable

CHUNK_ROWS = 500
"""Rows applied in one transaction: large enough to be fast, small enough that readers of its event stay short."""
PART_BYTES = 1 << 20
LOOK_SECONDS = 1.0
CHUNK_TRIES = 5
LONGEST_VALUE = 200


class ImportStatus(StrEnum):
    RECEIVED = "received"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class ImportsBase(DeclarativeBase):
    """Tables of the services that take files."""

    metadata = MetaData(naming_convention=NAMING)


class Import(ImportsBase):
    """One file. `lines_done` is the last line whose effect is committed."""

    __tablename__ = "imports"
    __table_args__ = (
        Index(
            "uq_imports_same_file", "kind", "checksum", "currency", unique=True, postgresql_where="status <> 'failed'"
        ),
        Index("ix_imports_open", "created_at", postgresql_where="status IN ('received', 'running')"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    """What the file lists: a program's code, or `households`."""
    partner: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    checksum: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(Integer)
    status: Mapped[ImportStatus] = mapped_column(Text)
    lines_done: Mapped[int] = mapped_column(Integer, default=0)
    accepted: Mapped[int] = mapped_column(Integer, default=0)
    unchanged: Mapped[int] = mapped_column(Integer, default=0)
    rejected: Mapped[int] = mapped_column(Integer, default=0)
    warnings: Mapped[int] = mapped_column(Integer, default=0)
    failure: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    """Why the file could not be read: `code`, and the text in ar, fr and en."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ImportPart(ImportsBase):
    """A piece of the file as sent."""

    __tablename__ = "import_parts"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportIssue(ImportsBase):
    """A line, the field, its value as sent, and what was wrong with it."""

    __tablename__ = "import_issues"
    __table_args__ = (Index("ix_import_issues_import_id_id", "import_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    line: Mapped[int] = mapped_column(Integer)
    field: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    reason: Mapped[dict[str, str]] = mapped_column(JSONB)


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with one cell: an `error` keeps the row out, a `warning` lets it in."""

    line: int
    field: str
    value: object
    severity: str
    code: str
    reason: text.Text


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that are applied together; `last_line` is the line after which the next chunk begins."""

    rows: Sequence[Any]
    last_line: int


@dataclass
class Outcome:
    """What applying a chunk did."""

    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    issues: list[Issue] = field(default_factory=list)


class Importer(Protocol):
    """How a service reads a file of a kind and applies its rows."""

    def chunks(self, import_: Import, content: bytes) -> Iterator[Chunk]:
        """The file's rows in order, always cut at the same lines. UnreadableTable where it cannot be read."""
        ...

    async def apply(self, tx: AsyncSession, import_: Import, chunk: Chunk) -> Outcome:
        """Give a chunk its effect and announce it, in the transaction given."""
        ...


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


def import_worker(importer: Importer) -> Callable[[Platform], Awaitable[None]]:
    """The worker of a service that takes files: applies what is waiting, oldest first, for ever."""

    async def apply_imports(platform: Platform) -> None:
        while True:
            platform.wake_workers.clear()
            async with platform.database.transaction() as tx:
                waiting = select(Import.id).where(Import.status.in_([ImportStatus.RECEIVED, ImportStatus.RUNNING]))
                next_id = await tx.scalar(waiting.order_by(Import.created_at, Import.id).limit(1))
            if next_id is not None:
                await _apply_file(platform, importer, next_id)
                continue
            try:
                await asyncio.wait_for(platform.wake_workers.wait(), LOOK_SECONDS)
            except TimeoutError:
                pass

    return apply_imports


async def _apply_file(platform: Platform, importer: Importer, import_id: UUID) -> None:
    async with platform.database.transaction() as tx:
        import_ = await tx.get_one(Import, import_id)
        parts = await tx.scalars(
            select(ImportPart.content).where(ImportPart.import_id == import_id).order_by(ImportPart.part)
        )
        content = b"".join(parts)
    log.info("import_started", import_id=str(import_id), kind=import_.kind, size=import_.size)
    try:
        chunks = await asyncio.to_thread(importer.chunks, import_, content)
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            if chunk.last_line > import_.lines_done:
                await _apply_chunk(platform, importer, import_id, chunk)
    except UnreadableTable as fault:
        await _finish(platform, import_id, ImportStatus.FAILED, fault.code, fault.text)
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise  # the worker is started again, and goes on after the last committed chunk
        log.error("import_failed", import_id=str(import_id), exc_info=fault)
        await _finish(platform, import_id, ImportStatus.FAILED, "import_failed", FAILED)
    else:
        await _finish(platform, import_id, ImportStatus.COMPLETED)


FAILED = text.Text(
    ar="توقف التحميل بخطأ من جانبنا، وقد سُجّل. الأسطر المقبولة محفوظة؛ أعد إرسال الملف.",
    fr="L'import s'est arrêté sur une erreur de notre côté, enregistrée. Les lignes acceptées restent ; renvoyez le fichier.",
    en="The import stopped on a fault of ours, recorded. Accepted rows are kept; send the file again.",
)


async def _apply_chunk(platform: Platform, importer: Importer, import_id: UUID, chunk: Chunk) -> None:
    for tried in range(1, CHUNK_TRIES + 1):
        try:
            async with platform.database.transaction() as tx:
                import_ = await tx.get_one(Import, import_id, with_for_update=True)
                if chunk.last_line <= import_.lines_done:  # another process has done it
                    return
                outcome = await importer.apply(tx, import_, chunk)
                _count(import_, chunk, outcome)
                if outcome.issues:
                    await tx.execute(insert(ImportIssue), [_issue_row(import_id, one) for one in outcome.issues])
            return
        except Exception as fault:
            if tried == CHUNK_TRIES or not is_of_the_surroundings(fault):
                raise
            log.warning("chunk_waits", import_id=str(import_id), reason=type(fault).__name__)
            await asyncio.sleep(tried)


def _count(import_: Import, chunk: Chunk, outcome: Outcome) -> None:
    import_.status = ImportStatus.RUNNING
    import_.lines_done = chunk.last_line
    import_.accepted += outcome.accepted
    import_.unchanged += outcome.unchanged
    import_.rejected += outcome.rejected
    import_.warnings += sum(1 for one in outcome.issues if one.severity == "warning")


def _issue_row(import_id: UUID, issue: Issue) -> dict[str, Any]:
    return {
        "import_id": import_id,
        "line": issue.line,
        "field": issue.field,
        "value": str("" if issue.value is None else issue.value)[:LONGEST_VALUE],
        "severity": issue.severity,
        "code": issue.code,
        "reason": {"ar": issue.reason.ar, "fr": issue.reason.fr, "en": issue.reason.en},
    }


async def _finish(
    platform: Platform, import_id: UUID, status: ImportStatus, code: str | None = None, reason: text.Text | None = None
) -> None:
    async with platform.database.transaction() as tx:
        import_ = await tx.get_one(Import, import_id, with_for_update=True)
        import_.status, import_.completed_at = status, now()
        if code is not None and reason is not None:
            import_.failure = {"code": code, "ar": reason.ar, "fr": reason.fr, "en": reason.en}
    log.info("import_ended", import_id=str(import_id), status=status, accepted=import_.accepted)


async def imports_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: files not yet applied."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).where(Import.status.in_([ImportStatus.RECEIVED, ImportStatus.RUNNING]))
        return {"imports_waiting": await tx.scalar(waiting) or 0}
