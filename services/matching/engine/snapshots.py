"""An index kept on disk: a folder of plain arrays, written whole or not at all, and read back in seconds."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from services.matching.engine.fields import PLACE_LEVELS, Layout
from services.matching.engine.index import Index
from services.matching.engine.name_table import NameTable
from services.matching.engine.packing import Vocabulary
from services.matching.engine.rarity import Rarity
from services.matching.engine.texts import TextTable

FORMAT: Final = 2
"""Rises where what is written changes its meaning; an older snapshot is then built anew."""


class SnapshotOutdated(ValueError):
    """Written by another release, or for other fields: build the index anew."""


def save(index: Index, folder: Path, noted: dict[str, Any], own: Mapping[str, npt.NDArray[Any]] | None = None) -> None:
    """Write the index of now with what the caller notes beside it (how far it has followed the registry, whose rows its
    are: `own` arrays, one entry for each row).

    The folder before is replaced in one step: a death in between leaves one or the other. Raises OSError.
    """
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    for cut in folder.parent.glob(f".{folder.name}.*"):  # also by processes that were stopped meanwhile
        shutil.rmtree(cut, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        told = {
            "format": FORMAT,
            "fields": _fields(index.layout),
            "rarity": index.rarity.told(),
            "places": [list(known) for known in index.vocabulary.places],
            "texts": index.vocabulary.texts.known(),
            "noted": noted,
        }
        (partial / "index.json").write_bytes(orjson.dumps(told))
        arrays = _arrays(index) | {f"own.{name}": array for name, array in (own or {}).items()}
        for name, array in arrays.items():
            np.save(partial / f"{name}.npy", array, allow_pickle=False)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _arrays(index: Index) -> dict[str, npt.NDArray[Any]]:
    return {
        "records": index.records[: index.rows],
        "alive": index.alive[: index.rows],
        **{f"names.{name}": column for name, column in index.vocabulary.names.columns().items()},
    }


def _fields(layout: Layout) -> list[list[Any]]:
    return [[field.name, field.kind.name, field.columns] for field in layout.fields]


Own = dict[str, npt.NDArray[Any]]


def load(folder: Path, layout: Layout, rarity: Rarity | None = None) -> tuple[Index, dict[str, Any], Own]:
    """The index, what was noted, and the caller's own arrays; rows that did not count are left out of all. Names are as rare as in the model at hand, or as they were when it was written.

    Raises SnapshotOutdated, FileNotFoundError, OSError; NamesOutdated (a ValueError).
    """
    told = orjson.loads((folder / "index.json").read_bytes())
    if told["format"] != FORMAT or told["fields"] != _fields(layout):
        raise SnapshotOutdated(f"format {told['format']}, or other fields")
    stored = {path.stem: np.load(path, allow_pickle=False) for path in folder.glob("*.npy")}
    vocabulary = Vocabulary(layout)
    names = {name.removeprefix("names."): array for name, array in stored.items() if name.startswith("names.")}
    vocabulary.names = NameTable.of(names)
    vocabulary.texts = TextTable.of(told["texts"])
    vocabulary.places = [{name: code for code, name in enumerate(known)} for known in told["places"][:PLACE_LEVELS]]
    alive = stored["alive"]
    own = {name.removeprefix("own."): array[alive] for name, array in stored.items() if name.startswith("own.")}
    records = stored["records"][alive]
    index = Index(vocabulary, records, np.ones(len(records), bool), rarity or Rarity.of(told["rarity"]))
    return index, told["noted"], own
