"""The worker that makes snapshots, one at a time: reads the country, freezes it, computes every figure, and stores all at once.

It appears whole or not at all: one cut by a death is made again from its beginning, and one that was cancelled leaves nothing.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select, text, update

from services.matching.figures.cells import Cell
from services.matching.figures.computing import indicator_cells
from services.matching.figures.country import Country
from services.matching.figures.freezing import bytes_of, freeze, hash_of
from services.matching.modeling import version_in_force
from services.matching.reading_country import read_country
from services.matching.snapshots.comparing import compare_next
from services.matching.snapshots.filing import file_next, keep
from services.matching.snapshots.models import (
    DONE,
    FAILED,
    OPEN,
    RUNNING,
    Comparison,
    Snapshot,
    SnapshotCell,
    SnapshotPart,
)
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.contracts.matching import SnapshotMade
from shared.copying import copy_ready_rows
from shared.logs import log
from shared.outbox import record
from shared.platform import Platform
from shared.text import Text

LOOK_SECONDS = 1.0
LONGEST_READING = "15min"
"""A transaction sees one state of the database while the country is read; nothing waits for it."""
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


async def snapshots_worker(platform: Platform) -> None:
    """The worker: makes the snapshots asked for, oldest first, works out comparisons, and writes files, for ever."""
    while True:
        if not (await make_next(platform) or await compare_next(platform) or await file_next(platform)):
            await platform.wait_for_work(LOOK_SECONDS)


async def snapshots_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: snapshots and comparisons asked for and not yet there."""
    async with platform.database.transaction() as tx:
        open_ = [
            len(list(await tx.scalars(select(one.id).where(one.status.in_(OPEN))))) for one in (Snapshot, Comparison)
        ]
        return {"snapshots_waiting": sum(open_)}


async def make_next(platform: Platform) -> bool:
    """Make the oldest snapshot that waits, in this process or none; whether there was one and it was this one."""
    async with platform.database.transaction() as tx:
        next_id = await tx.scalar(select(Snapshot.id).where(Snapshot.status.in_(OPEN)).order_by(Snapshot.id).limit(1))
    if next_id is None:
        return False
    try:
        return await _make(platform, next_id)
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise  # the worker is started again, and the snapshot with it
        log.error("snapshot_failed", snapshot_id=str(next_id), exc_info=fault)
        await _fail(platform, next_id)
        return True


@dataclass(frozen=True, slots=True)
class _Made:
    parts: Mapping[str, bytes]
    cells: list[Cell]
    model_version: str
    threshold: float
    households: int
    people: int


async def _make(platform: Platform, snapshot_id: UUID) -> bool:
    async with platform.database.transaction() as tx:
        await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        await tx.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST_READING}'"))
        if not await tx.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('snapshots'))")):
            return False
        if not await _step(platform, snapshot_id, "reading"):
            return True
        wanted = await tx.get_one(Snapshot, snapshot_id)
        country = await read_country(tx, wanted.day)
        version = await version_in_force(tx)
        if not await _step(platform, snapshot_id, "freezing"):
            return True
        parts = await asyncio.to_thread(freeze, country)
        if not await _step(platform, snapshot_id, "computing"):
            return True
        cells = await asyncio.to_thread(indicator_cells, country)
        made = _Made(parts, cells, version, country.threshold, len(country.households), _people(country))
        if await _step(platform, snapshot_id, "storing"):
            await _store(platform, snapshot_id, made)
    return True


def _people(country: Country) -> int:
    return int(country.households["size"].sum())


async def _step(platform: Platform, snapshot_id: UUID, step: str) -> bool:
    """Say how far it is; whether it is still wanted."""
    async with platform.database.transaction() as tx:
        still = update(Snapshot).where(Snapshot.id == snapshot_id, Snapshot.status.in_(OPEN))
        found = await tx.scalar(still.values(status=RUNNING, step=step).returning(Snapshot.id))
    return found is not None


async def _store(platform: Platform, snapshot_id: UUID, made: _Made) -> None:
    """All of it in one transaction, unless it has been cancelled meanwhile."""
    async with platform.database.transaction() as tx:
        found = await tx.get_one(Snapshot, snapshot_id, with_for_update=True)
        if found.status not in OPEN:
            return
        await tx.execute(delete(SnapshotPart).where(SnapshotPart.snapshot_id == snapshot_id))
        for name, content in made.parts.items():
            await keep(tx, snapshot_id, name, content)
        await copy_ready_rows(tx, SnapshotCell.__tablename__, CELL_COLUMNS, list(_rows(snapshot_id, made.cells)))
        found.status, found.step, found.ended_at = DONE, None, now()
        found.threshold, found.model_version = made.threshold, made.model_version
        found.households, found.people, found.cells = made.households, made.people, len(made.cells)
        found.frames_hash = hash_of(made.parts)
        found.cells_hash = hashlib.sha256(bytes_of(made.cells)).digest()
        record(
            tx, SnapshotMade(snapshot_id=snapshot_id, day=found.day, households=made.households, cells=len(made.cells))
        )
    log.info("snapshot_made", snapshot_id=str(snapshot_id), households=made.households, cells=len(made.cells))


def _rows(snapshot_id: UUID, cells: list[Cell]) -> Iterator[tuple[object, ...]]:
    return ((snapshot_id, place, *cell[:12]) for place, cell in enumerate(cells))


async def _fail(platform: Platform, snapshot_id: UUID) -> None:
    async with platform.database.transaction() as tx:
        found = await tx.get_one(Snapshot, snapshot_id, with_for_update=True)
        if found.status in OPEN:
            found.status, found.step, found.ended_at = FAILED, None, now()
            found.failure = {"code": "snapshot_failed", "ar": FAILURE.ar, "fr": FAILURE.fr, "en": FAILURE.en}
