"""What becomes of an import after its file is here: applied for good, cancelled, and at last its file removed."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import now
from shared.importing.errors import AlreadyApplied, FileNoLongerKept, ImportEnded, NotChecked
from shared.importing.models import WAITING, Import, ImportPart, ImportStatus
from shared.importing.receiving import KEPT_DAYS, checksum_of, digest_of, read_again, the_same
from shared.logs import log
from shared.platform import Platform
from shared.text import Text

PRUNE_SECONDS = 600
PARTS_AT_ONCE = 50
"""Removed in one transaction: 50 MiB, so that nobody waits for it."""
UPLOADS_AT_ONCE = 20

CANCELLED = Text(
    ar="أُلغي الاستيراد. الأسطر التي طُبقت قبل الإلغاء باقية ({applied}).",
    fr="Import annulé. Les lignes appliquées avant l'annulation restent ({applied}).",
    en="The import was cancelled. Rows applied before that stay ({applied}).",
)


async def apply_checked(tx: AsyncSession, import_: Import, mapping: dict[str, str] | None, *, dry_run: bool) -> None:
    """Read a file that is here once more: for good, or again as a dry run, with another mapping where one is given.

    NotChecked unless a dry run has ended or the file could not be read; AlreadyApplied where the same file has been.
    """
    if import_.status not in (ImportStatus.CHECKED, ImportStatus.FAILED):
        raise NotChecked(status=import_.status)
    here = select(ImportPart.part).where(ImportPart.import_id == import_.id).limit(1)
    if import_.size and await tx.scalar(here) is None:
        raise FileNoLongerKept(days=KEPT_DAYS)
    checksum = import_.checksum
    if mapping is not None:
        checksum = checksum_of(await digest_of(tx, import_.id), mapping)
        import_.mapping = mapping
    known = await the_same(tx, import_.partner, import_.kind, checksum, import_.currency, dry_run=dry_run)
    if known is not None and known.id != import_.id:
        raise AlreadyApplied(id=known.id)
    import_.checksum, import_.dry_run = checksum, dry_run
    await read_again(tx, import_)


def cancel(import_: Import) -> None:
    """End an import where it stands; a worker notices before its next chunk. ImportEnded where it is too late."""
    if import_.status not in (*WAITING, ImportStatus.CHECKED, ImportStatus.UPLOADING):
        raise ImportEnded(status=import_.status)
    applied = 0 if import_.dry_run else import_.accepted
    said = CANCELLED.format(applied=applied)
    import_.status, import_.completed_at, import_.expires_at = ImportStatus.CANCELLED, now(), None
    import_.failure = {"code": "cancelled", "ar": said.ar, "fr": said.fr, "en": said.en}


async def prune_imports(platform: Platform) -> None:
    """The worker that removes what is no longer needed: abandoned uploads, and the files of imports long ended."""
    while True:
        async with platform.database.transaction() as tx:
            removed = await prune(tx, now())
        if removed:
            log.info("imports_pruned", uploads_or_parts=removed)
        await asyncio.sleep(0 if removed else PRUNE_SECONDS)


async def prune(tx: AsyncSession, moment: datetime) -> int:
    """Remove a batch of what may go at `moment`; returns how many uploads and parts that were."""
    expired = select(Import.id).where(Import.status == ImportStatus.UPLOADING, Import.expires_at < moment)
    some = expired.order_by(Import.expires_at).limit(UPLOADS_AT_ONCE).with_for_update(skip_locked=True)
    uploads = (await tx.execute(delete(Import).where(Import.id.in_(some)).returning(Import.id))).all()
    place = (ImportPart.import_id, ImportPart.part)
    old = select(*place).join(Import, Import.id == ImportPart.import_id)
    old = old.where(Import.completed_at < moment - timedelta(days=KEPT_DAYS), Import.status.not_in(WAITING))
    gone = delete(ImportPart).where(tuple_(*place).in_(old.limit(PARTS_AT_ONCE)))
    parts = (await tx.execute(gone.returning(ImportPart.part))).all()
    return len(uploads) + len(parts)
