"""Routes of exports: a program's enrollments, and a cycle's payments, as files."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.programs.commands.exports import refuse_export, request_export
from services.programs.rules.exports import IDS_OF_OWN_RECORDS, headings
from services.programs.schemas.exports import ExportIn
from shared.database import Tx
from shared.disclosing import gives_file
from shared.exporting.models import Export
from shared.exporting.reading import export_out
from shared.exporting.routes import exports_router
from shared.exporting.schemas import ExportOut
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.problems import language_of

router = APIRouter(prefix="/v1/exports", tags=["exports"])


@router.post("", status_code=202, response_model=ExportOut)
async def ask_for_export(
    request: Request, body: ExportIn, once: OnceOnly, tx: Tx, by: Annotated[Caller, permitted("enrollments:read")]
) -> Response:
    """Ask for a file of a program's enrollments or deliveries, or of a cycle's entitlements (the payment agent's list)
    or reconciliation; all but the first need `payments:read`.

    Its beneficiaries stand in the columns of the program's own list, so that an exported list can be sent back. Follow it
    at `GET /v1/exports/{id}`; the file is kept for 7 days, for the requester alone. An xlsx file holds at most
    1,048,575 rows; csv and parquet have no limit. At most 20 exports of a partner wait at once.
    """
    language = language_of(request.headers.get("accept-language"))

    async def ask() -> ExportOut:
        return export_out(await request_export(tx, body, by=by), language)

    answer = await once.answer(ask, status=202, body=body.model_dump_json().encode())
    request.app.state.platform.wake_after(tx)
    return answer


def _refuse(by: Caller, export: Export) -> None:
    """A program taken out of a partner's agreement takes the files already written with it."""
    refuse_export(by, export.what, export.filters["program"])


files = exports_router(
    "enrollments:read", gives_file("record", headings(), ids=IDS_OF_OWN_RECORDS, own="beside"), _refuse
)
