"""A private PostgreSQL and NATS for a test session, the same programs as the platform's."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from cli.data_folder import FREE_NEEDED, prepare_folder
from cli.ports import free_port
from cli.servers import Nats, Postgres, Program, prepare_nats, prepare_postgres
from cli.supervisor import child_options

READY_SECONDS = 30.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RunningServers:
    """Two servers of this test session only. `postgres_url` is the maintenance database, as superuser."""

    postgres_url: str
    nats_url: str
    nats_monitor_url: str
    postgres_process: subprocess.Popen[bytes]
    nats_process: subprocess.Popen[bytes]
    folder: Path

    def database_url(self, database: str) -> str:
        return f"{self.postgres_url.rsplit('/', 1)[0]}/{database}"

    def stop(self) -> None:
        """End both and remove their data."""
        _end(self.nats_process, signal.SIGTERM)
        _end(self.postgres_process, signal.SIGINT)
        remove_database(self.folder)
        shutil.rmtree(self.folder / "nats", ignore_errors=True)


def remove_database(folder: Path) -> None:
    """Remove the cluster of a data folder, also where it was placed outside of it."""
    link = folder / "postgres"
    if link.is_symlink():
        shutil.rmtree(link.resolve().parent, ignore_errors=True)
        link.unlink()
    shutil.rmtree(link, ignore_errors=True)


def start_servers(
    folder: Path, *, durable: bool = False, bin_folder: Path | None = None, free_needed: int = FREE_NEEDED
) -> RunningServers:
    """Start both in `folder` on free ports and wait until they are ready. Call it from the main thread.

    `durable=False` turns fsync off, which a test session can afford. The servers end with the test
    process, even when that is killed.
    """
    prepare_folder(folder, free_needed=free_needed)
    postgres = prepare_postgres(folder, port=free_port(), bin_folder=bin_folder, durable=durable)
    nats = prepare_nats(folder, port=free_port(), monitor_port=free_port(), durable=durable)
    postgres.clear_leftovers()
    postgres_process = _run(postgres.program, folder / "logs" / "postgres.log")
    nats_process = _run(nats.program, folder / "logs" / "nats.log")
    running = _describe(postgres, nats, postgres_process, nats_process, folder)
    try:
        _wait(postgres.is_ready, postgres_process, folder / "logs" / "postgres.log")
        _wait(lambda: _healthy(nats), nats_process, folder / "logs" / "nats.log")
    except BaseException:
        running.stop()
        raise
    return running


def make_connecting_quick(servers: RunningServers) -> None:
    """Half of what a connection costs whoever opens it, and each service of a test opens ten: these servers speak no TLS, and four
    thousand rounds of a hash make a password hard to guess that somebody chose; theirs is random."""

    async def change_password() -> None:
        connection = await asyncpg.connect(servers.postgres_url)
        url = urlsplit(servers.postgres_url)
        await connection.execute("SET scram_iterations = 1")
        await connection.execute(f"ALTER ROLE {url.username} PASSWORD '{url.password}'")
        await connection.close()

    os.environ["PGSSLMODE"] = "disable"
    with ThreadPoolExecutor(1) as thread:  # where a browser is open, a loop runs here
        thread.submit(asyncio.run, change_password()).result()


def _describe(
    postgres: Postgres,
    nats: Nats,
    postgres_process: subprocess.Popen[bytes],
    nats_process: subprocess.Popen[bytes],
    folder: Path,
) -> RunningServers:
    return RunningServers(
        postgres_url=postgres.url,
        nats_url=nats.url,
        nats_monitor_url=nats.monitor_url,
        postgres_process=postgres_process,
        nats_process=nats_process,
        folder=folder,
    )


def _run(program: Program, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            program.argv,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **child_options(program.account, ends_with_us=program.stop_signal),
        )


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.02)


def _healthy(nats: Nats) -> bool:
    try:
        with urllib.request.urlopen(f"{nats.monitor_url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is not None:
        return
    process.send_signal(number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
