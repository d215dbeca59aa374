"""What other services pull from matching behind an event. Never reachable through the gateway."""

from uuid import UUID

from fastapi import APIRouter

from services.matching import enrolled_households, queries
from services.matching.schemas import DecidedOut, EnrolledHouseholdOut
from services.matching.targeting import remarks
from services.matching.targeting.schemas import RemarkPulled
from shared.database import Tx
from shared.identity import INTERNAL, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/internal", dependencies=[permitted(INTERNAL)], tags=["internal"])


@router.get("/link-batches/{batch_id}")
async def pull_batch(batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[DecidedOut]:
    """The outcomes of one `matching.links.changed` event, as they are now."""
    return await queries.batch(tx, batch_id, limit, cursor)


@router.get("/enrolled-household-batches/{batch_id}")
async def pull_enrolled_households(
    batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[EnrolledHouseholdOut]:
    """The households of one `matching.enrolled-households.changed` event, as they are now."""
    return await enrolled_households.told_of(tx, batch_id, limit, cursor)


@router.get("/remark-batches/{batch_id}")
async def pull_remarks(
    batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[RemarkPulled]:
    """The remarks of one `matching.remarks.proposed` event."""
    return await remarks.pulled(tx, batch_id, limit, cursor)
