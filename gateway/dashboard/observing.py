"""The Observatory: looks at every part of the platform every two seconds and remembers a quarter of an hour."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Protocol

import httpx
from sqlalchemy import text

from gateway.dashboard.memory import Memory
from gateway.dashboard.nats_monitor import ask_nats, subjects_of
from gateway.dashboard.observation import NatsState, Observation, PostgresState
from gateway.health import ProcessState, look
from shared.clock import now
from shared.health import status_of
from shared.http import new_client
from shared.logs import log
from shared.platform import Platform

LOOK_EVERY_SECONDS = 2.0
POSTGRES_SECONDS = 3.0
OWN_STATUS_SECONDS = 4.0
"""Our own status waits for our own database; past this it is told as away."""
SIZE_EVERY_LOOKS = 30
"""Sizes are read from the file system, file by file: once a minute is enough."""

SIZE_OF_ALL = text(
    "SELECT sum(pg_database_size(oid))::bigint FROM pg_database WHERE has_database_privilege(oid, 'CONNECT')"
)


class Watched(Protocol):
    """The settings the Observatory needs."""

    @property
    def name(self) -> str: ...
    @property
    def service_urls(self) -> dict[str, str]: ...
    @property
    def nats_monitor_url(self) -> str | None: ...


class Observatory:
    """Holds the latest Observation for the pages. `run` is a worker of the gateway (shared.service.Worker)."""

    def __init__(self, settings: Watched) -> None:
        self._settings = settings
        self._memory = Memory()
        self._looked = asyncio.Event()
        self._looks = 0
        self._bytes: int | None = None
        self.latest: Observation | None = None
        self._stopping: asyncio.Event | None = None

    async def run(self, platform: Platform) -> None:
        """Look, publish what was seen, and rest; until cancelled. A part that is away is a finding, not a fault."""
        self._stopping = platform.stopping
        async with new_client() as client:
            while True:
                started = time.monotonic()
                self._publish(await self._look(client, platform))
                await asyncio.sleep(max(0.2, LOOK_EVERY_SECONDS - (time.monotonic() - started)))

    @property
    def stopping(self) -> bool:
        return self._stopping is not None and self._stopping.is_set()

    async def wait(self, seconds: float) -> None:
        """Until the next Observation, but at most `seconds`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), seconds)

    def _publish(self, observation: Observation) -> None:
        self.latest = observation
        self._looked.set()
        self._looked = asyncio.Event()

    async def _look(self, client: httpx.AsyncClient, platform: Platform) -> Observation:
        # The order is part of the conservation rules: what a process has handled is compared with what NATS held
        # before, and what a process has recorded with what NATS holds after (see Publishing and Receiving).
        before = await self._ask_nats(client, platform)
        processes, postgres = await asyncio.gather(self._processes(client, platform), self._postgres(platform))
        after = await ask_nats(client, self._settings.nats_monitor_url, {})
        return self._memory.observe(now(), processes, before, after, postgres)

    async def _ask_nats(self, client: httpx.AsyncClient, platform: Platform) -> NatsState:
        # Counts by subject first: an event published in between then counts as pending too, never as missing.
        known = self.latest.nats.streams if self.latest else ()
        counts = await subjects_of(platform.bus, known)
        return await ask_nats(client, self._settings.nats_monitor_url, counts)

    async def _processes(self, client: httpx.AsyncClient, platform: Platform) -> list[ProcessState]:
        own = self._settings.name
        others: Mapping[str, str] = {name: url for name, url in self._settings.service_urls.items() if name != own}
        this, rest = await asyncio.gather(_own_state(own, platform), look(client, others))
        return [this, *rest]

    async def _postgres(self, platform: Platform) -> PostgresState:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(POSTGRES_SECONDS):
                await platform.database.answers()
                milliseconds = round((time.perf_counter() - started) * 1000, 1)
                await self._measure(platform)
        except Exception as fault:  # whichever way a database can be away, the page must say so
            log.warning("postgres_away", reason=type(fault).__name__)
            return PostgresState(reachable=False, bytes=self._bytes)
        return PostgresState(reachable=True, milliseconds=milliseconds, bytes=self._bytes)

    async def _measure(self, platform: Platform) -> None:
        if self._looks % SIZE_EVERY_LOOKS == 0:
            async with platform.database.engine.connect() as connection:
                self._bytes = await connection.scalar(SIZE_OF_ALL)
        self._looks += 1


async def _own_state(name: str, platform: Platform) -> ProcessState:
    """Our own state as `look` tells that of the others, without asking ourselves over HTTP."""
    started = time.perf_counter()
    try:
        async with asyncio.timeout(OWN_STATUS_SECONDS):
            missing = await platform.missing()
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            status = (await status_of(platform)).model_dump(mode="json")
    except TimeoutError:
        return ProcessState(name, False, ["database"], None, None, now())
    return ProcessState(name, not missing, missing, milliseconds, status, now())
