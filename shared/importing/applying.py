"""The worker that applies stored files chunk by chunk."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared import text
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.copying import flush_rows
from shared.errors import Refusal
from shared.file_content import SIGNATURE_BYTES, differs_from_its_name
from shared.headers import Layout
from shared.importing.columns import headers_of, knows_mappings, mapping_for
from shared.importing.correcting import missing_in
from shared.importing.importer import Checker, Chunk, Importer, Issue, Outcome
from shared.importing.models import WAITING, Import, ImportIssue, ImportStatus
from shared.importing.progress import lines_of
from shared.importing.receiving import spooled
from shared.logs import log
from shared.platform import Platform
from shared.tables import UnreadableTable
from shared.text import TABLE_PROBLEMS

LOOK_SECONDS = 1.0
CHUNK_TRIES = 5
LONGEST_VALUE = 200
ISSUES_AT_ONCE = 1000
DIFFERS = "content_differs_from_name"


def import_worker(importer: Importer) -> Callable[[Platform], Awaitable[None]]:
    """The worker of a service that takes files: applies what is waiting, oldest first, for ever."""

    async def apply_imports(platform: Platform) -> None:
        while True:
            async with platform.database.transaction() as tx:
                waiting = select(Import.id).where(Import.status.in_(WAITING))
                next_id = await tx.scalar(waiting.order_by(Import.created_at, Import.id).limit(1))
            if next_id is not None:
                await _apply_file(platform, importer, next_id)
                continue
            await platform.wait_for_work(LOOK_SECONDS)

    return apply_imports


async def _apply_file(platform: Platform, importer: Importer, import_id: UUID) -> None:
    try:
        async with spooled(platform.database, import_id) as file:
            import_ = await _begin(platform, importer, import_id, file)
            if await _apply_chunks(platform, importer, import_, file):
                await _end(platform, importer, import_, file)
    except (UnreadableTable, Refusal) as fault:
        await _fail(platform, import_id, fault.code, fault.detail if isinstance(fault, Refusal) else fault.text)
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise  # the worker is started again, and goes on after the last committed chunk
        log.error("import_failed", import_id=str(import_id), exc_info=fault)
        await _fail(platform, import_id, "import_failed", FAILED)


async def _begin(platform: Platform, importer: Importer, import_id: UUID, file: Path) -> Import:
    """Count the file's lines, find the mapping its sender gave or once gave, and say where its name misleads."""
    lines = await asyncio.to_thread(lines_of, file)
    async with platform.database.transaction() as tx:
        import_ = await tx.get_one(Import, import_id)
        wanted = import_.mapping is not None or await knows_mappings(tx, import_.partner, import_.kind)
    layout = importer.layout(import_.kind)
    headers = await asyncio.to_thread(_headers, file, import_, layout) if wanted and layout is not None else []
    async with platform.database.transaction() as tx:
        import_ = await tx.get_one(Import, import_id, with_for_update=True)
        if import_.status in WAITING and import_.started_at is None:
            import_.lines_total, import_.started_at = lines, now()
            if headers:
                import_.mapping = await mapping_for(tx, import_, headers)
            with file.open("rb") as source:
                if differs_from_its_name(source.read(SIGNATURE_BYTES), import_.filename):
                    await _report(
                        tx, import_, [Issue(0, "", import_.filename, "warning", DIFFERS, TABLE_PROBLEMS[DIFFERS])]
                    )
    log.info("import_started", import_id=str(import_id), kind=import_.kind, size=import_.size)
    return import_


def _headers(file: Path, import_: Import, layout: Layout) -> list[str]:
    try:
        return headers_of(file, import_.filename, layout, import_.mapping)
    except UnreadableTable:
        return []  # whoever reads its rows will say why


async def _apply_chunks(platform: Platform, importer: Importer, import_: Import, file: Path) -> bool:
    """Give each row its effect; False where somebody cancelled the import meanwhile."""
    chunks = await asyncio.to_thread(importer.chunks, import_, file)
    while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        if chunk.last_line > import_.lines_done and not await _apply_chunk(platform, importer, import_.id, chunk):
            log.info("import_cancelled", import_id=str(import_.id))
            return False
    return True


async def _end(platform: Platform, importer: Importer, import_: Import, file: Path) -> None:
    missing = await missing_in(platform, importer, import_, file)
    if import_.dry_run and isinstance(importer, Checker):
        async with platform.database.transaction() as tx:
            await importer.checked(tx, import_, file)
    async with platform.database.transaction() as tx:
        done = await tx.get_one(Import, import_.id, with_for_update=True)
        if done.status not in WAITING:  # another process was there first, or somebody cancelled it
            return
        done.status, done.completed_at = ImportStatus.CHECKED if done.dry_run else ImportStatus.COMPLETED, now()
        await _report(tx, done, missing)
        if not done.dry_run:
            if done.supersedes is not None:
                earlier = await tx.get_one(Import, done.supersedes, with_for_update=True)
                earlier.status = ImportStatus.SUPERSEDED
            await importer.completed(tx, done)
    log.info("import_ended", import_id=str(import_.id), status=done.status, accepted=done.accepted)


FAILED = text.Text(
    ar="توقف التحميل بخطأ من جانبنا، وقد سُجّل. الأسطر المقبولة محفوظة؛ أعد إرسال الملف.",
    fr="L'import s'est arrêté sur une erreur de notre côté, enregistrée. Les lignes acceptées restent ; renvoyez le fichier.",
    en="The import stopped on a fault of ours, recorded. Accepted rows are kept; send the file again.",
)


async def _apply_chunk(platform: Platform, importer: Importer, import_id: UUID, chunk: Chunk) -> bool:
    """Apply a chunk once; False where the import has been ended by somebody else."""
    for tried in range(1, CHUNK_TRIES + 1):
        try:
            async with platform.database.transaction() as tx:
                import_ = await tx.get_one(Import, import_id, with_for_update=True)
                if import_.status not in WAITING:
                    return False
                if chunk.last_line > import_.lines_done:  # otherwise another process has done it
                    outcome = await _effect(tx, importer, import_, chunk)
                    _count(import_, chunk, outcome)
                    await _report(tx, import_, outcome.issues)
            return True
        except Exception as fault:
            if tried == CHUNK_TRIES or not is_of_the_surroundings(fault):
                raise
            log.warning("chunk_waits", import_id=str(import_id), reason=type(fault).__name__)
            await asyncio.sleep(tried)
    raise AssertionError("every try returns or raises")


async def _effect(tx: AsyncSession, importer: Importer, import_: Import, chunk: Chunk) -> Outcome:
    if not import_.dry_run:
        return await importer.apply(tx, import_, chunk)
    attempt = await tx.begin_nested()
    outcome = await importer.apply(tx, import_, chunk)
    await flush_rows(tx)  # tried too, and taken back with the rest
    await tx.flush()
    await attempt.rollback()
    await tx.refresh(import_)
    return outcome


def _count(import_: Import, chunk: Chunk, outcome: Outcome) -> None:
    import_.status = ImportStatus.RUNNING
    import_.lines_done = chunk.last_line
    import_.accepted += outcome.accepted
    import_.unchanged += outcome.unchanged
    import_.rejected += outcome.rejected


async def _report(tx: AsyncSession, import_: Import, issues: Sequence[Issue]) -> None:
    for first in range(0, len(issues), ISSUES_AT_ONCE):
        some = issues[first : first + ISSUES_AT_ONCE]
        import_.warnings += sum(1 for one in some if one.severity == "warning")
        await tx.execute(insert(ImportIssue), [_issue_row(import_.id, one) for one in some])


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
        if import_.status not in WAITING:  # cancelled meanwhile
            return
        import_.status, import_.completed_at = ImportStatus.FAILED, now()
        import_.failure = {"code": code, "ar": reason.ar, "fr": reason.fr, "en": reason.en}
    log.info("import_ended", import_id=str(import_id), status=import_.status, accepted=import_.accepted)


async def imports_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: files not yet applied."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).where(Import.status.in_(WAITING))
        return {"imports_waiting": await tx.scalar(waiting) or 0}
