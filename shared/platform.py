"""What every process stands on: its database, its connection to NATS, its relay, consumers and workers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import Bus
from shared.clock import now
from shared.consuming import Consumers, Consuming, is_of_the_surroundings
from shared.database import Database
from shared.http import Owners
from shared.identity import InternalKey
from shared.logs import log
from shared.migrating import revision_of, serves
from shared.relay import Relay
from shared.settings import ServiceSettings

STOP_SECONDS = 5
CANCEL_AGAIN_SECONDS = 0.05
STEADY = timedelta(seconds=30)
"""A worker that has not failed for so long works again."""

Worker = Callable[["Platform"], Awaitable[None]]
"""Work that runs beside the requests until it is cancelled; it waits for work by itself."""
Waiting = Callable[["Platform"], Awaitable[dict[str, int]]]
Start = Callable[["Platform"], Awaitable[None]]


async def nothing_waiting(_: "Platform") -> dict[str, int]:
    return {}


async def nothing_first(_: "Platform") -> None:
    return None


@dataclass(slots=True)
class Failing:
    """A worker that failed by itself, though its surroundings answered: since when, and when the last time."""

    since: datetime
    last: datetime


class Platform:
    """What every process stands on; `app.state.platform` in requests, an argument in workers."""

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        migrations: Path,
        consumers: Consumers,
        workers: Sequence[Worker],
        waiting: Waiting,
        first: Start,
        to_decide: Waiting = nothing_waiting,
    ) -> None:
        self.settings = settings
        self.migrations = migrations
        self.internal_key = InternalKey(settings.internal_key_file)
        self.database = Database(settings)
        self.bus = Bus(settings.nats_url, settings.name)
        self.relay = Relay(settings, self.database, self.bus)
        self.owners = Owners(settings, self.internal_key)
        self.wake_workers = asyncio.Event()
        """Set when something was left for a worker, so that it need not wait for its next look. See `wake_after`."""
        self.stopping = asyncio.Event()
        """Set when the process has been told to stop: whoever waits for news must end."""
        self.schema_revision: str | None = None
        self._failing: dict[str, Failing] = {}
        self._workers, self._waiting, self._first = workers, waiting, first
        self.to_decide = to_decide
        """Counts what waits for a person, by kind. No work of ours: the platform is at rest with it."""
        self._first_done = False
        self._tasks: list[asyncio.Task[None]] = []
        streams = consumers.streams(list(settings.service_urls))
        self.consuming = [
            Consuming(settings.name, stream, subjects, consumers, self.database, self.bus, self.owners)
            for stream, subjects in streams.items()
        ]

    async def start(self) -> None:
        """Begin the work beside the requests. Returns at once: the service answers while NATS is still away."""
        self._tasks = [asyncio.create_task(self._prepare())]

    async def _prepare(self) -> None:
        await self._wait_for_schema()
        while not self._first_done:
            try:
                await self._first(self)
                self._first_done = True
            except Exception as fault:
                log.error("first_work_failed", exc_info=fault)
                await asyncio.sleep(1)
        for worker in self._workers:
            self._tasks.append(asyncio.create_task(_kept_alive(worker, self)))
        await self.bus.connect()
        for run in (self.relay.run, *(one.run for one in self.consuming)):
            self._tasks.append(asyncio.create_task(run()))

    async def _wait_for_schema(self) -> None:
        """Migrations are somebody else's work (a job before the start); here we only look."""
        while not serves(self.migrations, self.schema_revision):
            try:
                async with self.database.engine.connect() as connection:
                    self.schema_revision = await connection.run_sync(revision_of)
            except Exception as fault:
                log.warning("database_unreachable", reason=type(fault).__name__)
            if not serves(self.migrations, self.schema_revision):
                await asyncio.sleep(0.5)

    async def missing(self) -> list[str]:
        """What is not there that the process needs to work; empty when it is ready."""
        missing = []
        try:
            await asyncio.wait_for(self.database.answers(), 3)
        except Exception:
            missing.append("database")
        if not serves(self.migrations, self.schema_revision):
            missing.append("migrations")
        if not self._first_done:
            missing.append("first load")
        if not self.bus.connected:
            missing.append("nats")
        return missing

    def wake_after(self, tx: AsyncSession) -> None:
        """Wake the workers when `tx` is committed: woken before, they find nothing and rest until their next look."""
        event.listen(tx.sync_session, "after_commit", lambda _: self.wake_workers.set())

    async def wait_for_work(self, seconds: float) -> None:
        """Until a request has left something for a worker, and `seconds` at the most; the worker looks again then."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wake_workers.wait(), seconds)
        self.wake_workers.clear()  # before the look: what is left during it wakes again

    async def work_waiting(self) -> dict[str, int]:
        return await self._waiting(self)

    def failing_workers(self) -> dict[str, datetime]:
        """The workers that keep failing, and since when: their work stands still while all else answers."""
        return {name: one.since for name, one in self._failing.items() if now() - one.last < STEADY}

    def note_failure(self, worker: str) -> None:
        known, at = self._failing.get(worker), now()
        since = known.since if known is not None and at - known.last < STEADY else at
        self._failing[worker] = Failing(since, at)

    async def stop(self) -> None:
        await _end(self._tasks)
        await self.bus.close()
        await self.owners.close()
        await self.database.close()


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end, at most STOP_SECONDS.

    Each is told again until it listens: `wait_for` swallows a cancellation that comes with what it waits for.
    """
    running, deadline = set(tasks), time.monotonic() + STOP_SECONDS
    while running and time.monotonic() < deadline:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_SECONDS)


async def _kept_alive(worker: Worker, platform: Platform) -> None:
    while True:
        try:
            await worker(platform)
        except Exception as fault:
            name = getattr(worker, "__name__", "worker")
            log.error("worker_failed", worker=name, exc_info=fault)
            if not is_of_the_surroundings(fault):  # those are told as what they are: a database away
                platform.note_failure(name)
            await asyncio.sleep(1)
