"""Hand-overs that the life of a household proposes: it is in a program, and has come to be meant, and missed, by a complement."""

from uuid import UUID

from sqlalchemy import and_, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.eligibility.schemas import HandOverProposal
from services.matching.eligible import document_of
from services.matching.errors import ProgramUnknown
from services.matching.gap_models import EligibleHousehold
from services.matching.models import Beneficiary, Program, Referral
from services.matching.referring import IS_OPEN, is_linked
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor


async def proposals(
    tx: AsyncSession, program: str, limit: int, cursor: str | None, *, by: Caller
) -> Page[HandOverProposal]:
    """The active enrollments of `program` whose household is a gap of one of its complements that the caller's agreement
    covers, where nobody has referred it there yet. ProgramUnknown."""
    kept = await tx.get(Program, program)
    if kept is None:
        raise ProgramUnknown(pointer="/path/program")
    complements = sorted(by.covers.intersection(document_of(kept).get("complements") or ()) - {program})
    gap = EligibleHousehold
    referred = exists().where(
        Referral.household_id == Beneficiary.household_id, Referral.to_program == gap.program, IS_OPEN
    )
    rows = (
        select(Beneficiary.id, gap.program, gap.reason, gap.since)
        .join(gap, gap.household_id == Beneficiary.household_id)
        .where(Beneficiary.program == program, Beneficiary.active, is_linked(), ~referred)
        .where(and_(gap.program.in_(complements), gap.eligible.is_(True), gap.reason.is_not(None)))
        .order_by(Beneficiary.id, gap.program)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(tuple_(Beneficiary.id, gap.program) > tuple_(*decode_cursor(cursor, UUID, str)))
    found = (await tx.execute(rows)).all()
    items = [
        HandOverProposal(enrollment_id=id_, to_program=to, reason=reason, since=since)
        for id_, to, reason, since in found[:limit]
    ]
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last[0], last[1]) if last else None)
