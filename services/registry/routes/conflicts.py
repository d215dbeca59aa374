"""Conflicts between sources: seen by both, settled by a steward."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.registry.commands.settling import settle_conflict
from services.registry.queries import conflicts as queries
from services.registry.schemas.conflicts import ConflictOut, Settlement
from shared.database import Tx
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1/conflicts", tags=["conflicts"])
Reader = Annotated[Caller, permitted("conflicts:read")]
Steward = Annotated[Caller, permitted(queries.SETTLING)]


@router.get("")
async def list_conflicts(
    tx: Tx,
    by: Reader,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    field: Annotated[str | None, Query(max_length=64, description="Such as birth_date.")] = None,
    place: Annotated[str | None, Query(max_length=20, description="A wilaya, moughataa or commune.")] = None,
    batch_id: Annotated[UUID | None, Query(description="Of an event registry.conflicts.found.")] = None,
    status: Annotated[Literal["open", "settled"] | None, Query()] = None,
) -> Page[ConflictOut]:
    """Fields of which two sources say different things, where the caller is one of both; a steward sees all."""
    return await queries.conflicts(tx, by, limit, cursor, field=field, place=place, batch_id=batch_id, status=status)


@router.get("/{conflict_id}")
async def get_conflict(conflict_id: UUID, tx: Tx, by: Reader) -> ConflictOut:
    """One conflict, with how it was settled."""
    return await queries.conflict(tx, by, conflict_id)


@router.post("/{conflict_id}/settle", response_model=ConflictOut)
async def settle(conflict_id: UUID, body: Settlement, once: OnceOnly, tx: Tx, by: Steward) -> Response:
    """Settle a conflict, once. The offered value, where it is taken, holds from the day its source took it.

    That is a correction of its own (`settled_change`), undone like any other change. Both sources learn of it by event.
    """

    async def decide() -> ConflictOut:
        settled = await settle_conflict(tx, conflict_id, decision=body.decision, reason=body.reason, by=by.name)
        return queries.conflict_out(settled, by)

    return await once.answer(decide, status=200, body=body.model_dump_json().encode())
