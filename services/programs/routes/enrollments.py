"""Routes of enrollments: who is in a program, and what became of one enrollment."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.programs.queries import enrollments as queries
from services.programs.rules.status import LinkStatus, Status
from services.programs.schemas.enrollments import (
    EnrollmentDetail,
    EnrollmentOut,
    TurnOut,
)
from shared.database import Tx
from shared.etags import tag
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1")
Reading = Annotated[Caller, permitted("enrollments:read")]


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
