"""Reads of conflicts: a source sees those in which it has a part, a steward all."""

from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.ranking import sources
from services.registry.models import Conflict, Household, Membership
from services.registry.queries.findings import communes_of
from services.registry.queries.moments import NOW, member_at
from services.registry.schemas.conflicts import ConflictOut
from shared.errors import NotFound
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor

SETTLING = "conflicts:settle"


async def conflicts(
    tx: AsyncSession,
    by: Caller,
    limit: int,
    cursor: str | None,
    *,
    field: str | None = None,
    place: str | None = None,
    batch_id: UUID | None = None,
    status: str | None = None,
) -> Page[ConflictOut]:
    """Conflicts that concern the caller, oldest first."""
    rows = select(Conflict).where(_concerning(by)).order_by(Conflict.id).limit(limit + 1)
    if field:
        rows = rows.where(Conflict.field == field)
    if batch_id:
        rows = rows.where(Conflict.batch_id == batch_id)
    if status:
        rows = rows.where(Conflict.settled_at.is_(None) if status == "open" else Conflict.settled_at.is_not(None))
    if place:
        rows = rows.where(_lives_in([one.code for one in await communes_of(tx, place)]))
    if cursor:
        rows = rows.where(Conflict.id > decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[conflict_out(one, by) for one in found[:limit]], next_cursor=more)


async def conflict(tx: AsyncSession, by: Caller, conflict_id: UUID) -> ConflictOut:
    """One conflict; one that does not concern the caller does not exist for it."""
    found = await tx.scalar(select(Conflict).where(Conflict.id == conflict_id, _concerning(by)))
    if found is None:
        raise NotFound
    return conflict_out(found, by)


def _concerning(by: Caller) -> ColumnElement[bool]:
    if by.may(SETTLING):
        return true()
    # Several institutions are one source: what another of them offered is not the caller's to see.
    return (Conflict.held_source == sources().source_of(by.name)) | (Conflict.offered_by == by.name)


def _lives_in(communes: list[str]) -> ColumnElement[bool]:
    """The record is a household there, or lives in one."""
    homes = select(Household.id).where(Household.commune_code.in_(communes))
    living = (
        select(Membership.household_id)
        .join(Household, Household.id == Membership.household_id)
        .where(
            Membership.individual_id == Conflict.record_id,
            Household.commune_code.in_(communes),
            member_at(NOW),
        )
    )
    return homes.where(Household.id == Conflict.record_id).exists() | living.exists()


def conflict_out(row: Conflict, by: Caller) -> ConflictOut:
    values = {column.key: getattr(row, column.key) for column in Conflict.__table__.columns}
    reads = by.may("households:read") or by.may(SETTLING)
    if not reads:
        values["held_value"] = None
    if not reads and row.offered_by != by.name:
        values["offered_value"] = None
    values |= {
        f"registry_{kind}_id": row.record_id if row.kind == kind else None for kind in ("household", "individual")
    }
    return ConflictOut.model_validate(values | {"status": "settled" if row.settled_at else "open"})
