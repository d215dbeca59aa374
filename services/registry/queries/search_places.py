"""The place a search names, as the communes (or the village) that lie in it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Place
from shared.place_names import PlaceIndex, PlaceRow


async def codes_within(tx: AsyncSession, written: str) -> frozenset[str]:
    """Codes of the communes in the place written so ("Néma", "Bassiknou, Hodh Ech Chargui"); none where it is unknown."""
    rows = list(await tx.scalars(select(Place)))
    index = PlaceIndex([PlaceRow(one.code, one.kind, one.parent_code, one.names) for one in rows])  # type: ignore[arg-type]
    parents = {one.code: one.parent_code for one in rows}
    code = place_code(index, written)
    if code is None:
        return frozenset()
    kinds = {one.code: one.kind for one in rows}
    return frozenset(one for one in parents if kinds[one] == "commune" and code in _chain(one, parents))


def place_code(index: PlaceIndex, written: str) -> str | None:
    """The smallest part first and the larger ones after it; a name that stands alone is the largest place so named."""
    parts = [part.strip() for part in written.split(",") if part.strip()]
    if not parts:
        return None
    small, large = parts[0], parts[1] if len(parts) > 1 else None
    if large is None:
        ways = [{"wilaya": small}, {"moughataa": small}, {"commune": small}]
    else:
        ways = [
            {"moughataa": small, "wilaya": large},
            {"commune": small, "moughataa": large},
            {"commune": small, "wilaya": large},
        ]
    for way in ways:
        found = index.resolve(**way)
        deepest = (
            found.commune_code
            if "commune" in way
            else found.moughataa_code
            if "moughataa" in way
            else found.wilaya_code
        )
        if deepest is not None:
            return deepest
    return None


def _chain(code: str, parents: dict[str, str | None]) -> list[str]:
    chain: list[str] = []
    at: str | None = code
    while at is not None and at not in chain:
        chain.append(at)
        at = parents.get(at)
    return chain
