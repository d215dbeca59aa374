"""Reads of the schools an institution has listed."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import School
from services.programs.schemas.schools import SchoolOut
from shared.pagination import Page, decode_cursor, encode_cursor


async def schools(tx: AsyncSession, limit: int, cursor: str | None) -> Page[SchoolOut]:
    rows = select(School).order_by(School.key).limit(limit + 1)
    if cursor:
        rows = rows.where(School.key > decode_cursor(cursor, str)[0])
    found = list((await tx.scalars(rows)).all())
    items = [SchoolOut.model_validate(one) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].key) if len(found) > limit else None)
