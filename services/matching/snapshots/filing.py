"""The files of a snapshot, written after its figures can be read: a sheet of so many cells takes longer than to compute them.

One that was cut by a death, of this process or of the one that writes, is written again from its beginning.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import exists, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.country_work import Work
from services.matching.models import Place
from services.matching.snapshots import files, writing
from services.matching.snapshots.models import DONE, Snapshot, SnapshotPart
from shared.copying import driver_of
from shared.logs import log
from shared.platform import Platform

PART_BYTES = 1 << 20
LAST_FILE = files.file_name(files.FORMATS[-1])
CELLS_SQL = """
SELECT indicator, grouped_by AS by, group_code AS "group", program, other, unit, bound, numerator, denominator, value, reason,
       overlap_class
FROM snapshot_cells WHERE snapshot_id = $1 ORDER BY place"""


async def _file(platform: Platform, tx: AsyncSession, snapshot_id: UUID) -> None:
    of = await tx.get_one(Snapshot, snapshot_id)
    with tempfile.TemporaryDirectory(prefix="tekamoul-snapshot-") as name:
        folder = Path(name)
        head = (of.id, of.day, of.known_on, of.period_from, of.threshold or 0.0)
        writing.hand_over(folder, head, await _places(tx), of.asked_at)
        await _copy_cells(tx, of.id, folder / writing.CELLS)
        await _keep_all(platform, of.id, await writing.write_apart(folder))
    log.info("snapshot_filed", snapshot_id=str(of.id))


async def _leave_for_later(_: AsyncSession, fault: Exception, __: UUID) -> None:
    """Figures are there without their files: these are tried again, and the health page tells of a worker that fails."""
    raise fault


_written = exists().where(
    SnapshotPart.snapshot_id == Snapshot.id, SnapshotPart.name == LAST_FILE, SnapshotPart.part == 0
)
FILING = Work(
    "snapshot files",
    select(Snapshot.id).where(Snapshot.status == DONE, ~_written).order_by(Snapshot.id),
    _file,
    _leave_for_later,
)


async def _copy_cells(tx: AsyncSession, snapshot_id: UUID, file: Path) -> None:
    """As PostgreSQL writes them: rows made of so many cells would hold up the requests."""
    driver = await driver_of(tx, begun=True)
    await driver.copy_from_query(CELLS_SQL, snapshot_id, output=file, format="csv", header=True)


async def _places(tx: AsyncSession) -> files.PlaceNames:
    kinds = select(Place.code, Place.name_ar, Place.name_fr).where(Place.kind.in_(("wilaya", "moughataa")))
    return {code: (ar, fr) for code, ar, fr in await tx.execute(kinds)}


async def _keep_all(platform: Platform, snapshot_id: UUID, written: Sequence[Path]) -> None:
    """All files in one transaction, unless the snapshot has been deleted meanwhile."""
    async with platform.database.transaction() as tx:
        if await tx.get(Snapshot, snapshot_id, with_for_update={"key_share": True, "read": True}) is None:
            return
        for path in written:
            await keep(tx, snapshot_id, path.name, await asyncio.to_thread(path.read_bytes))


async def keep(tx: AsyncSession, snapshot_id: UUID, name: str, content: bytes) -> None:
    """Store bytes in parts."""
    for part, start in enumerate(range(0, len(content), PART_BYTES)):
        piece = content[start : start + PART_BYTES]
        await tx.execute(insert(SnapshotPart).values(snapshot_id=snapshot_id, name=name, part=part, content=piece))
