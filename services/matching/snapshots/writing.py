"""The files of a snapshot, written in a process of their own: `python -m services.matching.snapshots.writing FOLDER`.

Hundreds of thousands of cells are made one by one in Python. In a thread of the service each of them would hold up its requests,
and cancelled it would go on; a process gives way to them, and is killed. The folder holds what is to be written (`hand_over`),
then the files.
"""

import asyncio
import csv
import json
import os
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from services.matching.figures.cells import Cell
from services.matching.snapshots import files

CELLS, HEAD = "cells.csv", "head.json"
COLUMNS = Cell._fields[:12]
"""Of `CELLS`: a header and a line for each figure, as PostgreSQL writes them."""
GIVE_WAY = 5
"""Added to the niceness: nobody waits for a file as for an answer. With more, a busy machine would never write it."""


class FilesNotWritten(Exception):
    """The process failed or was killed: its code (below 0 the signal), and what it said last."""


async def write_apart(folder: Path) -> list[Path]:
    """The files, in a folder that was handed over. FilesNotWritten. Cancelled, the process is killed first."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __spec__.name, str(folder)),
        stdin=asyncio.subprocess.PIPE,  # held open as long as we live, and written to by nobody
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.gather(process.wait(), process.stderr.read())  # type: ignore[union-attr]
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise FilesNotWritten(process.returncode, said.decode(errors="replace").strip().rpartition("\n")[2])
    return [folder / files.file_name(format_) for format_ in files.FORMATS]


def hand_over(folder: Path, head: files.Head, places: files.PlaceNames, made_at: datetime) -> None:
    """What stands in every row, and the names of places; the figures themselves are `CELLS`."""
    snapshot_id, *days, threshold = head
    told = [str(snapshot_id), *(one.isoformat() for one in days), threshold]
    said = {"head": told, "places": dict(places), "made_at": made_at.isoformat()}
    (folder / HEAD).write_text(json.dumps(said), encoding="utf-8")


def main(folder: Path) -> None:
    """The process's whole life."""
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    os.nice(GIVE_WAY)
    said = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    snapshot_id, day, known_on, period_from, threshold = said["head"]
    day, known_on, period_from = map(date.fromisoformat, (day, known_on, period_from))
    head = (UUID(snapshot_id), day, known_on, period_from, threshold)
    with (folder / CELLS).open(encoding="utf-8", newline="") as lines:
        cells = list(cells_in(lines))
    files.write(folder, cells, head, said["places"], datetime.fromisoformat(said["made_at"]))


def _end_with_the_service() -> None:
    """Its end of our standard input closes with it, in whatever way it ends."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def cells_in(lines: Iterator[str]) -> Iterator[Cell]:
    """The figures of `CELLS`. An empty field is no number and no reason; of the names in a cell, an empty one."""
    for one in csv.DictReader(lines):
        names = [one[name] for name in COLUMNS[:7]]
        numbers = [int(one[name]) if one[name] else None for name in ("numerator", "denominator")]
        value = float(one["value"]) if one["value"] else None
        yield Cell._make((*names, *numbers, value, one["reason"] or None, one["overlap_class"] or None, ""))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
