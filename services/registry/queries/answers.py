"""What became of remarks that came back with targeting lists."""

from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import ChangeRequest, ListedRemark
from shared.pagination import Page, decode_cursor, encode_cursor


class RemarkAnswer(BaseModel):
    """`status` is that of the change request, or `not_proposed` with the reason in three languages."""

    id: UUID
    request_id: UUID | None
    status: str
    code: str | None
    reason: dict[str, str] | None


async def answers(tx: AsyncSession, batch_id: UUID, limit: int, cursor: str | None) -> Page[RemarkAnswer]:
    rows = (
        select(ListedRemark, ChangeRequest.status)
        .outerjoin(ChangeRequest, ChangeRequest.id == ListedRemark.request_id)
        .where(ListedRemark.batch_id == batch_id)
        .order_by(ListedRemark.id)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(ListedRemark.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    items = [
        RemarkAnswer(
            id=one.id, request_id=one.request_id, status=status or "not_proposed", code=one.code, reason=one.reason
        )
        for one, status in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)
