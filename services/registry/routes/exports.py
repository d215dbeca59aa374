"""Exports: the registry as a file."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.registry.commands.exports import request_export
from services.registry.queries.exporting import export_columns
from services.registry.schemas.exports import ColumnOut, ExportIn, What
from shared.database import Tx
from shared.disclosing import gives_file
from shared.exporting.reading import export_out
from shared.exporting.routes import exports_router
from shared.exporting.schemas import ExportOut
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.problems import language_of

router = APIRouter(prefix="/v1/exports", tags=["exports"])
Exporting = Annotated[Caller, permitted("households:export")]


@router.post("", status_code=202, response_model=ExportOut)
async def ask_for_export(request: Request, body: ExportIn, once: OnceOnly, tx: Tx, by: Exporting) -> Response:
    """Ask for a file of households, individuals, memberships or quality figures, today's or those of a day and a moment.

    Follow it at `GET /v1/exports/{id}`; the file is kept for 7 days, for the requester alone. An xlsx file holds at most
    1,048,575 rows; csv and parquet have no limit. At most 20 exports of a partner wait at once.
    """
    language = language_of(request.headers.get("accept-language"))

    async def ask() -> ExportOut:
        return export_out(await request_export(tx, body, by=by.name), language)

    answer = await once.answer(ask, status=202, body=body.model_dump_json().encode())
    request.app.state.platform.wake_after(tx)
    return answer


@router.get("/columns", dependencies=[permitted("households:export")])
async def list_columns(what: What) -> list[ColumnOut]:
    """The columns of an export: name, type, and what they hold in Arabic, French and English."""
    return [ColumnOut.model_validate(column, from_attributes=True) for column in export_columns()[what]]


HEADINGS = {column.name: {column.name} for columns in export_columns().values() for column in columns}
files = exports_router("households:export", gives_file("record", HEADINGS))
