"""Holds: what falls due to an enrollment is kept back while a review asks for it. The enrollment stays what it is.

A hold is the registry's news and not a turn of the enrollment, so it makes no version of it.
"""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment, Review
from services.programs.rules.reviewing import STRONGEST_FIRST, ReviewKind, hold_of, strongest
from shared.clock import now


async def settle_holds(tx: AsyncSession, enrollments: Iterable[Enrollment]) -> None:
    """Hold what the open reviews of these enrollments (locked) ask for, and end the holds that none asks for any more."""
    locked = {one.id: one for one in enrollments}
    rows = select(Review.enrollment_id, Review.kind, Review.details).where(
        Review.enrollment_id.in_(list(locked)), Review.status == "open"
    )
    asked: dict[UUID, set[str]] = defaultdict(set)
    for enrollment_id, kind, details in await tx.execute(rows):
        if hold := hold_of(ReviewKind(kind), details):
            asked[enrollment_id].add(hold)
    for enrollment in locked.values():
        _hold(enrollment, strongest(asked[enrollment.id]))
    await tx.flush()


def _hold(enrollment: Enrollment, reason: str | None) -> None:
    if enrollment.held_reason == reason or enrollment.held_reason not in (None, *STRONGEST_FIRST):
        return
    enrollment.held_reason, enrollment.held_on = reason, now().date() if reason else None
