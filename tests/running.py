"""Services of the platform running inside a test: real sockets, real PostgreSQL, real NATS."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import fastapi.routing
import httpx
import uvicorn
from fastapi.routing import APIRoute, _EffectiveRouteContext
from leaving import looking_at_files
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util import LRUCache

import shared.database
from servers import RunningServers
from shared.agreements import Agreement
from shared.database import Database
from shared.identity import Caller, InternalKey
from shared.migrating import migrate
from shared.platform import Platform

INSTITUTIONS = ("taazour", "csa", "masef", "men", "partners")
PROCESSES = ("registry", *(f"programs-{name}" for name in INSTITUTIONS), "matching", "gateway")
ALL_PERMISSIONS = frozenset(
    "households:write households:read places:read imports:write enrollments:read enrollments:write enrollments:check programs:read programs:write "
    "payments:read payments:write schools:read "
    "links:read links:write individuals:links lists:match lists:request lists:review lists:read lists:revoke links:rebuild duplicates:search models:read models:train models:promote adjudications:read adjudications:decide clusters:read overlaps:read eligibility:read eligibility:replay gaps:read matrix:write matrix:approve overlap-cases:read overlap-cases:answer overlap-cases:settle grievances:read grievances:write grievances:answer grievances:registry grievances:unit households:picture households:picture-reads referrals:read referrals:write events:read agreements:read agreements:write agreements:approve households:shared internal changes:propose changes:decide places:write households:score "
    "households:export individuals:search individuals:check quotas:write conflicts:settle "
    "conflicts:read quality:read quality:run snapshots:read snapshots:make responses:read responses:write responses:approve "
    "scenarios:read scenarios:write credentials:write partners:read partners:write operators:write traffic:read sandbox:try dashboard:read disclosures:read disclosures:decide break-glass:open".split()
)

_templates: dict[tuple[str, str], str] = {}
_left: dict[str, list[str]] = {}


@cache
def _trusted() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _made_once(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    """Whom a client's TLS trusts. httpx reads 150 certificates for each client: 20 ms, and a test session makes thousands."""
    if verify is True and cert is None:
        return _trusted()
    return httpx.create_ssl_context(verify, cert, trust_env)


httpx._transports.default.create_ssl_context = _made_once


class _DescribedOnce(_EffectiveRouteContext):
    """FastAPI works out anew for each app what a route takes and gives: a quarter of a second for a service's. A test
    session starts hundreds of apps with the same routes."""

    @classmethod
    def from_api_route(cls, *, original_route: APIRoute, include_context: Any) -> _EffectiveRouteContext:
        make = super().from_api_route
        if "<locals>" in original_route.endpoint.__qualname__:  # a route of this app alone
            return make(original_route=original_route, include_context=include_context)
        key = (id(original_route), include_context.path_for(original_route))
        if key not in _described:
            _described[key] = make(original_route=original_route, include_context=include_context)
        return _described[key]


_described: dict[tuple[int, str], _EffectiveRouteContext] = {}
fastapi.routing._EffectiveRouteContext = _DescribedOnce


# SQLAlchemy compiles each statement anew for each engine: a tenth of a second where matching starts. Engines here differ in
# their database alone, so what was compiled for one is good for all.
PGDialect_asyncpg.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign, assignment]
PGDialect_asyncpg.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign, assignment]
shared.database.create_async_engine = partial(
    shared.database.create_async_engine, execution_options={"compiled_cache": LRUCache(5_000)}
)


async def fresh_database(servers: RunningServers, package: str, *, with_places: bool = False) -> str:
    """The URL of an empty database that the package's migrations have built (copied from a template).

    `with_places`: the registry's, with the table of places that its first start would load: more than half of that start.
    """
    key = (servers.postgres_url, f"{package} with places" if with_places else package)
    connection = await asyncpg.connect(servers.postgres_url)
    try:
        if key not in _templates:
            name = f"template_{package.replace('.', '_')}_{secrets.token_hex(4)}"
            await connection.execute(f"CREATE DATABASE {name}")
            folder = Path(importlib.import_module(package).__file__ or "").parent / "migrations"
            await migrate(folder, servers.database_url(name).replace("postgresql://", "postgresql+asyncpg://"))
            if with_places:
                await _load_places(servers, servers.database_url(name))
            _templates[key] = name
        name = f"test_{secrets.token_hex(8)}"
        await _copy(connection, _templates[key], name)
        await _drop_left(servers, connection)
        return servers.database_url(name)
    finally:
        await connection.close()


async def copy_for_others(servers: RunningServers, url: str, key: str) -> None:
    """Keep a database as it is, for `copied`; nobody may be connected to it."""
    name = f"template_{secrets.token_hex(8)}"
    await _copied(servers, url.rpartition("/")[2], name)
    _templates[servers.postgres_url, key] = name


async def copied(servers: RunningServers, key: str) -> str | None:
    """The URL of a copy of what was kept under this key; None where nothing was yet."""
    if (kept := _templates.get((servers.postgres_url, key))) is None:
        return None
    name = f"test_{secrets.token_hex(8)}"
    await _copied(servers, kept, name)
    return servers.database_url(name)


async def _copied(servers: RunningServers, template: str, name: str) -> None:
    connection = await asyncpg.connect(servers.postgres_url)
    try:
        await _copy(connection, template, name)
        await _drop_left(servers, connection)
    finally:
        await connection.close()


async def _copy(connection: asyncpg.Connection, template: str, name: str) -> None:
    """File by file: by the log, as PostgreSQL does it unasked, takes a quarter longer, and dropping it later twice as long."""
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")


def drop_later(servers: RunningServers, urls: Iterable[str]) -> None:
    """Databases that nobody needs any more: at the end of a session hundreds would lie there. Whoever makes the next one drops
    them: a connection for that alone takes as long as the work."""
    _left.setdefault(servers.postgres_url, []).extend(url.rpartition("/")[2] for url in urls)


async def _drop_left(servers: RunningServers, connection: asyncpg.Connection) -> None:
    left = _left.get(servers.postgres_url, [])
    while left:
        await connection.execute(f"DROP DATABASE {left.pop()} WITH (FORCE)")


async def _load_places(servers: RunningServers, url: str) -> None:
    settings = importlib.import_module("services.registry.settings").RegistrySettings(
        DATABASE_URL=url, NATS_URL=servers.nats_url, internal_key_file=Path("none")
    )
    database = Database(settings)
    try:
        await importlib.import_module("services.registry.commands.editions").publish_places(
            SimpleNamespace(database=database)
        )
    finally:
        await database.close()


def package_of(process: str) -> str:
    kind = process.split("-")[0]
    return kind if kind == "gateway" else f"services.{kind}"


class StoppedAtOnce(uvicorn.Server):
    """A server that stops when it is `told`. uvicorn looks ten times a second whether it should, and then rests as long
    before it looks whether everybody has gone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (one for server in self.servers for one in server.sockets):
            asyncio.get_running_loop().remove_reader(listening.fileno())
        # A connection accepted just now is lost, and left open, where its server closes first: it is made in a few turns of the loop.
        for _ in range(10):
            await asyncio.sleep(0)
        for open_ in (*self.servers, *(sockets or [])):
            open_.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while self.server_state.connections or self.server_state.tasks:
                    await asyncio.sleep(0.002)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        self.told.set()


@dataclass
class Running:
    """One service of this test, with a client that speaks to it as `caller`."""

    process: str
    url: str
    app: Any
    server: StoppedAtOnce
    task: asyncio.Task[None]
    key: InternalKey

    @property
    def platform(self) -> Platform:
        platform: Platform = self.app.state.platform
        return platform

    def client(
        self,
        name: str = "tester",
        permissions: frozenset[str] = ALL_PERMISSIONS,
        programs: frozenset[str] = frozenset(),
        covers: frozenset[str] = frozenset(),
        agreement: Agreement | None = None,
        purpose: str | None = None,
    ) -> httpx.AsyncClient:
        """A client with an internal token, as the gateway would send it. Close it, or use it as a context."""
        token = self.key.token(Caller(name, permissions, programs, covers, agreement, purpose))
        return httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
            event_hooks={"response": [looking_at_files(self.process, may_have_ids="households:export" in permissions)]},
        )

    async def stop(self) -> None:
        self.server.told.set()
        await self.task


@dataclass
class Services:
    """The services a test has started; every one knows the addresses of all."""

    servers: RunningServers
    folder: Path
    stream_prefix: str = ""
    running: dict[str, Running] = field(default_factory=dict)
    databases: dict[str, str] = field(default_factory=dict)
    _sockets: dict[str, socket.socket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key_file = self.folder / "internal.key"
        self.key_file.write_bytes(secrets.token_hex(32).encode())
        self.key_file.chmod(0o600)
        for process in PROCESSES:
            self._sockets[process] = _listen()

    @property
    def urls(self) -> dict[str, str]:
        return {name: f"http://127.0.0.1:{sock.getsockname()[1]}" for name, sock in self._sockets.items()}

    async def start(self, process: str, **extra: Any) -> Running:
        """Start a service, or start it again after `stop` on the database and address it had."""
        package = package_of(process)
        if process not in self.databases:
            self.databases[process] = await fresh_database(self.servers, package, with_places=process == "registry")
        settings_module = importlib.import_module(f"{package}.settings")
        class_name = {"registry": "RegistrySettings", "programs": "ProgramsSettings"}.get(process.split("-")[0])
        settings_class = getattr(settings_module, class_name or f"{process.capitalize()}Settings")
        values: dict[str, Any] = {
            "name": process,
            "DATABASE_URL": self.databases[process],
            "NATS_URL": self.servers.nats_url,
            "internal_key_file": self.key_file,
            "service_urls": self.urls,
            "database_connections": 4,
            **extra,
        }
        if process.startswith("programs-"):
            values["institution"] = process.removeprefix("programs-")
        app = importlib.import_module(f"{package}.app").create_app(settings_class(**values))
        if self._sockets[process].fileno() < 0:
            raise RuntimeError(f"{process} was stopped for good")
        server = StoppedAtOnce(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        task = asyncio.create_task(server.serve(sockets=[self._sockets[process].dup()]))
        running = Running(process, self.urls[process], app, server, task, InternalKey(self.key_file))
        self.running[process] = running
        await until(lambda: ready(running), what=f"{process} to be ready", every=0.01)
        return running

    async def stop(self) -> None:
        for running in self.running.values():
            running.server.told.set()
        failing = {name: one.platform.failing_workers() for name, one in self.running.items()}
        await asyncio.gather(*(running.task for running in self.running.values()))
        for sock in self._sockets.values():
            sock.close()
        # A closed transport lets go of its socket in the loop's next turn, and here the loop may end.
        await asyncio.sleep(0)
        drop_later(self.servers, self.databases.values())
        assert not any(failing.values()), f"workers that failed by themselves: {failing}"


def _listen() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


async def second_process(first: Running, *further: socket.socket, **changes: Any) -> Running:
    """Another process of a running service, on the same database, at an address of its own and `further` sockets. Stop it yourself."""
    settings = first.platform.settings.model_copy(update=changes)
    app = importlib.import_module(f"{package_of(first.process)}.app").create_app(settings)
    listening = _listen()
    server = StoppedAtOnce(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
    task = asyncio.create_task(server.serve(sockets=[listening, *further]))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    running = Running(first.process, url, app, server, task, first.key)
    await until(lambda: ready(running), what=f"a second {first.process} to be ready", every=0.01)
    return running


async def ready(running: Running) -> bool:
    if running.task.done():
        running.task.result()
        raise RuntimeError(f"{running.process} ended while starting")
    if not running.platform.bus.connected:  # the last it does; to ask by HTTP until then takes a fifth of a start
        return False
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        return (await client.get(f"{running.url}/health/ready?alone=true")).status_code == 200


async def status_of(client: httpx.AsyncClient) -> dict[str, Any]:
    """A process's status once its database answered in time: on a busy machine it may be told as away first."""

    async def complete() -> dict[str, Any] | None:
        status: dict[str, Any] = (await client.get("/health/status")).json()
        return status if status["database"] else None

    found: dict[str, Any] = await until(complete, what="a status with the database's figures")
    return found


async def until(condition: Callable[[], Awaitable[Any]], *, what: str, seconds: float = 30, every: float = 0.05) -> Any:
    """Wait until `condition()` is true and return what it gave; fail with `what` was awaited."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := await condition():
            return found
        await asyncio.sleep(every)
    raise AssertionError(f"waited {seconds:g} s for {what}")
