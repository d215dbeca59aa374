"""What moved between two snapshots, worked out from what they froze, by the worker of snapshots."""

import asyncio
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.figures.cells import Cell
from services.matching.figures.country import Country
from services.matching.figures.differing import explain, what_moved
from services.matching.snapshots.models import DONE, FAILED, OPEN, RUNNING, Comparison, SnapshotCell
from services.matching.snapshots.queries import frozen, made
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.logs import log
from shared.platform import Platform

DIGITS = 4
"""What parts moved is told to the hundredth of a percent: closer than that, it would tell of single households."""
MOST_FIGURES = 500
"""Of the whole country; those that moved most, first."""
LONGEST = "15min"


async def compare_next(platform: Platform) -> bool:
    """Work out the oldest comparison that waits; whether there was one and it was this process's."""
    async with platform.database.transaction() as tx:
        waiting = select(Comparison.id).where(Comparison.status.in_(OPEN)).order_by(Comparison.id).limit(1)
        next_id = await tx.scalar(waiting)
    if next_id is None:
        return False
    try:
        return await _compare(platform, next_id)
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise
        log.error("comparison_failed", comparison_id=str(next_id), exc_info=fault)
        await _end(platform, next_id, FAILED, None)
        return True


async def _compare(platform: Platform, comparison_id: UUID) -> bool:
    async with platform.database.transaction() as tx:
        await tx.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST}'"))
        if not await tx.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('comparisons'))")):
            return False
        wanted = await tx.get(Comparison, comparison_id)
        if wanted is None:
            return True
        await _end(platform, comparison_id, RUNNING, None)
        before, after = await frozen(tx, wanted.before_id), await frozen(tx, wanted.after_id)
        told = await _told(tx, wanted)
        versions = [(await made(tx, one)).model_version for one in (wanted.before_id, wanted.after_id)]
        result = await asyncio.to_thread(_result, before, after, told)
        if versions[0] != versions[1]:
            result["terms"]["model_version"] = versions
    await _end(platform, comparison_id, DONE, result)
    return True


async def _told(tx: AsyncSession, wanted: Comparison) -> list[tuple[Cell, Cell]]:
    """The figures of the whole country that both snapshots show."""
    earlier, later = [await _of_all(tx, one) for one in (wanted.before_id, wanted.after_id)]
    return [(earlier[key], later[key]) for key in sorted(earlier.keys() & later.keys())]


async def _of_all(tx: AsyncSession, snapshot_id: UUID) -> dict[tuple[str, ...], Cell]:
    rows = select(SnapshotCell).where(
        SnapshotCell.snapshot_id == snapshot_id,
        SnapshotCell.grouped_by == "total",
        SnapshotCell.value.is_not(None),
        SnapshotCell.indicator.not_in(("peak_month", "combination")),
    )
    return {(one.indicator, one.program, one.other, one.unit, one.bound): _cell(one) for one in await tx.scalars(rows)}


def _cell(one: SnapshotCell) -> Cell:
    named = (one.indicator, one.grouped_by, one.group, one.program, one.other, one.unit, one.bound)
    return Cell(*named, one.numerator, one.denominator, one.value, None, one.overlap_class, "")


def _result(before: Country, after: Country, told: list[tuple[Cell, Cell]]) -> dict[str, Any]:
    found = sorted(explain(before, after, told), key=lambda one: -abs(one.after - one.before))
    figures = [asdict(one) | {"steps": {k: round(v, DIGITS) for k, v in one.steps.items()}} for one in found]
    return {
        "moved": asdict(what_moved(before, after)),
        "terms": _terms(before, after),
        "figures": figures[:MOST_FIGURES],
    }


def _terms(before: Country, after: Country) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    if before.day != after.day:
        found["day"] = [before.day.isoformat(), after.day.isoformat()]
    if before.threshold != after.threshold:
        found["threshold"] = [before.threshold, after.threshold]
    for pair in sorted(before.matrix.keys() | after.matrix.keys()):
        if before.matrix.get(pair) != after.matrix.get(pair):
            found["+".join(pair)] = [before.matrix.get(pair), after.matrix.get(pair)]
    return found


async def _end(platform: Platform, comparison_id: UUID, status: str, result: dict[str, Any] | None) -> None:
    async with platform.database.transaction() as tx:
        ended = None if status == RUNNING else now()
        still = update(Comparison).where(Comparison.id == comparison_id, Comparison.status.in_(OPEN))
        await tx.execute(still.values(status=status, result=result, ended_at=ended))
