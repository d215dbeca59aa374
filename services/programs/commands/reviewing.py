"""Reviews: opened by the registry's news, lifted when the registry takes the news back, decided by a person."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.holding import REGISTRY, settle_holds
from services.programs.models import Enrollment, Review
from services.programs.rules.reviewing import LIFTED, MEMBERS, ReviewKind
from services.programs.rules.status import Status
from shared.clock import now
from shared.ids import new_id
from shared.platform import Platform


@dataclass(frozen=True, slots=True)
class News:
    """What the registry says of one record. `fresh`: it happened now; otherwise it is only true, perhaps again."""

    kind: ReviewKind
    subject_id: UUID
    change_id: UUID
    fresh: bool = True


async def open_reviews(tx: AsyncSession, news: News, grounds: Mapping[UUID, dict[str, Any]]) -> None:
    """Open a review on each enrollment of `grounds` (enrollment: details), once for one piece of news.

    An open one gets the newest details. One that a person has decided is opened again by fresh news alone; one that
    was lifted, by the same becoming true again.
    """
    locked = await lock_enrollments(tx, grounds)
    known = await _reviews(tx, news.kind, news.subject_id, locked)
    for enrollment in locked.values():
        before = known.get(enrollment.id, [])
        details = grounds[enrollment.id]
        if before and before[-1].status == "open":
            before[-1].details = details
        elif enrollment.status != Status.EXITED and _calls_for_another(news, before):
            tx.add(_review(news, enrollment, details))
    await tx.flush()
    await settle_holds(tx, locked.values())


def _calls_for_another(news: News, before: list[Review]) -> bool:
    if any(one.change_id == news.change_id for one in before):
        return False
    return news.fresh or (bool(before) and before[-1].decision == LIFTED)


def _review(news: News, enrollment: Enrollment, details: dict[str, Any]) -> Review:
    return Review(
        id=new_id(),
        kind=news.kind,
        program_code=enrollment.program_code,
        enrollment_id=enrollment.id,
        subject_id=news.subject_id,
        change_id=news.change_id,
        details=details,
        status="open",
    )


async def lift_reviews(
    tx: AsyncSession, kind: ReviewKind, subject_id: UUID, *, of: Collection[UUID] | None = None
) -> None:
    """Close what is open about a record (`of`: of these enrollments alone) because it is no longer so."""
    rows = select(Review.enrollment_id).where(
        Review.kind == kind, Review.subject_id == subject_id, Review.status == "open"
    )
    about = [one for one in await tx.scalars(rows) if of is None or one in of]
    locked = await lock_enrollments(tx, about)
    for reviews in (await _reviews(tx, kind, subject_id, locked)).values():
        for one in reviews:
            if one.status == "open":
                close(one, LIFTED, by=REGISTRY)
    await tx.flush()
    await settle_holds(tx, locked.values())


def close(review: Review, decision: str, *, by: str) -> None:
    review.status, review.decision, review.decided_at, review.decided_by = "decided", decision, now(), by
    # Whoever decided has seen them: the ids say later who they were.
    review.details = {name: told for name, told in review.details.items() if name != MEMBERS}


async def reviews_of(tx: AsyncSession, enrollment_id: UUID, kind: ReviewKind, status: str) -> Sequence[Review]:
    """The reviews of an enrollment (locked) of one kind and status, locked."""
    asked = (Review.enrollment_id == enrollment_id, Review.kind == kind, Review.status == status)
    return (await tx.scalars(select(Review).where(*asked).order_by(Review.id).with_for_update())).all()


async def lock_enrollments(tx: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Enrollment]:
    """Enrollments by id, locked in the order of ids; whoever only refers to them need not wait."""
    rows = await tx.scalars(
        select(Enrollment)
        .where(Enrollment.id.in_(list(ids)))
        .order_by(Enrollment.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {one.id: one for one in rows}


async def _reviews(
    tx: AsyncSession, kind: ReviewKind, subject_id: UUID, enrollments: Collection[UUID]
) -> dict[UUID, list[Review]]:
    """By enrollment, oldest first. Read after the enrollments are locked."""
    rows = await tx.scalars(
        select(Review)
        .where(Review.kind == kind, Review.subject_id == subject_id, Review.enrollment_id.in_(list(enrollments)))
        .order_by(Review.opened_at, Review.id)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[Review]] = {}
    for one in rows:
        found.setdefault(one.enrollment_id, []).append(one)
    return found


async def reviews_open(platform: Platform) -> dict[str, int]:
    """For the health page: what waits for a person."""
    async with platform.database.transaction() as tx:
        return {"reviews_open": await tx.scalar(select(func.count()).where(Review.status == "open")) or 0}
