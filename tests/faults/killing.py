"""Killing the platform's processes, and measuring how long it takes until all is in service again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from whole_platform import WholePlatform

BACK_SECONDS = 10.0  # V11
BESIDE_OTHERS_SECONDS = 30.0
"""Where other tests take the processors meanwhile, a start takes as long as they leave it; V11 is measured alone (`make faults`)."""
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 90.0


@dataclass
class Kill:
    """One kill -9: when (seconds since the work began, and during what), and after how long all was in service again."""

    process: str
    during: str
    at: float
    back_after: float


@dataclass
class Faults:
    """The kills of one test and what they cost."""

    test: str
    kills: list[Kill] = field(default_factory=list)
    lost: int | None = None  # None: the test ended before they were counted
    doubled: int | None = None

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    def table(self) -> Iterator[str]:
        yield f"{'process':<18} {'killed at':>10} {'during':<20} {'back after':>11}"
        for one in self.kills:
            yield f"{one.process:<18} {one.at:>8.1f} s {one.during:<20} {one.back_after:>9.2f} s"
        counted = "not counted" if self.lost is None else f"{self.lost} lost, {self.doubled} doubled"
        yield f"{len(self.kills)} kills: {counted}"


async def kill(platform: WholePlatform, process: str, during: str, began: float, *, alone: bool = False) -> Kill:
    """kill -9, then wait until a new one runs and every process is ready, without anybody's help.

    `alone` waits for the killed service only: another is kept from answering.
    """
    before = platform.ready["pids"][process]
    killed_at = time.monotonic()
    os.kill(before, signal.SIGKILL)
    await back(platform, process, before, platform.ready["services"][process] if alone else platform.gateway_url)
    return Kill(process, during, round(killed_at - began, 2), round(time.monotonic() - killed_at, 2))


async def back(platform: WholePlatform, process: str, before: int, url: str) -> None:
    """Return when another process than `before` runs and `url` says that it is ready."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with httpx.AsyncClient(timeout=BACK_SECONDS, trust_env=False) as client:
        while True:
            if platform.ready["pids"].get(process, before) != before and await _ready(client, url):
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{process} is not back after {PATIENCE_SECONDS:g} s:\n{platform.output[-3000:]}")
            await asyncio.sleep(LOOK_SECONDS)


async def _ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        answer = await client.get(f"{url}/health/ready")
    except httpx.TransportError:
        return False
    said: dict[str, Any] = answer.json()
    return answer.status_code == 200 and said["ready"] is True


@contextmanager
def held(pid: int) -> Iterator[None]:
    """Stop a process for a moment, so that what happens meanwhile happens without it."""
    process = psutil.Process(pid)
    process.suspend()
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def lose_the_nats_store(platform: WholePlatform) -> None:
    """kill -9 NATS and delete everything it keeps, before it is started again."""
    with held(platform.ready["pids"]["supervisor"]):
        nats = psutil.Process(platform.ready["pids"]["nats"])
        nats.kill()
        deadline = time.monotonic() + BACK_SECONDS
        while nats.is_running() and nats.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                raise AssertionError("NATS does not die")
            time.sleep(LOOK_SECONDS)
        store = platform.data_dir / "nats" / "jetstream"
        assert store.is_dir()
        shutil.rmtree(store)
