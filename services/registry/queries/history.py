"""What became of a record: every version, who made it, why, and from which source."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Change, PastState
from services.registry.models.states import TABLES, Record, state_of
from services.registry.queries.diffs import differing
from services.registry.schemas import VersionOut
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor


async def history(tx: AsyncSession, kind: str, record_id: UUID, limit: int, cursor: str | None) -> Page[VersionOut]:
    """The versions of a record, newest first, each with the fields in which it differs from the one before."""
    record: Record | None = await tx.get(TABLES[kind], record_id)
    if record is None:
        raise NotFound
    below = decode_cursor(cursor, int)[0] if cursor else record.version + 1
    versions = select(PastState).where(
        PastState.record_id == record_id, PastState.version < below, PastState.version >= below - limit - 1
    )
    # Of a version's states the last one is what the version says of its own day.
    states = {row.version: dict(row.state) for row in await tx.scalars(versions.order_by(PastState.true_from))}
    changes = {row.version: row.change_id for row in await tx.scalars(versions)}
    if record.version < below:
        states[record.version], changes[record.version] = state_of(record), record.change_id
    made = {one.id: one for one in await tx.scalars(select(Change).where(Change.id.in_(changes.values())))}
    shown = sorted(states, reverse=True)[:limit]
    items = [
        VersionOut(
            version=version,
            change_id=changes[version],
            kind=made[changes[version]].kind,
            changed_at=made[changes[version]].made_at,
            changed_by=made[changes[version]].made_by,
            source=made[changes[version]].source,
            reason=made[changes[version]].reason,
            fields=differing(states[version - 1], states[version]) if version - 1 in states else {},
        )
        for version in shown
    ]
    more = shown and shown[-1] > 1
    return Page(items=items, next_cursor=encode_cursor(shown[-1]) if more else None)
