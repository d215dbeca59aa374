"""Health of a process: is it alive, may it be given work, and how does it stand."""

import asyncio
import os
import time
from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from shared.clock import now
from shared.consuming import count_dead_letters
from shared.identity import open_to_all
from shared.platform import Platform
from shared.relay import outbox_figures

router = APIRouter(dependencies=[open_to_all], tags=["health"])

STARTED_AT = now()
PATIENCE_SECONDS = 1.5
"""A database may hang rather than refuse; whoever asks how we stand waits two seconds for the answer."""


class Alive(BaseModel):
    alive: bool = True


class Ready(BaseModel):
    """`waiting_for` names what is missing, in the operator's words."""

    ready: bool
    waiting_for: list[str] = []


class OutboxHealth(BaseModel):
    recorded: int
    waiting: int
    oldest_seconds: float


class ConsumerHealth(BaseModel):
    stream: str
    listening: bool
    handled: int
    pending: int
    unacknowledged: int
    last_at: datetime | None
    last_fault: str | None


class Status(BaseModel):
    """The state of one process, without a word on any partner or person."""

    process: str
    commit: str
    pid: int
    started_at: datetime
    uptime_seconds: float
    schema_revision: str | None
    database: bool
    database_ms: float | None
    database_full_since: datetime | None
    """Since when PostgreSQL finds no room on its disk; what must be written is refused until it does."""
    nats: bool
    relay_leader: bool
    relay_fault: str | None
    outbox: OutboxHealth | None
    consumers: list[ConsumerHealth]
    dead_letters: int | None
    work: dict[str, int]
    """What the service's own workers have before them, such as imports running."""
    failing_workers: dict[str, datetime]
    """Workers that keep failing by themselves, and since when."""
    to_decide: dict[str, int]
    """What waits for a person, such as reviews."""


@router.get("/health/live")
async def live() -> Alive:
    """The process runs and answers. Nothing else is asked of it."""
    return Alive()


@router.get("/health/ready")
async def ready(request: Request, response: Response) -> Ready:
    """The process may be given work: its database answers at the right schema, and NATS is connected."""
    platform: Platform = request.app.state.platform
    missing = await platform.missing()
    if missing:
        response.status_code = 503
    return Ready(ready=not missing, waiting_for=missing)


@router.get("/health/status")
async def status(request: Request) -> Status:
    """Commit, schema revision, outbox age, consumers and dead letters."""
    return await status_of(request.app.state.platform)


@router.get("/metrics", include_in_schema=False, response_class=Response)
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def status_of(platform: Platform) -> Status:
    """The status of the process this runs in. Says what it can where the database does not answer."""
    started, outbox, dead, milliseconds = time.perf_counter(), None, None, None
    work: dict[str, int] = {}
    to_decide: dict[str, int] = {}
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await platform.database.answers()
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            await platform.database.look_for_room()
            outbox = OutboxHealth(**asdict(await outbox_figures(platform.database)))
            dead = await count_dead_letters(platform.database)
            work = await platform.work_waiting()
            to_decide = await platform.to_decide(platform)
    except Exception:  # health must answer when nothing else does; `database: false` says what failed
        milliseconds = None
    return Status(
        process=platform.settings.name,
        commit=platform.settings.commit,
        pid=os.getpid(),
        started_at=STARTED_AT,
        uptime_seconds=round((now() - STARTED_AT).total_seconds(), 1),
        schema_revision=platform.schema_revision,
        database=milliseconds is not None,
        database_ms=milliseconds,
        database_full_since=platform.database.full_since,
        nats=platform.bus.connected,
        relay_leader=platform.relay.state.leader,
        relay_fault=platform.relay.state.last_fault,
        outbox=outbox,
        consumers=[ConsumerHealth(**asdict(one.state)) for one in platform.consuming],
        dead_letters=dead,
        work=work,
        failing_workers=platform.failing_workers(),
        to_decide=to_decide,
    )
