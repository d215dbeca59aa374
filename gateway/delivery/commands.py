"""Writing the feed."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.delivery.models import EarlyChange, FeedRow, among
from gateway.delivery.order import Change, in_order

FEED_LOCK = 0x7EC4_0010


async def append(tx: AsyncSession, changes: Sequence[Change]) -> int:
    """Put changes into the feed, each once and each enrollment's in its order; returns how many entered.

    A change the feed has already is passed over; one that came before the change it follows is kept until then.
    """
    # One writer at a time, until its commit: so the order of sequences is the order of commits. With a sequence or
    # an identity column a transaction could take 7, another take 8 and commit first; a reader who saw 8 and moved
    # its cursor there would never be shown 7. The lock comes before every look at the feed, and each statement sees
    # what was committed before it (READ COMMITTED), so the numbers read below are the last ones there are.
    await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": FEED_LOCK})
    enrollments = {change.enrollment_id for change in changes}
    last = await _last(tx, enrollments)
    waiting = await _early(tx, enrollments)
    of_each: dict[UUID, dict[int, Change]] = defaultdict(dict)
    for change in [*waiting, *changes]:
        of_each[change.enrollment_id][change.version] = change
    entering: list[Change] = []
    early: set[Change] = set()
    for enrollment_id, versions in of_each.items():
        now, later = in_order(versions.values(), last.get(enrollment_id, 0))
        entering += now
        early.update(later)
    await _number(tx, entering)
    await _keep_early(tx, early, no_longer=set(waiting) - early)
    return len(entering)


async def _early(tx: AsyncSession, enrollments: Collection[UUID]) -> list[Change]:
    rows = await tx.scalars(select(EarlyChange).where(among(EarlyChange.enrollment_id, enrollments)))
    return [
        Change(row.enrollment_id, row.version, row.program, row.from_status, row.to_status, row.reason, row.changed_at)
        for row in rows
    ]


async def _last(tx: AsyncSession, enrollments: Collection[UUID]) -> dict[UUID, int]:
    """The newest version of each enrollment in the feed."""
    newest = (
        select(FeedRow.enrollment_id, func.max(FeedRow.version))
        .where(among(FeedRow.enrollment_id, enrollments))
        .group_by(FeedRow.enrollment_id)
    )
    return {row[0]: row[1] for row in await tx.execute(newest)}


async def _number(tx: AsyncSession, entering: Sequence[Change]) -> None:
    """Give each change its place in the feed and in its program."""
    sequence = await tx.scalar(select(func.max(FeedRow.sequence))) or 0
    of_program: dict[str, int] = {}
    for program in {change.program for change in entering}:
        newest = select(FeedRow.program_sequence).where(FeedRow.program == program)
        of_program[program] = await tx.scalar(newest.order_by(FeedRow.sequence.desc()).limit(1)) or 0
    rows: list[dict[str, Any]] = []
    for change in entering:
        sequence += 1
        of_program[change.program] += 1
        rows.append({**asdict(change), "sequence": sequence, "program_sequence": of_program[change.program]})
    if rows:
        await tx.execute(insert(FeedRow), rows)
        await tx.execute(text("SELECT pg_notify('feed', '')"))


async def _keep_early(tx: AsyncSession, early: Collection[Change], *, no_longer: Collection[Change]) -> None:
    for change in no_longer:
        await tx.execute(
            delete(EarlyChange).where(
                EarlyChange.enrollment_id == change.enrollment_id, EarlyChange.version == change.version
            )
        )
    if early:
        await tx.execute(upsert(EarlyChange).on_conflict_do_nothing(), [asdict(change) for change in early])
