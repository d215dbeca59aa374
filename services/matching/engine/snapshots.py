"""An index kept on disk: a folder of plain arrays, written whole or not at all, and read back at the disk's speed.

Its segments are kept as they lie, so that a start sorts nothing. Every array is told with its length and checksum: what was
cut short or changed on the disk is refused, and the index built anew.
"""

import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt
import orjson

from services.matching.engine.compiling import digest_of_sources
from services.matching.engine.fields import PLACE_LEVELS, Layout
from services.matching.engine.index import Index, Segment
from services.matching.engine.keys import THREADS
from services.matching.engine.name_table import NameTable
from services.matching.engine.packing import Vocabulary
from services.matching.engine.rarity import Rarity
from services.matching.engine.texts import TextTable

FORMAT: Final = 3
"""Rises where what is written changes its meaning; an older snapshot is then built anew."""
WRITTEN_AT_ONCE: Final = 1 << 22
"""Entries of an array that are copied, summed and written in one go."""
MOST_DEAD: Final = 0.2
"""Share of rows that do not count from which a start leaves them out, and sorts the others anew."""

Arrays = dict[str, npt.NDArray[Any]]


class SnapshotOutdated(ValueError):
    """Written by another release, or for other fields: build the index anew."""


class SnapshotDamaged(ValueError):
    """Not what was written: build the index anew."""


class View(NamedTuple):
    """An index as it stood at one moment: what is told of it, and its arrays by name."""

    told: dict[str, Any]
    arrays: Arrays


def view_of(index: Index, noted: dict[str, Any], own: Mapping[str, npt.NDArray[Any]] | None = None) -> View:
    """The index of now with what the caller notes beside it (how far it has followed the registry, whose rows its are:
    `own` arrays, one entry for each row), to be written while it is asked and grows. Nobody may change it meanwhile.

    Only what changes in place is copied. Of a record that are the bits beside a phone, which may be written as they were or
    as they became: whoever changed them comes after what is noted, and they are counted again with it.
    """
    segments = index.segments
    arrays = {
        "records": index.records[: index.rows],
        "alive": index.alive[: index.rows].copy(),
        **{f"names.{name}": column for name, column in index.vocabulary.names.columns().items()},
        **{f"own.{name}": array for name, array in (own or {}).items()},
        **{f"segment{at}.{name}": getattr(one, name) for at, one in enumerate(segments) for name in _OF_SEGMENT},
    }
    told = {
        "format": FORMAT,
        "fields": _fields(index.layout),
        "rarity": index.rarity.told(),
        "places": [list(known) for known in index.vocabulary.places],
        "texts": index.vocabulary.texts.known(),
        "sorted_by": digest_of_sources(),
        "segments": [[one.first, one.end, one.shift] for one in segments],
        "noted": noted,
    }
    return View(told, arrays)


_OF_SEGMENT: Final = ("starts", "rows", "tags")


def _fields(layout: Layout) -> list[list[Any]]:
    return [[field.name, field.kind.name, field.columns] for field in layout.fields]


def write(view: View, folder: Path) -> None:
    """Write a view. The folder before is replaced in one step: a death in between leaves one or the other. Raises OSError."""
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    for cut in folder.parent.glob(f".{folder.name}.*"):  # also by processes that were stopped meanwhile
        shutil.rmtree(cut, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        arrays = {name: _written(partial / f"{name}.bin", array) for name, array in view.arrays.items()}
        told = orjson.dumps(view.told | {"arrays": arrays})
        (partial / "index.json").write_bytes(b"%08x\n%b" % (crc32(told), told))
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def save(index: Index, folder: Path, noted: dict[str, Any], own: Mapping[str, npt.NDArray[Any]] | None = None) -> None:
    """Write the index of now, while nobody changes it. Raises OSError."""
    write(view_of(index, noted, own), folder)


def _written(path: Path, array: npt.NDArray[Any]) -> list[Any]:
    flat, checksum = array.reshape(-1), 0
    with path.open("wb") as file:
        for at in range(0, len(flat), WRITTEN_AT_ONCE):
            piece = flat[at : at + WRITTEN_AT_ONCE].copy()  # what is summed is what is written
            checksum = crc32(piece.data, checksum)
            file.write(piece.data)
    return [array.dtype.str, array.shape, checksum]


def load(folder: Path, layout: Layout, rarity: Rarity | None = None) -> tuple[Index, dict[str, Any], Arrays]:
    """The index, what was noted, and the caller's own arrays. Names are as rare as in the model at hand, or as they were when
    it was written. Where many rows do not count they are left out of all; they, or an engine that is not the one which
    sorted, cost sorting anew.

    Raises SnapshotOutdated, SnapshotDamaged, FileNotFoundError, OSError; NamesOutdated (a ValueError).
    """
    told = _told((folder / "index.json").read_bytes())
    if told["fields"] != _fields(layout):
        raise SnapshotOutdated("other fields")
    stored = _read(folder, told["arrays"])
    vocabulary = Vocabulary(layout)
    vocabulary.names = NameTable.of(_under("names.", stored))
    vocabulary.texts = TextTable.of(told["texts"])
    vocabulary.places = [{name: code for code, name in enumerate(known)} for known in told["places"][:PLACE_LEVELS]]
    records, alive, own = stored["records"], stored["alive"], _under("own.", stored)
    segments = _segments(told, stored) if told["sorted_by"] == digest_of_sources() else None
    if len(alive) - np.count_nonzero(alive) > MOST_DEAD * len(alive):
        own = {name: array[alive] for name, array in own.items()}
        records, alive, segments = records[alive], alive[alive], None
    return Index(vocabulary, records, alive, rarity or Rarity.of(told["rarity"]), segments), told["noted"], own


def _told(written: bytes) -> dict[str, Any]:
    if written.startswith(b"{"):
        raise SnapshotOutdated("format 2 or older")
    checksum, _, body = written.partition(b"\n")
    if checksum != b"%08x" % crc32(body):
        raise SnapshotDamaged("index.json")
    told: dict[str, Any] = orjson.loads(body)
    if told["format"] != FORMAT:
        raise SnapshotOutdated(f"format {told['format']}")
    return told


def _read(folder: Path, arrays: Mapping[str, list[Any]]) -> Arrays:
    def read(name: str) -> npt.NDArray[Any]:
        path, (of, shape, checksum) = folder / f"{name}.bin", arrays[name]
        dtype = np.dtype(of)
        if not path.exists() or path.stat().st_size != dtype.itemsize * int(np.prod(shape)):
            raise SnapshotDamaged(f"{name}: cut short, or longer than it was")
        array: npt.NDArray[Any] = np.fromfile(path, dtype)
        if crc32(array.data) != checksum:
            raise SnapshotDamaged(f"{name}: another checksum")
        return array.reshape(shape)

    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(arrays, pool.map(read, arrays), strict=True))


def _under(prefix: str, stored: Arrays) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in stored.items() if name.startswith(prefix)}


def _segments(told: Mapping[str, Any], stored: Arrays) -> list[Segment]:
    return [
        Segment(first, end, shift=shift, **{name: stored[f"segment{at}.{name}"] for name in _OF_SEGMENT})
        for at, (first, end, shift) in enumerate(told["segments"])
    ]
