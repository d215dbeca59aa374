"""Routes of enrollments: who is in a program, and the turns in the life of one enrollment."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from services.programs.commands import enrollments as commands
from services.programs.models import Enrollment
from services.programs.queries import enrollments as queries
from services.programs.routes.asking import institution_of
from services.programs.rules.status import LinkStatus, Status
from services.programs.schemas.enrollments import (
    EnrollmentDetail,
    EnrollmentOut,
    Exit,
    Resumption,
    Suspension,
    TurnOut,
)
from shared.database import Tx
from shared.etags import IfMatch, etag, tag
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1")
Reading = Annotated[Caller, permitted("enrollments:read")]
Writing = Annotated[Caller, permitted("enrollments:write")]


@router.get("/enrollments", tags=["enrollments"])
async def list_enrollments(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    program: Annotated[str | None, Query(max_length=64)] = None,
    status: Status | None = None,
    link_status: LinkStatus | None = None,
    import_id: UUID | None = None,
    household_id: Annotated[UUID | None, Query(description="The registry's household.")] = None,
) -> Page[EnrollmentOut]:
    """Enrollments of the caller's programs, oldest first. A program that is not the caller's has none."""
    programs = by.programs if program is None else by.programs & {program}
    return await queries.enrollments(
        tx,
        programs,
        limit,
        cursor,
        status=status,
        link_status=link_status,
        import_id=import_id,
        household_id=household_id,
    )


@router.get("/enrollments/{enrollment_id}", tags=["enrollments"])
async def get_enrollment(enrollment_id: UUID, tx: Tx, by: Reading, response: Response) -> EnrollmentDetail:
    """One enrollment, with its row as sent."""
    found = await queries.enrollment(tx, enrollment_id, by.programs)
    tag(response, found.version)
    return found


@router.get("/enrollments/{enrollment_id}/history", tags=["enrollments"])
async def get_enrollment_history(enrollment_id: UUID, tx: Tx, by: Reading) -> list[TurnOut]:
    """The versions of an enrollment, newest first, at most 200."""
    return await queries.turns(tx, enrollment_id, by.programs)


@router.post("/enrollments/{enrollment_id}/suspend", tags=["enrollments"], response_model=EnrollmentOut)
async def suspend_enrollment(
    request: Request,
    enrollment_id: UUID,
    body: Suspension,
    once: OnceOnly,
    tx: Tx,
    by: Writing,
    if_match: IfMatch,
) -> Response:
    """Suspend an active enrollment: nothing new falls due until it is resumed."""

    async def suspend() -> Enrollment:
        return await commands.suspend_enrollment(
            tx,
            enrollment_id,
            reason=body.reason,
            by=by,
            institution=institution_of(request),
            if_match=if_match,
        )

    return await _once(once, body, suspend)


@router.post("/enrollments/{enrollment_id}/resume", tags=["enrollments"], response_model=EnrollmentOut)
async def resume_enrollment(
    request: Request,
    enrollment_id: UUID,
    body: Resumption,
    once: OnceOnly,
    tx: Tx,
    by: Writing,
    if_match: IfMatch,
) -> Response:
    """Resume a suspended enrollment."""

    async def resume() -> Enrollment:
        return await commands.resume_enrollment(
            tx,
            enrollment_id,
            reason=body.reason,
            by=by,
            institution=institution_of(request),
            if_match=if_match,
        )

    return await _once(once, body, resume)


@router.post("/enrollments/{enrollment_id}/exit", tags=["enrollments"], response_model=EnrollmentOut)
async def exit_enrollment(
    request: Request, enrollment_id: UUID, body: Exit, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """End an enrollment for good. The beneficiary may be enrolled anew later."""

    async def end() -> Enrollment:
        return await commands.exit_enrollment(
            tx,
            enrollment_id,
            reason=body.reason,
            by=by,
            institution=institution_of(request),
            if_match=if_match,
        )

    return await _once(once, body, end)


async def _once(once: OnceOnly, body: BaseModel, command: Callable[[], Awaitable[Enrollment]]) -> Response:
    """Run the command once per Idempotency-Key; the answer carries the ETag of the version it made."""

    async def run() -> EnrollmentOut:
        return EnrollmentOut.model_validate(await command())

    answer = await once.answer(run, status=200, body=body.model_dump_json().encode())
    answer.headers["ETag"] = etag(orjson.loads(answer.body)["version"])
    return answer
