"""Turns in the life of one enrollment, asked for by its institution."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.changes import Change, announce_changes
from services.programs.errors.enrollments import EnrollmentExited, EnrollmentNotActive, EnrollmentNotSuspended
from services.programs.models import Enrollment
from services.programs.rules.status import ExitReason, ResumptionReason, Status, SuspensionReason
from shared.clock import now
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.identity import Caller


async def suspend_enrollment(
    tx: AsyncSession,
    enrollment_id: UUID,
    *,
    reason: SuspensionReason,
    by: Caller,
    institution: str,
    if_match: str,
) -> Enrollment:
    enrollment = await _to_change(tx, enrollment_id, by, if_match)
    if enrollment.status != Status.ENROLLED:
        raise EnrollmentNotActive(status=enrollment.status)
    await _move(tx, enrollment, Status.SUSPENDED, reason, by, institution)
    return enrollment


async def resume_enrollment(
    tx: AsyncSession,
    enrollment_id: UUID,
    *,
    reason: ResumptionReason,
    by: Caller,
    institution: str,
    if_match: str,
) -> Enrollment:
    enrollment = await _to_change(tx, enrollment_id, by, if_match)
    if enrollment.status != Status.SUSPENDED:
        raise EnrollmentNotSuspended(status=enrollment.status)
    await _move(tx, enrollment, Status.ENROLLED, reason, by, institution)
    return enrollment


async def exit_enrollment(
    tx: AsyncSession, enrollment_id: UUID, *, reason: ExitReason, by: Caller, institution: str, if_match: str
) -> Enrollment:
    """End an enrollment for good; the beneficiary may be enrolled anew."""
    enrollment = await _to_change(tx, enrollment_id, by, if_match)
    if enrollment.status == Status.EXITED:
        raise EnrollmentExited
    enrollment.exited_on = now().date()
    await _move(tx, enrollment, Status.EXITED, reason, by, institution)
    return enrollment


async def _to_change(tx: AsyncSession, enrollment_id: UUID, by: Caller, if_match: str) -> Enrollment:
    """The enrollment, locked. NotFound where it is none of the caller's programs', as if it did not exist."""
    found = await tx.get(Enrollment, enrollment_id, with_for_update=True)
    if found is None or found.program_code not in by.programs:
        raise NotFound
    refuse_stale(if_match, found.version)
    return found


async def _move(
    tx: AsyncSession, enrollment: Enrollment, to: Status, reason: str, by: Caller, institution: str
) -> None:
    change = Change.of(enrollment.id, enrollment.version + 1, Status(enrollment.status), to, reason)
    enrollment.status, enrollment.reason, enrollment.version = to, reason, change.version
    await tx.flush()
    await announce_changes(tx, institution, enrollment.program_code, [change], by=by.name)
