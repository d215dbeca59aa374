"""How every process of the platform stands, asked of the processes themselves."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from shared.clock import now

LOOK_SECONDS = 2.0
"""A process that takes longer to say that it is ready is not ready."""


@dataclass(frozen=True, slots=True)
class ProcessState:
    """What one process said of itself. `status` is the JSON of its /health/status; None where it did not answer."""

    name: str
    ready: bool
    waiting_for: list[str]
    milliseconds: float | None
    """Time to answer /health/ready; None where it did not answer."""
    status: dict[str, Any] | None
    checked_at: datetime


async def look(session: aiohttp.ClientSession, service_urls: Mapping[str, str]) -> list[ProcessState]:
    """Ask every process, all at once, at most LOOK_SECONDS; in the order of `service_urls`. Never raises."""
    return list(await asyncio.gather(*(_ask(session, name, url) for name, url in service_urls.items())))


async def _ask(session: aiohttp.ClientSession, name: str, url: str) -> ProcessState:
    ready, status = await asyncio.gather(_json(session, f"{url}/health/ready"), _json(session, f"{url}/health/status"))
    if ready is None:
        return ProcessState(name, False, ["answer"], None, None, now())
    said, milliseconds = ready
    return ProcessState(
        name=name,
        ready=bool(said.get("ready")),
        waiting_for=[str(one) for one in said.get("waiting_for", [])],
        milliseconds=milliseconds,
        status=status[0] if status else None,
        checked_at=now(),
    )


async def _json(session: aiohttp.ClientSession, url: str) -> tuple[dict[str, Any], float] | None:
    """A JSON object and the milliseconds it took, whatever its HTTP status; None where none came."""
    started = time.perf_counter()
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=LOOK_SECONDS)) as answer:
            said = await answer.json()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None
    return (said, round((time.perf_counter() - started) * 1000, 1)) if isinstance(said, dict) else None
