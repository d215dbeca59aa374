"""Aliases given and looked up, many in one statement."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.aliases.models import Alias
from shared.database import any_of


async def aliases(tx: AsyncSession, partner: str, subjects: Collection[UUID]) -> dict[UUID, UUID]:
    """The partner's own names of subjects; those it has not met before get one now."""
    if not subjects:
        return {}
    found = await _known(tx, partner, subjects)
    missing = sorted(set(subjects) - found.keys())  # in one order: two readers must not wait for each other
    if missing:
        given = upsert(Alias).on_conflict_do_nothing(index_elements=[Alias.partner, Alias.subject_id])
        await tx.execute(given, [{"partner": partner, "subject_id": one} for one in missing])
        found |= await _known(tx, partner, missing)  # another reader of the same partner may have been first
    return found


async def _known(tx: AsyncSession, partner: str, subjects: Collection[UUID]) -> dict[UUID, UUID]:
    known = select(Alias.subject_id, Alias.alias).where(Alias.partner == partner, Alias.subject_id == any_of(subjects))
    return {row.subject_id: row.alias for row in await tx.execute(known)}


async def subjects(tx: AsyncSession, partner: str, names: Collection[UUID]) -> dict[UUID, UUID]:
    """Whom the partner means by those of `names` that are its aliases."""
    meant = select(Alias.alias, Alias.subject_id).where(Alias.partner == partner, Alias.alias == any_of(names))
    return {row.alias: row.subject_id for row in await tx.execute(meant)}
