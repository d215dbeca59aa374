"""How many people households had on a day, as the registry knew it at a moment: what benefits per head are worked out from."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Membership
from services.registry.queries.moments import Moment, member_at
from shared.database import any_of


async def household_sizes(tx: AsyncSession, ids: Collection[UUID], moment: Moment) -> dict[UUID, int]:
    """The members of each household at a moment; one that had none, or was not known, is left out."""
    rows = (
        select(Membership.household_id, func.count())
        .where(Membership.household_id == any_of(ids), member_at(moment))
        .group_by(Membership.household_id)
    )
    return dict((await tx.execute(rows)).all())
