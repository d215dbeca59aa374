"""Observations made by hand: a healthy platform, and the means to break one part of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.dashboard.observation import (
    NatsState,
    Observation,
    Point,
    PostgresState,
    ProcessMemory,
    Publishing,
    Receiving,
    StreamState,
)
from gateway.health import ProcessState

AT = datetime(2026, 3, 2, 2, 14, 30, tzinfo=UTC)
PROCESSES = (
    "gateway",
    "registry",
    "programs-taazour",
    "programs-csa",
    "programs-masef",
    "programs-men",
    "programs-partners",
    "matching",
)
MIB = 1 << 20


def ago(seconds: float, at: datetime = AT) -> datetime:
    return at - timedelta(seconds=seconds)


def status(process: str, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    """The JSON of a /health/status."""
    said = {
        "process": process,
        "commit": "4f2a91c0d3",
        "pid": 4100,
        "started_at": ago(7_380, at).isoformat(),
        "uptime_seconds": 7_380.0,
        "schema_revision": "0003",
        "database": True,
        "database_ms": 1.4,
        "nats": True,
        "relay_leader": True,
        "relay_fault": None,
        "outbox": {"recorded": 0, "waiting": 0, "oldest_seconds": 0.0},
        "consumers": [],
        "dead_letters": 0,
        "work": {},
    }
    return said | changes


def a_process(name: str, at: datetime = AT, **changes: Any) -> ProcessState:
    fine = ProcessState(name=name, ready=True, waiting_for=[], milliseconds=3.2, status=status(name, at), checked_at=at)
    return replace(fine, **changes)


def a_silent_process(name: str, at: datetime = AT) -> ProcessState:
    return a_process(name, at, ready=False, waiting_for=["answer"], milliseconds=None, status=None)


def a_publishing(process: str = "registry", **changes: Any) -> Publishing:
    fine = Publishing(process, recorded=120, published=120, waiting=0, oldest_seconds=0.0, per_second=0.0)
    return replace(fine, **changes)


def a_receiving(process: str = "matching", **changes: Any) -> Receiving:
    fine = Receiving(
        process=process,
        streams=("registry", "programs-csa"),
        published=480,
        handled=480,
        pending=0,
        unacknowledged=0,
        dead=0,
        last_at=ago(4),
        last_fault=None,
        idle_since=None,
        per_second=0.0,
    )
    return replace(fine, **changes)


def healthy(at: datetime = AT) -> Observation:
    """Every part answers, every number agrees, and events have been moving."""
    publishers = [name for name in PROCESSES if name != "gateway"]
    moving = [
        Point(ago(900 - 2 * step, at), published=step % 37 * 1.9, handled=step % 41 * 1.7, waiting=step % 60)
        for step in range(449)
    ]
    history = (*moving, Point(at, 0.0, 0.0, 0))
    return Observation(
        at=at,
        processes=tuple(a_process(name, at) for name in PROCESSES),
        nats=NatsState(
            reachable=True,
            healthy=True,
            milliseconds=2.1,
            started_at=ago(7_390, at),
            connections=8,
            store_bytes=14 * MIB,
            store_limit=1024 * MIB,
            streams=tuple(StreamState(name, 1, 120, MIB) for name in publishers),
        ),
        postgres=PostgresState(reachable=True, milliseconds=1.1, bytes=212 * MIB),
        memory={name: ProcessMemory() for name in PROCESSES},
        publishing=tuple(
            a_publishing(name, recorded=120 + 311 * index, published=120 + 311 * index)
            for index, name in enumerate(publishers)
        ),
        receiving=tuple(
            a_receiving(name, published=480 + 77 * index, handled=480 + 77 * index, last_at=ago(4 + index, at))
            for index, name in enumerate([*publishers, "gateway"])
        ),
        history=history,
    )


def with_process(seen: Observation, process: ProcessState, memory: ProcessMemory | None = None) -> Observation:
    """The same, with one process as given and what is remembered of it."""
    return replace(
        seen,
        processes=tuple(process if one.name == process.name else one for one in seen.processes),
        memory={**seen.memory, process.name: memory or ProcessMemory()},
    )


def with_flow(seen: Observation, flow: Publishing | Receiving) -> Observation:
    """The same, with the flow of one process as given."""
    if isinstance(flow, Publishing):
        others = tuple(flow if one.process == flow.process else one for one in seen.publishing)
        return replace(seen, publishing=others)
    receiving = tuple(flow if one.process == flow.process else one for one in seen.receiving)
    return replace(seen, receiving=receiving)


def a_bad_night(at: datetime = AT) -> Observation:
    """Several faults at once: matching killed, dead letters, a stuck consumer, an old outbox, a restart."""
    seen = healthy(at)
    seen = with_process(seen, a_silent_process("matching", at), ProcessMemory(silent_since=ago(74, at)))
    seen = with_process(seen, a_process("registry", at), ProcessMemory(restarted_at=ago(95, at)))
    waiting = a_process("programs-men", at, ready=False, waiting_for=["migrations"])
    seen = with_process(seen, waiting, ProcessMemory(unready_since=ago(140, at)))
    seen = with_flow(seen, a_receiving("matching", handled=396, pending=84, fresh=False, idle_since=ago(74, at)))
    stuck = a_receiving(
        "programs-csa",
        handled=455,
        pending=17,
        unacknowledged=8,
        idle_since=ago(48, at),
        last_fault="OwnerUnavailable",
        last_at=ago(49, at),
    )
    seen = with_flow(seen, stuck)
    seen = with_flow(seen, a_receiving("programs-taazour", handled=477, dead=3))
    old = a_publishing("programs-masef", recorded=900, published=853, waiting=47, oldest_seconds=38.0)
    return with_flow(seen, old)
