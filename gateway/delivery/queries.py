"""Reading the feed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.delivery.models import Alias, EarlyChange, FeedRow, among
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


async def aliases(tx: AsyncSession, partner: str, enrollments: Collection[UUID]) -> dict[UUID, UUID]:
    """The partner's own names of enrollments; those it has not met before get one now."""
    if not enrollments:
        return {}
    found = await _known(tx, partner, enrollments)
    missing = sorted(set(enrollments) - found.keys())  # in one order: two readers must not wait for each other
    if missing:
        given = upsert(Alias).on_conflict_do_nothing(index_elements=["partner", "enrollment_id"])
        await tx.execute(given, [{"partner": partner, "enrollment_id": one} for one in missing])
        found |= await _known(tx, partner, missing)  # another reader of the same partner may have been first
    return found


async def _known(tx: AsyncSession, partner: str, enrollments: Collection[UUID]) -> dict[UUID, UUID]:
    known = select(Alias.enrollment_id, Alias.alias).where(
        Alias.partner == partner, among(Alias.enrollment_id, enrollments)
    )
    return {row.enrollment_id: row.alias for row in await tx.execute(known)}


async def count_early(tx: AsyncSession) -> int:
    """Changes that wait for an earlier one of their enrollment."""
    return await tx.scalar(select(func.count()).select_from(EarlyChange)) or 0
