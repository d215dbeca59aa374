"""The recorder: every disclosure is in the chain, committed, before its answer leaves.

Requests hand over rows and wait. One task gathers what comes within a few milliseconds and commits it at once: what a commit
costs, most of it the disk's, is shared. What cannot be written is not released: every request of the batch is refused.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from gateway.disclosures.disclosure import Disclosure
from gateway.disclosures.writing import append
from shared.connecting import connect
from shared.errors import Unavailable
from shared.logs import log
from shared.platform import Platform

GATHER_SECONDS = 0.002
"""What a request may wait for others to share its commit; a commit itself takes as long."""
MOST_ROWS = 5_000
"""Rows of one commit: a tenth of a second's work, during which no other process adds any."""
MOST_WAITING = 50_000
"""Rows that may wait: some seconds' work, 50 MB. Beyond them requests are refused at once."""
WRITE_SECONDS = 5.0
"""A database that takes longer has hung; the connection is given up with what was on it."""
WAIT_SECONDS = 10.0


@dataclass(slots=True)
class _Waiting:
    rows: Sequence[Disclosure]
    written: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def give_up(self) -> None:
        if not self.written.done():
            self.written.set_exception(Unavailable())


class Recorder:
    """`record` waits until rows are committed; `run` is the worker that commits them, on a connection of its own."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._rows = 0
        self._there = asyncio.Event()
        self._connection: asyncpg.Connection[Any] | None = None

    async def record(self, rows: Sequence[Disclosure]) -> None:
        """Return once all rows are committed. Unavailable where they could not be: then nothing may be released.

        A caller that is cancelled takes its own rows back if they are not on their way yet; nobody else's.
        """
        if not rows:
            return
        for row in rows:
            row.refuse_unwritable()  # here, where it is one caller's fault: in the batch it would be everybody's
        if self._rows + len(rows) > MOST_WAITING:
            raise Unavailable
        waiting = _Waiting(rows)
        self._waiting.append(waiting)
        self._rows += len(rows)
        self._there.set()
        late = asyncio.get_running_loop().call_later(
            WAIT_SECONDS, waiting.give_up
        )  # nobody writes: there is no database yet
        try:
            await waiting.written
        finally:
            late.cancel()

    async def run(self, platform: Platform) -> None:
        """A worker: commits what waits, batch by batch, until it is cancelled."""
        try:
            while True:
                await self._there.wait()
                await asyncio.sleep(GATHER_SECONDS)
                batch = self._take()
                if batch:
                    await self._commit(platform, batch)
        finally:
            self._give_up(self._take_all())
            self._disconnect()

    def _take(self) -> list[_Waiting]:
        """The oldest requests that wait, MOST_ROWS of rows; those whose caller has gone are dropped."""
        batch: list[_Waiting] = []
        rows = 0
        while self._waiting and (not batch or rows + len(self._waiting[0].rows) <= MOST_ROWS):
            one = self._waiting.popleft()
            self._rows -= len(one.rows)
            if not one.written.done():
                batch.append(one)
                rows += len(one.rows)
        if not self._waiting:
            self._there.clear()
        return batch

    def _take_all(self) -> list[_Waiting]:
        taken = list(self._waiting)
        self._waiting.clear()
        self._rows = 0
        self._there.clear()
        return taken

    async def _commit(self, platform: Platform, batch: Sequence[_Waiting]) -> None:
        rows = [row for one in batch for row in one.rows]
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                if self._connection is None or self._connection.is_closed():
                    url = str(platform.settings.database_url)
                    self._connection = await connect(url, server_settings=_session())
                await append(self._connection, rows)
        except Exception as fault:
            # Whether a commit that was cut is there, nobody knows. A row without its answer does no harm.
            log.error("disclosures_not_written", rows=len(rows), reason=type(fault).__name__)
            platform.database.note(fault)
            self._give_up(batch)
            self._disconnect()
        except BaseException:  # told to stop
            self._give_up(batch)
            raise
        else:
            for one in batch:
                if not one.written.done():
                    one.written.set_result(None)

    def _give_up(self, batch: Sequence[_Waiting]) -> None:
        for one in batch:
            one.give_up()

    def _disconnect(self) -> None:
        """At once, whatever state it is in: PostgreSQL takes back what was not committed."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _session() -> dict[str, str]:
    """The database gives up before we do: what it would still write then, nobody was told of."""
    told = {"application_name": "gateway disclosures", "timezone": "UTC", "jit": "off"}
    return told | {"statement_timeout": str(round(WRITE_SECONDS * 900))}
