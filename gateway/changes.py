"""What one gateway process changes, the others obey within a second: partners, keys, revocations, agreements.

Whoever writes such a thing calls `announce` in its transaction. Every process holds what it decides by in its memory
(its books) and reads it again whenever something was announced, and every few seconds should a notice have been lost.
"""

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

JUST_READ_SECONDS = 0.05
"""Whoever shows unknown things on purpose makes a process read twenty times a second, not more."""

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

    def age(self) -> float:
        """Seconds since the books were last read whole: how long ago this process last knew for certain."""
        return self._clock() - self._read_at

    async def read(self, platform: Platform) -> None:
        """Read every book, all as of one moment."""
        begun = self._clock()
        async with platform.database.transaction() as tx:
            await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            for reader in self._readers:
                await reader(tx)
        self._read_at = begun

    async def read_for_news(self, platform: Platform) -> bool:
        """Read every book where what is asked for may have been written since the last reading; whether it was done.

        What one process has just been given may be shown to another before the notice arrives there.
        """
        if self.age() < JUST_READ_SECONDS:
            return False
        await self.read(platform)
        return True

    async def follow(self, platform: Platform) -> None:
        """A worker: reads the books at every announcement, and after each silence."""
        async with aclosing(heard(platform, CHANNEL, LOOK_AGAIN_SECONDS)) as notices:
            async for _ in notices:
                await self.read(platform)
