"""Reads of quotas and their live use: the households that live in a place now, counted where they are."""

from datetime import date

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Household, Place, Quota
from services.registry.schemas.quotas import QuotaOut, QuotaVersion
from shared.errors import NotFound
from shared.history import History
from shared.pagination import Page, decode_cursor, encode_cursor


def use() -> ColumnElement[int]:
    """The active households of a quota's categories that live in its place, counted by the index of who lives where."""
    counted = (func.jsonb_array_length(Quota.categories) == 0) | Quota.categories.has_key(
        Household.vulnerability_category
    )
    living = select(func.count()).where(Household.status == "active", counted).correlate(Quota)
    in_village = living.where(Household.village_code == Quota.place_code).scalar_subquery()
    in_commune = living.where(Household.commune_code == Quota.place_code).scalar_subquery()
    return case((Place.kind == "village", in_village), else_=in_commune)


def with_use() -> Select[Quota, str, int]:
    return select(Quota, Place.kind, use().label("used")).join(Place, Place.code == Quota.place_code)


async def quotas(
    tx: AsyncSession, limit: int, cursor: str | None, *, place: str | None = None, on: date | None = None
) -> Page[QuotaOut]:
    """Quotas by place and period; those of a place, and those valid on a day, where asked for."""
    rows = with_use().order_by(Quota.place_code, Quota.period).limit(limit + 1)
    if place:
        inside = select(Place.code).where(Place.parent_code == place)
        deeper = select(Place.code).where(Place.parent_code.in_(inside))
        deepest = select(Place.code).where(Place.parent_code.in_(deeper))
        within = (Quota.place_code == place) | Quota.place_code.in_(inside.union(deeper, deepest))
        rows = rows.where(within)
    if on:
        rows = rows.where(Quota.valid_from <= on, Quota.valid_until > on)
    if cursor:
        place_code, period = decode_cursor(cursor, str, str)
        rows = rows.where(func.row(Quota.place_code, Quota.period) > func.row(place_code, period))
    found = (await tx.execute(rows)).all()
    items = [quota_out(*row) for row in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.place_code, last.period) if last else None)


async def quota(tx: AsyncSession, place_code: str, period: str) -> QuotaOut:
    rows = with_use().where(Quota.place_code == place_code, Quota.period == period)
    found = (await tx.execute(rows)).one_or_none()
    if found is None:
        raise NotFound
    return quota_out(*found)


async def quota_history(tx: AsyncSession, place_code: str, period: str) -> list[QuotaVersion]:
    """What the quota said, newest first."""
    known = await quota(tx, place_code, period)
    rows = select(History).where(History.aggregate_id == known.id).order_by(History.version.desc())
    return [
        QuotaVersion.model_validate(
            row.change | {"version": row.version, "changed_at": row.changed_at, "changed_by": row.changed_by}
        )
        for row in await tx.scalars(rows)
    ]


def quota_out(row: Quota, kind: str, used: int) -> QuotaOut:
    values = {column.key: getattr(row, column.key) for column in Quota.__table__.columns}
    free = max(0, row.households - used)
    return QuotaOut.model_validate(
        values | {"place_kind": kind, "used": used, "free": free, "over": used > row.households}
    )
