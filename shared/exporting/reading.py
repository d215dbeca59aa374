"""Reads of exports: the requester's own, and the bytes of a file."""

import math
from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database
from shared.errors import NotFound
from shared.exporting.errors import ExportExpired, ExportNotReady
from shared.exporting.models import Export, ExportPart
from shared.exporting.schemas import ExportOut
from shared.exporting.writing import PART_BYTES
from shared.pagination import Page, decode_cursor, encode_cursor


def export_out(export: Export, language: str) -> ExportOut:
    failure = export.failure or {}
    values = {column.key: getattr(export, column.key) for column in Export.__table__.columns}
    return ExportOut.model_validate(values | {"failure_code": failure.get("code"), "failure": failure.get(language)})


async def own_export(tx: AsyncSession, export_id: UUID, partner: str) -> Export:
    """The caller's export; another partner's does not exist for it."""
    export = await tx.get(Export, export_id)
    if export is None or export.partner != partner:
        raise NotFound
    return export


async def own_exports(tx: AsyncSession, partner: str, language: str, limit: int, cursor: str | None) -> Page[ExportOut]:
    """The caller's exports, newest first."""
    rows = select(Export).where(Export.partner == partner).order_by(Export.id.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(Export.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[export_out(one, language) for one in found[:limit]], next_cursor=more)


def refuse_without_file(export: Export) -> None:
    if export.status == "completed" and export.size is None:
        raise ExportExpired(on=export.expires_at.date() if export.expires_at else "")
    if export.status != "completed":
        raise ExportNotReady(status=export.status)


async def bytes_of(database: Database, export_id: UUID, size: int) -> AsyncIterator[bytes]:
    """The bytes of a file, a part at a time: a slow line holds no connection."""
    for part in range(math.ceil(size / PART_BYTES)):
        async with database.transaction() as tx:
            wanted = select(ExportPart.content).where(ExportPart.export_id == export_id, ExportPart.part == part)
            content = (await tx.scalars(wanted)).one()
        yield content
