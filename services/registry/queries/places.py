"""Reads of places."""

from typing import get_args

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Place
from services.registry.schemas import PlaceOut
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.place_names import Kind, PlaceIndex, PlaceRow


async def places(tx: AsyncSession, limit: int, cursor: str | None, kind: str | None = None) -> Page[PlaceOut]:
    rows = select(Place).order_by(Place.code).limit(limit + 1)
    if kind:
        rows = rows.where(Place.kind == kind)
    if cursor:
        rows = rows.where(Place.code > decode_cursor(cursor, str)[0])
    found = list((await tx.scalars(rows)).all())
    items = [PlaceOut.model_validate(one, from_attributes=True) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].code) if len(found) > limit else None)


async def place_index(tx: AsyncSession) -> PlaceIndex:
    """Every place by name, to find the one a list means."""
    rows = await tx.scalars(select(Place).where(Place.kind.in_(get_args(Kind))))
    return PlaceIndex(
        PlaceRow(row.code, row.kind, row.parent_code, [row.name_fr, row.name_ar or "", *row.names])  # type: ignore[arg-type] # checked by the table
        for row in rows
    )
