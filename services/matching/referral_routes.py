"""HTTP of referrals, and of who of a program lacks another one, for the programs' keepers."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from services.matching import referral_queries as queries
from services.matching import referring, reminding
from services.matching.referring import Step
from services.matching.rules.referring import HandOverOutcome, ReferralStatus, Standing
from services.matching.schemas import (
    DeadlinesIn,
    DeadlinesOut,
    HandOverOut,
    ReferralDetail,
    ReferralOut,
    ReferralRefused,
    ReferralsIn,
    ReferralsSent,
    ReferralSummary,
    ServiceOut,
    WithoutOut,
    WithoutSummary,
)
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["referrals"])
Reading = Annotated[Caller, permitted("referrals:read")]
Writing = Annotated[Caller, permitted("referrals:write")]
Receiver = Annotated[str, Path(max_length=64, description="A program, or a service.")]


@router.get("/programs/{program}/without/{other}")
async def list_without(
    program: str,
    other: str,
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    standing: Annotated[Literal[Standing.NOT_IN, Standing.CANNOT_TELL] | None, Query()] = None,
) -> Page[WithoutOut]:
    """The active enrollments of one of the caller's programs whose households are not in another one, or of whom it cannot
    be told. A household is in a program where any member is. For the other program the caller's agreement must cover it."""
    await referring.refuse_unless_covered(tx, program, other, by)
    return await queries.without(tx, program, other, limit, cursor, standing)


@router.get("/programs/{program}/without/{other}/summary")
async def summarize_without(program: str, other: str, tx: Tx, by: Reading) -> WithoutSummary:
    """How many of one of the caller's programs are in another one, are not, or cannot be told."""
    await referring.refuse_unless_covered(tx, program, other, by)
    return await queries.without_summary(tx, program, other)


@router.post("/referrals", response_model=ReferralsSent)
async def send_referrals(body: ReferralsIn, once: OnceOnly, tx: Tx, by: Writing) -> Response:
    """Refer households of one of the caller's programs to another: enrollments by id, or all that surely lack it.

    A household has at most one open referral to a program: a second one leaves it `unchanged`, whoever sent the first.
    """

    async def refer() -> ReferralsSent:
        return await referring.refer(tx, body, by=by)

    return await once.answer(refer, status=200, body=body.model_dump_json().encode())


@router.get("/referrals")
async def list_referrals(
    tx: Tx,
    by: Reading,
    direction: queries.Direction,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    status: ReferralStatus | None = None,
    program: Annotated[
        str | None, Query(max_length=64, description="One of the caller's programs or services.")
    ] = None,
    overdue: Annotated[bool | None, Query(description="Only those whose deadline has passed, or has not.")] = None,
) -> Page[ReferralOut]:
    """The referrals the caller's programs and services received or sent, oldest first, with the next deadline of each."""
    return await queries.referrals(tx, by, direction, limit, cursor, status, program, overdue)


@router.get("/referrals/summary")
async def summarize_referrals(
    tx: Tx, by: Reading, sent_from: date | None = None, sent_to: date | None = None
) -> list[ReferralSummary]:
    """Referrals by pair of programs, of those the caller's programs sent or received: steps, uptake and median days."""
    return await queries.summary(tx, by, sent_from, sent_to)


@router.get("/services", dependencies=[permitted("referrals:read")])
async def list_services() -> list[ServiceOut]:
    """Services that are no program and take referrals: nutrition, education, water and sanitation, civil registry."""
    return queries.services()


@router.get("/referral-deadlines/{receiver}", dependencies=[permitted("referrals:read")])
async def get_deadlines(receiver: Receiver, tx: Tx, response: Response) -> DeadlinesOut:
    """Within how many days the receiver of referrals to a program or service looks at one, answers and serves it."""
    found = await queries.deadlines(tx, receiver)
    tag(response, found.version)
    return found


@router.put("/referral-deadlines/{receiver}", response_model=DeadlinesOut)
async def set_deadlines(
    receiver: Receiver, body: DeadlinesIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Set the deadlines of referrals to one of the caller's programs or services, also of those that are under way."""

    async def set_them() -> BaseModel:
        await reminding.set_deadlines(tx, receiver, body, by=by, if_match=if_match)
        return await queries.deadlines(tx, receiver)

    return tagged(await once.answer(set_them, status=200, body=body.model_dump_json().encode()))


@router.get("/hand-overs")
async def list_hand_overs(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    outcome: HandOverOutcome | None = None,
) -> Page[HandOverOut]:
    """What became of the households that the caller's programs handed over to another institution's when they left, oldest
    first. Each is a referral there once it is surely known which household it is."""
    return await queries.hand_overs(tx, by, limit, cursor, outcome)


@router.get("/referrals/{referral_id}")
async def get_referral(referral_id: UUID, tx: Tx, by: Reading, response: Response) -> ReferralDetail:
    """One referral with its history."""
    found = await queries.referral(tx, referral_id, by)
    tag(response, found.version)
    return found


@router.post("/referrals/{referral_id}/see", response_model=ReferralDetail)
async def see_referral(referral_id: UUID, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch) -> Response:
    """Note that a received referral was looked at."""
    return await _move(once, tx, referral_id, Step(ReferralStatus.SEEN), by, if_match)


@router.post("/referrals/{referral_id}/accept", response_model=ReferralDetail)
async def accept_referral(referral_id: UUID, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch) -> Response:
    """Accept a referral that was seen. It is served by itself when the household is enrolled."""
    return await _move(once, tx, referral_id, Step(ReferralStatus.ACCEPTED), by, if_match)


@router.post("/referrals/{referral_id}/refuse", response_model=ReferralDetail)
async def refuse_referral(
    referral_id: UUID, body: ReferralRefused, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Refuse a referral that was seen or accepted, with the reason."""
    return await _move(once, tx, referral_id, Step(ReferralStatus.REFUSED, body.reason), by, if_match)


@router.post("/referrals/{referral_id}/serve", response_model=ReferralDetail)
async def serve_referral(referral_id: UUID, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch) -> Response:
    """Note that an accepted household was served, where no enrollment tells it."""
    return await _move(once, tx, referral_id, Step(ReferralStatus.SERVED), by, if_match)


@router.post("/referrals/{referral_id}/close", response_model=ReferralDetail)
async def close_referral(referral_id: UUID, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch) -> Response:
    """Close a referral that was served or refused."""
    return await _move(once, tx, referral_id, Step(ReferralStatus.CLOSED), by, if_match)


async def _move(once: OnceOnly, tx: Tx, referral_id: UUID, step: Step, by: Caller, if_match: str) -> Response:
    async def move() -> BaseModel:
        await referring.move(tx, referral_id, step, by=by, if_match=if_match)
        await tx.flush()
        return await queries.referral(tx, referral_id, by)

    command: Callable[[], Awaitable[BaseModel]] = move
    return tagged(await once.answer(command, status=200, body=(step.refusal or "").encode()))
