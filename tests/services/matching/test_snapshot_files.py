"""The files of a snapshot: what they say, and the process that writes them, killed, given up and left alone."""

import asyncio
import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from sqlalchemy import insert, select

from matching_cases import Projection
from services.matching.country_work import do_next
from services.matching.snapshots import writing
from services.matching.snapshots.filing import FILING
from services.matching.snapshots.models import DONE, Snapshot, SnapshotCell, SnapshotPart
from shared.ids import new_id

FIGURES: list[tuple[Any, ...]] = [
    ("coverage", "wilaya", "MR01", "TEKAVOUL", "", "people", "certain", 60, 90, 2 / 3, None, None),
    ("coverage", "wilaya", "MR03", "TEKAVOUL", "", "people", "certain", None, None, None, "hidden", None),
    ("coverage", "wilaya_month", "MR03|2025-07", "TEKAVOUL", "", "people", "certain", 30, 90, 1 / 3, None, None),
    ("adequacy", "total", "all", "", "", "money", "certain", 3_720_000, 7_200_000, 0.1 + 0.2, None, None),
    ("overlap", "total", "all", "EL_MAOUNA", "TEKAVOUL", "households", "certain", 7, 36, 7 / 36, None, "intended"),
]
AT = datetime(2026, 7, 1, 8, tzinfo=UTC)


class Quiet:
    """Matching's database without its workers, as the worker's functions see the platform."""

    def __init__(self, projection: Projection) -> None:
        self.database = projection.database


async def made(projection: Projection) -> UUID:
    """A snapshot with its figures and without its files."""
    snapshot_id = new_id()
    counted = {"households": 36, "people": 180, "cells": len(FIGURES), "frames_hash": b"f", "cells_hash": b"c"}
    said = {"note": "x", "status": DONE, "asked_by": "taazour", "asked_at": AT, "threshold": 0.97, "model_version": "1"}
    days = {"day": date(2026, 6, 30), "period_from": date(2025, 7, 1)}
    names = ("indicator", "grouped_by", "group", "program", "other", "unit", "bound")
    columns = (*names, "numerator", "denominator", "value", "reason", "overlap_class")
    async with projection.database.transaction() as tx:
        await tx.execute(insert(Snapshot).values(id=snapshot_id, **said, **days, **counted))
        rows = [
            dict(zip(columns, one, strict=True), snapshot_id=snapshot_id, place=place)
            for place, one in enumerate(FIGURES)
        ]
        await tx.execute(insert(SnapshotCell), rows)
    return snapshot_id


async def contents(projection: Projection, snapshot_id: UUID) -> dict[str, bytes]:
    async with projection.database.transaction() as tx:
        rows = select(SnapshotPart.name, SnapshotPart.content).where(SnapshotPart.snapshot_id == snapshot_id)
        return dict((await tx.execute(rows.order_by(SnapshotPart.part))).all())


def writers() -> list[psutil.Process]:
    ours = psutil.Process().children(recursive=True)
    return [one for one in ours if writing.__name__ in one.cmdline()]


async def writer() -> psutil.Process:
    """The process that writes, as soon as it is there."""
    async with asyncio.timeout(30):
        while not (found := writers()):
            await asyncio.sleep(0.005)
    return found[0]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where folders for files are made; a test that leaves one there fails."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("tekamoul-snapshot-")] == []


async def test_a_file_says_every_figure_as_it_was_stored(projection: Projection, folders: Path) -> None:
    snapshot_id = await made(projection)
    platform: Any = Quiet(projection)

    assert [await do_next(platform, FILING), await do_next(platform, FILING)] == [True, False]

    found = await contents(projection, snapshot_id)
    assert sorted(found) == ["indicators.csv", "indicators.parquet", "indicators.xlsx"]
    rows = list(csv.DictReader(io.StringIO(found["indicators.csv"].decode("utf-8-sig"))))
    told = ("indicator", "group", "group_fr", "other", "numerator", "denominator", "value", "reason", "overlap_class")
    assert [tuple(row[name] for name in told) for row in rows] == [
        ("coverage", "MR01", "Hodh Ech Chargui", "", "60", "90", "0.6666666666666666", "", ""),
        ("coverage", "MR03", "Assaba", "", "", "", "", "hidden", ""),
        ("coverage", "MR03|2025-07", "Assaba", "", "30", "90", "0.3333333333333333", "", ""),
        ("adequacy", "all", "", "", "37200", "72000", "0.30000000000000004", "", ""),
        ("overlap", "all", "", "TEKAVOUL", "7", "36", "0.19444444444444445", "", "intended"),
    ]
    of = ("snapshot_id", "day", "known_on", "period_from", "threshold")
    assert {tuple(row[name] for name in of) for row in rows} == {
        (str(snapshot_id), "2026-06-30", "2026-07-01", "2025-07-01", "0.97")
    }


async def test_a_writer_that_is_killed_is_told_and_its_files_are_written_the_next_time(
    projection: Projection, folders: Path
) -> None:
    snapshot_id = await made(projection)
    filing = asyncio.create_task(do_next(Quiet(projection), FILING))  # type: ignore[arg-type]

    (await writer()).kill()

    with pytest.raises(writing.FilesNotWritten, match="-9"):
        await filing
    assert await contents(projection, snapshot_id) == {}
    assert await do_next(Quiet(projection), FILING)  # type: ignore[arg-type]
    assert len(await contents(projection, snapshot_id)) == 3


async def test_given_up_while_files_are_written_nothing_goes_on(projection: Projection, folders: Path) -> None:
    snapshot_id = await made(projection)
    filing = asyncio.create_task(do_next(Quiet(projection), FILING))  # type: ignore[arg-type]
    process = await writer()

    filing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await filing
    assert not process.is_running()
    assert await contents(projection, snapshot_id) == {}


async def test_a_writer_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(writing.FilesNotWritten, match=r"FileNotFoundError.*head\.json"):
        await writing.write_apart(tmp_path)


def test_a_writer_ends_with_the_service_in_whatever_way_that_ended(tmp_path: Path) -> None:
    writing.hand_over(tmp_path, (UUID(int=1), date(2026, 6, 30), date(2026, 7, 1), date(2025, 7, 1), 0.97), {}, AT)
    os.mkfifo(tmp_path / writing.CELLS)  # figures that never come
    command = [sys.executable, "-m", writing.__name__, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    time.sleep(0.5)
    assert process.poll() is None

    process.stdin.close()  # type: ignore[union-attr]

    assert process.wait(30) == 1
