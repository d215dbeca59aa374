"""Resumable uploads: a file arrives in pieces, and each piece acknowledged is a row that no death can lose.

An upload is an import that is not whole yet. When its last byte is stored it waits for the worker like any other.
"""

from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import now
from shared.errors import NotFound
from shared.importing.errors import FileTooLarge, OffsetMismatch, TooManyUploads, UploadComplete
from shared.importing.models import Import, ImportPart, ImportStatus
from shared.importing.receiving import (
    Sent,
    checksum_of,
    digest_of,
    read_again,
    refuse_supersedes,
    store_parts,
    the_same,
)

LARGEST_PIECE_BYTES = 8 << 20
"""What one request may carry: a slow line sends small pieces, and loses little when it is cut."""
EXPIRES_AFTER = timedelta(hours=24)
"""An officer whose line fails in the evening goes on the next morning."""
MOST_UPLOADS = 50
"""Unfinished at once for one partner."""


async def begin_upload(tx: AsyncSession, sent: Sent, size: int) -> Import:
    """Make room for a file of `size` bytes. FileTooLarge before a byte of it is sent."""
    if size > sent.most_bytes:
        raise FileTooLarge(megabytes=sent.most_bytes >> 20)
    await refuse_supersedes(tx, sent)
    unfinished = select(func.count()).where(Import.partner == sent.partner, Import.status == ImportStatus.UPLOADING)
    if (await tx.scalar(unfinished) or 0) >= MOST_UPLOADS:
        raise TooManyUploads(limit=MOST_UPLOADS)
    made = sent.as_import(checksum=b"", size=size, status=ImportStatus.UPLOADING)
    made.received, made.expires_at = 0, now() + EXPIRES_AFTER
    tx.add(made)
    await tx.flush()
    if size == 0:
        await _complete(tx, made)
        await tx.flush()
    return made


async def upload_of(tx: AsyncSession, partner: str, upload_id: UUID, *, lock: bool = False) -> Import:
    """The partner's upload, or the import it has become. NotFound where there is none, or it has expired."""
    upload = await tx.get(Import, upload_id, with_for_update=lock)
    if upload is None or upload.partner != partner:
        raise NotFound
    if upload.status == ImportStatus.UPLOADING and upload.expires_at is not None and upload.expires_at < now():
        raise NotFound
    return upload


def refuse_offset(upload: Import, offset: int) -> None:
    """OffsetMismatch where a piece would leave a gap, or write over what is there."""
    if offset != upload.received or upload.status != ImportStatus.UPLOADING:
        raise OffsetMismatch(offset=upload.received)


async def append(tx: AsyncSession, partner: str, upload_id: UUID, offset: int, piece: BinaryIO, length: int) -> Import:
    """Store a piece of `length` bytes at its place; the last one makes the upload an import."""
    upload = await upload_of(tx, partner, upload_id, lock=True)
    refuse_offset(upload, offset)
    if offset + length > upload.size:
        raise FileTooLarge(megabytes=upload.size >> 20)
    last = await tx.scalar(select(func.max(ImportPart.part)).where(ImportPart.import_id == upload_id))
    await store_parts(tx, upload, piece, first=0 if last is None else last + 1)
    upload.expires_at = now() + EXPIRES_AFTER
    if upload.received == upload.size:
        await _complete(tx, upload)
    await tx.flush()
    return upload


async def _complete(tx: AsyncSession, upload: Import) -> None:
    upload.expires_at = None
    checksum = checksum_of(await digest_of(tx, upload.id), upload.mapping)
    known = await the_same(tx, upload.partner, upload.kind, checksum, upload.currency, dry_run=upload.dry_run)
    if known is None:
        upload.status, upload.checksum = ImportStatus.RECEIVED, checksum
    else:
        upload.status, upload.same_as, upload.completed_at = ImportStatus.REPEATED, known.id, now()
        if known.status == ImportStatus.CHECKED:  # what it would do may have changed since
            await read_again(tx, known)
        await tx.execute(delete(ImportPart).where(ImportPart.import_id == upload.id))


async def abandon(tx: AsyncSession, partner: str, upload_id: UUID) -> None:
    """Remove an upload that is not whole. UploadComplete where it has become an import."""
    upload = await upload_of(tx, partner, upload_id, lock=True)
    if upload.status != ImportStatus.UPLOADING:
        raise UploadComplete(id=upload_id)
    await tx.delete(upload)
