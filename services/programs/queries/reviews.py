"""Reads of reviews, those of the caller's programs alone."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment, Review
from services.programs.rules.reviewing import MEMBERS, ReviewKind
from services.programs.rules.status import LinkStatus
from services.programs.schemas.reviews import ReviewOut
from shared.errors import NotFound
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language


async def reviews(
    tx: AsyncSession,
    by: Caller,
    program: str | None,
    limit: int,
    cursor: str | None,
    language: Language,
    *,
    status: str | None = None,
    kind: ReviewKind | None = None,
    enrollment_id: UUID | None = None,
) -> Page[ReviewOut]:
    """Reviews of the caller's programs, or one of them, in the order in which they were opened."""
    programs = by.programs if program is None else by.programs & {program}
    rows = select(Review).where(Review.program_code.in_(programs)).order_by(Review.id).limit(limit + 1)
    for column, value in ((Review.status, status), (Review.kind, kind), (Review.enrollment_id, enrollment_id)):
        if value is not None:
            rows = rows.where(column == value)
    if cursor:
        rows = rows.where(Review.id > decode_cursor(cursor, UUID)[0])
    found = list((await tx.scalars(rows)).all())
    names = await _names(tx, found[:limit], by.programs)
    items = [ReviewOut.of(one, language, names) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


async def review(tx: AsyncSession, review_id: UUID, programs: Collection[str], language: Language) -> ReviewOut:
    """NotFound where it is of another program, as if it did not exist."""
    found = await tx.get(Review, review_id)
    if found is None or found.program_code not in programs:
        raise NotFound
    return ReviewOut.of(found, language, await _names(tx, [found], programs))


async def _names(tx: AsyncSession, found: Sequence[Review], programs: Collection[str]) -> dict[UUID, str]:
    """What the caller's own lists call those who might follow; of several, the last enrolled."""
    people = {UUID(member["individual_id"]) for one in found for member in one.details.get(MEMBERS, ())}
    if not people:
        return {}
    rows = await tx.execute(
        select(Enrollment.registry_individual_id, Enrollment.name)
        .where(
            Enrollment.registry_individual_id.in_(people),
            Enrollment.link_status == LinkStatus.LINKED,
            Enrollment.program_code.in_(programs),
        )
        .order_by(Enrollment.id)
    )
    return {person: name for person, name in rows if person is not None}
