"""Exports: the registry as a file."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from services.registry.commands.exports import request_export
from services.registry.errors import RangeNotSatisfiable
from services.registry.queries import exports as queries
from services.registry.queries.exporting import export_columns
from services.registry.rules.exports import Unsatisfiable, part_asked
from services.registry.schemas.exports import ColumnOut, ExportIn, ExportOut, What
from shared.database import Tx
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of

router = APIRouter(prefix="/v1/exports", tags=["exports"])
Exporting = Annotated[Caller, permitted("households:export")]
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


@router.post("", status_code=202, response_model=ExportOut)
async def ask_for_export(request: Request, body: ExportIn, once: OnceOnly, tx: Tx, by: Exporting) -> Response:
    """Ask for a file of households, individuals, memberships or quality figures, today's or those of a day and a moment.

    Follow it at `GET /v1/exports/{id}`; the file is kept for 7 days, for the requester alone. An xlsx file holds at most
    1,048,575 rows; csv and parquet have no limit. At most 20 exports of a partner wait at once.
    """
    language = language_of(request.headers.get("accept-language"))

    async def ask() -> ExportOut:
        return queries.export_out(await request_export(tx, body, by=by.name), language)

    answer = await once.answer(ask, status=202, body=body.model_dump_json().encode())
    request.app.state.platform.wake_workers.set()
    return answer


@router.get("")
async def list_exports(
    request: Request, tx: Tx, by: Exporting, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ExportOut]:
    """The caller's own exports, newest first; those whose file has expired, too."""
    language = language_of(request.headers.get("accept-language"))
    return await queries.own_exports(tx, by.name, language, limit, cursor)


@router.get("/columns", dependencies=[permitted("households:export")])
async def list_columns(what: What) -> list[ColumnOut]:
    """The columns of an export: name, type, and what they hold in Arabic, French and English."""
    return [ColumnOut.model_validate(column, from_attributes=True) for column in export_columns()[what]]


@router.get("/{export_id}")
async def get_export(request: Request, export_id: UUID, tx: Tx, by: Exporting) -> ExportOut:
    """How far an export is."""
    language = language_of(request.headers.get("accept-language"))
    return queries.export_out(await queries.own_export(tx, export_id, by.name), language)


@router.get(
    "/{export_id}/file",
    response_class=Response,
    responses={200: {"content": {media.partition(";")[0]: {} for media in MEDIA.values()}}, 206: {}, 416: {}},
)
async def get_file(
    request: Request,
    export_id: UUID,
    tx: Tx,
    by: Exporting,
    range: Annotated[
        str | None, Header(max_length=100, description="One range of bytes, to go on where a line broke.")
    ] = None,
    if_range: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:
    """The file, whole or a range of it."""
    export = await queries.own_export(tx, export_id, by.name)
    queries.refuse_without_file(export)
    size, etag = export.size or 0, f'"{(export.checksum or b"").hex()}"'
    try:
        asked = part_asked(range, size) if if_range in (None, etag) else None
    except Unsatisfiable:
        raise RangeNotSatisfiable(size) from None
    start, end = asked or (0, size - 1)
    headers = {
        "Content-Disposition": f'attachment; filename="{export.what}-{export.created_at:%Y-%m-%d}.{export.format}"',
        "Content-Length": str(end - start + 1),
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Cache-Control": "no-store",
    }
    if asked:
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    body = queries.bytes_of(request.app.state.platform.database, export_id, start, end)
    return StreamingResponse(body, 206 if asked else 200, headers, MEDIA[export.format])
