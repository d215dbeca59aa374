"""What other services pull from the registry behind an event. Never reachable through the gateway."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from services.registry.queries import answers, facts, households, naming, places, standing
from services.registry.queries.moments import Moment
from services.registry.queries.sizes import household_sizes
from services.registry.rules.places import PlaceKind
from services.registry.schemas import HouseholdOut
from services.registry.schemas.facts import HouseholdFactsOut
from services.registry.schemas.places import PlaceOut
from services.registry.schemas.sizes import HouseholdSizes, SizesAsked
from services.registry.schemas.standing import HouseholdStanding, IndividualStanding, MergeOut
from shared.database import Tx
from shared.exporting.members import exports_with, forget_members
from shared.file_members import FilesWritten, Names, NamesAsked, files_written, ids_in
from shared.identity import INTERNAL, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/internal", dependencies=[permitted(INTERNAL)], tags=["internal"])


@router.get("/places")
async def pull_places(
    tx: Tx,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    kind: Annotated[list[PlaceKind], Query()] = [],  # noqa: B006 - FastAPI copies it
) -> Page[PlaceOut]:
    """Every place, or those of some kinds."""
    return await places.places(tx, limit, cursor, kinds=kind)


@router.get("/household-batches/{batch_id}")
async def pull_batch(batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[HouseholdOut]:
    """The households of one `registry.households.registered` event, as they are now."""
    return await households.batch(tx, batch_id, limit, cursor)


@router.get("/households")
async def pull_households(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[HouseholdOut]:
    """Every active household with its members, as it is now: what a projection is read anew from."""
    return await households.every_active(tx, limit, cursor)


@router.get("/merges")
async def pull_merges(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[MergeOut]:
    """Every household and individual that is merged into another one now: what a projection is read anew from."""
    return await standing.merges(tx, limit, cursor)


@router.get("/household-facts")
async def pull_facts(
    tx: Tx,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    as_of: date | None = None,
    known_at: AwareDatetime | None = None,
) -> Page[HouseholdFactsOut]:
    """Every active household as true on `as_of` and known at `known_at`, without names: what eligibility is replayed from."""
    return await facts.household_facts(tx, limit, cursor, Moment(as_of, known_at))


@router.get("/remark-batches/{batch_id}")
async def pull_answers(
    batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[answers.RemarkAnswer]:
    """What became of the remarks of a batch, as it is now."""
    return await answers.answers(tx, batch_id, limit, cursor)


@router.post("/household-sizes")
async def pull_sizes(asked: SizesAsked, tx: Tx) -> HouseholdSizes:
    """How many members each household had on `as_of`, as the registry knew it at `known_at`; unknown ones are left out."""
    return HouseholdSizes(sizes=await household_sizes(tx, asked.ids, Moment(asked.as_of, asked.known_at)))


@router.get("/households/{household_id}/standing")
async def pull_household_standing(household_id: UUID, tx: Tx) -> HouseholdStanding:
    """Whether a household is in the registry, where it lives, and what it was merged into: ids and codes alone."""
    return await standing.household_standing(tx, household_id)


@router.get("/individuals/{individual_id}/standing")
async def pull_individual_standing(individual_id: UUID, tx: Tx) -> IndividualStanding:
    """Whether a person lives, and after a death who might follow in each household: ids alone."""
    return await standing.individual_standing(tx, individual_id)


@router.post("/names")
async def pull_names(asked: NamesAsked, tx: Tx) -> Names:
    """By which other ids and numbers the registry knows, or knew, whom these name: also before a merge."""
    return Names(names=await naming.names_of(tx, asked.names))


@router.post("/files-of")
async def pull_files(asked: NamesAsked, tx: Tx) -> FilesWritten:
    """In which exports of the registry whom these name stood."""
    return files_written(await exports_with(tx, ids_in(asked.names)))


@router.post("/files-of/forget")
async def forget_files(asked: NamesAsked, tx: Tx) -> FilesWritten:
    """Let nothing say any longer that whom these name stood in an export: the disclosure log has forgotten them.
    What is left is the answer."""
    await forget_members(tx, ids_in(asked.names))
    return await pull_files(asked, tx)
