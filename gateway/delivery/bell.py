"""Wakes the readers who wait for the feed, whichever gateway process wrote to it."""

import asyncio
import contextlib

from gateway.listening import heard
from shared.platform import Platform

STILL_THERE_SECONDS = 5.0


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
        async with contextlib.aclosing(heard(platform, "feed", STILL_THERE_SECONDS)) as notices:
            async for grown in notices:
                if grown:
                    await self.ring()
