"""Routes of the catalog: what the institution's programs give, to whom, and how many are in them."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from services.programs.commands import programs as commands
from services.programs.queries import enrollments
from services.programs.queries import programs as queries
from services.programs.routes.asking import institution_of
from services.programs.rules.program import Terms
from services.programs.schemas.enrollments import Counts
from services.programs.schemas.programs import ProgramOut, VersionDetail, VersionOut
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1")
ABOUT_PROGRAMS = [permitted("programs:read")]
LARGEST_VERSION = 2**31 - 1
"""What the database's integer holds."""


@router.get("/programs", tags=["programs"], dependencies=ABOUT_PROGRAMS)
async def list_programs(
    request: Request, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ProgramOut]:
    """The institution's programs, with their dated values and whom they are for."""
    return await queries.programs(tx, institution_of(request), limit, cursor)


@router.get("/programs/{code}", tags=["programs"], dependencies=ABOUT_PROGRAMS)
async def get_program(
    request: Request,
    code: str,
    tx: Tx,
    response: Response,
    as_of: Annotated[date | None, Query(description="As it was published at the end of that day.")] = None,
) -> ProgramOut:
    """One program."""
    found = await queries.program(tx, institution_of(request), code, as_of)
    tag(response, found.version)
    return found


@router.get("/programs/{code}/versions", tags=["programs"], dependencies=ABOUT_PROGRAMS)
async def list_versions(code: str, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[VersionOut]:
    """The versions of a program, newest first. None is ever changed."""
    return await queries.versions(tx, code, limit, cursor)


@router.get("/programs/{code}/versions/{number}", tags=["programs"], dependencies=ABOUT_PROGRAMS)
async def get_version(code: str, number: Annotated[int, Path(ge=1, le=LARGEST_VERSION)], tx: Tx) -> VersionDetail:
    """One version; its `document` is in the form in which the next one is published."""
    return await queries.version(tx, code, number)


@router.put("/programs/{code}", tags=["programs"], response_model=ProgramOut)
async def publish_program(
    request: Request,
    code: str,
    body: Terms,
    once: OnceOnly,
    tx: Tx,
    by: Annotated[Caller, permitted("programs:write")],
    if_match: IfMatch,
) -> Response:
    """Publish a version of a program the caller keeps, whole; the same again makes no version.

    What cycles were issued from stays: their value versions do not change, and none is put before them. The unit stays,
    too. A capacity below the present enrollments is accepted: nobody is put out, and new ones wait. The enrollments' monthly
    values follow within a minute, and when a value of a later day comes into force.
    """
    institution = institution_of(request)

    async def publish() -> ProgramOut:
        row = await commands.publish_terms(tx, institution, code, body, by=by, if_match=if_match)
        return queries.program_out(institution, row)

    answer = tagged(await once.answer(publish, status=200, body=body.model_dump_json().encode()))
    request.app.state.platform.wake_after(tx)  # enrollments are worth something else
    return answer


@router.get("/counts", tags=["programs"], dependencies=ABOUT_PROGRAMS)
async def count_enrollments(request: Request, tx: Tx) -> Counts:
    """Per program: enrollments by status, and how many of them are linked to the registry."""
    return await enrollments.counts(tx, institution_of(request))
