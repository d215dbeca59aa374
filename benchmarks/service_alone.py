"""One service alone, to be measured: PostgreSQL and NATS as in production, fsync on, and the service's own process."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
import httpx
import psutil

from benchmarks.platform import OUTSIDE, STOP_SECONDS
from benchmarks.starting import servers_specs
from cli.data_folder import prepare_folder
from cli.ports import free_port
from cli.processes import base_env
from cli.servers import prepare_nats, prepare_postgres
from cli.supervisor import Supervisor
from shared.identity import Caller, InternalKey
from shared.migrating import migrate

READY_SECONDS = 60
MIB = 1 << 20
TAAZOUR = Caller(
    "taazour", frozenset({"households:read", "households:write", "individuals:search", "places:read"}), frozenset()
)
"""Who speaks to the registry in its benchmarks."""


class ServiceAlone:
    """An async context: servers, a migrated database and the process. `client()` speaks to it as a partner.

    `process` is its name, such as `registry` or `programs-csa`; `caller` whom its client speaks for.
    """

    def __init__(self, process: str, caller: Caller) -> None:
        self._name, self._caller = process, caller
        self._package = f"services.{process.split('-')[0]}"
        self.peak_mib = 0.0

    async def __aenter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="tekamoul-bench-", dir=OUTSIDE))
        self.folder.chmod(0o711)
        prepare_folder(self.folder)
        postgres = prepare_postgres(self.folder, port=free_port())
        nats = prepare_nats(self.folder, port=free_port(), monitor_port=free_port())
        self._supervisor = Supervisor(say=lambda _: None)
        await self._supervisor.start(servers_specs(self.folder, postgres, nats))
        connection = await asyncpg.connect(postgres.url)
        await connection.execute("CREATE DATABASE measured")
        await connection.close()
        self.database_url = f"{postgres.url.rsplit('/', 1)[0]}/measured"
        migrations = importlib.import_module(f"{self._package}.app").MIGRATIONS
        await migrate(migrations, self.database_url.replace("postgresql://", "postgresql+asyncpg://", 1))
        self.key_file = self.folder / "internal.key"
        self.key_file.write_text(secrets.token_hex(32))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = base_env("en") | {
            "DATABASE_URL": self.database_url,
            "NATS_URL": nats.url,
            "TEKAMOUL_INTERNAL_KEY_FILE": str(self.key_file),
            "TEKAMOUL_PORT": str(port),
            "TEKAMOUL_NAME": self._name,
            "TEKAMOUL_INSTITUTION": self._name.partition("-")[2],
            "TEKAMOUL_LOG_LEVEL": "warning",
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        }
        self._environment = environment | {"TEKAMOUL_DATA_FOLDER": str(self.folder / "data")}
        self._output = (self.folder / "service.log").open("wb")
        try:
            await self._begin()
        except BaseException:
            await self.__aexit__(None, None, None)  # nobody else would end what has begun
            raise
        return self

    async def _begin(self) -> None:
        self._process = subprocess.Popen(  # noqa: ASYNC220 - once, while nothing else goes on
            [sys.executable, "-m", self._package], env=self._environment, stdout=self._output, stderr=self._output
        )
        await until_ready(f"{self.url}/health/ready", self.folder / "service.log")

    @property
    def pid(self) -> int:
        """Of the service's process."""
        return self._process.pid

    async def restart(self) -> None:
        """Stop the service as an operator would, and start it again on the same data."""
        self._process.terminate()
        await asyncio.to_thread(self._process.wait, STOP_SECONDS)
        await self._begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(STOP_SECONDS)
        self._output.close()
        await self._supervisor.stop()
        link = self.folder / "postgres"
        if link.is_symlink():
            shutil.rmtree(link.resolve().parent, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self) -> httpx.AsyncClient:
        """A client whose token, good for a minute, is renewed with every request."""
        key = InternalKey(self.key_file)

        async def authorize(request: httpx.Request) -> None:
            request.headers["Authorization"] = f"Bearer {key.token(self._caller)}"

        return httpx.AsyncClient(base_url=self.url, timeout=300, trust_env=False, event_hooks={"request": [authorize]})

    def sample(self) -> None:
        """Note the memory of the service with its readers, if it is more than before: what they share counted twice."""
        service = psutil.Process(self._process.pid)
        resident = 0
        for one in (service, *service.children(recursive=True)):
            try:
                resident += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue  # a reader has just ended
        self.peak_mib = max(self.peak_mib, resident / MIB)

    def cpu_seconds(self) -> float:
        """Of the service and its readers, PostgreSQL and NATS apart."""
        used = psutil.Process(self._process.pid).cpu_times()
        return float(used.user + used.system + used.children_user + used.children_system)

    async def database_bytes(self) -> int:
        connection = await asyncpg.connect(self.database_url)
        try:
            return int(await connection.fetchval("SELECT pg_database_size(current_database())"))
        finally:
            await connection.close()


async def until_ready(address: str, log: Path) -> None:
    """Return once a health address answers 200; RuntimeError with the end of the log where it does not in time."""
    deadline = time.monotonic() + READY_SECONDS
    async with httpx.AsyncClient(trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                if (await client.get(address)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError(log.read_text()[-2000:])
