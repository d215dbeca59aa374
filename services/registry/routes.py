"""HTTP of the registry, behind the gateway at /registry."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.registry import queries
from services.registry.schemas import ChangeOut, Counts, HouseholdOut, HouseholdSummary, PlaceOut
from shared.database import Tx
from shared.etags import tag
from shared.identity import permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1")
READING = [permitted("households:read")]


@router.get("/places", tags=["places"], dependencies=[permitted("places:read")])
async def list_places(
    tx: Tx,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    kind: Annotated[Literal["wilaya", "moughataa", "commune"] | None, Query()] = None,
) -> Page[PlaceOut]:
    """Wilayas, moughataas and communes with their spellings in both scripts."""
    return await queries.places(tx, limit, cursor, kind)


@router.get("/households", tags=["households"], dependencies=READING)
async def list_households(
    tx: Tx,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    commune: Annotated[str | None, Query(max_length=20)] = None,
    number: Annotated[str | None, Query(max_length=20, description="The household's registry number.")] = None,
) -> Page[HouseholdSummary]:
    """Households without their people."""
    return await queries.households(tx, limit, cursor, commune=commune, number=number)


@router.get("/households/{household_id}", tags=["households"], dependencies=READING)
async def get_household(household_id: UUID, tx: Tx, response: Response) -> HouseholdOut:
    """A household with its current members."""
    found = await queries.household(tx, household_id)
    tag(response, found.version)
    return found


@router.get("/households/{household_id}/history", tags=["households"], dependencies=READING)
async def get_household_history(household_id: UUID, tx: Tx) -> list[ChangeOut]:
    """The versions of a household, newest first, at most 200."""
    return await queries.household_history(tx, household_id)


@router.get("/counts", tags=["households"], dependencies=[permitted("places:read")])
async def count_records(tx: Tx) -> Counts:
    """How many households and individuals the registry holds."""
    return await queries.counts(tx)
