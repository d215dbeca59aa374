"""Places."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from services.registry.queries import places as queries
from services.registry.schemas import PlaceOut
from shared.database import Tx
from shared.identity import permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1/places", tags=["places"])


@router.get("", dependencies=[permitted("places:read")])
async def list_places(
    tx: Tx,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    kind: Annotated[Literal["wilaya", "moughataa", "commune"] | None, Query()] = None,
) -> Page[PlaceOut]:
    """Wilayas, moughataas and communes with their spellings in both scripts."""
    return await queries.places(tx, limit, cursor, kind)
