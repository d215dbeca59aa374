"""HTTP of grievances: agents take them down, whom they concern answers; and a household's picture."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel

from services.matching.grievances import commands, picture, queries
from services.matching.grievances.schemas import (
    AnswerIn,
    GrievanceDetail,
    GrievanceIn,
    GrievanceOut,
    GrievanceSummary,
    Picture,
    PictureReadOut,
    StepIn,
)
from services.matching.rules.grieving import Category, GrievanceStatus, GrievanceStep
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import Once, OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["grievances"])
Reading = Annotated[Caller, permitted("grievances:read")]
Writing = Annotated[Caller, permitted("grievances:write")]
Answering = Annotated[Caller, permitted("grievances:answer")]
Looking = Annotated[Caller, permitted("households:picture")]
Which = Annotated[str, Path(max_length=40, description="The household's number, or its id.")]


@router.get("/households/{household}/picture")
async def get_picture(
    household: Which,
    tx: Tx,
    by: Looking,
    official: Annotated[str, Header(alias="Tekamoul-Official", pattern=r"^[A-Za-z0-9._-]{2,40}$")],
    reference: Annotated[
        str,
        Query(
            min_length=2, max_length=80, pattern=r"^[A-Za-z0-9 ./_-]+$", description="Of the case it is looked at for."
        ),
    ],
) -> Picture:
    """How a household stands to the programs that the caller keeps or its agreement covers, since when by month, with open
    referrals and cases; no values and no names. Who looked, and for which case, is recorded with the answer."""
    return await picture.picture(tx, household, official, reference, by=by)


@router.get("/households/{household}/picture-reads", dependencies=[permitted("households:picture-reads")])
async def list_picture_reads(
    household: Which, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[PictureReadOut]:
    """Who looked at a household's picture, for which case, newest first."""
    return await picture.reads(tx, household, limit, cursor)


@router.post("/grievances", status_code=201, response_model=GrievanceDetail)
async def open_grievance(body: GrievanceIn, once: OnceOnly, tx: Tx, by: Writing) -> Response:
    """Take a grievance down; it goes to the keepers of the program, to the registry, or, of conduct, to the grievance unit,
    and is never shown to the institution whose conduct it is about. Of an anonymous one no Idempotency-Key is kept."""

    async def open_it() -> BaseModel:
        return await queries.detail(tx, await commands.open_grievance(tx, body, by=by))

    if body.anonymous:
        made = await open_it()
        return tagged(Response(made.model_dump_json(), status_code=201, media_type="application/json"))
    return tagged(await once.answer(open_it, status=201, body=body.model_dump_json().encode()))


@router.get("/grievances")
async def list_grievances(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    status: GrievanceStatus | None = None,
    category: Category | None = None,
    program: Annotated[str | None, Query(max_length=64)] = None,
    overdue: Annotated[bool | None, Query(description="Only those whose next step is late, or is not.")] = None,
) -> Page[GrievanceOut]:
    """The grievances that the caller opened or that go to it, oldest first."""
    return await queries.grievances(tx, by, limit, cursor, status, category, program, overdue)


@router.get("/grievances/summary")
async def summarize_grievances(
    tx: Tx, by: Reading, opened_from: date | None = None, opened_to: date | None = None
) -> list[GrievanceSummary]:
    """Counts by whom they go to, with the median days to an answer, of those the caller may see."""
    return await queries.summary(tx, by, opened_from, opened_to)


@router.get("/grievances/{grievance_id}")
async def get_grievance(grievance_id: UUID, tx: Tx, by: Reading, response: Response) -> GrievanceDetail:
    """One grievance with its history."""
    found = await queries.grievance(tx, grievance_id, by)
    tag(response, found.version)
    return found


@router.post("/grievances/{grievance_id}/acknowledge", response_model=GrievanceDetail)
async def acknowledge_grievance(
    grievance_id: UUID, body: StepIn, once: OnceOnly, tx: Tx, by: Answering, if_match: IfMatch
) -> Response:
    """Say that it has arrived."""
    return await _step(once, tx, grievance_id, GrievanceStep.ACKNOWLEDGE, body, by, if_match)


@router.post("/grievances/{grievance_id}/answer", response_model=GrievanceDetail)
async def answer_grievance(
    grievance_id: UUID, body: AnswerIn, once: OnceOnly, tx: Tx, by: Answering, if_match: IfMatch
) -> Response:
    """Answer it, in the language of whoever complains."""
    return await _step(once, tx, grievance_id, GrievanceStep.ANSWER, body, by, if_match, body)


@router.post("/grievances/{grievance_id}/close", response_model=GrievanceDetail)
async def close_grievance(
    grievance_id: UUID, body: StepIn, once: OnceOnly, tx: Tx, by: Answering, if_match: IfMatch
) -> Response:
    """Close one whose answer was accepted, or was neither accepted nor escalated in time."""
    return await _step(once, tx, grievance_id, GrievanceStep.CLOSE, body, by, if_match)


@router.post("/grievances/{grievance_id}/accept", response_model=GrievanceDetail)
async def accept_answer(
    grievance_id: UUID, body: StepIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Accept the answer, for whoever complains."""
    return await _step(once, tx, grievance_id, GrievanceStep.ACCEPT, body, by, if_match)


@router.post("/grievances/{grievance_id}/escalate", response_model=GrievanceDetail)
async def escalate_grievance(
    grievance_id: UUID, body: StepIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Not accept the answer: the grievance unit answers again, once."""
    return await _step(once, tx, grievance_id, GrievanceStep.ESCALATE, body, by, if_match)


@router.post("/grievances/{grievance_id}/reopen", response_model=GrievanceDetail)
async def reopen_grievance(
    grievance_id: UUID, body: StepIn, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Open a closed one again, once."""
    return await _step(once, tx, grievance_id, GrievanceStep.REOPEN, body, by, if_match)


async def _step(
    once: Once,
    tx: Tx,
    grievance_id: UUID,
    step: GrievanceStep,
    body: BaseModel,
    by: Caller,
    if_match: str,
    said: AnswerIn | None = None,
) -> Response:
    async def take() -> BaseModel:
        taken = await commands.take_step(tx, grievance_id, step, by=by, if_match=if_match, said=said)
        return await queries.detail(tx, taken)

    return tagged(await once.answer(take, status=200, body=body.model_dump_json().encode()))
