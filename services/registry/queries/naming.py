"""By which ids and numbers the registry knows, or knew, one household or person."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Household, Individual
from shared.file_members import MOST_NAMES, ids_in

LONGEST_CHAIN = 10
"""Merges one after another: whoever is merged again hands on those that were merged into it."""


async def names_of(tx: AsyncSession, names: Collection[str]) -> list[str]:
    """These names, and those of the records they name, of those merged into them, and of the one they are merged into."""
    found = dict.fromkeys(names)
    for table in (Household, Individual):
        for id_, number in await _merged_with(tx, table, names):
            found |= {str(id_): None, number: None}
    return list(found)[:MOST_NAMES]


async def _merged_with(
    tx: AsyncSession, table: type[Household] | type[Individual], names: Collection[str]
) -> list[tuple[UUID, str]]:
    known: dict[UUID, str] = {}
    ids, into = set(ids_in(names)), set[UUID]()
    which = or_(table.id.in_(ids), table.number.in_(names))
    for _ in range(LONGEST_CHAIN):
        rows = (
            await tx.execute(select(table.id, table.number, table.merged_into).where(which).limit(MOST_NAMES))
        ).all()
        new = {row.id: row.number for row in rows if row.id not in known}
        if not new:
            break
        known |= new
        into = {row.merged_into for row in rows if row.merged_into is not None} - known.keys()
        which = or_(table.id.in_(into), table.merged_into.in_(new))
    return list(known.items())
