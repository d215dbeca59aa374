"""What other services pull from the registry behind an event. Never reachable through the gateway."""

from uuid import UUID

from fastapi import APIRouter

from services.registry.queries import households, places
from services.registry.schemas import HouseholdOut, PlaceOut
from shared.database import Tx
from shared.identity import INTERNAL, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/internal", dependencies=[permitted(INTERNAL)], tags=["internal"])


@router.get("/places")
async def pull_places(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[PlaceOut]:
    """Every place."""
    return await places.places(tx, limit, cursor)


@router.get("/household-batches/{batch_id}")
async def pull_batch(batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[HouseholdOut]:
    """The households of one `registry.households.registered` event, as they are now."""
    return await households.batch(tx, batch_id, limit, cursor)
