"""Routes of enrollments: who is in a program, and what became of one enrollment."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.programs.queries import enrollments as queries
from services.programs.queries import shared_enrollments
from services.programs.rules.status import LinkStatus, Status
from services.programs.schemas.enrollments import (
    EnrollmentDetail,
    EnrollmentOut,
    TurnOut,
)
from services.programs.schemas.shared_enrollments import SharedEnrollment
from shared.database import Tx
from shared.etags import tag
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1")
Reading = Annotated[Caller, permitted("enrollments:read")]
Fields = Annotated[
    str | None,
    Query(max_length=400, description="Attributes of the agreement, between commas; all that it gives without it."),
]


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
    fields: Fields = None,
) -> Page[EnrollmentOut] | Page[SharedEnrollment]:
    """Enrollments of the caller's programs, oldest first. A program that is not the caller's has none.

    Under an agreement with this institution: those it reaches, and of them what it allows.
    """
    if by.agreement is not None:
        return await shared_enrollments.enrollments(
            tx,
            by.agreement,
            limit,
            cursor,
            program=program,
            status=status,
            link_status=link_status,
            import_id=import_id,
            household_id=household_id,
            fields=fields,
        )
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
async def get_enrollment(
    enrollment_id: UUID, tx: Tx, by: Reading, response: Response, fields: Fields = None
) -> EnrollmentDetail | SharedEnrollment:
    """One enrollment, with its row as sent. Under an agreement, what that allows."""
    if by.agreement is not None:
        return await shared_enrollments.enrollment(tx, enrollment_id, by.agreement, fields)
    found = await queries.enrollment(tx, enrollment_id, by.programs)
    tag(response, found.version)
    return found


@router.get("/enrollments/{enrollment_id}/history", tags=["enrollments"])
async def get_enrollment_history(enrollment_id: UUID, tx: Tx, by: Reading) -> list[TurnOut]:
    """The versions of an enrollment, newest first, at most 200."""
    return await queries.turns(tx, enrollment_id, by.programs)
