"""Connecting to PostgreSQL, so that a stop in the middle of it leaves nothing behind."""

import asyncio
from typing import Any

import asyncpg

CONNECT_SECONDS = 5.0
CONNECTION_FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a connection of asyncpg's own fails with where PostgreSQL is away, refuses, or ends it. Between its last word and the end
of the connection asyncpg calls a statement an internal fault."""

_attempts: set["asyncio.Task[asyncpg.Connection[Any]]"] = set()


async def connect(url: str, **options: Any) -> "asyncpg.Connection[Any]":
    """A connection of asyncpg's own.

    asyncpg loses its socket where connecting is cut short at the wrong moment; so the attempt is never cancelled: left
    alone by its caller it ends by itself within CONNECT_SECONDS, and what it opened is closed.
    """
    attempt = asyncio.create_task(asyncpg.connect(url, timeout=CONNECT_SECONDS, **options))
    _attempts.add(attempt)
    attempt.add_done_callback(_attempts.discard)
    try:
        return await asyncio.shield(attempt)
    except asyncio.CancelledError:
        attempt.add_done_callback(_close)
        raise


def _close(attempt: "asyncio.Task[asyncpg.Connection[Any]]") -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().terminate()


async def attempts_ended(seconds: float) -> None:
    """Wait for the attempts left alone in this loop, at most `seconds`."""
    here = {one for one in _attempts if one.get_loop() is asyncio.get_running_loop()}
    if here:
        await asyncio.wait(here, timeout=seconds)
