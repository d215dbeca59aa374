"""The worker that makes snapshots, one at a time: reads the country, freezes it, computes every figure, and stores all at once.

It appears whole or not at all: one cut by a death is made again from its beginning, and one that was cancelled leaves nothing.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.country_work import Work, rows_waiting, worker_of
from services.matching.figures.cells import Cell
from services.matching.figures.computing import indicator_cells
from services.matching.figures.country import Country
from services.matching.figures.freezing import bytes_of, freeze, hash_of
from services.matching.modeling import version_in_force
from services.matching.reading_country import read_country
from services.matching.snapshots.comparing import COMPARING
from services.matching.snapshots.filing import FILING, keep
from services.matching.snapshots.models import DONE, FAILED, OPEN, RUNNING, Snapshot, SnapshotCell, SnapshotPart
from shared.clock import now
from shared.contracts.matching import SnapshotMade
from shared.copying import copy_ready_rows
from shared.logs import log
from shared.outbox import record
from shared.platform import Platform
from shared.text import Text

CELL_COLUMNS = (
    "snapshot_id",
    "place",
    "indicator",
    "grouped_by",
    "group_code",
    "program",
    "other",
    "unit",
    "bound",
    "numerator",
    "denominator",
    "value",
    "reason",
    "overlap_class",
)
FAILURE = Text(
    ar="توقفت اللقطة بخطأ من جانبنا، وقد سُجّل. اطلبوها من جديد.",
    fr="L'instantané s'est arrêté sur une erreur de notre côté, enregistrée. Demandez-le à nouveau.",
    en="The snapshot stopped on a fault of ours, recorded. Ask for it again.",
)


@dataclass(frozen=True, slots=True)
class _Made:
    """All that is kept. What it takes to freeze, compute and hash is done in threads: it would hold up the requests."""

    country: Country
    model_version: str
    parts: Mapping[str, bytes]
    frames_hash: bytes
    cells: list[Cell]
    cells_hash: bytes


async def _make(platform: Platform, tx: AsyncSession, snapshot_id: UUID) -> None:
    if not await _step(platform, snapshot_id, "reading"):
        return
    wanted = await tx.get_one(Snapshot, snapshot_id)
    country = await read_country(tx, wanted.day)
    version = await version_in_force(tx)
    if not await _step(platform, snapshot_id, "freezing"):
        return
    parts = await asyncio.to_thread(freeze, country)
    frames_hash = await asyncio.to_thread(hash_of, parts)
    if not await _step(platform, snapshot_id, "computing"):
        return
    cells = await asyncio.to_thread(indicator_cells, country)
    cells_hash = await asyncio.to_thread(lambda: hashlib.sha256(bytes_of(cells)).digest())
    if await _step(platform, snapshot_id, "storing"):
        await _store(platform, snapshot_id, _Made(country, version, parts, frames_hash, cells, cells_hash))


async def _step(platform: Platform, snapshot_id: UUID, step: str) -> bool:
    """Say how far it is; whether it is still wanted."""
    async with platform.database.transaction() as tx:
        still = update(Snapshot).where(Snapshot.id == snapshot_id, Snapshot.status.in_(OPEN))
        found = await tx.scalar(still.values(status=RUNNING, step=step).returning(Snapshot.id))
    return found is not None


async def _store(platform: Platform, snapshot_id: UUID, made: _Made) -> None:
    """All of it in one transaction, unless it has been cancelled meanwhile."""
    sizes = made.country.households["size"]
    async with platform.database.transaction() as tx:
        found = await tx.get_one(Snapshot, snapshot_id, with_for_update=True)
        if found.status not in OPEN:
            return
        await tx.execute(delete(SnapshotPart).where(SnapshotPart.snapshot_id == snapshot_id))
        for name, content in made.parts.items():
            await keep(tx, snapshot_id, name, content)
        await copy_ready_rows(tx, SnapshotCell.__tablename__, CELL_COLUMNS, list(_rows(snapshot_id, made.cells)))
        found.status, found.step, found.ended_at = DONE, None, now()
        found.threshold, found.model_version = made.country.threshold, made.model_version
        found.households, found.people = len(sizes), int(sizes.sum())
        found.cells, found.cells_hash, found.frames_hash = len(made.cells), made.cells_hash, made.frames_hash
        record(tx, SnapshotMade(snapshot_id=snapshot_id, day=found.day, households=len(sizes), cells=len(made.cells)))
    log.info("snapshot_made", snapshot_id=str(snapshot_id), households=len(sizes), cells=len(made.cells))


def _rows(snapshot_id: UUID, cells: list[Cell]) -> Iterator[tuple[object, ...]]:
    return ((snapshot_id, place, *cell[:12]) for place, cell in enumerate(cells))


async def _give_up(tx: AsyncSession, _: Exception, snapshot_id: UUID) -> None:
    found = await tx.get_one(Snapshot, snapshot_id, with_for_update=True)
    if found.status in OPEN:
        found.status, found.step, found.ended_at = FAILED, None, now()
        found.failure = {"code": "snapshot_failed", "ar": FAILURE.ar, "fr": FAILURE.fr, "en": FAILURE.en}


MAKING = Work("snapshots", select(Snapshot.id).where(Snapshot.status.in_(OPEN)).order_by(Snapshot.id), _make, _give_up)
snapshots_worker = worker_of("snapshots_worker", MAKING, COMPARING, FILING)


async def snapshots_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: snapshots and comparisons asked for and not yet there."""
    return {"snapshots_waiting": await rows_waiting(platform, MAKING, COMPARING)}
