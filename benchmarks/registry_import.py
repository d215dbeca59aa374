"""`registry-import`: a country's registry in from one csv over HTTP, until its last event is published."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

from benchmarks.platform import MIB, OUTSIDE
from benchmarks.registry_file import write_registry
from benchmarks.sending import send_file
from cli.data_folder import prepare_folder
from cli.ports import free_port
from cli.servers import Nats, Postgres, Program, prepare_nats, prepare_postgres
from cli.supervisor import child_options
from shared.identity import Caller, InternalKey

DEFAULT_HOUSEHOLDS = 20_000
"""The country has 307,042: TEKAMOUL_BENCH_HOUSEHOLDS=300000."""
HOUSEHOLDS_VARIABLE = "TEKAMOUL_BENCH_HOUSEHOLDS"
CACHE = OUTSIDE / "tekamoul-bench-files"
READY_SECONDS, END_SECONDS, STOP_SECONDS = 60.0, 7_200.0, 30.0
LOOK_SECONDS, SAMPLE_SECONDS = 0.2, 0.5
COPIED = ("households", "individuals", "memberships", "identifiers", "history", "outbox")
"""Tables with the rows of an import; the index of names is filled beside."""
PERMISSIONS = frozenset({"imports:write", "households:write", "households:read"})


def run_registry_import() -> dict[str, Any]:
    """Figures: `people`, `people_per_s` from the first byte sent to the last event published, `peak_mib` of the service."""
    households = int(os.environ.get(HOUSEHOLDS_VARIABLE, "").split(",")[0] or DEFAULT_HOUSEHOLDS)
    return asyncio.run(_run(households))


def registry_file(households: int) -> Path:
    """The file of a country of that size, written once and kept."""
    CACHE.mkdir(exist_ok=True)
    file = CACHE / f"registry-{households}.csv"
    if not file.exists():
        unfinished = file.with_suffix(".part")
        write_registry(unfinished, households)
        unfinished.rename(file)
    return file


async def _run(households: int) -> dict[str, Any]:
    file = registry_file(households)
    with RegistryAlone() as registry:
        await registry.start()
        started = time.monotonic()
        async with registry.client() as client:
            import_id = await send_file(client, "households", file)
            sent = time.monotonic()
            state = await _ended(client, import_id, registry)
            imported = time.monotonic()
            await _published(client, registry)
        seconds = time.monotonic() - started
        people = int(state["accepted"])
        copied = await registry.copy_again()
        return {
            "benchmark": "registry-import",
            "households": households,
            "people": people,
            "rejected": state["rejected"],
            "megabytes": round(file.stat().st_size / MIB),
            "seconds": round(seconds, 2),
            "people_per_s": round(people / seconds),
            "sent_s": round(sent - started, 2),
            "applied_s": round(imported - sent, 2),
            "published_s": round(seconds - (imported - started), 2),
            "copy_people_per_s": round(people / copied),
            "over_copy": round(seconds / copied, 1),
            "peak_mib": round(registry.peak_mib),
            "cpu_seconds": registry.cpu_seconds(),
            "database_mib": round(await registry.database_bytes() / MIB),
        }


async def _ended(client: httpx.AsyncClient, import_id: str, registry: RegistryAlone) -> dict[str, Any]:
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        registry.sample()
        state: dict[str, Any] = (await client.get(f"/v1/imports/{import_id}", headers=registry.token())).json()
        if state["status"] not in ("received", "running"):
            if state["status"] != "completed":
                raise RuntimeError(f"the import ended as {state['status']}: {state.get('failure')}")
            return state
        await asyncio.sleep(SAMPLE_SECONDS)
    raise TimeoutError("the import did not end")


async def _published(client: httpx.AsyncClient, registry: RegistryAlone) -> None:
    while True:
        registry.sample()
        status = (await client.get("/health/status")).json()
        if status["outbox"]["waiting"] == 0:
            return
        await asyncio.sleep(LOOK_SECONDS)


class RegistryAlone:
    """A registry process with a PostgreSQL and a NATS of its own, durable as in production. A context."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tekamoul-bench-", dir=OUTSIDE))
        self.folder.chmod(0o711)
        self.peak_mib = 0.0
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._port = free_port()
        self._key = self.folder / "internal.key"
        self._database_url = ""

    def __enter__(self) -> RegistryAlone:
        return self

    def __exit__(self, *_: object) -> None:
        for name, sign in (("registry", signal.SIGTERM), ("nats", signal.SIGTERM), ("postgres", signal.SIGINT)):
            if name in self._processes and self._processes[name].poll() is None:
                self._processes[name].send_signal(sign)
                self._processes[name].wait(STOP_SECONDS)
        link = self.folder / "postgres"
        if link.is_symlink():
            shutil.rmtree(link.resolve().parent, ignore_errors=True)
        shutil.rmtree(self.folder)

    async def start(self) -> None:
        prepare_folder(self.folder)
        self._key.write_text(secrets.token_hex(32))
        postgres = prepare_postgres(self.folder, port=free_port())
        nats = prepare_nats(self.folder, port=free_port(), monitor_port=free_port())
        self._start_server("postgres", postgres.program)
        self._start_server("nats", nats.program)
        await _until(postgres.is_ready)
        await self._make_database(postgres)
        await self._start_registry(nats)

    def _start_server(self, name: str, program: Program) -> None:
        with (self.folder / f"{name}.log").open("ab") as output:
            self._processes[name] = subprocess.Popen(
                program.argv,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"},
                stdout=output,
                stderr=output,
                **child_options(program.account, ends_with_us=program.stop_signal),
            )

    async def _make_database(self, postgres: Postgres) -> None:
        connection = await asyncpg.connect(postgres.url)
        await connection.execute("CREATE DATABASE registry")
        await connection.close()
        self._database_url = postgres.database_url("registry")

    async def _start_registry(self, nats: Nats) -> None:
        self._run_registry(nats, "migrate")
        if self._processes["registry"].wait(READY_SECONDS) != 0:
            raise RuntimeError((self.folder / "registry.log").read_text()[-2000:])
        self._run_registry(nats)
        async with httpx.AsyncClient(trust_env=False) as client:
            await _until(lambda: _answers(client, f"http://127.0.0.1:{self._port}/health/ready?alone=true"))

    def _run_registry(self, nats: Nats, *arguments: str) -> None:
        environment = os.environ | {
            "DATABASE_URL": self._database_url,
            "NATS_URL": nats.url,
            "TEKAMOUL_INTERNAL_KEY_FILE": str(self._key),
            "TEKAMOUL_PORT": str(self._port),
        }
        with (self.folder / "registry.log").open("ab") as output:
            self._processes["registry"] = subprocess.Popen(
                [sys.executable, "-m", "services.registry", *arguments],
                env=environment,
                stdout=output,
                stderr=output,
                **child_options(None, ends_with_us=signal.SIGTERM),
            )

    def token(self) -> dict[str, str]:
        """What the gateway would send along: a caller's token lives a minute."""
        caller = Caller("taazour", PERMISSIONS, frozenset())
        return {"Authorization": f"Bearer {InternalKey(self._key).token(caller)}"}

    def client(self) -> httpx.AsyncClient:
        async def with_token(request: httpx.Request) -> None:
            request.headers.update(self.token())

        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self._port}",
            timeout=120,
            trust_env=False,
            event_hooks={"request": [with_token]},
        )

    def sample(self) -> None:
        """The memory of the service with its reader: resident, what both share counted twice."""
        service = psutil.Process(self._processes["registry"].pid)
        resident = 0
        for one in (service, *service.children(recursive=True)):
            try:
                resident += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue  # the reader has just ended
        self.peak_mib = max(self.peak_mib, resident / MIB)

    def cpu_seconds(self) -> dict[str, float]:
        used = {}
        for name, process in self._processes.items():
            group = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            times = [one.cpu_times() for one in group]
            used[name] = round(sum(t.user + t.system + t.children_user + t.children_system for t in times), 1)
        return used

    async def copy_again(self) -> float:
        """Seconds PostgreSQL's COPY takes for what the import left: the same rows, tables, keys and indexes, nothing else.

        A floor: no reading of csv, no check, no recognising of who is known, no event.
        """
        connection = await asyncpg.connect(self._database_url)
        seconds = 0.0
        try:
            for table in COPIED:
                file = self.folder / table
                await connection.copy_from_table(table, output=file, format="binary")
                await connection.execute(f"CREATE TABLE again_{table} (LIKE {table} INCLUDING ALL)")
                started = time.monotonic()
                await connection.copy_to_table(f"again_{table}", source=file, format="binary")
                seconds += time.monotonic() - started
                await connection.execute(f"DROP TABLE again_{table}")
                file.unlink()
        finally:
            await connection.close()
        return seconds

    async def database_bytes(self) -> int:
        connection = await asyncpg.connect(self._database_url)
        try:
            return int(await connection.fetchval("SELECT pg_database_size(current_database())"))
        finally:
            await connection.close()


async def _until(condition: Any) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if (await found) if asyncio.iscoroutine(found) else found:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("a server did not start")


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False
