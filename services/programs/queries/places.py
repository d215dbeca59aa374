"""The table of places, for finding the p-code of a place by its names."""

from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Place
from shared.place_names import PlaceIndex, PlaceRow

Row = tuple[str, str, str | None, tuple[str, ...]]


async def place_index(tx: AsyncSession) -> PlaceIndex:
    """Of the edition held now; built once for each."""
    rows = await tx.execute(select(Place.code, Place.kind, Place.parent_code, Place.names).order_by(Place.code))
    return _index(tuple((code, kind, parent, tuple(names)) for code, kind, parent, names in rows))


@lru_cache(maxsize=2)
def _index(rows: tuple[Row, ...]) -> PlaceIndex:
    return PlaceIndex(
        PlaceRow(code=code, kind=kind, parent_code=parent, names=names)  # type: ignore[arg-type]
        for code, kind, parent, names in rows
    )
