"""Change requests and changes."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from services.registry.commands import requests as commands
from services.registry.commands.requests import Proposing
from services.registry.queries import requests as queries
from services.registry.schemas import Approval, ChangeOut, ChangeRequestIn, ChangeRequestOut, Rejection
from shared.database import Tx
from shared.errors import NotPermitted
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["change requests"])

Proposer = Annotated[Caller, permitted("changes:propose")]
Decider = Annotated[Caller, permitted("changes:decide")]
READING = "households:read"


@router.post("/change-requests", status_code=201, response_model=ChangeRequestOut)
async def propose_change(
    body: ChangeRequestIn,
    tx: Tx,
    by: Proposer,
    once: OnceOnly,
    if_match: Annotated[str | None, Header(description="The ETag of the record; required with `approve`.")] = None,
) -> Response:
    """Propose a correction, birth, death, succession, marriage, move, split, removal, return, merge or undo.

    It is tried at once: refused where it cannot be, and else answered with what it would change, record by record.
    Whoever has the authority for its fields decides, with the answer's ETag; `approve` does so in the same call.
    """
    if body.approve and not by.may("changes:decide"):
        raise NotPermitted(permission="changes:decide")
    proposing = Proposing(by.name, body.official, body.reason, [one.model_dump(mode="json") for one in body.evidence])

    async def make() -> ChangeRequestOut:
        request = await commands.propose(tx, body.proposal, proposing, if_match, approve=body.approve)
        return (await queries.request_out(tx, request, with_diff=by.may(READING)))[0]

    return tagged(await once.answer(make, status=201, body=body.model_dump_json().encode()))


@router.get("/change-requests")
async def list_change_requests(
    tx: Tx,
    by: Proposer,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    status: Annotated[Literal["proposed", "applied", "refused", "withdrawn"] | None, Query()] = None,
    subject_id: Annotated[UUID | None, Query(description="The household or individual it is about.")] = None,
) -> Page[ChangeRequestOut]:
    """The requests the caller made or may decide, newest first."""
    return await queries.change_requests(
        tx, limit, cursor, by.name, with_diff=by.may(READING), status=status, subject_id=subject_id
    )


@router.get("/change-requests/{request_id}")
async def get_change_request(request_id: UUID, tx: Tx, by: Proposer, response: Response) -> ChangeRequestOut:
    """A request, its decisions and what it changes. Its ETag changes with the record it is about, too."""
    found, version = await queries.change_request(tx, request_id, by.name, with_diff=by.may(READING))
    tag(response, version)
    return found


@router.post("/change-requests/{request_id}/approve")
async def approve_change(
    request_id: UUID, body: Approval, tx: Tx, by: Decider, if_match: IfMatch, response: Response
) -> ChangeRequestOut:
    """Approve a request as it stands. Where two persons are needed, the second one's approval applies it."""
    request = await commands.approve_request(
        tx, request_id, by=by.name, official=body.official, if_match=if_match, reason=body.reason
    )
    shown, version = await queries.request_out(tx, request, with_diff=by.may(READING))
    tag(response, version)
    return shown


@router.post("/change-requests/{request_id}/refuse")
async def refuse_change(request_id: UUID, body: Rejection, tx: Tx, by: Decider) -> ChangeRequestOut:
    """Refuse a request, with the reason its proposer will read."""
    request = await commands.refuse_request(tx, request_id, by=by.name, official=body.official, reason=body.reason)
    return (await queries.request_out(tx, request, with_diff=by.may(READING)))[0]


@router.post("/change-requests/{request_id}/withdraw")
async def withdraw_change(request_id: UUID, tx: Tx, by: Proposer) -> ChangeRequestOut:
    """Take one's own request back."""
    request = await commands.withdraw_request(tx, request_id, by=by.name)
    return (await queries.request_out(tx, request, with_diff=by.may(READING)))[0]


@router.get("/changes/{change_id}", dependencies=[permitted(READING)])
async def get_change(change_id: UUID, tx: Tx) -> ChangeOut:
    """A change: who, when, why, from which source, and the records it touched (at most 200 of each kind).

    To take it back, propose an `undo` of it.
    """
    return await queries.change(tx, change_id)
