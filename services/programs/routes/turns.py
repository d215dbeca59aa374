"""Routes by which an institution changes its enrollments: one begins, and the turns in the life of one."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.programs.commands import enrollments as commands
from services.programs.commands import facts, leaving, links, undoing
from services.programs.commands.enrolling import Told, enroll_beneficiary
from services.programs.commands.enrollments import Asked
from services.programs.models import Enrollment
from services.programs.routes.asking import AskedLanguage, institution_of
from services.programs.schemas.enrollments import EnrollmentOut
from services.programs.schemas.turns import (
    Acceptance,
    BegunOut,
    Correction,
    Doubt,
    Exit,
    LinkRefusalIn,
    NewEnrollment,
    Recertification,
    Rejection,
    Resumption,
    Suspension,
    Transfer,
    Undo,
)
from shared.database import Tx
from shared.etags import IfMatch, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted

router = APIRouter(prefix="/v1/enrollments", tags=["enrollments"])
Writing = Annotated[Caller, permitted("enrollments:write")]


ACCEPTANCE, RECERTIFICATION, UNDO = Acceptance(), Recertification(), Undo()
"""Bodies that need say nothing: a request without one asks the same."""


async def _asked(request: Request, enrollment_id: UUID, by: Writing, if_match: IfMatch) -> Asked:
    return Asked(enrollment_id, by, institution_of(request), if_match)


OfOne = Annotated[Asked, Depends(_asked)]


@router.post("", status_code=201, response_model=BegunOut)
async def begin_enrollment(
    request: Request, body: NewEnrollment, once: OnceOnly, tx: Tx, by: Writing, language: AskedLanguage
) -> Response:
    """Enroll one beneficiary, or put it on the waiting list where it only applies or no seat is free.

    The same rules as for a row of the program's list. Who is in the program already, or waits for it, is refused;
    who comes back after an exit begins a new enrollment, which names the one before in `previous_id`.
    """

    async def begin() -> BaseModel:
        told = Told(body.program, body.beneficiary, body.enroll, body.priority, body.place_code)
        begun = await enroll_beneficiary(tx, told, by=by, institution=institution_of(request))
        warnings = [Doubt(field=one.field, code=one.code, reason=one.reason.in_(language)) for one in begun.findings]
        return BegunOut.model_validate(NOT_YET | begun.columns | {"warnings": warnings})

    return await _once(once, body, begin, status=201)


NOT_YET = dict.fromkeys(("held_reason", "held_on", "hand_over_to", "handed_over_id"))
"""What no enrollment has when it begins."""


@router.post("/{enrollment_id}/enroll", response_model=EnrollmentOut)
async def accept_application(asked: OfOne, once: OnceOnly, tx: Tx, body: Acceptance = ACCEPTANCE) -> Response:
    """Accept an application, whatever its place in the waiting list, where the program has a seat."""
    return await _turn(once, body, lambda: commands.accept_application(tx, asked))


@router.post("/{enrollment_id}/reject", response_model=EnrollmentOut)
async def reject_application(body: Rejection, asked: OfOne, once: OnceOnly, tx: Tx) -> Response:
    """Reject an application. The beneficiary may apply anew later."""
    return await _turn(once, body, lambda: commands.reject_application(tx, asked, body.reason))


@router.post("/{enrollment_id}/suspend", response_model=EnrollmentOut)
async def suspend_enrollment(body: Suspension, asked: OfOne, once: OnceOnly, tx: Tx) -> Response:
    """Suspend an active enrollment: nothing new falls due until it is resumed. It keeps its seat."""
    return await _turn(once, body, lambda: commands.suspend_enrollment(tx, asked, body.reason))


@router.post("/{enrollment_id}/resume", response_model=EnrollmentOut)
async def resume_enrollment(body: Resumption, asked: OfOne, once: OnceOnly, tx: Tx) -> Response:
    """Resume a suspended enrollment."""
    return await _turn(once, body, lambda: commands.resume_enrollment(tx, asked, body.reason))


@router.post("/{enrollment_id}/exit", response_model=EnrollmentOut)
async def exit_enrollment(body: Exit, asked: OfOne, once: OnceOnly, tx: Tx) -> Response:
    """End an enrollment for good; `graduated` where the household needs the program no longer.

    The beneficiary may be enrolled anew later. With `hand_over_to` the household is proposed to a complement of the
    program: one of this institution gets its application at once; another institution's, which the caller's agreement
    must cover, is sent a referral. `GET /matching/v1/hand-overs` says what became of it.
    """
    return await _turn(once, body, lambda: leaving.exit_enrollment(tx, asked, body.reason, body.hand_over_to))


@router.post("/{enrollment_id}/transfer", response_model=EnrollmentOut)
async def transfer_enrollment(body: Transfer, asked: OfOne, once: OnceOnly, tx: Tx) -> Response:
    """Let another person of the household receive, as when its head has died; a hold because of the death ends."""
    return await _turn(once, body, lambda: facts.transfer_enrollment(tx, asked, body.beneficiary, body.reason))


@router.post("/{enrollment_id}/recertify", response_model=EnrollmentOut)
async def recertify_enrollment(
    asked: OfOne, once: OnceOnly, tx: Tx, body: Recertification = RECERTIFICATION
) -> Response:
    """Note that the household was looked at again and stays in the program."""
    return await _turn(once, body, lambda: commands.recertify_enrollment(tx, asked, body.next_on))


@router.post("/{enrollment_id}/correct", response_model=EnrollmentOut)
async def correct_enrollment(body: Correction, asked: OfOne, once: OnceOnly, tx: Tx) -> Response:
    """Say right what was held wrongly of the beneficiary; fields that are not named stay as they are."""
    return await _turn(once, body, lambda: facts.correct_facts(tx, asked, body.beneficiary))


@router.post("/{enrollment_id}/undo", response_model=EnrollmentOut)
async def undo_last_step(asked: OfOne, once: OnceOnly, tx: Tx, body: Undo = UNDO) -> Response:
    """Undo the last step, whatever it was, as long as nothing was delivered and nobody else came in since."""
    return await _turn(once, body, lambda: undoing.undo_last_step(tx, asked))


@router.post("/{enrollment_id}/refuse-link", response_model=EnrollmentOut)
async def refuse_link(body: LinkRefusalIn, asked: OfOne, once: OnceOnly, tx: Tx) -> Response:
    """Say that the beneficiary is not whom the registry's link names: the same is never proposed again."""
    return await _turn(once, body, lambda: links.refuse_link(tx, asked, body.reason, body.household_id))


async def _turn(once: OnceOnly, body: BaseModel, command: Callable[[], Awaitable[Enrollment]]) -> Response:
    async def run() -> BaseModel:
        return EnrollmentOut.model_validate(await command())

    return await _once(once, body, run, status=200)


async def _once(
    once: OnceOnly, body: BaseModel, command: Callable[[], Awaitable[BaseModel]], *, status: int
) -> Response:
    """Run the command once per Idempotency-Key; the answer carries the ETag of the version it made."""
    return tagged(await once.answer(command, status=status, body=body.model_dump_json().encode()))
