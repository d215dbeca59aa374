"""The routes of exports, the same in every service that writes files; asking for one is each service's own."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from shared.database import Tx
from shared.disclosing import FileTold
from shared.errors import NotPermitted
from shared.exporting import reading
from shared.exporting.models import Export
from shared.exporting.schemas import ExportOut
from shared.exporting.writing import EXPORTS_THE_REGISTRY, IDS_OF_THE_REGISTRY
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {media.partition(";")[0]: {} for media in MEDIA.values()}},
    206: {},
    416: {},
}


def _anybody(by: Caller, export: Export) -> None:
    """Whoever asked for a file may have it."""


def refuse_ids(by: Caller, export: Export) -> None:
    """NotPermitted where the file has ids that its requester may no longer see."""
    if IDS_OF_THE_REGISTRY & set(export.columns) and not by.may(EXPORTS_THE_REGISTRY):
        raise NotPermitted(permission=EXPORTS_THE_REGISTRY)


def exports_router(
    permission: str, form: dict[str, Any], refuse: Callable[[Caller, Export], None] = _anybody
) -> APIRouter:
    """Routes under /v1/exports. `form`: what disclosing.gives_file says of their files; `refuse` raises where a requester may no
    longer have what it asked for."""
    router = APIRouter(prefix="/v1/exports", tags=["exports"])

    @router.get("")
    async def list_exports(
        request: Request,
        tx: Tx,
        by: Annotated[Caller, permitted(permission)],
        limit: Limit = DEFAULT_PAGE,
        cursor: Cursor = None,
    ) -> Page[ExportOut]:
        """The caller's own exports, newest first; those whose file has expired, too."""
        language = language_of(request.headers.get("accept-language"))
        return await reading.own_exports(tx, by.name, language, limit, cursor)

    @router.get("/{export_id}")
    async def get_export(
        request: Request, export_id: UUID, tx: Tx, by: Annotated[Caller, permitted(permission)]
    ) -> ExportOut:
        """How far an export is."""
        language = language_of(request.headers.get("accept-language"))
        return reading.export_out(await reading.own_export(tx, export_id, by.name), language)

    @router.get("/{export_id}/file", response_class=Response, responses=FILE_ANSWERS, openapi_extra=form)
    async def get_file(
        request: Request,
        export_id: UUID,
        tx: Tx,
        by: Annotated[Caller, permitted(permission)],
    ) -> Response:
        """The file. One range of its bytes may be asked for, to go on where a line broke."""
        export = await reading.own_export(tx, export_id, by.name)
        refuse(by, export)
        refuse_ids(by, export)
        reading.refuse_without_file(export)
        size, checksum = export.size or 0, (export.checksum or b"").hex()
        headers = {
            "Content-Disposition": f'attachment; filename="{export.what}-{export.created_at:%Y-%m-%d}.{export.format}"',
            "Content-Length": str(size),
            "Accept-Ranges": "bytes",  # the gateway gives them, from the whole that it looked at
            "ETag": f'"{checksum}"',
            "Cache-Control": "no-store",
        }
        headers |= FileTold(export.rows_done, checksum, tuple(export.columns)).header()
        body = reading.bytes_of(request.app.state.platform.database, export_id, size)
        return StreamingResponse(body, 200, headers, MEDIA[export.format])

    return router
