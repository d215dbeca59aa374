"""HTTP of eligibility and gaps."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.matching.eligibility import proposals, queries, replaying, replays
from services.matching.eligibility.schemas import (
    EligibilityCounts,
    EligibilityOut,
    HandOverProposal,
    HouseholdGap,
    ReplayIn,
    ReplayOut,
)
from services.matching.rules.gap_reasons import GapReason
from shared.clock import now
from shared.database import Tx
from shared.errors import NotFound
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of
from shared.text import Language

router = APIRouter(prefix="/v1", tags=["eligibility"])
Reading = Annotated[Caller, permitted("eligibility:read")]
Code = Annotated[str, Path(max_length=64)]
Replaying = Annotated[Caller, permitted("eligibility:replay")]
AsOf = Annotated[date | None, Query(description="Ages and rules of this day; today where it is not given.")]


@router.get("/households/{household_id}/eligibility")
async def get_household_eligibility(
    request: Request,
    household_id: UUID,
    tx: Tx,
    by: Reading,
    program: Annotated[str, Query(max_length=64)],
    as_of: AsOf = None,
) -> EligibilityOut:
    """Whether a program's rule means a household, criterion by criterion, in the caller's language. Of programs that the
    caller keeps or its agreement covers. Nothing that the registry knows of the household is shown."""
    if program not in by.programs | by.covers:
        raise NotFound(pointer="/query/program")
    return await queries.household_eligibility(tx, household_id, program, as_of or now().date(), _language(request))


@router.get("/programs/{program}/eligibility", dependencies=[permitted("eligibility:read")])
async def get_program_eligibility(program: Code, tx: Tx, as_of: AsOf = None) -> EligibilityCounts:
    """How many households a program's rule means, and of how many that cannot be told, by wilaya; 1 to 4 are not shown."""
    return await queries.counts(tx, program, as_of or now().date())


@router.get("/programs/{program}/gaps")
async def list_program_gaps(
    program: Code,
    tx: Tx,
    by: Annotated[Caller, permitted("gaps:read")],
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    reason: GapReason | None = None,
    told: Annotated[
        Literal["gap", "cannot_tell"], Query(description="Those it misses, or those of whom it cannot be told.")
    ] = "gap",
) -> Page[HouseholdGap]:
    """The households that one of the caller's programs means and misses, by the registry's number: in neither it nor a
    substitute, with the reason. They are to be visited by persons; nobody is enrolled by standing here."""
    if program not in by.programs:
        raise NotFound(pointer="/path/program")
    return await queries.gaps(tx, program, limit, cursor, reason=reason, told=told)


@router.get("/programs/{program}/hand-over-proposals")
async def list_hand_over_proposals(
    program: Code,
    tx: Tx,
    by: Annotated[Caller, permitted("referrals:read")],
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[HandOverProposal]:
    """Of one of the caller's programs the enrollments whose household has come to be meant, and is missed, by a complement that
    its agreement covers. A person decides whether it is referred there."""
    if program not in by.programs:
        raise NotFound(pointer="/path/program")
    return await proposals.proposals(tx, program, limit, cursor, by=by)


@router.post("/eligibility-replays", status_code=202, response_model=ReplayOut)
async def start_replay(request: Request, body: ReplayIn, once: OnceOnly, tx: Tx, by: Replaying) -> Response:
    """Have whom a program's rule meant on a day worked out again, under that day's rule and from what was known at a moment.
    The registry and the program are asked page by page; `GET /v1/eligibility-replays/{id}` says how far it is."""

    async def begin() -> ReplayOut:
        begun = await replaying.start(tx, body.program, body.as_of, body.known_at, by=by)
        return await replays.replay(tx, begun.id, _language(request))

    return await once.answer(begin, status=202, body=body.model_dump_json().encode())


@router.get("/eligibility-replays")
async def list_replays(
    request: Request, tx: Tx, by: Replaying, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ReplayOut]:
    """The replays that were asked for, newest first."""
    return await replays.replays(tx, limit, cursor, _language(request))


@router.get("/eligibility-replays/{replay_id}")
async def get_replay(request: Request, replay_id: UUID, tx: Tx, by: Replaying) -> ReplayOut:
    """How far a replay is, and its answer in numbers."""
    return await replays.replay(tx, replay_id, _language(request))


@router.post("/eligibility-replays/{replay_id}/cancel")
async def cancel_replay(request: Request, replay_id: UUID, tx: Tx, by: Replaying) -> ReplayOut:
    """Read no further; what was found so far is not complete."""
    await replaying.cancel(tx, replay_id)
    return await replays.replay(tx, replay_id, _language(request))


@router.get("/eligibility-replays/{replay_id}/households/{household_id}")
async def get_replayed_household(
    request: Request, replay_id: UUID, household_id: UUID, tx: Tx, by: Replaying
) -> EligibilityOut:
    """Why the rule meant, or did not mean, one household that day: criterion by criterion, in the caller's language."""
    return await replays.replayed_household(tx, replay_id, household_id, _language(request))


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))
