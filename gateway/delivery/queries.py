"""Reading the feed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.delivery.models import EarlyChange, FeedRow
from gateway.errors import CursorAhead


@dataclass(frozen=True, slots=True)
class Reading:
    """A page of the feed. `reached` is the place up to which nothing is missing for these programs."""

    rows: Sequence[FeedRow]
    reached: int
    count: int
    """Rows of these programs from the feed's beginning up to `reached`."""


async def read(tx: AsyncSession, programs: Collection[str], *, after: int, limit: int) -> Reading:
    """The rows of `programs` after place `after`; CursorAhead where the feed does not reach that far."""
    # The end is read before the rows: what commits in between lies beyond it and is the next page's.
    end = await tx.scalar(select(func.max(FeedRow.sequence))) or 0
    if after > end:
        raise CursorAhead(pointer="/after")
    wanted = select(FeedRow).where(FeedRow.program.in_(programs), FeedRow.sequence > after, FeedRow.sequence <= end)
    rows = list((await tx.scalars(wanted.order_by(FeedRow.sequence).limit(limit))).all())
    reached = rows[-1].sequence if len(rows) == limit else end
    return Reading(rows, reached, await _count(tx, programs, reached))


async def _count(tx: AsyncSession, programs: Collection[str], upto: int) -> int:
    counted = 0
    for program in programs:
        newest = select(FeedRow.program_sequence).where(FeedRow.program == program, FeedRow.sequence <= upto)
        counted += await tx.scalar(newest.order_by(FeedRow.sequence.desc()).limit(1)) or 0
    return counted


async def count_early(tx: AsyncSession) -> int:
    """Changes that wait for an earlier one of their enrollment."""
    return await tx.scalar(select(func.count()).select_from(EarlyChange)) or 0
