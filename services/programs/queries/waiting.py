"""The waiting list of a program."""

from datetime import date
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Enrollment
from services.programs.rules.status import Status
from services.programs.schemas.turns import WaitingOut
from shared.pagination import Page, decode_cursor, encode_cursor

ORDER = (Enrollment.priority, Enrollment.applied_on, Enrollment.id)


async def waiting_list(tx: AsyncSession, program: str, limit: int, cursor: str | None) -> Page[WaitingOut]:
    """The applications in the order in which they are admitted, numbered from 1 as they stand now."""
    rows = (
        select(Enrollment)
        .where(Enrollment.program_code == program, Enrollment.status == Status.APPLIED)
        .order_by(*ORDER)
        .limit(limit + 1)
    )
    before = 0
    if cursor:
        *after, before = decode_cursor(cursor, int, date.fromisoformat, UUID, int)
        rows = rows.where(tuple_(*ORDER) > tuple_(*after))
    found = list((await tx.scalars(rows)).all())
    columns = [column.key for column in Enrollment.__table__.columns]
    items = [
        WaitingOut.model_validate({name: getattr(one, name) for name in columns} | {"position": before + place})
        for place, one in enumerate(found[:limit], 1)
    ]
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=items,
        next_cursor=encode_cursor(last.priority, last.applied_on, last.id, before + limit) if last else None,
    )
