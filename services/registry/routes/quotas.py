"""Quotas of communes and villages, and their live use."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response

from services.registry.commands.quotas import put_quota
from services.registry.queries import quotas as queries
from services.registry.schemas.quotas import QuotaIn, QuotaOut, QuotaVersion
from shared.database import Tx
from shared.etags import tag
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1/quotas", tags=["quotas"])
READING = [permitted("places:read")]
PlaceCode = Annotated[str, Path(max_length=40, description="A commune or a village.")]
Period = Annotated[str, Path(max_length=20, pattern=r"^[0-9A-Za-z-]+$", description="Such as 2026, or 2026-S1.")]


@router.get("", dependencies=READING)
async def list_quotas(
    tx: Tx,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    place: Annotated[str | None, Query(max_length=40, description="This place and those within it.")] = None,
    on: Annotated[date | None, Query(description="Valid on this day.")] = None,
) -> Page[QuotaOut]:
    """Quotas with their use now. A household that moves frees the old place's quota and uses the new place's at once."""
    return await queries.quotas(tx, limit, cursor, place=place, on=on)


@router.get("/{place_code}/{period}", dependencies=READING)
async def get_quota(place_code: PlaceCode, period: Period, tx: Tx, response: Response) -> QuotaOut:
    """The quota of a place in a period, with its use now."""
    found = await queries.quota(tx, place_code, period)
    tag(response, found.version)
    return found


@router.put("/{place_code}/{period}")
async def set_quota(
    place_code: PlaceCode,
    period: Period,
    body: QuotaIn,
    tx: Tx,
    by: Annotated[Caller, permitted("quotas:write")],
    response: Response,
    if_match: Annotated[str | None, Header(description="The ETag read; required where the quota exists.")] = None,
) -> QuotaOut:
    """Set a quota, or change it (`If-Match` then). A place has one quota on any day.

    Registration beyond a quota is not refused: it shows as `over`, as a warning of the import, and by event.
    """
    await put_quota(tx, place_code, period, body, if_match=if_match, by=by.name)
    found = await queries.quota(tx, place_code, period)
    tag(response, found.version)
    return found


@router.get("/{place_code}/{period}/history", dependencies=READING)
async def get_quota_history(place_code: PlaceCode, period: Period, tx: Tx) -> list[QuotaVersion]:
    """What the quota said, newest first: when and by whom."""
    return await queries.quota_history(tx, place_code, period)
