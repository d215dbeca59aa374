"""HTTP of shock responses: drafted over triggers, approved by a second person, listed, paid, and reported on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from services.matching.responses import deciding, plan_queries, planning, sharing
from services.matching.responses.pages import after_action_page, plan_page
from services.matching.responses.plan_schemas import (
    AfterAction,
    ByOfficialIn,
    ClosedIn,
    DesignIn,
    ListedOut,
    PaidIn,
    ReadingOut,
    ReasonIn,
    ResponseDetail,
    ResponseOut,
    SharingIn,
    SharingOut,
)
from services.matching.responses.routes import Approving, Reading, Writing
from services.matching.rules.responding import ResponseStatus
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller
from shared.importing.asking import AskedLanguage
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.text import Language

router = APIRouter(prefix="/v1/responses", tags=["responses"])
disclosures = APIRouter(prefix="/v1", tags=["responses"])
PageLanguage = Annotated[Language | None, Query(description="Of the page; otherwise as Accept-Language says.")]
PDF = {"content": {"application/pdf": {}}, "description": "The page."}


@router.post("", status_code=201, response_model=ResponseDetail)
async def draft_response(request: Request, body: DesignIn, once: OnceOnly, tx: Tx, by: Writing) -> Response:
    """Draft a response over validated triggers. Its plan is computed within seconds: follow `planning` until it is `ready`."""

    async def made() -> ResponseDetail:
        return await plan_queries.response(tx, (await planning.draft(tx, body, by=by)).id, by=by)

    answer = tagged(await once.answer(made, status=201, body=body.model_dump_json().encode()))
    request.app.state.platform.wake_after(tx)
    return answer


@router.get("")
async def list_responses(
    tx: Tx, by: Reading, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None, status: ResponseStatus | None = None
) -> Page[ResponseOut]:
    """Responses, the last drafted first; of a partner that may only read, those whose list was shared with it."""
    return await plan_queries.responses(tx, limit, cursor, status, by=by)


@router.get("/{response_id}")
async def get_response(response_id: UUID, tx: Tx, by: Reading, response: Response) -> ResponseDetail:
    """A response with its plan: budget, households and people by part, commune and category, whom other programs have, whom
    exclusions leave out, and who is still reached by nothing. No household is named."""
    found = await plan_queries.response(tx, response_id, by=by)
    tag(response, found.version)
    return found


@router.put("/{response_id}", response_model=ResponseDetail)
async def change_response(
    request: Request, response_id: UUID, body: DesignIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Write a draft anew; its plan is computed again."""

    async def changed() -> None:
        await planning.change(tx, response_id, body, by=by, if_match=if_match)

    answer = await _step(once, tx, response_id, body, by, changed)
    request.app.state.platform.wake_after(tx)
    return answer


@router.post("/{response_id}/propose", response_model=ResponseDetail)
async def propose_response(
    response_id: UUID, body: ByOfficialIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Put a computed plan before a second person. Its list is frozen from here on."""
    step = deciding.propose
    return await _step(once, tx, response_id, body, by, lambda: step(tx, response_id, body, by=by, if_match=if_match))


@router.post("/{response_id}/approve", response_model=ResponseDetail)
async def approve_response(
    response_id: UUID, body: ByOfficialIn, once: OnceOnly, tx: Tx, by: Approving, if_match: IfMatch
) -> Response:
    """Approve a proposed plan: by an official who had no hand in it, whichever token it comes with."""
    step = deciding.approve
    return await _step(once, tx, response_id, body, by, lambda: step(tx, response_id, body, by=by, if_match=if_match))


@router.post("/{response_id}/reject", response_model=ResponseDetail)
async def reject_response(
    response_id: UUID, body: ReasonIn, once: OnceOnly, tx: Tx, by: Approving, if_match: IfMatch
) -> Response:
    """Reject a proposed plan, with the reason."""
    step = deciding.reject
    return await _step(once, tx, response_id, body, by, lambda: step(tx, response_id, body, by=by, if_match=if_match))


@router.post("/{response_id}/withdraw", response_model=ResponseDetail)
async def withdraw_response(
    response_id: UUID, body: ReasonIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Take back a response that has no list yet, with the reason; of a draft, its plan is computed no further."""
    step = deciding.withdraw
    return await _step(once, tx, response_id, body, by, lambda: step(tx, response_id, body, by=by, if_match=if_match))


@router.post("/{response_id}/list", response_model=ResponseDetail)
async def release_list(
    response_id: UUID, body: SharingIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Release the list of an approved response to its first recipient, for a purpose, until a moment."""
    step = deciding.release_list
    return await _step(once, tx, response_id, body, by, lambda: step(tx, response_id, body, by=by, if_match=if_match))


@router.get("/{response_id}/list")
async def read_list(
    response_id: UUID, tx: Tx, by: Reading, response: Response, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ListedOut]:
    """The households of a list, in order, to whom it is shared with now: with the institution that responds too, where it
    shares it with itself. After the sharing's end it is refused. Every page read is written down."""
    told, grant = await sharing.read_list(tx, response_id, limit, cursor, by=by)
    response.headers.update(grant.header())
    return told


@disclosures.get("/response-readings")
async def list_readings(
    tx: Tx, by: Approving, household_id: UUID, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ReadingOut]:
    """To whom lists of shock responses told of a household: when, for what, by what right."""
    return await sharing.readings_of(tx, household_id, limit, cursor)


@router.get("/{response_id}/sharings")
async def list_sharings(
    response_id: UUID, tx: Tx, by: Writing, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[SharingOut]:
    """Who may read the list, or might, for what, until when, and how many pages were read."""
    return await sharing.sharings(tx, response_id, limit, cursor)


@router.post("/{response_id}/sharings", response_model=ResponseDetail)
async def share_list(
    response_id: UUID, body: SharingIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Share a released list with a further recipient, or longer."""

    async def shared() -> None:
        await sharing.share(tx, response_id, body, by=by, if_match=if_match)

    return await _step(once, tx, response_id, body, by, shared)


@router.post("/{response_id}/sharings/{sharing_id}/end", response_model=ResponseDetail)
async def end_sharing(
    response_id: UUID, sharing_id: UUID, body: ByOfficialIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """End a sharing before its time."""

    async def ended() -> None:
        await sharing.end(tx, response_id, sharing_id, body, by=by, if_match=if_match)

    return await _step(once, tx, response_id, body, by, ended)


@router.post("/{response_id}/first-payment", response_model=ResponseDetail)
async def note_first_payment(
    response_id: UUID, body: PaidIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Tell the day on which the first household of the list was paid."""
    step = deciding.note_first_payment
    return await _step(once, tx, response_id, body, by, lambda: step(tx, response_id, body, by=by, if_match=if_match))


@router.post("/{response_id}/close", response_model=ResponseDetail)
async def close_response(
    response_id: UUID, body: ClosedIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Close a response with what was paid in all."""
    step = deciding.close
    return await _step(once, tx, response_id, body, by, lambda: step(tx, response_id, body, by=by, if_match=if_match))


@router.get("/{response_id}/after-action")
async def get_after_action(response_id: UUID, tx: Tx, by: Reading) -> AfterAction:
    """What a response reached: planned, listed, enrolled, paid; timeliness; overlap, exclusion, remainder; by commune."""
    return await plan_queries.after_action(tx, response_id, by=by)


@router.get("/{response_id}/plan.pdf", response_class=Response, responses={200: PDF})
async def print_plan(
    response_id: UUID, tx: Tx, by: Reading, asked: AskedLanguage, language: PageLanguage = None
) -> Response:
    """The plan as a page to sign, in Arabic, French or English."""
    found = await plan_queries.response(tx, response_id, by=by)
    return Response(await asyncio.to_thread(plan_page, found, language or asked), media_type="application/pdf")


@router.get("/{response_id}/after-action.pdf", response_class=Response, responses={200: PDF})
async def print_after_action(
    response_id: UUID, tx: Tx, by: Reading, asked: AskedLanguage, language: PageLanguage = None
) -> Response:
    """The after-action report as a page, in Arabic, French or English."""
    found = await plan_queries.after_action(tx, response_id, by=by)
    return Response(await asyncio.to_thread(after_action_page, found, language or asked), media_type="application/pdf")


async def _step(
    once: OnceOnly, tx: Tx, response_id: UUID, body: BaseModel, by: Caller, step: Callable[[], Awaitable[None]]
) -> Response:
    """Take a step once, and show what it led to."""

    async def taken() -> ResponseDetail:
        await step()
        await tx.flush()
        return await plan_queries.response(tx, response_id, by=by)

    return tagged(await once.answer(taken, status=200, body=body.model_dump_json().encode()))
