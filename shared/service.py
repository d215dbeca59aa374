"""A service put together: one app, one database, one connection to NATS, and the work beside the requests."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI

from shared import health
from shared.bus import Bus
from shared.consuming import Consumers, Consuming
from shared.database import Database
from shared.http import Owners
from shared.identity import InternalKey, refuse_undeclared
from shared.logs import configure_logs, log
from shared.metrics import Observe
from shared.migrating import head, migrate, revision_of
from shared.problems import install_problems
from shared.relay import Relay
from shared.settings import ServiceSettings

STOP_SECONDS = 5

Worker = Callable[["Platform"], Awaitable[None]]
"""Work that runs beside the requests until it is cancelled; it waits for work by itself."""
Waiting = Callable[["Platform"], Awaitable[dict[str, int]]]
Start = Callable[["Platform"], Awaitable[None]]


async def _nothing_waiting(_: "Platform") -> dict[str, int]:
    return {}


async def _nothing_first(_: "Platform") -> None:
    return None


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
    ) -> None:
        self.settings = settings
        self.migrations = migrations
        self.internal_key = InternalKey(settings.internal_key_file)
        self.database = Database(settings)
        self.bus = Bus(settings.nats_url, settings.name)
        self.relay = Relay(settings, self.database, self.bus)
        self.owners = Owners(settings, self.internal_key)
        self.wake_workers = asyncio.Event()
        """Set when a request has left something for a worker, so that it need not wait for its next look."""
        self.schema_revision: str | None = None
        self._workers, self._waiting, self._first = workers, waiting, first
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
        wanted = head(self.migrations)
        while self.schema_revision != wanted:
            try:
                self.schema_revision = await revision_of(self.settings.sqlalchemy_url())
            except Exception as fault:
                log.warning("database_unreachable", reason=type(fault).__name__)
            if self.schema_revision != wanted:
                await asyncio.sleep(0.5)

    async def missing(self) -> list[str]:
        """What is not there that the process needs to work; empty when it is ready."""
        missing = []
        try:
            await asyncio.wait_for(self.database.answers(), 3)
        except Exception:
            missing.append("database")
        if self.schema_revision != head(self.migrations):
            missing.append("migrations")
        if not self._first_done:
            missing.append("first load")
        if not self.bus.connected:
            missing.append("nats")
        return missing

    async def work_waiting(self) -> dict[str, int]:
        return await self._waiting(self)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(asyncio.gather(*self._tasks, return_exceptions=True), STOP_SECONDS)
        await self.bus.close()
        await self.owners.close()
        await self.database.close()


async def _kept_alive(worker: Worker, platform: Platform) -> None:
    while True:
        try:
            await worker(platform)
        except Exception as fault:
            log.error("worker_failed", worker=getattr(worker, "__name__", "worker"), exc_info=fault)
            await asyncio.sleep(1)


def create_service(
    settings: ServiceSettings,
    *,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    migrations: Path,
    consumers: Consumers | None = None,
    workers: Sequence[Worker] = (),
    waiting: Waiting = _nothing_waiting,
    first: Start = _nothing_first,
) -> FastAPI:
    """The FastAPI app of one process.

    `first` runs once the schema is there and before the process is ready (idempotent: it runs at every start);
    `workers` run beside the requests; `waiting` counts their work for the health page. Raises UndeclaredPermission
    where a route does not say who may call it.
    """
    platform = Platform(
        settings,
        migrations=migrations,
        consumers=consumers or Consumers(),
        workers=workers,
        waiting=waiting,
        first=first,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await platform.start()
        try:
            yield
        finally:
            await platform.stop()

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.platform = platform
    install_problems(app)
    app.include_router(health.router)
    for router in routers:
        app.include_router(router)
    refuse_undeclared(app.routes)
    app.add_middleware(Observe)
    return app


def listening_socket(settings: ServiceSettings) -> socket.socket:
    """The socket to serve on: the one handed over, or a new one on host and port."""
    if settings.listen_fd is not None:
        return socket.socket(fileno=settings.listen_fd)
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((settings.host, settings.port))
    made.listen(1024)
    return made


def main(settings: ServiceSettings, create_app: Callable[[Any], Any], migrations: Path) -> None:
    """What `python -m <service>` does: serve, or with the argument `migrate` bring the database up to date."""
    configure_logs(settings.name, settings.log_level)
    if sys.argv[1:] == ["migrate"]:
        asyncio.run(migrate(migrations, settings.sqlalchemy_url()))
        return
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            loop="uvloop",
            http="httptools",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=STOP_SECONDS,
            server_header=False,
        )
    )
    server.run(sockets=[listening_socket(settings)])
