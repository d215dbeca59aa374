"""Reads of places."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Place
from services.registry.schemas import PlaceOut
from shared.pagination import Page, decode_cursor, encode_cursor


async def places(tx: AsyncSession, limit: int, cursor: str | None, kind: str | None = None) -> Page[PlaceOut]:
    rows = select(Place).order_by(Place.code).limit(limit + 1)
    if kind:
        rows = rows.where(Place.kind == kind)
    if cursor:
        rows = rows.where(Place.code > decode_cursor(cursor, str)[0])
    found = list((await tx.scalars(rows)).all())
    items = [PlaceOut.model_validate(one, from_attributes=True) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].code) if len(found) > limit else None)
