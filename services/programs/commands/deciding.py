"""A person decides a review: the enrollment goes on, goes to another member, stops for a time, or ends."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.enrollments import Asked, reject_application, suspend_enrollment
from services.programs.commands.facts import transfer_enrollment
from services.programs.commands.holding import settle_holds
from services.programs.commands.leaving import exit_enrollment
from services.programs.commands.reviewing import close, lock_enrollments
from services.programs.errors.reviews import DecisionNotOffered, ReviewDecided, SuccessorWanted
from services.programs.models import Enrollment, Review
from services.programs.rules.reviewing import DECISIONS, REASONS, ReviewDecision, ReviewKind
from services.programs.rules.status import ExitReason, RejectionReason, Status, SuspensionReason, TransferReason
from shared.errors import NotFound
from shared.identity import Caller
from shared.text import Cell

SEEN = "*"
"""What was seen is the review, which must still be open; the enrollment may have changed meanwhile."""


async def decide_review(
    tx: AsyncSession,
    review_id: UUID,
    *,
    decision: ReviewDecision,
    beneficiary: Mapping[str, Cell] | None,
    by: Caller,
    institution: str,
) -> Review:
    """Decide an open review. A hold ends with the last review that asked for it; an exit decides the others, too.

    What was held comes due where the enrollment goes on; where it stops, each entitlement is decided by itself.
    """
    review, enrollment = await _open_review(tx, review_id, by)
    kind = ReviewKind(review.kind)
    if decision not in DECISIONS[kind]:
        raise DecisionNotOffered(pointer="/decision", accepted=", ".join(DECISIONS[kind]))
    if (decision is ReviewDecision.SUCCESSION) != (beneficiary is not None):
        raise SuccessorWanted(pointer="/beneficiary")
    suspension, ending = REASONS[kind]
    asked = Asked(enrollment.id, by, institution, SEEN)
    if beneficiary is not None:
        await transfer_enrollment(tx, asked, beneficiary, TransferReason.HEAD_DECEASED)
    elif decision is ReviewDecision.SUSPEND:
        await suspend_enrollment(tx, asked, SuspensionReason(suspension))
    elif decision is ReviewDecision.EXIT and enrollment.status == Status.APPLIED:
        await reject_application(tx, asked, RejectionReason(ending))
    elif decision is ReviewDecision.EXIT:
        await exit_enrollment(tx, asked, ExitReason(ending))
    close(review, decision, by=by.name)
    if enrollment.status == Status.EXITED:
        await _close_others(tx, enrollment, by)
    await tx.flush()
    goes_on = decision in (ReviewDecision.KEEP, ReviewDecision.SUCCESSION)
    await settle_holds(tx, [enrollment], by=by.name, release=goes_on)
    return review


async def _open_review(tx: AsyncSession, review_id: UUID, by: Caller) -> tuple[Review, Enrollment]:
    """The review with its enrollment, both locked: the enrollment first, as everybody does."""
    known = await tx.get(Review, review_id)
    if known is None or known.program_code not in by.programs:
        raise NotFound
    locked = await lock_enrollments(tx, [known.enrollment_id])
    await tx.refresh(known, with_for_update=True)
    if known.status != "open":
        raise ReviewDecided(decision=known.decision)
    return known, locked[known.enrollment_id]


async def _close_others(tx: AsyncSession, enrollment: Enrollment, by: Caller) -> None:
    rows = select(Review).where(Review.enrollment_id == enrollment.id, Review.status == "open").order_by(Review.id)
    for other in await tx.scalars(rows):
        close(other, ReviewDecision.EXIT, by=by.name)
