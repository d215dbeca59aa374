"""Households and individuals."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Response

from services.registry.commands import pushing
from services.registry.queries import households as queries
from services.registry.queries import individuals, shared_records
from services.registry.queries.counting import place_counts
from services.registry.queries.history import history
from services.registry.queries.moments import Moment
from services.registry.routes.asking import AtMoment
from services.registry.schemas import Counts, HouseholdOut, HouseholdSummary, IndividualOut, VersionOut
from services.registry.schemas.counting import PlaceCounts
from services.registry.schemas.pushing import NUMBER_PATTERN, PushedHousehold, PushedOut
from services.registry.schemas.shared_records import SharedHousehold, SharedIndividual
from shared.agreements import Agreement
from shared.database import Tx
from shared.etags import tag
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.sharing import TodayAlone

router = APIRouter(prefix="/v1")
WHOLE = "households:read"
READING = [permitted(WHOLE)]
Reading = Annotated[Caller, permitted(WHOLE, under_agreement="households:shared")]
Fields = Annotated[
    str | None,
    Query(max_length=400, description="Attributes of the agreement, between commas; all that it gives without it."),
]


@router.get("/households", tags=["households"])
async def list_households(
    tx: Tx,
    by: Reading,
    moment: AtMoment,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    commune: Annotated[str | None, Query(max_length=20)] = None,
    number: Annotated[str | None, Query(max_length=20, description="The household's registry number.")] = None,
    fields: Fields = None,
) -> Page[HouseholdSummary] | Page[SharedHousehold]:
    """Households without their people. Whoever is not the registry's keeper sees those, and of them that, which the
    agreement named by the request allows."""
    if (agreement := _agreement_of(by, moment)) is not None:
        return await shared_records.households(
            tx, agreement, limit, cursor, commune=commune, number=number, fields=fields
        )
    return await queries.households(tx, limit, cursor, commune=commune, number=number, moment=moment)


@router.get("/households/{household_id}", tags=["households"])
async def get_household(
    household_id: UUID, tx: Tx, by: Reading, moment: AtMoment, response: Response, fields: Fields = None
) -> HouseholdOut | SharedHousehold:
    """A household with its members: today's, or those of a day and a moment. Under an agreement, what that allows."""
    if (agreement := _agreement_of(by, moment)) is not None:
        return await shared_records.household(tx, household_id, agreement, fields)
    found = await queries.household(tx, household_id, moment)
    tag(response, found.version)
    return found


@router.put("/households/{number}", tags=["households"])
async def push_household(
    number: Annotated[str, Path(pattern=NUMBER_PATTERN, description="The household's registry number.")],
    body: PushedHousehold,
    tx: Tx,
    by: Annotated[Caller, permitted("households:write")],
    response: Response,
    if_match: Annotated[str | None, Header(description="The ETag read before; required where it is known.")] = None,
) -> PushedOut:
    """Enter a household (201), or bring it up to date as surveyed (200), with all its members.

    Fields that a more believed source gave keep its value; the conflict is shown to both.
    """
    pushed = await pushing.push_household(tx, body.as_told(number), by=by.name, if_match=if_match)
    response.status_code = 201 if pushed.is_new else 200
    tag(response, pushed.version)
    return PushedOut(id=pushed.id, number=number, version=pushed.version)


@router.get("/households/{household_id}/history", tags=["households"], dependencies=READING)
async def get_household_history(
    household_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[VersionOut]:
    """The versions of a household, newest first: who, when, why, from which source, and what changed."""
    return await history(tx, "household", household_id, limit, cursor)


@router.get("/individuals/{individual_id}", tags=["individuals"])
async def get_individual(
    individual_id: UUID, tx: Tx, by: Reading, moment: AtMoment, response: Response, fields: Fields = None
) -> IndividualOut | SharedIndividual:
    """A person with identifiers and households: today's, or those of a day and a moment. Under an agreement, what that
    allows."""
    if (agreement := _agreement_of(by, moment)) is not None:
        return await shared_records.individual(tx, individual_id, agreement, fields)
    found = await individuals.individual(tx, individual_id, moment)
    tag(response, found.version)
    return found


@router.get("/individuals/{individual_id}/history", tags=["individuals"], dependencies=READING)
async def get_individual_history(
    individual_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[VersionOut]:
    """The versions of an individual, newest first: who, when, why, from which source, and what changed."""
    return await history(tx, "individual", individual_id, limit, cursor)


def _agreement_of(by: Caller, moment: Moment) -> Agreement | None:
    """The agreement by which a caller reads; None for who reads whole records. TodayAlone."""
    if by.agreement is not None and not moment.is_now:
        raise TodayAlone
    return by.agreement


@router.get("/counts", tags=["households"], dependencies=[permitted("places:read")])
async def count_records(tx: Tx) -> Counts:
    """How many households and individuals the registry holds."""
    return await queries.counts(tx)


@router.get("/counts/{place}", tags=["households"], dependencies=[permitted("places:read")])
async def count_in_place(
    place: Annotated[str, Path(max_length=30, description="The code of a wilaya, moughataa or commune.")],
    tx: Tx,
    moment: AtMoment,
) -> PlaceCounts:
    """Active households and people of a place, commune by commune and by category; never a cell of fewer than five."""
    return await place_counts(tx, place, moment)
