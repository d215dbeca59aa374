"""HTTP of matching, behind the gateway at /matching."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.matching import queries
from services.matching.household_values import household_values
from services.matching.schemas import (
    GapOut,
    HouseholdValue,
    LinkageOut,
    LinkExplained,
    LinkOut,
    OverlapsOut,
    SchoolPupils,
)
from shared.clock import now
from shared.database import Tx
from shared.errors import NotFound
from shared.etags import tag
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of

router = APIRouter(prefix="/v1")
ReadingLinks = Annotated[Caller, permitted("links:read")]
OVERLAPS = [permitted("overlaps:read")]


@router.get("/links", tags=["links"])
async def list_links(
    tx: Tx,
    by: ReadingLinks,
    program: Annotated[str, Query(max_length=64)],
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    status: Annotated[Literal["pending", "linked", "to_adjudicate", "unmatched"] | None, Query()] = None,
) -> Page[LinkOut]:
    """The beneficiaries of one of the caller's programs with the individual and household each was linked to. A program
    that is not the caller's has none."""
    return await queries.links(tx, limit, cursor, by.programs & {program}, status)


@router.get("/links/{enrollment_id}", tags=["links"])
async def get_link(
    request: Request, enrollment_id: UUID, tx: Tx, by: ReadingLinks, response: Response
) -> LinkExplained:
    """One link of the caller's with its evidence, field by field, in the caller's language. The ETag is the link's version."""
    found = await queries.link(tx, enrollment_id, by.programs, language_of(request.headers.get("accept-language")))
    tag(response, found.link_version)
    return found


@router.get("/linkage", tags=["links"], dependencies=OVERLAPS)
async def get_linkage(tx: Tx) -> list[LinkageOut]:
    """Per program: enrolled, linked, to adjudicate, unmatched."""
    return await queries.linkage(tx)


@router.get("/overlaps", tags=["interlinkage"], dependencies=OVERLAPS)
async def get_overlaps(tx: Tx) -> OverlapsOut:
    """How many households of the registry receive from both of two programs, for every pair, and what the rules matrix
    says of the pair today. A forbidden overlap is a case to review: nobody is excluded by it."""
    return await queries.overlaps(tx, now().date())


@router.get("/gaps", tags=["interlinkage"], dependencies=OVERLAPS)
async def get_gaps(tx: Tx, limit: Limit = 20) -> list[GapOut]:
    """Where programs miss the registry households they are meant for: the largest gaps, by program and wilaya."""
    return await queries.gaps(tx, limit)


@router.get("/schools", tags=["interlinkage"])
async def list_schools(
    tx: Tx,
    by: Annotated[Caller, permitted("schools:read")],
    program: Annotated[str, Query(max_length=64)],
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    canteen: Annotated[bool | None, Query(description="Only schools with, or listed ones without, a canteen.")] = None,
) -> Page[SchoolPupils]:
    """Pupils of one of the caller's programs by school, most from poor households first: `canteen=false` says where a
    canteen is missing most. Pupils from the registry are those of certain links; counts of 1 to 4 are not shown."""
    if program not in by.programs:
        raise NotFound(pointer="/query/program")
    return await queries.schools(tx, program, now().date(), limit, cursor, canteen)


@router.get("/household-values", tags=["interlinkage"], dependencies=OVERLAPS)
async def list_household_values(tx: Tx, limit: Annotated[int, Query(ge=1, le=50)] = 3) -> list[HouseholdValue]:
    """What the households reached by most programs receive, by certain links, in a month in which each program gives."""
    return await household_values(tx, None, limit)


@router.get("/household-values/{household_id}", tags=["interlinkage"], dependencies=OVERLAPS)
async def get_household_value(household_id: UUID, tx: Tx) -> HouseholdValue:
    """What one household receives, by certain links, program by program, in a month in which it gives."""
    return (await household_values(tx, household_id, 1))[0]
