"""“Is X enrolled in Y?”"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.programs.errors.enrollments import OneIdentifier
from services.programs.queries import checking as queries
from services.programs.queries import shared_enrollments
from services.programs.rules.naming import NUMBERS
from services.programs.schemas.checking import EnrolledOut, EnrolledQuestion
from services.programs.schemas.shared_enrollments import SharedEnrolled
from shared.database import Tx
from shared.errors import NotFound
from shared.identity import Caller, permitted

router = APIRouter(prefix="/v1", tags=["enrollments"])


@router.post("/enrolled")
async def check_enrolled(
    body: EnrolledQuestion, tx: Tx, by: Annotated[Caller, permitted("enrollments:check")]
) -> EnrolledOut | SharedEnrolled:
    """Whether somebody is enrolled in one of the caller's programs, or of those that its agreement is about: status and date
    only, no name, nothing changed."""
    if by.agreement is None and body.program not in by.programs:
        raise NotFound(pointer="/program")
    given = {name: value for name in queries.BY if (value := getattr(body, name)) is not None}
    if len(given) != 1:
        raise OneIdentifier(accepted=", ".join(queries.BY))
    ((name, value),) = given.items()
    if not isinstance(value, UUID):  # an unreadable number is asked for as it is, and is nobody's
        value = NUMBERS[name](value) or value
    if by.agreement is not None:
        return await shared_enrollments.is_enrolled(tx, body.program, name, value, by.agreement)
    return await queries.enrolled(tx, body.program, name, value)
