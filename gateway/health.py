"""How every process of the platform stands, asked of the processes themselves."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from gateway.breaker import Breaker
from shared.clock import now
from shared.health import Ready, Status, live, status_of
from shared.identity import open_to_all
from shared.platform import Platform

LOOK_SECONDS = 2.0
"""A process that takes longer to say that it is ready is not ready."""
ONLY_ITSELF = "?alone=true"
"""The gateway answers for all processes; asked so, for itself, which ends the circle where it asks itself."""

Alone = Annotated[bool, Query(description="Only the gateway itself, for whoever restarts or balances it.")]


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


async def look(client: httpx.AsyncClient, service_urls: Mapping[str, str]) -> list[ProcessState]:
    """Ask every process, all at once, at most LOOK_SECONDS; in the order of `service_urls`. Never raises."""
    return list(await asyncio.gather(*(_ask(client, name, url) for name, url in service_urls.items())))


async def _ask(client: httpx.AsyncClient, name: str, url: str) -> ProcessState:
    readiness, status = await asyncio.gather(
        _json(client, f"{url}/health/ready{ONLY_ITSELF}"), _json(client, f"{url}/health/status{ONLY_ITSELF}")
    )
    if readiness is None or "ready" not in readiness[0]:
        return ProcessState(name, False, ["answer"], None, None, now())
    said, milliseconds = readiness
    return ProcessState(
        name=name,
        ready=bool(said.get("ready")),
        waiting_for=[str(one) for one in said.get("waiting_for", [])],
        milliseconds=milliseconds,
        status=status[0] if status and "process" in status[0] else None,
        checked_at=now(),
    )


async def _json(client: httpx.AsyncClient, url: str) -> tuple[dict[str, Any], float] | None:
    """A JSON object and the milliseconds it took, whatever its HTTP status; None where none came."""
    started = time.perf_counter()
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            answer = await client.get(url)
        said = answer.json() if answer.status_code in (200, 503) else None
    except (httpx.HTTPError, TimeoutError, OSError, ValueError):
        return None
    return (said, round((time.perf_counter() - started) * 1000, 1)) if isinstance(said, dict) else None


router = APIRouter(dependencies=[open_to_all], tags=["health"])
router.add_api_route("/health/live", live)


class ProcessHealth(BaseModel):
    """How one process stands, in its own words; `circuit`: whether this gateway process forwards to it at the moment."""

    name: str
    ready: bool
    waiting_for: list[str]
    milliseconds: float | None
    status: dict[str, Any] | None
    circuit: Literal["closed", "open", "trying"] = "closed"


class PlatformStatus(Status):
    """The gateway's own state, and every other process's; not a word on any partner or person."""

    processes: list[ProcessHealth]


@router.get("/health/ready")
async def ready(request: Request, response: Response, alone: Alone = False) -> Ready:
    """Every process may be given work. 503 where one may not; `waiting_for` says which and for what."""
    platform: Platform = request.app.state.platform
    missing = await platform.missing()
    if not alone:
        states = await _others(request)
        missing += [f"{state.name}: {', '.join(state.waiting_for)}" for state in states if not state.ready]
    if missing:
        response.status_code = 503
    return Ready(ready=not missing, waiting_for=missing)


@router.get("/health/status")
async def status(request: Request, alone: Alone = False) -> PlatformStatus:
    """Commit, schema revision, outbox age, consumers and dead letters, of every process."""
    own = await status_of(request.app.state.platform)
    states = [] if alone else await _others(request)
    breakers: Mapping[str, Breaker] = request.app.state.breakers
    processes = [
        ProcessHealth(
            name=state.name,
            ready=state.ready,
            waiting_for=state.waiting_for,
            milliseconds=state.milliseconds,
            status=state.status,
            circuit=breakers[state.name].state,
        )
        for state in states
    ]
    return PlatformStatus(**own.model_dump(), processes=processes)


async def _others(request: Request) -> list[ProcessState]:
    settings = request.app.state.platform.settings
    urls = {name: url for name, url in settings.service_urls.items() if name != settings.name}
    return await look(request.app.state.http, urls)
