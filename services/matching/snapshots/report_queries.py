"""What a snapshot's report is put together from: the stored figures, and the names in its language."""

from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.figures.cells import Cell
from services.matching.figures.freezing import TERMS
from services.matching.models import Place
from services.matching.snapshots.models import Snapshot, SnapshotCell, SnapshotPart
from services.matching.snapshots.notes import indicators
from services.matching.snapshots.queries import made, period_to
from services.matching.snapshots.reporting import Frozen, Names, snapshot_report
from shared.printing.report import Report
from shared.text import Language

SHOWN_BY = ("total", "wilaya", "category", "month", "value_band")
"""Groupings of which a report shows figures."""
FIELDS = ("indicator", "grouped_by", "group", "program", "other", "unit", "bound", "numerator", "denominator", "value", "reason",
          "overlap_class")  # fmt: skip


async def report_of(tx: AsyncSession, snapshot_id: UUID, language: Language) -> Report:
    """NotFound, SnapshotNotMade."""
    found = await made(tx, snapshot_id)
    rows = select(SnapshotCell).where(SnapshotCell.snapshot_id == snapshot_id, SnapshotCell.grouped_by.in_(SHOWN_BY))
    cells = [
        Cell._make([*(getattr(one, name) for name in FIELDS), ""])
        for one in await tx.scalars(rows.order_by(SnapshotCell.place))
    ]
    return snapshot_report(_frozen(found), cells, await _names(tx, snapshot_id, language), language)


def _frozen(found: Snapshot) -> Frozen:
    return Frozen(
        snapshot_id=found.id,
        day=found.day,
        known_on=found.known_on,
        months=(found.period_from, period_to(found.day)),
        threshold=found.threshold or 0.0,
        model_version=found.model_version or "",
        households=found.households or 0,
        people=found.people or 0,
        note=found.note,
    )


async def _names(tx: AsyncSession, snapshot_id: UUID, language: Language) -> Names:
    places = await tx.execute(select(Place.code, Place.name_fr, Place.name_ar).where(Place.kind == "wilaya"))
    return Names(
        programs=await _programs(tx, snapshot_id, language),
        places={code: (arabic or french) if language == "ar" else french for code, french, arabic in places},
        methods={code: getattr(note.method, language) for code, note in indicators().items()},
    )


async def _programs(tx: AsyncSession, snapshot_id: UUID, language: Language) -> dict[str, str]:
    """As they were called when they were frozen."""
    rows = select(SnapshotPart.content).where(SnapshotPart.snapshot_id == snapshot_id, SnapshotPart.name == TERMS)
    terms = orjson.loads(b"".join(await tx.scalars(rows.order_by(SnapshotPart.part))))
    return {one["code"]: one["names"].get(language, one["code"]) for one in terms["programs"]}
