"""Undoing the last step in the life of an enrollment: what it was before is so again, as another version."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.changes import OF_THE_LINK, keep_pasts
from services.programs.commands.enrollments import Asked, locked, make_version, program_of_asked
from services.programs.commands.holding import settle_holds
from services.programs.commands.reviewing import reviews_of
from services.programs.commands.seating import free_seats
from services.programs.errors.enrollments import DeliveredSince, NoTurnToUndo, UndoneAlready, refuse_full
from services.programs.models import Delivery, Enrollment
from services.programs.queries.programs import published_for_seats
from services.programs.rules.reviewing import ReviewDecision, ReviewKind
from services.programs.rules.schools import school_key
from services.programs.rules.status import ByItself, Status, TransferReason, is_seated
from shared.clock import now
from shared.history import History

KEPT = {"id", "program_code", "status", "version", "recorded_at", "held_reason", "held_on", *OF_THE_LINK}
"""A hold is the registry's news, whatever step came after it: it stays while a review asks for it."""
RESTORED = [column.name for column in Enrollment.__table__.columns if column.name not in KEPT]
AS_IT_WAS = sql(
    # What a past does not tell, because it was kept before there was such a column, is as it is now.
    "SELECT past.* FROM enrollment_pasts JOIN enrollments held ON held.id = enrollment_id,"
    " jsonb_populate_record(held, state) past WHERE enrollment_id = :id AND enrollment_pasts.version = :version"
)
TRANSFERRED = frozenset(TransferReason)


async def undo_last_step(tx: AsyncSession, asked: Asked) -> Enrollment:
    """Take back the last step of an enrollment, whatever it was.

    NoTurnToUndo for one that only began; UndoneAlready where the last step was an undo; DeliveredSince where something
    was handed over after it; ActiveMeanwhile where the beneficiary has begun anew; ProgramFull or QuotaReached where
    the seat was given away.
    """
    program = await published_for_seats(tx, await program_of_asked(tx, asked))
    enrollment = await locked(tx, asked)
    step = await tx.get_one(History, (enrollment.id, enrollment.version))
    past = (await tx.execute(AS_IT_WAS, {"id": enrollment.id, "version": enrollment.version - 1})).mappings().first()
    if past is None:
        raise NoTurnToUndo
    if step.change["reason"] == ByItself.UNDONE:
        raise UndoneAlready
    since = (Delivery.enrollment_id == enrollment.id, Delivery.recorded_at >= step.changed_at)
    if await tx.scalar(select(exists().where(*since))):
        raise DeliveredSince
    if is_seated(past["status"]) and not is_seated(Status(enrollment.status)):
        refuse_full((await free_seats(tx, program)).full(past["place_code"]), program.code)
    await keep_pasts(tx, [enrollment.id])
    handed_over_id = enrollment.handed_over_id
    _restore(enrollment, dict(past))
    done = await _back_to(tx, asked, enrollment, Status(past["status"]))
    if step.change["reason"] in TRANSFERRED:
        await _ask_again(tx, done, step.changed_at)
    if handed_over_id is not None:
        await _withdraw(tx, asked, handed_over_id)
    return done


def _restore(enrollment: Enrollment, past: dict[str, Any]) -> None:
    for name in RESTORED:
        setattr(enrollment, name, past[name])
    enrollment.school_key = school_key(enrollment.school, enrollment.commune) or None  # an old past has none


async def _ask_again(tx: AsyncSession, enrollment: Enrollment, since: datetime) -> None:
    """The deaths that the undone transfer had decided wait for a person again, and hold again."""
    for review in await reviews_of(tx, enrollment.id, ReviewKind.DEATH, "decided"):
        if review.decision == ReviewDecision.SUCCESSION and (review.decided_at or since) >= since:
            review.status, review.decision, review.decided_at, review.decided_by = "open", None, None, None
    await tx.flush()
    await settle_holds(tx, [enrollment])


async def _back_to(tx: AsyncSession, asked: Asked, enrollment: Enrollment, status: Status) -> Enrollment:
    reason = enrollment.reason
    done = await make_version(tx, asked, enrollment, status, ByItself.UNDONE)
    done.reason = reason  # that of the status restored, whose step it was
    await tx.flush()
    return done


async def _withdraw(tx: AsyncSession, asked: Asked, application_id: UUID) -> None:
    """End the application that the undone exit had made, where nobody has decided on it."""
    application = await tx.get_one(Enrollment, application_id, with_for_update=True)
    if application.status == Status.APPLIED:
        await keep_pasts(tx, [application.id])
        application.exited_on = now().date()
        await make_version(tx, asked, application, Status.EXITED, ByItself.UNDONE)
