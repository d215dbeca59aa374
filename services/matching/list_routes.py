"""HTTP of one person matched, and of matched lists; sending a list is `POST /v1/imports`, or in pieces `/v1/uploads`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.matching import list_queries
from services.matching.list_models import Found
from services.matching.list_queries import MatchCounts, MatchedLineOut, MatchExportIn
from services.matching.listing import PERMISSION, match_again
from services.matching.one_person import PersonIn, PersonMatch, match_person
from shared.database import Tx
from shared.disclosing import gives_file
from shared.errors import NotFound
from shared.exporting.cells import headings_of
from shared.exporting.models import Export
from shared.exporting.reading import export_out
from shared.exporting.routes import exports_router
from shared.exporting.schemas import ExportOut
from shared.exporting.writing import Asked, ask_for, columns_for
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.importing.asking import AskedLanguage
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["lists"])
Matching = Annotated[Caller, permitted(PERMISSION)]


@router.post("/match")
async def match_one(body: PersonIn, tx: Tx, by: Matching, language: AskedLanguage) -> PersonMatch:
    """Who of the registry a person is, as a list of a program of the caller's would write it; nothing is written.

    `index` says of how many members it was asked, and how far these are behind the registry's news. While the registry is
    read for the first time, 503 and Retry-After.
    """
    return await match_person(tx, body, by, language)


@router.get("/imports/{import_id}/matches")
async def list_matches(
    import_id: UUID,
    tx: Tx,
    by: Matching,
    language: AskedLanguage,
    found: Found | None = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[MatchedLineOut]:
    """Who stands behind each line of a list of the caller's, with up to three candidates and the evidence for them."""
    list_queries.refuse_unmatched(await list_queries.own_matched(tx, import_id, by))
    return await list_queries.matches(tx, import_id, found, language, limit, cursor)


@router.get("/imports/{import_id}/match-counts")
async def count_matches(import_id: UUID, tx: Tx, by: Matching) -> MatchCounts:
    """How many lines were linked, are doubtful, stand twice, or are of nobody the registry has."""
    list_queries.refuse_unmatched(await list_queries.own_matched(tx, import_id, by))
    return await list_queries.counts(tx, import_id)


@router.post("/imports/{import_id}/match-again", status_code=204)
async def match_list_again(request: Request, import_id: UUID, tx: Tx, by: Matching) -> None:
    """Match the list once more, with the registry and the model of now; what was found before is gone."""
    await match_again(tx, await list_queries.own_matched(tx, import_id, by, lock=True))
    request.app.state.platform.wake_after(tx)


@router.post("/exports", tags=["exports"], status_code=202, response_model=ExportOut)
async def export_matches(
    request: Request, body: MatchExportIn, once: OnceOnly, tx: Tx, by: Matching, language: AskedLanguage
) -> Response:
    """Ask for a matched list as a file: its own columns, what was found for each line, and why in words.

    Follow it at `GET /v1/exports/{id}`; the file is kept for 7 days, for the requester alone.
    """

    async def ask() -> ExportOut:
        import_ = await list_queries.own_matched(tx, body.import_id, by)
        list_queries.refuse_unmatched(import_)
        filters = {"import_id": str(body.import_id), "program": import_.kind, "language": body.language}
        if body.found is not None:
            filters["found"] = body.found
        asked = Asked(by.name, "matches", body.format, filters, body.columns)
        return export_out(await ask_for(tx, asked, columns_for(by, list_queries.COLUMN_NAMES)), language)

    answer = await once.answer(ask, status=202, body=body.model_dump_json().encode())
    request.app.state.platform.wake_after(tx)
    return answer


def _refuse(by: Caller, export: Export) -> None:
    """A program taken out of a partner's agreement takes the files already written with it."""
    if export.filters["program"] not in by.programs:
        raise NotFound


files = exports_router(PERMISSION, gives_file("record", headings_of(list_queries.COLUMNS)), _refuse)
