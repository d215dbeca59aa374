"""The files of a snapshot, written after its figures can be read: a sheet of so many cells takes longer than to compute them."""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any, cast
from uuid import UUID

from sqlalchemy import exists, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.figures.cells import Cell
from services.matching.models import Place
from services.matching.snapshots import files
from services.matching.snapshots.models import DONE, Snapshot, SnapshotCell, SnapshotPart
from shared.logs import log
from shared.platform import Platform

PART_BYTES = 1 << 20
LONGEST_WRITING = "15min"
"""The transaction that holds the lock waits while the files are written."""
LAST_FILE = files.file_name(files.FORMATS[-1])


async def file_next(platform: Platform) -> bool:
    """Write the files of the oldest snapshot that has none, in this process or none; whether it did."""
    async with platform.database.transaction() as tx:
        of = await _unfiled(tx)
        if of is None:
            return False
        await tx.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST_WRITING}'"))
        if not await tx.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('snapshot files'))")):
            return False
        head = (of.id, of.day, of.period_from, of.threshold or 0.0)
        cells, places = await _cells(tx, of.id), await _places(tx)
        with tempfile.TemporaryDirectory(prefix="tekamoul-snapshot-") as folder:
            given_up = Event()
            writing = asyncio.create_task(
                asyncio.to_thread(files.write, Path(folder), cells, head, places, of.asked_at, given_up)
            )
            try:
                written = await asyncio.shield(writing)
            except asyncio.CancelledError:
                given_up.set()
                await writing  # a thread cannot be stopped, and its folder must outlive it
                raise
            await _keep_all(platform, of.id, written)
    log.info("snapshot_filed", snapshot_id=str(of.id))
    return True


async def _unfiled(tx: AsyncSession) -> Snapshot | None:
    written = exists().where(
        SnapshotPart.snapshot_id == Snapshot.id, SnapshotPart.name == LAST_FILE, SnapshotPart.part == 0
    )
    rows = select(Snapshot).where(Snapshot.status == DONE, ~written).order_by(Snapshot.id).limit(1)
    return cast(Snapshot | None, await tx.scalar(rows))


async def _cells(tx: AsyncSession, snapshot_id: UUID) -> list[Cell]:
    columns: list[Any] = [getattr(SnapshotCell, "grouped_by" if name == "by" else name) for name in Cell._fields[:12]]
    rows = select(*columns).where(SnapshotCell.snapshot_id == snapshot_id).order_by(SnapshotCell.place)
    return [Cell._make((*row, "")) for row in await tx.execute(rows)]


async def _places(tx: AsyncSession) -> files.PlaceNames:
    kinds = select(Place.code, Place.name_ar, Place.name_fr).where(Place.kind.in_(("wilaya", "moughataa")))
    return {code: (ar, fr) for code, ar, fr in await tx.execute(kinds)}


async def _keep_all(platform: Platform, snapshot_id: UUID, written: Mapping[str, Path]) -> None:
    """All files in one transaction, unless the snapshot has been deleted meanwhile."""
    async with platform.database.transaction() as tx:
        if await tx.get(Snapshot, snapshot_id, with_for_update={"key_share": True, "read": True}) is None:
            return
        for name, path in written.items():
            await keep(tx, snapshot_id, name, await asyncio.to_thread(path.read_bytes))


async def keep(tx: AsyncSession, snapshot_id: UUID, name: str, content: bytes) -> None:
    """Store bytes in parts."""
    for part, start in enumerate(range(0, len(content), PART_BYTES)):
        piece = content[start : start + PART_BYTES]
        await tx.execute(insert(SnapshotPart).values(snapshot_id=snapshot_id, name=name, part=part, content=piece))
