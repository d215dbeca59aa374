"""Reads of reviews, those of the caller's programs alone."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Review
from services.programs.rules.reviewing import ReviewKind
from services.programs.schemas.reviews import ReviewOut
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language


async def reviews(
    tx: AsyncSession,
    programs: Collection[str],
    limit: int,
    cursor: str | None,
    language: Language,
    *,
    status: str | None = None,
    kind: ReviewKind | None = None,
    enrollment_id: UUID | None = None,
) -> Page[ReviewOut]:
    """Reviews in the order in which they were opened."""
    rows = select(Review).where(Review.program_code.in_(programs)).order_by(Review.id).limit(limit + 1)
    for column, value in ((Review.status, status), (Review.kind, kind), (Review.enrollment_id, enrollment_id)):
        if value is not None:
            rows = rows.where(column == value)
    if cursor:
        rows = rows.where(Review.id > decode_cursor(cursor, UUID)[0])
    found = list((await tx.scalars(rows)).all())
    items = [ReviewOut.of(one, language) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


async def review(tx: AsyncSession, review_id: UUID, programs: Collection[str], language: Language) -> ReviewOut:
    """NotFound where it is of another program, as if it did not exist."""
    found = await tx.get(Review, review_id)
    if found is None or found.program_code not in programs:
        raise NotFound
    return ReviewOut.of(found, language)
