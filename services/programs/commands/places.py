"""The registry's table of places, taken over as it is."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Place


async def replace_places(tx: AsyncSession, places: Sequence[dict[str, Any]]) -> None:
    """Take over an edition of the places: the whole table, so that editions late or twice end in the same table."""
    await tx.execute(delete(Place))
    if places:
        columns = ("code", "kind", "parent_code", "names")
        await tx.execute(insert(Place), [{name: place[name] for name in columns} for place in places])
