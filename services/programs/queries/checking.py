"""Whether somebody is in a program: one look by an index, the columns that the answer needs and no others."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment
from services.programs.rules.status import Status
from services.programs.schemas.checking import EnrolledOut

_TABLE = Enrollment.__table__.c
BY: Mapping[str, str] = {
    "nni": "nni",
    "household_number": "household_number",
    "card_number": "card_number",
    "household_id": "registry_household_id",
    "enrollment_id": "id",
}
"""The column behind each way to ask."""
LATEST_FIRST = (
    case({Status.ENROLLED: 0, Status.SUSPENDED: 1, Status.APPLIED: 2}, value=_TABLE.status, else_=3),
    _TABLE.id.desc(),
)


async def enrolled(tx: AsyncSession, program: str, by: str, value: str | UUID) -> EnrolledOut:
    """The enrollment of the program that counts most: a running one before one that waits, that before one that ended."""
    wanted = (
        select(_TABLE.id, _TABLE.status, _TABLE.applied_on, _TABLE.enrolled_on, _TABLE.exited_on)
        .where(_TABLE.program_code == program, _TABLE[BY[by]] == value)
        .order_by(*LATEST_FIRST)
        .limit(1)
    )
    found = (await tx.execute(wanted)).first()
    return EnrolledOut(program=program, enrolled=False) if found is None else _answer(program, found)


def _answer(program: str, found: Row[*tuple[Any, ...]]) -> EnrolledOut:
    since = {Status.APPLIED: found.applied_on, Status.EXITED: found.exited_on}.get(found.status, found.enrolled_on)
    return EnrolledOut(
        program=program,
        enrolled=found.status == Status.ENROLLED,
        status=found.status,
        since=since,
        enrollment_id=found.id,
    )
