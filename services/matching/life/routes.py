"""HTTP of hand-overs that the life of a household proposes, for the programs' keepers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.matching.life import commands, queries
from services.matching.life.schemas import Body, Declined, LifeProposalOut
from services.matching.rules.life_changes import ProposalStatus
from shared.database import Tx
from shared.etags import IfMatch, tag
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of
from shared.text import Language

router = APIRouter(prefix="/v1/life-proposals", tags=["referrals"])
Reading = Annotated[Caller, permitted("referrals:read")]
Writing = Annotated[Caller, permitted("referrals:write")]


@router.get("")
async def list_life_proposals(
    request: Request,
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    program: Annotated[str | None, Query(max_length=64, description="One of the caller's.")] = None,
    status: Annotated[ProposalStatus | None, Query()] = None,
) -> Page[LifeProposalOut]:
    """Programs to which the caller's are proposed to hand a household over: a child turned 2, passed school age or left the
    school's list, a member became disabled, and another program means the household now and does not reach it."""
    return await queries.life_proposals(tx, by, limit, cursor, _language(request), program=program, status=status)


@router.get("/{proposal_id}")
async def get_life_proposal(
    proposal_id: UUID, request: Request, response: Response, tx: Tx, by: Reading
) -> LifeProposalOut:
    """One proposal, with its reasons in the caller's language."""
    return await _told(tx, proposal_id, by, request, response)


@router.post("/{proposal_id}/refer")
async def refer_life_proposal(
    proposal_id: UUID, body: Body, if_match: IfMatch, request: Request, response: Response, tx: Tx, by: Writing
) -> LifeProposalOut:
    """Refer the household to the program proposed; from there on it is a referral as any other."""
    await commands.refer_proposed(tx, proposal_id, body, by=by, if_match=if_match)
    return await _told(tx, proposal_id, by, request, response)


@router.post("/{proposal_id}/decline")
async def decline_life_proposal(
    proposal_id: UUID, body: Declined, if_match: IfMatch, request: Request, response: Response, tx: Tx, by: Writing
) -> LifeProposalOut:
    """Leave the household where it is, with the reason. The same change does not propose it again."""
    await commands.decline(tx, proposal_id, body, by=by, if_match=if_match)
    return await _told(tx, proposal_id, by, request, response)


async def _told(tx: Tx, proposal_id: UUID, by: Caller, request: Request, response: Response) -> LifeProposalOut:
    found = await queries.life_proposal(tx, proposal_id, by, _language(request))
    tag(response, found.version)
    return found


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))
