"""The place a search names, as the communes that lie in it, or as the village it is."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.queries.place_table import PlaceTable, place_table
from shared.place_names import PlaceIndex

COMMUNE_DEPTH = 2
"""Places above a commune: a moughataa and a wilaya."""


async def codes_within(tx: AsyncSession, written: str) -> frozenset[str]:
    """Codes of the communes in the place written so ("Néma", "Bassiknou, Hodh Ech Chargui"), or of the one village; none
    where it is unknown.
    """
    table = await place_table(tx)
    code = _code_of(table.index, written)
    if code is None:
        return frozenset()
    if len(_above(table, code)) > COMMUNE_DEPTH:
        return frozenset({code})
    chains = {one: _above(table, one) for one in table.named}
    return frozenset(one for one, above in chains.items() if len(above) == COMMUNE_DEPTH and code in (one, *above))


def _code_of(index: PlaceIndex, written: str) -> str | None:
    """The smallest part stands first and a larger one after it; a name alone is that of the largest place so named."""
    small, *larger = [part.strip() for part in written.split(",")]
    large = larger[0] if larger else None
    found = index.resolve(moughataa=small, wilaya=large).moughataa_code
    alone = None if large else index.resolve(wilaya=small).wilaya_code
    return (
        alone
        or found
        or index.resolve(commune=small, moughataa=large).commune_code
        or index.resolve(commune=small, wilaya=large).commune_code
        or index.resolve(village=small, commune=large).village_code
    )


def _above(table: PlaceTable, code: str) -> list[str]:
    chain: list[str] = []
    place = table.named.get(code)
    while place is not None and place.parent_code is not None and place.parent_code not in chain:
        chain.append(place.parent_code)
        place = table.named.get(place.parent_code)
    return chain
