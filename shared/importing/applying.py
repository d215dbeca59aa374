"""The worker that applies stored files chunk by chunk."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select

from shared import text
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.importing.importer import Chunk, Importer, Issue, Outcome
from shared.importing.models import Import, ImportIssue, ImportStatus
from shared.importing.receiving import spooled
from shared.logs import log
from shared.platform import Platform
from shared.tables import UnreadableTable

LOOK_SECONDS = 1.0
CHUNK_TRIES = 5
LONGEST_VALUE = 200


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
    log.info("import_started", import_id=str(import_id), kind=import_.kind, size=import_.size)
    try:
        async with spooled(platform.database, import_id) as file:
            await _apply_chunks(platform, importer, import_, file)
    except UnreadableTable as fault:
        await _fail(platform, import_id, fault.code, fault.text)
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise  # the worker is started again, and goes on after the last committed chunk
        log.error("import_failed", import_id=str(import_id), exc_info=fault)
        await _fail(platform, import_id, "import_failed", FAILED)


async def _apply_chunks(platform: Platform, importer: Importer, import_: Import, file: Path) -> None:
    chunks = await asyncio.to_thread(importer.chunks, import_, file)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        if chunk.last_line > import_.lines_done:
            await _apply_chunk(platform, importer, import_.id, chunk)
    async with platform.database.transaction() as tx:
        done = await tx.get_one(Import, import_.id, with_for_update=True)
        if done.status != ImportStatus.COMPLETED:  # another process was there first
            done.status, done.completed_at = ImportStatus.COMPLETED, now()
            await importer.completed(tx, done)
    log.info("import_ended", import_id=str(import_.id), status=done.status, accepted=done.accepted)


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


async def _fail(platform: Platform, import_id: UUID, code: str, reason: text.Text) -> None:
    async with platform.database.transaction() as tx:
        import_ = await tx.get_one(Import, import_id, with_for_update=True)
        import_.status, import_.completed_at = ImportStatus.FAILED, now()
        import_.failure = {"code": code, "ar": reason.ar, "fr": reason.fr, "en": reason.en}
    log.info("import_ended", import_id=str(import_id), status=import_.status, accepted=import_.accepted)


async def imports_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: files not yet applied."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).where(Import.status.in_([ImportStatus.RECEIVED, ImportStatus.RUNNING]))
        return {"imports_waiting": await tx.scalar(waiting) or 0}
