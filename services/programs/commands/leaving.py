"""Exits from a program, and the program to which a household that leaves is handed over."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.enrolling import Beginning, store_one
from services.programs.commands.enrollments import Asked, make_turn, to_change
from services.programs.commands.facts import listed_of
from services.programs.errors.enrollments import ComplementNotCovered, NotAComplement
from services.programs.models import Enrollment, ProgramRow
from services.programs.queries.programs import program_of, published
from services.programs.rules.program import Program
from services.programs.rules.status import ByItself, ExitReason, Status, Turn
from shared.clock import now


async def exit_enrollment(
    tx: AsyncSession, asked: Asked, reason: ExitReason, hand_over_to: str | None = None
) -> Enrollment:
    """End an enrollment for good; the beneficiary may be enrolled anew.

    `hand_over_to` proposes the household to a complementary program. One of this institution has its application at
    once; another institution's is sent a referral (matching hears of the exit), where the caller's agreement covers it.
    """
    enrollment = await to_change(tx, asked, Turn.EXIT)
    if hand_over_to is None:
        return await _exit(tx, asked, enrollment, reason)
    complements = (await published(tx, enrollment.program_code)).complements
    if hand_over_to not in complements:
        raise NotAComplement(pointer="/hand_over_to", program=hand_over_to, accepted=", ".join(complements) or "-")
    there = await tx.get(ProgramRow, hand_over_to)
    if there is not None:
        enrollment.handed_over_id = await _apply_there(tx, asked, enrollment, program_of(there.document))
    elif hand_over_to not in asked.by.covers:
        raise ComplementNotCovered(pointer="/hand_over_to", program=hand_over_to)
    enrollment.hand_over_to = hand_over_to
    return await _exit(tx, asked, enrollment, reason, hand_over_to=hand_over_to)


async def _exit(tx: AsyncSession, asked: Asked, enrollment: Enrollment, reason: ExitReason, **more: Any) -> Enrollment:
    enrollment.exited_on = now().date()
    return await make_turn(tx, asked, enrollment, Turn.EXIT, reason, **more)


async def _apply_there(tx: AsyncSession, asked: Asked, enrollment: Enrollment, program: Program) -> UUID | None:
    """The application in a program of ours, or None: the household is in it already."""
    listed = listed_of(enrollment)
    beginning = Beginning(program, listed, Status.APPLIED, ByItself.HANDED_OVER, place_code=enrollment.place_code)
    stored = await store_one(tx, beginning, institution=asked.institution, by=asked.by.name)
    return None if stored is None else stored["id"]
