"""Admitting from the waiting list, in its order."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.changes import Change, announce_changes, keep_pasts
from services.programs.commands.seating import free_seats
from services.programs.models import Enrollment
from services.programs.queries.programs import published_for_seats
from services.programs.rules.recertifying import months_after
from services.programs.rules.status import ByItself, Status
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller


@dataclass(frozen=True, slots=True)
class Admission:
    """Who was admitted, and how many still wait."""

    admitted: list[UUID]
    waiting: int


async def admit_waiting(tx: AsyncSession, code: str, at_most: int, *, by: Caller, institution: str) -> Admission:
    """Enroll the first of the waiting list for whom there is a seat, `at_most` so many.

    Whose place has reached its quota is passed over and stays where it is in the list.
    """
    if code not in by.programs:
        raise NotFound(pointer="/program")
    program = await published_for_seats(tx, code)
    seats, today = await free_seats(tx, program), now().date()
    applied = (Enrollment.program_code == code, Enrollment.status == Status.APPLIED)
    order = (Enrollment.priority, Enrollment.applied_on, Enrollment.id)
    listed = (await tx.execute(select(Enrollment.id, Enrollment.place_code).where(*applied).order_by(*order))).all()
    admitted: list[UUID] = []
    for id_, place_code in listed:
        if len(admitted) == at_most or seats.full(None):
            break
        if seats.take(place_code) is None:
            admitted.append(id_)
    chosen = list(
        await tx.scalars(
            # Anybody may have been rejected since: who is no longer waiting is not chosen.
            select(Enrollment).where(Enrollment.id.in_(admitted), *applied).order_by(Enrollment.id).with_for_update()
        )
    )
    await keep_pasts(tx, [one.id for one in chosen])
    changes = []
    for one in chosen:
        one.status, one.reason, one.version = Status.ENROLLED, ByItself.ADMITTED, one.version + 1
        one.enrolled_on, one.recertify_on = today, months_after(today, program.recertify_months)
        changes.append(Change.of(one.id, one.version, Status.APPLIED, Status.ENROLLED, ByItself.ADMITTED))
    await tx.flush()
    announce_changes(tx, institution, code, changes, by=by.name)
    waiting = await tx.scalar(select(func.count()).select_from(Enrollment).where(*applied))
    return Admission(sorted(one.id for one in chosen), waiting or 0)
