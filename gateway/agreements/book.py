"""The agreements as a process knows them: read from the database, and again whenever any process changes one."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.agreements import queries
from gateway.agreements.rules.deciding import Held
from shared.connecting import connect
from shared.errors import Unavailable
from shared.logs import log
from shared.platform import Platform

CHANNEL = "gateway_changed"
READ_AGAIN_SECONDS = 5.0
RETRY_SECONDS = 0.5
BELIEVED_SECONDS = 15.0
"""Longer than this without the database, nobody knows what has been suspended meanwhile: then nothing is decided."""


async def announce(tx: AsyncSession) -> None:
    """Tell every process, once `tx` is committed, that agreements have changed."""
    await tx.execute(text("SELECT pg_notify(:channel, 'agreements')"), {"channel": CHANNEL})


class Book:
    """By recipient, the agreements it may name."""

    def __init__(self) -> None:
        self._of: Mapping[str, Mapping[str, Held]] = {}
        self._read_at = 0.0

    def of(self, recipient: str) -> Mapping[str, Held]:
        """Unavailable where the database has not answered for too long."""
        if time.monotonic() - self._read_at > BELIEVED_SECONDS:
            raise Unavailable
        return self._of.get(recipient, {})

    async def read(self, platform: Platform) -> None:
        asked_at = time.monotonic()
        async with platform.database.transaction() as tx:
            rows = await queries.held(tx)
        found: dict[str, dict[str, Held]] = defaultdict(dict)
        for recipient, held in rows:
            found[recipient][held.id] = held
        self._of, self._read_at = found, asked_at

    async def follow(self, platform: Platform) -> None:
        """A worker: reads whenever PostgreSQL says that something has changed, and every few seconds."""
        while True:
            try:
                await self._follow(platform)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as fault:
                log.warning("agreements_not_followed", reason=type(fault).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self, platform: Platform) -> None:
        connection = await connect(str(platform.settings.database_url))  # LISTEN needs a connection of its own
        changed = asyncio.Event()
        try:
            await connection.add_listener(CHANNEL, lambda *_: changed.set())
            while True:
                changed.clear()  # before the look: what changes during it is looked at again
                await self.read(platform)
                try:
                    await asyncio.wait_for(changed.wait(), READ_AGAIN_SECONDS)
                except TimeoutError:
                    await connection.fetchval("SELECT 1", timeout=5)
        finally:
            await connection.close(timeout=2)
