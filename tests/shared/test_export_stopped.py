"""An export whose process is told to stop leaves no file open, whenever that comes."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from shared.exporting.cells import Column
from shared.exporting.members import Members
from shared.exporting.writing import _fill
from shared.text import Text

OPENING_SECONDS = 0.2


class SlowToWrite(list[Column]):
    """Columns of which the file's first line is made slowly."""

    def __iter__(self) -> Iterator[Column]:
        time.sleep(OPENING_SECONDS)
        return super().__iter__()


class Waiting:
    """What is exported: one column, and rows that never come."""

    async def columns(self, tx: Any, export: Any) -> Sequence[Column]:
        return SlowToWrite([Column("household_number", "text", Text(ar="رقم", fr="numéro", en="number"))])

    async def batches(self, tx: Any, export: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(60)
        yield []


async def test_a_stop_while_the_file_is_opened_closes_it(tmp_path: Path) -> None:
    export: Any = SimpleNamespace(id="e-1", what="households", format="csv")
    nothing: Any = None
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always")
        writing = asyncio.create_task(_fill(nothing, Waiting(), nothing, export, tmp_path / "export", Members()))
        await asyncio.sleep(OPENING_SECONDS / 4)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await asyncio.sleep(2 * OPENING_SECONDS)  # whatever opens a file beside us has done so
        del writing

    assert [str(one.message) for one in left_open] == []
