"""Our own processes: names, commands and environment, and how their databases are brought up to date."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cli.ports import LOOPBACK
from cli.refusals import StartRefused
from cli.supervisor import child_options, log_tail, open_log

PROJECT: Final = Path(__file__).resolve().parent.parent  # where `python -m services.registry` finds itself
MIGRATION_SECONDS: Final = 300
ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Service:
    """One of our own processes; `command` starts it."""

    name: str
    command: tuple[str, ...]
    port_offset: int  # from the gateway's port
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def database(self) -> str:
        return self.name.replace("-", "_")


def _service(name: str, package: str, port_offset: int, **env: str) -> Service:
    return Service(name, (sys.executable, "-m", package), port_offset, env)


def programs_service(institution: str, port_offset: int, **env: str) -> Service:
    """The process of one institution's programs."""
    return _service(
        f"programs-{institution}", "services.programs", port_offset, TEKAMOUL_INSTITUTION=institution, **env
    )


INSTITUTIONS: Final = ("taazour", "csa", "masef", "men", "partners")
GATEWAY: Final = "gateway"
SERVICES: Final[tuple[Service, ...]] = (
    _service("registry", "services.registry", 1),
    *(programs_service(institution, 2 + place) for place, institution in enumerate(INSTITUTIONS)),
    _service("matching", "services.matching", 7),
    _service(GATEWAY, "gateway", 0),
)


MIGRATE: Final = (sys.executable, "-m", "cli.main", "migrate")


def base_env(language: str) -> dict[str, str]:
    """What every process gets, and nothing else of our own environment."""
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TEKAMOUL_LANG": language,
        "PYTHONUNBUFFERED": "1",
    }
    return env | ({"HOME": os.environ["HOME"]} if "HOME" in os.environ else {})


async def migrate(
    services: Sequence[Service],
    environments: Mapping[str, Mapping[str, str]],
    *,
    logs: Path,
    language: str,
    command: Sequence[str] = MIGRATE,
) -> None:
    """Bring every database up to date, in one process: starting eight takes longer than their work.

    Raises StartRefused where one cannot be.
    """
    urls = {f"DATABASE_URL_{one.database.upper()}": environments[one.name]["DATABASE_URL"] for one in services}
    log_file = logs / "migrate.log"
    with open_log(log_file) as log:
        before = log.tell()
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=PROJECT,
            env=base_env(language) | urls,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **child_options(None, ends_with_us=signal.SIGKILL),
        )
    try:
        code: int | None = await asyncio.wait_for(process.wait(), MIGRATION_SECONDS)
    except TimeoutError:
        code = None
    finally:
        # Also when we are asked to stop: a migration is one transaction, the next start repeats it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if code != 0:
        line = log_tail(log_file, before) or ("time-out" if code is None else f"exit {code}")
        raise StartRefused("migration_failed", line=line, log=log_file)


async def together(*tasks: asyncio.Future[Any]) -> None:
    """Wait for all; at the first failure cancel the others, wait for their end, and raise it."""
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def answers_ok(port: int, path: str) -> bool:
    """Whether GET answers 200. A plain socket: importing an HTTP client would take longer than the rest."""
    async with asyncio.timeout(ANSWER_SECONDS):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode())
            return (await reader.readline()).split(b" ")[1:2] == [b"200"]
        finally:
            writer.close()


def commit() -> str:
    """The commit of the code that runs, for the status page."""
    given = os.environ.get("TEKAMOUL_COMMIT")
    if given:
        return given
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"
