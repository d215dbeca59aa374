"""What moved between two snapshots, worked out from what they froze, by the worker of snapshots."""

import asyncio
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.country_work import Work
from services.matching.figures.cells import Cell
from services.matching.figures.country import Country
from services.matching.figures.differing import explain, what_moved
from services.matching.snapshots.models import DONE, FAILED, OPEN, RUNNING, Comparison, SnapshotCell
from services.matching.snapshots.queries import frozen, made
from shared.clock import now
from shared.platform import Platform

DIGITS = 4
"""What parts moved is told to the hundredth of a percent: closer than that, it would tell of single households."""
MOST_FIGURES = 500
"""Of the whole country; those that moved most, first."""


async def _compare(platform: Platform, tx: AsyncSession, comparison_id: UUID) -> None:
    wanted = await tx.get_one(Comparison, comparison_id)
    async with platform.database.transaction() as begin:
        await _end(begin, comparison_id, RUNNING, None)
    before, after = await frozen(tx, wanted.before_id), await frozen(tx, wanted.after_id)
    told = await _told(tx, wanted)
    snapshots = [await made(tx, one) for one in (wanted.before_id, wanted.after_id)]
    result = await asyncio.to_thread(_result, before, after, told)
    for name in ("model_version", "known_on"):
        said = [str(getattr(one, name)) for one in snapshots]
        if said[0] != said[1]:
            result["terms"][name] = said
    async with platform.database.transaction() as end:
        await _end(end, comparison_id, DONE, result)


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
    kept = [one.standing is not None for one in (before, after)]
    if kept[0] != kept[1]:
        found["reasons_kept"] = kept
    for pair in sorted(before.matrix.keys() | after.matrix.keys()):
        if before.matrix.get(pair) != after.matrix.get(pair):
            found["+".join(pair)] = [before.matrix.get(pair), after.matrix.get(pair)]
    return found


async def _end(tx: AsyncSession, comparison_id: UUID, status: str, result: dict[str, Any] | None) -> None:
    ended = None if status == RUNNING else now()
    still = update(Comparison).where(Comparison.id == comparison_id, Comparison.status.in_(OPEN))
    await tx.execute(still.values(status=status, result=result, ended_at=ended))


async def _give_up(tx: AsyncSession, _: Exception, comparison_id: UUID) -> None:
    await _end(tx, comparison_id, FAILED, None)


COMPARING = Work(
    "comparisons",
    select(Comparison.id).where(Comparison.status.in_(OPEN)).order_by(Comparison.id),
    _compare,
    _give_up,
)
