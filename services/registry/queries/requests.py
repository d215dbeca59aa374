"""Reads of change requests and of changes."""

from uuid import UUID

from sqlalchemy import or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.ranking import sources
from services.registry.commands.requests import may_see, version_of
from services.registry.models import Change, ChangeRequest, Household, Individual, PastState, RequestDecision
from services.registry.schemas import ChangeOut, ChangeRequestOut, DecisionOut
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor

MOST_RECORDS = 200
"""Of one change, shown; an import's batch holds a hundred households."""


async def request_out(tx: AsyncSession, request: ChangeRequest, *, with_diff: bool) -> tuple[ChangeRequestOut, str]:
    """A request as shown, and its version. The diff tells what is held: only whoever may read it sees it."""
    version = await version_of(tx, request)
    decisions = await tx.scalars(
        select(RequestDecision).where(RequestDecision.request_id == request.id).order_by(RequestDecision.decided_at)
    )
    is_open = request.status == "proposed"
    shown = ChangeRequestOut.model_validate(
        {column.key: getattr(request, column.key) for column in ChangeRequest.__table__.columns}
        | {
            "version": version,
            "subject_changed": is_open and int(version.partition("-")[2]) != request.subject_version,
            "decisions": [DecisionOut.model_validate(one, from_attributes=True) for one in decisions],
            "diff": request.diff if with_diff else [],
        }
    )
    return shown, version


async def change_request(
    tx: AsyncSession, request_id: UUID, by: str, *, with_diff: bool
) -> tuple[ChangeRequestOut, str]:
    request = await tx.get(ChangeRequest, request_id)
    if request is None or not may_see(request, by):
        raise NotFound
    return await request_out(tx, request, with_diff=with_diff)


async def change_requests(
    tx: AsyncSession,
    limit: int,
    cursor: str | None,
    by: str,
    *,
    with_diff: bool,
    status: str | None = None,
    subject_id: UUID | None = None,
) -> Page[ChangeRequestOut]:
    """The requests a caller made or may decide, newest first."""
    rows = (
        select(ChangeRequest)
        .where(or_(ChangeRequest.proposed_by == by, ChangeRequest.deciding_sources.contains([sources().source_of(by)])))
        .order_by(ChangeRequest.id.desc())
        .limit(limit + 1)
    )
    if status:
        rows = rows.where(ChangeRequest.status == status)
    if subject_id:
        rows = rows.where(ChangeRequest.subject_id == subject_id)
    if cursor:
        rows = rows.where(ChangeRequest.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    items = [(await request_out(tx, one, with_diff=with_diff))[0] for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


async def change(tx: AsyncSession, change_id: UUID) -> ChangeOut:
    """A change and the first records it touched."""
    found = await tx.get(Change, change_id)
    if found is None:
        raise NotFound
    touched = {}
    for kind, table in (("household", Household), ("individual", Individual)):
        ids = union(
            select(table.id).where(table.change_id == change_id),
            select(PastState.record_id).where(PastState.change_id == change_id, PastState.kind == kind),
        )
        touched[f"{kind}s"] = sorted(await tx.scalars(ids.limit(MOST_RECORDS)))
    undone_by = await tx.scalar(select(Change.id).where(Change.undoes == change_id))
    return ChangeOut.model_validate(
        {column.key: getattr(found, column.key) for column in Change.__table__.columns}
        | touched
        | {"undone_by": undone_by}
    )
