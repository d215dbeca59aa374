"""What NATS says of itself on its monitoring port, and of the subjects in its streams."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
from nats.errors import Error as NatsError

from gateway.dashboard.observation import NatsState, QueueState, StreamState
from shared.bus import Bus

NATS_SECONDS = 1.0
"""A monitoring port on the same machine that takes longer is not answering."""
LONGEST_FAULT = 200

Counts = Mapping[str, Mapping[str, int]]
"""Events per subject, per stream."""


async def ask_nats(client: httpx.AsyncClient, url: str | None, counts: Counts) -> NatsState:
    """One look; never raises. `counts` says how many events each subject has, where that is known."""
    if not url:
        return NatsState(reachable=False, fault="no monitoring address")
    started = time.perf_counter()
    try:
        async with asyncio.timeout(NATS_SECONDS):
            health, varz, jsz = await asyncio.gather(
                _json(client, f"{url}/healthz"),
                _json(client, f"{url}/varz"),
                _json(client, f"{url}/jsz?streams=true&consumers=true&config=true"),
            )
    except (httpx.HTTPError, TimeoutError, OSError, ValueError) as fault:
        return NatsState(reachable=False, fault=type(fault).__name__)
    return read_nats(health, varz, jsz, counts, round((time.perf_counter() - started) * 1000, 1))


async def _json(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    said = (await client.get(url)).json()  # /healthz answers 503 and still says why
    if not isinstance(said, dict):
        raise ValueError("not an object")
    return said


def read_nats(
    health: Mapping[str, Any],
    varz: Mapping[str, Any],
    jsz: Mapping[str, Any],
    counts: Counts,
    milliseconds: float,
) -> NatsState:
    """The three JSON answers of NATS's monitoring as one state."""
    details = [stream for account in jsz.get("account_details") or [] for stream in account.get("stream_detail") or []]
    healthy = health.get("status") == "ok"
    limit = int((jsz.get("config") or {}).get("max_storage") or 0)
    return NatsState(
        reachable=True,
        healthy=healthy,
        fault=None if healthy else str(health.get("error") or health.get("status") or "")[:LONGEST_FAULT],
        milliseconds=milliseconds,
        started_at=_moment(varz.get("start")),
        connections=int(varz.get("connections") or 0),
        store_bytes=int(jsz.get("storage") or 0),
        store_limit=limit if limit > 0 else None,
        streams=tuple(_stream(one) for one in details),
        queues=tuple(
            _queue(one["name"], queue, counts.get(one["name"]))
            for one in details
            for queue in one.get("consumer_detail") or []
        ),
    )


def _stream(detail: Mapping[str, Any]) -> StreamState:
    state = detail.get("state") or {}
    return StreamState(
        name=str(detail["name"]),
        first_sequence=int(state.get("first_seq") or 0),
        last_sequence=int(state.get("last_seq") or 0),
        bytes=int(state.get("bytes") or 0),
    )


def _queue(stream: str, detail: Mapping[str, Any], counts: Mapping[str, int] | None) -> QueueState:
    config = detail.get("config") or {}
    wanted = config.get("filter_subjects") or ([config["filter_subject"]] if config.get("filter_subject") else [])
    published = None
    if counts is not None:
        published = sum(count for subject, count in counts.items() if not wanted or subject in wanted)
    return QueueState(
        stream=stream,
        consumer=str(detail["name"]),
        pending=int(detail.get("num_pending") or 0),
        unacknowledged=int(detail.get("num_ack_pending") or 0),
        published=published,
    )


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


async def subjects_of(bus: Bus, streams: tuple[StreamState, ...]) -> Counts:
    """Events per subject of each stream; a stream that NATS does not tell of now is left out."""
    if not bus.connected:
        return {}
    told = await asyncio.gather(*(_subjects(bus, one.name) for one in streams))
    return {one.name: counts for one, counts in zip(streams, told, strict=True) if counts is not None}


async def _subjects(bus: Bus, stream: str) -> dict[str, int] | None:
    try:
        async with asyncio.timeout(NATS_SECONDS):
            info = await bus.jetstream.stream_info(stream, subjects_filter=">")
    except (NatsError, TimeoutError, OSError):
        return None
    return dict(info.state.subjects or {})
