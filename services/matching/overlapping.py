"""Overlaps: which households receive from two programs at once, kept current with every link."""

from uuid import UUID

from sqlalchemy import and_, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import Beneficiary, LinkStatus, Overlap
from services.matching.overlap_cases import settle_cases
from shared.contracts.matching import OverlapsChanged
from shared.ids import new_id
from shared.outbox import record


async def refresh_overlaps(tx: AsyncSession, household_ids: set[UUID]) -> None:
    """Bring the overlaps of these households up to date, announce how many began and ceased, and see to the cases
    of those that are forbidden."""
    if not household_ids:
        return
    receiving = (
        select(Beneficiary.household_id, Beneficiary.program)
        .where(
            Beneficiary.household_id.in_(household_ids), Beneficiary.active, Beneficiary.decided_as == LinkStatus.LINKED
        )
        .distinct()
        .cte("receiving")
    )
    a, b = receiving.alias("a"), receiving.alias("b")
    pairs = select(a.c.household_id, a.c.program, b.c.program).join(
        b, and_(a.c.household_id == b.c.household_id, a.c.program < b.c.program)
    )
    held = tuple_(Overlap.household_id, Overlap.program_a, Overlap.program_b)
    current = and_(Overlap.ceased_at.is_(None), Overlap.household_id.in_(household_ids))
    ceased = await tx.scalars(
        update(Overlap).where(current, held.not_in(pairs)).values(ceased_at=func.now()).returning(Overlap.id)
    )
    began = await tx.scalars(
        insert(Overlap)
        .from_select(["household_id", "program_a", "program_b"], pairs)
        .on_conflict_do_nothing()
        .returning(Overlap.id)
    )
    ended, new = len(ceased.all()), len(began.all())
    if ended or new:
        record(tx, OverlapsChanged(batch_id=new_id(), began=new, ceased=ended))
    await settle_cases(tx, household_ids)
