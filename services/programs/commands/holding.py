"""Holds: what falls due to an enrollment is kept back while a review asks for it. The enrollment stays what it is.

A hold is the registry's news and not a turn of the enrollment, so it makes no version of it.
"""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.entitlements import hold_what_is_due, release_what_is_held
from services.programs.models import Enrollment, Review
from services.programs.rules.reviewing import STRONGEST_FIRST, ReviewKind, hold_of, strongest
from shared.clock import now

REGISTRY = "registry"
"""By whom what the registry's news did is said to be done."""


async def settle_holds(
    tx: AsyncSession, enrollments: Iterable[Enrollment], *, by: str = REGISTRY, release: bool = True
) -> None:
    """Hold what the open reviews of these enrollments (locked) ask for, and end the holds that none asks for any more.

    With a hold goes what is due already and was not handed over; with its end that comes due again, but for `release`
    False: somebody decided that the enrollment stops, and what is held is decided one by one.
    """
    locked = {one.id: one for one in enrollments}
    rows = select(Review.enrollment_id, Review.kind, Review.details).where(
        Review.enrollment_id.in_(list(locked)), Review.status == "open"
    )
    asked: dict[UUID, set[str]] = defaultdict(set)
    for enrollment_id, kind, details in await tx.execute(rows):
        if hold := hold_of(ReviewKind(kind), details):
            asked[enrollment_id].add(hold)
    for enrollment in locked.values():
        reason = strongest(asked[enrollment.id])
        if enrollment.held_reason == reason:
            continue
        enrollment.held_reason, enrollment.held_on = reason, now().date() if reason else None
        await tx.flush()
        if reason is not None:
            await hold_what_is_due(tx, enrollment.id, reason, STRONGEST_FIRST, by=by)
        elif release:
            await release_what_is_held(tx, enrollment.id, STRONGEST_FIRST, by=by)
    await tx.flush()
