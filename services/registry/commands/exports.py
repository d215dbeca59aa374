"""Exports of the registry: what may be asked for."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Place
from services.registry.queries.exporting import export_columns
from services.registry.rules.exports import FILTERS
from services.registry.schemas.exports import ExportIn
from shared.errors import NotFound
from shared.exporting.errors import FilterNotForThis
from shared.exporting.models import Export
from shared.exporting.writing import Asked, ask_for


async def request_export(tx: AsyncSession, body: ExportIn, *, by: str) -> Export:
    """Ask for a file; the worker writes it."""
    filters = {name: value for name in ("place", "category", "status") if (value := getattr(body, name)) is not None}
    for name in filters:
        if name not in FILTERS[body.what]:
            raise FilterNotForThis(pointer=f"/{name}", filters=", ".join(FILTERS[body.what]))
    if body.what == "quality" and (body.as_of or body.known_at):
        raise FilterNotForThis(pointer="/as_of", filters=", ".join(FILTERS[body.what]))
    if "place" in filters and await tx.get(Place, filters["place"]) is None:
        raise NotFound(pointer="/place")
    known = [column.name for column in export_columns()[body.what]]
    return await ask_for(tx, Asked(by, body.what, body.format, filters, body.columns, body.as_of, body.known_at), known)
