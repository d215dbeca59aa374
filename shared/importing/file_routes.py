"""Routes about the stored file itself: its columns, the mappings remembered for its like, and its faulty rows."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path, PurePath
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select

from shared.database import Tx
from shared.disclosing import gives_file
from shared.errors import NotFound
from shared.headers import Layout
from shared.importing.asking import AskedLanguage, Importing, Looking, OurImporter, OurPlatform, own_import
from shared.importing.columns import columns_of, forget
from shared.importing.error_file import HEADINGS, SHEETS, Form, write_error_file
from shared.importing.errors import NoTable
from shared.importing.importer import Importer
from shared.importing.models import Import, ImportMapping
from shared.importing.receiving import spooled
from shared.importing.schemas import ColumnsOut, FieldOut, MappingOut, column_shown, mapping_shown
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page, decode_cursor, encode_cursor
from shared.tables import UnreadableTable

NOT_A_LIST = UnreadableTable("unsupported_format")
PIECE_BYTES = 1 << 16


router = APIRouter(prefix="/v1", tags=["imports"])


@router.get("/imports/{import_id}/columns")
async def list_columns(
    import_id: UUID,
    by: Importing,
    importer: OurImporter,
    looking: Looking,
    language: AskedLanguage,
    platform: OurPlatform,
) -> ColumnsOut:
    """The file's headers, the field each was taken for, and values of its first three rows, to its sender alone.

    Where a guess is wrong, send the file's `mapping`: with the file, or to `POST /v1/imports/{id}/apply`.
    """
    async with platform.database.transaction() as tx:
        import_ = await own_import(tx, import_id, by)
    layout = _layout_of(importer, import_)
    async with looking, spooled(platform.database, import_id) as file:
        try:
            found = await asyncio.to_thread(columns_of, file, import_.filename, layout, import_.mapping)
        except UnreadableTable as fault:
            raise NoTable(fault.text) from None
    fields = [FieldOut(field=field, label=layout.label(field).in_(language)) for field in layout.fields]
    return ColumnsOut(columns=[column_shown(one) for one in found], fields=fields)


@router.get(
    "/imports/{import_id}/error-file",
    response_class=StreamingResponse,
    openapi_extra=gives_file("record", HEADINGS, own="sent"),
)
async def get_error_file(
    import_id: UUID,
    by: Importing,
    importer: OurImporter,
    looking: Looking,
    language: AskedLanguage,
    platform: OurPlatform,
    form: Annotated[Form, Query(alias="format")] = "xlsx",
) -> StreamingResponse:
    """The rows that were refused or warned of, with the file's own columns and ours: line, field and reason.

    Correct it and send it again: our columns are left out when it returns. It holds the faulty rows alone, so it is
    a list of its own and does not supersede the file it came from.
    """
    async with platform.database.transaction() as tx:
        import_ = await own_import(tx, import_id, by)
    layout = _layout_of(importer, import_)
    folder = tempfile.TemporaryDirectory()
    file = Path(folder.name) / "faults"
    try:
        async with looking:
            await write_error_file(file, form, platform.database, import_, layout, language)
    except BaseException as fault:
        folder.cleanup()
        if isinstance(fault, UnreadableTable):
            raise NoTable(fault.text) from None
        raise
    name = quote(f"{PurePath(import_.filename).stem}-tekamoul.{form}")
    return StreamingResponse(
        _pieces(folder, file),
        media_type=SHEETS[form].media_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


@router.get("/import-mappings")
async def list_mappings(tx: Tx, by: Importing, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[MappingOut]:
    """The column mappings remembered for the caller's files, by kind and set of headers; newest first."""
    rows = select(ImportMapping).where(ImportMapping.partner == by.name).order_by(ImportMapping.id.desc())
    if cursor:
        rows = rows.where(ImportMapping.id < decode_cursor(cursor, UUID)[0])
    found = list((await tx.scalars(rows.limit(limit + 1))).all())
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[mapping_shown(one) for one in found[:limit]], next_cursor=more)


@router.delete("/import-mappings/{mapping_id}", status_code=204)
async def forget_mapping(mapping_id: UUID, tx: Tx, by: Importing) -> Response:
    """Forget a remembered mapping: the next file with these headers is read by our own guess again."""
    if not await forget(tx, by.name, mapping_id):
        raise NotFound
    return Response(status_code=204)


def _layout_of(importer: Importer, import_: Import) -> Layout:
    layout = importer.layout(import_.kind)
    if layout is None:
        raise NoTable(NOT_A_LIST.text)
    return layout


async def _pieces(folder: tempfile.TemporaryDirectory[str], file: Path) -> AsyncIterator[bytes]:
    with folder, file.open("rb") as content:
        while piece := content.read(PIECE_BYTES):
            yield piece
