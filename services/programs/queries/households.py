"""What one household receives in this institution."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment, ProgramRow, Review
from services.programs.queries.cycles import newest_entitlements
from services.programs.rules.receiving import Receiving, explain_receiving
from services.programs.rules.status import LinkStatus, Status
from services.programs.schemas.benefits import EntitlementOut
from services.programs.schemas.households import HouseholdReceives, Received
from services.programs.schemas.programs import NamesOut
from shared.errors import NotFound
from shared.text import Language

MOST = 100
"""Enrollments shown of one household: far more than anyone has."""
NOTHING = Decimal("0.00")
# Cancelled entitlements are neither due nor held. What was handed over is read from the ledger, with its corrections.
_SUMS = sql("""
SELECT e.enrollment_id, count(*) FILTER (WHERE e.status <> 'cancelled') AS cycles,
       coalesce(sum(e.amount_mru) FILTER (WHERE e.status = 'due'), 0) AS due,
       coalesce(sum(e.amount_mru) FILTER (WHERE e.status = 'held'), 0) AS held
FROM entitlements e WHERE e.enrollment_id = ANY(:ids) GROUP BY e.enrollment_id
""")
_DELIVERED = sql("""
SELECT enrollment_id, sum(amount_mru) FROM ledger
WHERE enrollment_id = ANY(:ids) AND kind IN ('delivered', 'corrected') GROUP BY enrollment_id
""")


async def household(
    tx: AsyncSession, household_id: UUID, programs: Collection[str], institution: str, language: Language
) -> HouseholdReceives:
    """By certain links, and where a review about the household is open by what was one. NotFound where there is nothing."""
    found = await _enrollments(tx, household_id, programs)
    if not found:
        raise NotFound
    ids = [one.id for one, _ in found]
    sums = {row.enrollment_id: row for row in await tx.execute(_SUMS, {"ids": ids})}
    delivered: dict[UUID, Decimal] = dict((await tx.execute(_DELIVERED, {"ids": ids})).all())
    newest = await newest_entitlements(tx, ids, language)
    waiting = select(Review.enrollment_id, func.count()).where(Review.enrollment_id.in_(ids), Review.status == "open")
    reviews: dict[UUID, int] = dict((await tx.execute(waiting.group_by(Review.enrollment_id))).all())
    shown = [
        _received(
            one, program, sums.get(one.id), delivered.get(one.id, NOTHING), newest.get(one.id, []), reviews, language
        )
        for one, program in found
    ]
    active = [one for one in shown if one.status == Status.ENROLLED]
    return HouseholdReceives(
        household_id=household_id,
        institution=institution,
        monthly_value_mru=sum((one.monthly_value_mru or NOTHING for one in active), NOTHING),
        complete=all(one.monthly_value_mru is not None for one in active),
        due_mru=sum((one.due_mru for one in shown), NOTHING),
        held_mru=sum((one.held_mru for one in shown), NOTHING),
        delivered_mru=sum((one.delivered_mru for one in shown), NOTHING),
        outstanding_mru=sum((one.outstanding_mru for one in shown), NOTHING),
        enrollments=shown,
    )


async def _enrollments(
    tx: AsyncSession, household_id: UUID, programs: Collection[str]
) -> Sequence[Row[Enrollment, ProgramRow]]:
    linked = (Enrollment.registry_household_id == household_id) & (Enrollment.link_status == LinkStatus.LINKED)
    # After a death matching may have let go of who died: the household still receives under the enrollment.
    about = or_(Review.subject_id == household_id, Review.details["household_id"].astext == str(household_id))
    under_review = select(Review.enrollment_id).where(Review.status == "open", about)
    rows = await tx.execute(
        select(Enrollment, ProgramRow)
        .join(ProgramRow, ProgramRow.code == Enrollment.program_code)
        .where(Enrollment.program_code.in_(programs), or_(linked, Enrollment.id.in_(under_review)))
        .order_by(Enrollment.program_code, Enrollment.id.desc())
        .limit(MOST)
    )
    return rows.all()


def _received(
    one: Enrollment,
    program: ProgramRow,
    sums: Row[Any] | None,
    delivered: Decimal,
    newest: list[EntitlementOut],
    reviews: dict[UUID, int],
    language: Language,
) -> Received:
    due, held, cycles = (sums.due, sums.held, sums.cycles) if sums else (NOTHING, NOTHING, 0)
    receiving = Receiving(
        status=Status(one.status),
        applied_on=one.applied_on,
        enrolled_on=one.enrolled_on,
        exited_on=one.exited_on,
        held_reason=one.held_reason,
        monthly=one.monthly_value_mru,
        cycles=cycles,
        due=due,
        held=held,
        delivered=delivered,
    )
    return Received(
        enrollment_id=one.id,
        program=one.program_code,
        names=NamesOut(ar=program.name_ar, fr=program.name_fr, en=program.name_en),
        unit=program.unit,
        status=one.status,
        reason=one.reason,
        enrolled_on=one.enrolled_on,
        exited_on=one.exited_on,
        link_status=one.link_status,
        individual_id=one.registry_individual_id,
        held_reason=one.held_reason,
        held_on=one.held_on,
        reviews_open=reviews.get(one.id, 0),
        monthly_value_mru=one.monthly_value_mru,
        due_mru=due,
        held_mru=held,
        delivered_mru=delivered,
        outstanding_mru=due - delivered,
        entitlements=newest,
        explanation=[line.in_(language) for line in explain_receiving(receiving)],
    )
