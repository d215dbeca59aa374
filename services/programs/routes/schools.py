"""Routes of schools: what an institution says of them. Nobody's data: whoever may read programs may read this."""

from fastapi import APIRouter

from services.programs.queries import schools
from services.programs.schemas.schools import SchoolOut
from shared.database import Tx
from shared.identity import permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["schools"])


@router.get("/schools", dependencies=[permitted("programs:read")])
async def list_schools(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[SchoolOut]:
    """The schools the institution has listed, by key, and since when they have a canteen.

    How many of their pupils come from poor households: matching's `/v1/schools`.
    """
    return await schools.schools(tx, limit, cursor)
