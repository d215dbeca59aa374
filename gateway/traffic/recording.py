"""The traffic record is written once a second, by COPY. It is best effort: an answer never waits for it, and what is lost is counted."""

import asyncio
import contextlib
import time
from collections import deque
from typing import Any

import asyncpg
from prometheus_client import Counter

from gateway.traffic.exchange import COLUMNS, Exchange, Row
from shared.connecting import CONNECTION_FAULTS, connect
from shared.logs import log
from shared.platform import Platform

EVERY_SECONDS = 1.0
MOST_WAITING = 20_000
"""Rows: what ten seconds without a database bring at 2,000 requests a second."""
WRITE_SECONDS = 10.0
FORGET_EVERY_SECONDS = 3600.0
LOST = Counter("tekamoul_traffic_rows_lost_total", "Rows of the traffic record that could not be written.")
FORGET = "DELETE FROM traffic WHERE request_in_at < now() - make_interval(days => $1)"


class TrafficRecorder:
    """`note` keeps a row; `run` is the worker that writes them and removes old ones."""

    def __init__(self, retention_days: int) -> None:
        self._retention_days = retention_days
        self._waiting: deque[Row] = deque()
        self._forgot_at = 0.0
        self.lost = 0

    def note(self, exchange: Exchange) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._lose(1)
            return
        self._waiting.append(exchange.row())

    async def run(self, platform: Platform) -> None:
        url = str(platform.settings.database_url)
        connection: asyncpg.Connection[Any] | None = None
        try:
            while True:
                await asyncio.sleep(EVERY_SECONDS)
                try:
                    async with asyncio.timeout(WRITE_SECONDS):
                        if connection is None or connection.is_closed():
                            connection = await connect(url)
                        await self._write(connection)
                        await self._forget(connection)
                except CONNECTION_FAULTS as fault:
                    log.warning("traffic_not_written", waiting=len(self._waiting), reason=type(fault).__name__)
                    if connection is not None:
                        connection.terminate()
                        connection = None
        finally:
            if connection is not None:  # the last second's, where the database still answers
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(EVERY_SECONDS):
                        await self._write(connection)
                connection.terminate()

    async def _write(self, connection: "asyncpg.Connection[Any]") -> None:
        rows = list(self._waiting)
        if not rows:
            return
        await connection.copy_records_to_table("traffic", records=rows, columns=COLUMNS)
        for _ in rows:  # those that came meanwhile stay
            self._waiting.popleft()

    async def _forget(self, connection: "asyncpg.Connection[Any]") -> None:
        if time.monotonic() - self._forgot_at > FORGET_EVERY_SECONDS or not self._forgot_at:
            await connection.execute(FORGET, self._retention_days)
            self._forgot_at = time.monotonic()

    def _lose(self, rows: int) -> None:
        self.lost += rows
        LOST.inc(rows)
