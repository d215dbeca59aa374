"""Hearing what PostgreSQL tells (LISTEN): how the gateway's processes learn of one another's commits."""

import asyncio
from collections.abc import AsyncGenerator

from shared.connecting import CONNECTION_FAULTS, connect
from shared.logs import log
from shared.platform import Platform

RETRY_SECONDS = 1.0
QUESTION_SECONDS = 5.0


async def heard(platform: Platform, channel: str, silence_seconds: float) -> AsyncGenerator[bool]:
    """True at the start and after whatever was told on the channel; False after each silence. It goes on for ever.

    Several notices that came together are one. A lost connection is made again: then True, for what was told meanwhile.
    """
    while True:
        try:
            connection = await connect(str(platform.settings.database_url))  # LISTEN needs a connection of its own
            told = asyncio.Event()
            try:
                await connection.add_listener(channel, lambda *_, told=told: told.set())
                yield True
                while True:
                    try:
                        await asyncio.wait_for(told.wait(), silence_seconds)
                        told.clear()
                        yield True
                    except TimeoutError:
                        await connection.fetchval("SELECT 1", timeout=QUESTION_SECONDS)  # is it still there?
                        yield False
            finally:
                await connection.close(timeout=2)
        except CONNECTION_FAULTS as fault:
            log.warning("listening_waits", channel=channel, reason=type(fault).__name__)
            await asyncio.sleep(RETRY_SECONDS)
