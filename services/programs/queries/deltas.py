"""Reads of deltas: a receiver's own, and the lines of one."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Delta, DeltaRow
from services.programs.rules.deltas import cells_of
from services.programs.schemas.deltas import DeltaOut
from shared.database import Database
from shared.errors import NotFound
from shared.exporting.files import Row
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language

ROWS_AT_ONCE = 5_000


async def deltas(tx: AsyncSession, program: str, receiver: str, limit: int, cursor: str | None) -> Page[DeltaOut]:
    """A receiver's deltas of a program, newest first."""
    rows = select(Delta).where(Delta.program_code == program, Delta.receiver == receiver)
    rows = rows.order_by(Delta.number.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(Delta.number < decode_cursor(cursor, int)[0])
    found = list(await tx.scalars(rows))
    more = encode_cursor(found[limit - 1].number) if len(found) > limit else None
    return Page(items=[DeltaOut.model_validate(one) for one in found[:limit]], next_cursor=more)


async def delta(tx: AsyncSession, program: str, receiver: str, number: int) -> Delta:
    wanted = select(Delta).where(Delta.program_code == program, Delta.receiver == receiver, Delta.number == number)
    found = await tx.scalar(wanted)
    if found is None:
        raise NotFound
    return found


async def lines(
    database: Database, delta_id: UUID, fields: Sequence[str], language: Language
) -> AsyncIterator[Sequence[Row]]:
    """The lines of a delta, some at a time: whoever writes a file of them holds no connection meanwhile."""
    after = 0
    while True:
        async with database.transaction() as tx:
            rows = select(DeltaRow).where(DeltaRow.delta_id == delta_id, DeltaRow.row > after)
            found = list(await tx.scalars(rows.order_by(DeltaRow.row).limit(ROWS_AT_ONCE)))
        if not found:
            return
        after = found[-1].row
        yield [cells_of(one.action, one.effective_on, one.facts, fields, language) for one in found]
