"""Routes of the catalog: what the institution's programs give, to whom, and how many are in them."""

from fastapi import APIRouter, Request, Response

from services.programs.queries import enrollments, programs
from services.programs.routes.asking import institution_of
from services.programs.schemas.enrollments import Counts
from services.programs.schemas.programs import ProgramOut
from shared.database import Tx
from shared.etags import tag
from shared.identity import permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1")
ABOUT_PROGRAMS = [permitted("programs:read")]


@router.get("/programs", tags=["programs"], dependencies=ABOUT_PROGRAMS)
async def list_programs(
    request: Request, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ProgramOut]:
    """The institution's programs, with their dated values and whom they are for."""
    return await programs.programs(tx, institution_of(request), limit, cursor)


@router.get("/programs/{code}", tags=["programs"], dependencies=ABOUT_PROGRAMS)
async def get_program(request: Request, code: str, tx: Tx, response: Response) -> ProgramOut:
    """One program."""
    found = await programs.program(tx, institution_of(request), code)
    tag(response, found.version)
    return found


@router.get("/counts", tags=["programs"], dependencies=ABOUT_PROGRAMS)
async def count_enrollments(request: Request, tx: Tx) -> Counts:
    """Per program: enrollments by status, and how many of them are linked to the registry."""
    return await enrollments.counts(tx, institution_of(request))
