"""The platform as one thing: its processes started in order, where they are written down, all stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Protocol, TypeVar

from cli import data_folder, ports
from cli.processes import GATEWAY, MIGRATE, PROJECT, SERVICES, Service, answers_ok, base_env, commit, migrate, together
from cli.refusals import StartRefused
from cli.servers import Nats, Postgres, checkpoint, create_databases, postgres_answers, prepare_nats, prepare_postgres
from cli.supervisor import ProcessSpec, Supervisor
from shared.connecting import CONNECTION_FAULTS

POSTGRES_OFFSET: Final = 8  # from the gateway's port
NATS_OFFSET: Final = 9
NATS_MONITOR_OFFSET: Final = 10
PORT_TRIES: Final = 3  # of free ports that another program took first
PATIENCE_SECONDS: Final = 15.0  # for the ports of a killed platform whose processes still end
POSTGRES_STOP_SECONDS: Final = 30.0  # its last checkpoint, on a slow disk

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """`port` is the gateway's, the others follow it; 0: free ports throughout."""

    data_dir: Path
    port: int = 0
    ready_file: Path | None = None
    language: str = "fr"
    gateway_processes: int = 1  # on one port and database


class GatewaySecrets(Protocol):
    """The partners' credentials in a file, and the gateway's settings that name its keys."""

    @property
    def credentials_file(self) -> Path: ...

    @property
    def env(self) -> Mapping[str, str]: ...


MakeSecrets = Callable[[Path], GatewaySecrets]


def _gateway_secrets(data_dir: Path) -> GatewaySecrets:
    from cli.credentials import ensure_gateway_secrets  # loads the cryptography: not for every command

    return ensure_gateway_secrets(data_dir)


@dataclass(frozen=True, slots=True)
class Ready:
    """What the ready file says. Tests and outside checks drive the platform by these names."""

    gateway_url: str
    dashboard_url: str
    services: dict[str, str]
    postgres_url: str
    nats_url: str
    pids: dict[str, int]
    credentials_file: str


class StoppedWhileStarting(Exception):
    """SIGINT or SIGTERM came before everything was ready. All that had started is stopped."""


class Platform:
    """All processes of one data folder. Must live in the main thread's event loop."""

    def __init__(
        self,
        options: RunOptions,
        *,
        services: Sequence[Service] = SERVICES,
        gateway_secrets: MakeSecrets = _gateway_secrets,
        migrate_command: Sequence[str] = MIGRATE,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._options = options
        self._data_dir = options.data_dir.absolute()
        self._services = services
        self._make_secrets = gateway_secrets
        self._migrate = migrate_command
        self._supervisor = Supervisor(language=options.language, say=say, changed=self._write_ready)
        self._held = contextlib.ExitStack()
        self._ready: Ready | None = None
        self._settling: asyncio.Task[None] | None = None
        self._stop_asked = asyncio.Event()
        self._stopped = asyncio.Event()

    @property
    def ready(self) -> Ready:
        if self._ready is None:
            raise RuntimeError("the platform is not ready")
        return self._ready

    @property
    def stop_asked(self) -> asyncio.Event:
        """Set by SIGINT and SIGTERM."""
        return self._stop_asked

    async def start(self) -> None:
        """Start everything; return when the gateway and all services are ready.

        Raises StartRefused or StoppedWhileStarting, with everything stopped again.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._stop_asked.set)
        try:
            if not await self.unless_stopped(self._start()):
                raise StoppedWhileStarting
        except BaseException:
            await self.stop()
            raise

    async def unless_stopped(self, work: Awaitable[None]) -> bool:
        """Do the work; False when it was cut short because the platform was asked to stop."""
        task = asyncio.ensure_future(work)
        asked = asyncio.ensure_future(self._stop_asked.wait())
        try:
            await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                await task
                return True
            return False
        finally:
            for future in (task, asked):
                future.cancel()
            await asyncio.gather(task, asked, return_exceptions=True)

    async def wait_stopped(self) -> None:
        """Return after SIGINT or SIGTERM, or a call of `stop`, when everything is stopped."""
        await self._stop_asked.wait()
        await self.stop()

    async def stop(self) -> None:
        """Services first, then the servers. Safe to repeat."""
        self._stop_asked.set()
        if self._stopped.is_set():
            return
        if self._ready is not None:  # otherwise the file may be another platform's
            self._remove_ready()
        await self._supervisor.stop()
        if self._settling is not None:
            await self._settling  # PostgreSQL ended it if it was not done
        self._held.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)
        self._stopped.set()

    async def _start(self) -> None:
        await asyncio.to_thread(data_folder.prepare_folder, self._data_dir)
        self._held.enter_context(data_folder.hold(self._data_dir))
        patience = PATIENCE_SECONDS if self._ready_path.exists() else 0.0
        self._remove_ready()
        secrets = self._make_secrets(self._data_dir)
        sockets = await asyncio.to_thread(self._listen, patience)
        postgres, nats = await self._start_servers(patience)
        await create_databases(postgres.url, [service.database for service in self._services])
        environments = self._environments(sockets, postgres, nats, secrets)
        await migrate(
            self._services,
            environments,
            logs=self._data_dir / "logs",
            language=self._options.language,
            command=self._migrate,
        )
        await self._supervisor.start(
            [spec for s in self._services for spec in self._specs(s, sockets[s.name], environments[s.name])]
        )
        urls = _urls(sockets)
        self._ready = Ready(
            gateway_url=urls[GATEWAY],
            dashboard_url=f"{urls[GATEWAY]}/dashboard",
            services=urls,
            postgres_url=postgres.url,
            nats_url=nats.url,
            pids={},
            credentials_file=str(secrets.credentials_file),
        )
        self._write_ready()
        # Eight new databases are 2,400 files to sync, too many after a kill; nobody need wait for it now.
        self._settling = asyncio.create_task(self._settle(postgres))

    async def _settle(self, postgres: Postgres) -> None:
        with contextlib.suppress(*CONNECTION_FAULTS):  # it does so by itself later
            await checkpoint(postgres)

    # ---- ports and environment ---------------------------------------------------------------------------

    def _port(self, offset: int) -> int:
        return self._options.port + offset if self._options.port else 0

    def _listen(self, patience: float) -> dict[str, socket.socket]:
        """We listen for the services: no port is lost to another program, and requests wait for a restart."""
        sockets = {}
        for service in self._services:
            sock = ports.listen(self._port(service.port_offset), service.name, patience=patience)
            self._held.callback(sock.close)
            sockets[service.name] = sock
        return sockets

    def _environments(
        self, sockets: Mapping[str, socket.socket], postgres: Postgres, nats: Nats, secrets: GatewaySecrets
    ) -> dict[str, dict[str, str]]:
        key = self._data_dir / "secrets" / "internal.key"
        data_folder.secret_file(key)
        shared = base_env(self._options.language) | {
            "NATS_URL": nats.url,
            "TEKAMOUL_INTERNAL_KEY_FILE": str(key),
            "TEKAMOUL_SERVICE_URLS": json.dumps(_urls(sockets)),
            "TEKAMOUL_HOST": ports.LOOPBACK,
            "TEKAMOUL_COMMIT": commit(),
        }
        environments = {}
        for service in self._services:
            sock = sockets[service.name]
            environments[service.name] = shared | {
                "DATABASE_URL": postgres.database_url(service.database),
                "TEKAMOUL_PORT": str(sock.getsockname()[1]),
                "TEKAMOUL_LISTEN_FD": str(sock.fileno()),
                **service.env,
            }
        environments["matching"] |= {"TEKAMOUL_DATA_FOLDER": str(self._data_dir / "matching")}
        environments[GATEWAY] |= {"TEKAMOUL_NATS_MONITOR_URL": nats.monitor_url, **secrets.env}
        return environments

    # ---- servers -----------------------------------------------------------------------------------------

    async def _start_servers(self, patience: float) -> tuple[Postgres, Nats]:
        postgres = asyncio.ensure_future(self._start_postgres(patience))
        nats = asyncio.ensure_future(self._start_nats(patience))
        await together(postgres, nats)
        return postgres.result(), nats.result()

    async def _start_postgres(self, patience: float) -> Postgres:
        async def start(port: int, _: int) -> Postgres:
            postgres = await asyncio.to_thread(prepare_postgres, self._data_dir, port=port)
            await self._supervisor.start([self._postgres_spec(postgres)])
            return postgres

        return await self._on_own_ports(start, "postgres", (POSTGRES_OFFSET, POSTGRES_OFFSET), patience)

    async def _start_nats(self, patience: float) -> Nats:
        async def start(port: int, monitor_port: int) -> Nats:
            nats = await asyncio.to_thread(prepare_nats, self._data_dir, port=port, monitor_port=monitor_port)
            await self._supervisor.start([self._nats_spec(nats)])
            return nats

        return await self._on_own_ports(start, "nats", (NATS_OFFSET, NATS_MONITOR_OFFSET), patience)

    async def _on_own_ports(
        self, start: Callable[[int, int], Awaitable[T]], name: str, offsets: tuple[int, int], patience: float
    ) -> T:
        if self._options.port:
            first, second = (self._port(offset) for offset in offsets)
            for port in (first, second):
                await asyncio.to_thread(ports.check_free, port, name, patience=patience)
            return await start(first, second)
        for _ in range(PORT_TRIES - 1):
            try:
                return await start(ports.free_port(), ports.free_port())
            except StartRefused as refused:
                if refused.code != "port_taken":
                    raise
        return await start(ports.free_port(), ports.free_port())

    def _postgres_spec(self, postgres: Postgres) -> ProcessSpec:
        return ProcessSpec(
            name="postgres",
            argv=postgres.program.argv,
            env=base_env(self._options.language),
            cwd=Path("/"),  # the account may be kept out of ours
            log_file=self._log("postgres"),
            ready=lambda: postgres_answers(postgres),
            stop_signal=postgres.program.stop_signal,
            stop_timeout=POSTGRES_STOP_SECONDS,
            user=postgres.program.account,
            before_start=postgres.clear_leftovers,
            explain=_explain("postgres", (postgres.port,)),
        )

    def _nats_spec(self, nats: Nats) -> ProcessSpec:
        return ProcessSpec(
            name="nats",
            argv=nats.program.argv,
            env=base_env(self._options.language),
            cwd=Path("/"),
            log_file=self._log("nats"),
            ready=lambda: answers_ok(nats.monitor_port, "/healthz"),
            stop_signal=nats.program.stop_signal,
            user=nats.program.account,
            explain=_explain("nats", (nats.port, nats.monitor_port)),
        )

    # ---- services ----------------------------------------------------------------------------------------

    def _specs(self, service: Service, sock: socket.socket, env: Mapping[str, str]) -> list[ProcessSpec]:
        """One process, of the gateway as many as are wanted: they take requests from one socket, whoever is free."""
        first = self._spec(service, sock, env)
        further = range(2, self._options.gateway_processes + 1) if service.name == GATEWAY else ()
        return [first, *(replace(first, name=n, log_file=self._log(n)) for n in (f"{GATEWAY}-{k}" for k in further))]

    def _spec(self, service: Service, sock: socket.socket, env: Mapping[str, str]) -> ProcessSpec:
        port = sock.getsockname()[1]
        return ProcessSpec(
            name=service.name,
            argv=service.command,
            env=env,
            cwd=PROJECT,
            log_file=self._log(service.name),
            ready=lambda: answers_ok(port, "/health/ready"),
            depends_on=("postgres", "nats"),
            pass_fds=(sock.fileno(),),
        )

    def _log(self, name: str) -> Path:
        return self._data_dir / "logs" / f"{name}.log"

    # ---- ready file --------------------------------------------------------------------------------------

    @property
    def _ready_path(self) -> Path:
        return self._data_dir / "ready.json"

    def _ready_paths(self) -> list[Path]:
        asked = self._options.ready_file
        return [self._ready_path] + ([asked.absolute()] if asked is not None else [])

    def _write_ready(self) -> None:
        if self._ready is None:
            return
        self._ready = replace(self._ready, pids=self._supervisor.pids | {"supervisor": os.getpid()})
        document = json.dumps(asdict(self._ready), indent=2) + "\n"
        for path in self._ready_paths():
            data_folder.write_private(path, document)

    def _remove_ready(self) -> None:
        self._ready = None
        for path in self._ready_paths():
            path.unlink(missing_ok=True)


async def run_platform(
    platform: Platform, *, language: str, then: Callable[[Ready], Awaitable[None]] | None = None
) -> int:
    """Start, do `then` once ready, stay until SIGINT or SIGTERM. Returns the exit code of the command."""
    try:
        await platform.start()
    except StoppedWhileStarting:
        return 0
    except StartRefused as refused:
        print(refused.text.in_(language), file=sys.stderr, flush=True)
        return 1
    try:
        if then is not None:
            await platform.unless_stopped(then(platform.ready))
        await platform.wait_stopped()
    finally:
        await platform.stop()
    return 0


def _explain(name: str, taken: tuple[int, ...]) -> Callable[[str, Path], StartRefused]:
    def explain(line: str, log: Path) -> StartRefused:
        for port in taken:
            try:
                ports.check_free(port, name)
            except StartRefused as refused:  # by another program: ours is dead
                return refused
        return StartRefused(f"{name}_failed", line=line, log=log)

    return explain


def _urls(sockets: Mapping[str, socket.socket]) -> dict[str, str]:
    return {name: f"http://{ports.LOOPBACK}:{sock.getsockname()[1]}" for name, sock in sockets.items()}
