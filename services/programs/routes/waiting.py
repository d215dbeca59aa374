"""Routes of the waiting list: who waits in which order, and admitting the next."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.programs.commands.waiting import admit_waiting
from services.programs.queries import waiting as queries
from services.programs.routes.asking import institution_of
from services.programs.schemas.turns import Admission, AdmissionOut, WaitingOut
from shared.database import Tx
from shared.errors import NotFound
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1/waiting-list", tags=["enrollments"])


@router.get("")
async def list_waiting(
    tx: Tx,
    by: Annotated[Caller, permitted("enrollments:read")],
    program: Annotated[str, Query(max_length=64)],
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[WaitingOut]:
    """The applications of a program in the order in which they are admitted: by priority, then by the day they came."""
    if program not in by.programs:
        raise NotFound(pointer="/query/program")
    return await queries.waiting_list(tx, program, limit, cursor)


@router.post("/admit", response_model=AdmissionOut)
async def admit(
    request: Request,
    body: Admission,
    once: OnceOnly,
    tx: Tx,
    by: Annotated[Caller, permitted("enrollments:write")],
) -> Response:
    """Enroll the next of the waiting list, as many as there are seats for and no more than asked."""

    async def run() -> AdmissionOut:
        done = await admit_waiting(tx, body.program, body.at_most, by=by, institution=institution_of(request))
        return AdmissionOut.model_validate(done)

    return await once.answer(run, status=200, body=body.model_dump_json().encode())
