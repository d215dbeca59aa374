"""Turns in the life of one enrollment, asked for by its institution."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.changes import Change, announce_changes, keep_pasts
from services.programs.commands.seating import free_seats
from services.programs.errors.enrollments import (
    ActiveMeanwhile,
    EnrollmentExited,
    EnrollmentNotActive,
    EnrollmentNotSuspended,
    EnrollmentNotWaiting,
    EnrollmentWaits,
    RecertificationNotPlanned,
    refuse_full,
)
from services.programs.models import Enrollment
from services.programs.queries.programs import published, published_for_seats
from services.programs.rules.recertifying import months_after
from services.programs.rules.status import (
    FROM,
    TO,
    ByItself,
    RejectionReason,
    ResumptionReason,
    Status,
    SuspensionReason,
    Turn,
)
from shared.clock import now
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.identity import Caller


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a turn of which enrollment, and which version of it they have seen (an If-Match header)."""

    enrollment_id: UUID
    by: Caller
    institution: str
    if_match: str


async def accept_application(tx: AsyncSession, asked: Asked) -> Enrollment:
    """Enroll who applied, where the program has a seat, whatever the place in the waiting list."""
    program = await published_for_seats(tx, await program_of_asked(tx, asked))
    enrollment = await to_change(tx, asked, Turn.ENROLL)
    refuse_full((await free_seats(tx, program)).full(enrollment.place_code), program.code)
    today = now().date()
    enrollment.enrolled_on = today
    enrollment.recertify_on = months_after(today, program.recertify_months)
    return await make_turn(tx, asked, enrollment, Turn.ENROLL, ByItself.ACCEPTED)


async def reject_application(tx: AsyncSession, asked: Asked, reason: RejectionReason) -> Enrollment:
    enrollment = await to_change(tx, asked, Turn.REJECT)
    enrollment.exited_on = now().date()
    return await make_turn(tx, asked, enrollment, Turn.REJECT, reason)


async def suspend_enrollment(tx: AsyncSession, asked: Asked, reason: SuspensionReason) -> Enrollment:
    enrollment = await to_change(tx, asked, Turn.SUSPEND)
    return await make_turn(tx, asked, enrollment, Turn.SUSPEND, reason)


async def resume_enrollment(tx: AsyncSession, asked: Asked, reason: ResumptionReason) -> Enrollment:
    """A suspended enrollment has kept its seat: no other is needed."""
    enrollment = await to_change(tx, asked, Turn.RESUME)
    return await make_turn(tx, asked, enrollment, Turn.RESUME, reason)


async def recertify_enrollment(tx: AsyncSession, asked: Asked, next_on: date | None) -> Enrollment:
    """Note that somebody looked again and the household stays, until `next_on` or as long as the program says."""
    enrollment = await to_change(tx, asked, Turn.RECERTIFY)
    months = (await published(tx, enrollment.program_code)).recertify_months
    enrollment.recertify_on = next_on or months_after(now().date(), months)
    if enrollment.recertify_on is None:
        raise RecertificationNotPlanned(pointer="/next_on", program=enrollment.program_code)
    return await make_turn(tx, asked, enrollment, Turn.RECERTIFY, ByItself.RECERTIFIED)


async def to_change(tx: AsyncSession, asked: Asked, turn: Turn) -> Enrollment:
    """The enrollment, locked, and kept as it is. Refused where it is not the caller's, has changed, or cannot so turn."""
    enrollment = await locked(tx, asked)
    refuse_out_of_order(turn, Status(enrollment.status))
    await keep_pasts(tx, [enrollment.id])
    return enrollment


async def locked(tx: AsyncSession, asked: Asked) -> Enrollment:
    """The enrollment, locked. NotFound where it is none of the caller's programs', as if it did not exist."""
    found = await tx.get(Enrollment, asked.enrollment_id, with_for_update=True)
    if found is None or found.program_code not in asked.by.programs:
        raise NotFound
    refuse_stale(asked.if_match, found.version)
    return found


async def program_of_asked(tx: AsyncSession, asked: Asked) -> str:
    """The program of an enrollment that is not yet locked. NotFound as above."""
    code = await tx.scalar(select(Enrollment.program_code).where(Enrollment.id == asked.enrollment_id))
    if code is None or code not in asked.by.programs:
        raise NotFound
    return code


def refuse_out_of_order(turn: Turn, status: Status) -> None:
    if status in FROM[turn]:
        return
    if turn in (Turn.ENROLL, Turn.REJECT):
        raise EnrollmentNotWaiting(status=status)
    if turn is Turn.SUSPEND:
        raise EnrollmentNotActive(status=status)
    if turn is Turn.RESUME:
        raise EnrollmentNotSuspended(status=status)
    if status is Status.APPLIED:
        raise EnrollmentWaits
    raise EnrollmentExited


async def make_turn(
    tx: AsyncSession, asked: Asked, enrollment: Enrollment, turn: Turn, reason: str, **more: Any
) -> Enrollment:
    """Take the turn, with whatever was set on the enrollment before, and announce it."""
    before = Status(enrollment.status)
    return await make_version(tx, asked, enrollment, TO.get(turn, before), reason, **more)


async def make_version(
    tx: AsyncSession, asked: Asked, enrollment: Enrollment, to: Status, reason: str, **more: Any
) -> Enrollment:
    change = Change.of(enrollment.id, enrollment.version + 1, Status(enrollment.status), to, reason, **more)
    if to != enrollment.status:
        enrollment.reason = reason
    enrollment.status, enrollment.version = to, change.version
    try:
        await tx.flush()
    except IntegrityError as fault:
        if "uq_enrollments_active" in str(fault.orig):
            raise ActiveMeanwhile from fault
        raise
    announce_changes(tx, asked.institution, enrollment.program_code, [change], by=asked.by.name)
    return enrollment
