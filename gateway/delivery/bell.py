"""Wakes the readers who wait for the feed, whichever gateway process wrote to it."""

import asyncio
import contextlib

import asyncpg

from shared.connecting import connect
from shared.logs import log
from shared.platform import Platform

STILL_THERE_SECONDS = 5.0
RETRY_SECONDS = 1.0


class Bell:
    """Rings at each commit to the feed. `rings` counts, so that a ring between looking and waiting is not missed."""

    def __init__(self) -> None:
        self.rings = 0
        self._rung = asyncio.Condition()

    async def ring(self) -> None:
        async with self._rung:
            self.rings += 1
            self._rung.notify_all()

    async def wait(self, heard: int, seconds: float) -> None:
        """Return once it has rung more often than `heard` times, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._rung:
                await self._rung.wait_for(lambda: self.rings > heard)

    async def listen(self, platform: Platform) -> None:
        """A worker: rings whenever PostgreSQL says that the feed has grown."""
        while True:
            try:
                await self._listen(str(platform.settings.database_url))
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as fault:
                log.warning("feed_bell_waits", reason=type(fault).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, url: str) -> None:
        connection = await connect(url)  # LISTEN needs a connection of its own
        grown = asyncio.Event()
        try:
            await connection.add_listener("feed", lambda *_: grown.set())
            await self.ring()  # what was written while nobody listened
            while True:
                try:
                    await asyncio.wait_for(grown.wait(), STILL_THERE_SECONDS)
                    grown.clear()
                    await self.ring()
                except TimeoutError:
                    await connection.fetchval("SELECT 1", timeout=5)
        finally:
            await connection.close(timeout=2)
