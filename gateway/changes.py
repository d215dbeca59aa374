"""What one gateway process changes, the others obey within a second: partners, keys, revocations, agreements.

Whoever writes such a thing calls `announce` in its transaction. Every process holds what it decides by in its memory
(its books) and reads it again whenever something was announced, and every few seconds should a notice have been lost.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.listening import heard
from shared.platform import Platform

CHANNEL = "gateway_changed"
LOOK_AGAIN_SECONDS = 3.0

JUST_READ_SECONDS = 0.2
"""Whoever shows unknown things on purpose makes a process read five times a second, not more."""

Reader = Callable[[AsyncSession], Awaitable[None]]
"""Reads one book anew; what it held before stays until it has read all of it."""


async def announce(tx: AsyncSession) -> None:
    """Have every process read its books again, as soon as `tx` has committed."""
    await tx.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


class Changes:
    """Keeps the books of this process up to date."""

    def __init__(self, readers: Sequence[Reader], clock: Callable[[], float] = time.monotonic) -> None:
        self._readers, self._clock = readers, clock
        self._read_at = -math.inf
        self._reading = asyncio.Lock()
        self._coming: asyncio.Task[None] | None = None

    def age(self) -> float:
        """Seconds since the books were last read whole: how long ago this process last knew for certain."""
        return self._clock() - self._read_at

    async def read(self, platform: Platform) -> None:
        """Read every book, all as of one moment. One reading after the other: an older one must not overtake a newer."""
        async with self._reading:
            begun = self._clock()
            async with platform.database.transaction() as tx:
                await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                for reader in self._readers:
                    await reader(tx)
            self._read_at = begun

    async def read_for_news(self, platform: Platform) -> None:
        """Return once every book was read after this call: what one process has just been given may be shown to another
        before the notice arrives there. All who wait share one reading."""
        if self._coming is None:
            self._coming = asyncio.create_task(self._read_soon(platform))
        await asyncio.shield(self._coming)

    async def _read_soon(self, platform: Platform) -> None:
        await asyncio.sleep(JUST_READ_SECONDS - self.age())
        self._coming = None  # whoever asks from here on may ask for something this reading will not see
        await self.read(platform)

    async def follow(self, platform: Platform) -> None:
        """A worker: reads the books at every announcement, and after each silence."""
        async with aclosing(heard(platform, CHANNEL, LOOK_AGAIN_SECONDS)) as notices:
            async for _ in notices:
                await self.read(platform)
