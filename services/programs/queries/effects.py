"""Reads of what a checked list would do."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.errors.effects import EffectsNotCounted
from services.programs.models import Enrollment, ImportEffects
from services.programs.rules.status import Status
from services.programs.schemas.effects import EffectsOut, MissingOut


async def effects(tx: AsyncSession, import_id: UUID) -> EffectsOut:
    """EffectsNotCounted where the import is no checked list."""
    found = await tx.get(ImportEffects, import_id)
    if found is None:
        raise EffectsNotCounted
    still = select(Enrollment).where(
        Enrollment.id.in_([UUID(one) for one in found.effects["missing_ids"]]), Enrollment.status != Status.EXITED
    )
    first = [MissingOut.model_validate(one) for one in await tx.scalars(still.order_by(Enrollment.id))]
    return EffectsOut.model_validate(found.effects | {"counted_at": found.counted_at, "missing_first": first})
