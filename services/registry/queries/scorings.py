"""Reads of scorings."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Scoring
from services.registry.schemas.scoring import ScoringOut
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor


async def scoring(tx: AsyncSession, scoring_id: UUID) -> ScoringOut:
    found = await tx.get(Scoring, scoring_id)
    if found is None:
        raise NotFound
    return scoring_out(found)


async def scorings(tx: AsyncSession, limit: int, cursor: str | None) -> Page[ScoringOut]:
    """Newest first."""
    rows = select(Scoring).order_by(Scoring.id.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(Scoring.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[scoring_out(one) for one in found[:limit]], next_cursor=more)


def scoring_out(found: Scoring) -> ScoringOut:
    return ScoringOut.model_validate(found, from_attributes=True)
