"""`registry-import`: a country's registry in from one csv over HTTP, until its last event is published."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks.copying import copied_again
from benchmarks.platform import MIB, OUTSIDE
from benchmarks.registry_file import write_registry
from benchmarks.sending import send_file
from benchmarks.service_alone import ServiceAlone
from shared.identity import Caller

DEFAULT_HOUSEHOLDS = 20_000
"""The country has 307,042: TEKAMOUL_BENCH_HOUSEHOLDS=300000."""
HOUSEHOLDS_VARIABLE = "TEKAMOUL_BENCH_HOUSEHOLDS"
CACHE = OUTSIDE / "tekamoul-bench-files"
END_SECONDS = 7_200.0
LOOK_SECONDS, SAMPLE_SECONDS = 0.2, 0.5
COPIED = ("households", "individuals", "memberships", "identifiers", "history", "outbox")
"""Tables with the rows of an import; the index of names is filled beside. COPY writes them again as the peer."""
SENDER = Caller("taazour", frozenset({"imports:write", "households:write", "households:read"}), frozenset())


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
    async with ServiceAlone("registry", SENDER) as registry, registry.client() as client:
        started = time.monotonic()
        import_id = await send_file(client, "households", file)
        sent = time.monotonic()
        state = await _ended(client, import_id, registry)
        imported = time.monotonic()
        await _published(client, registry)
        seconds = time.monotonic() - started
        people = int(state["accepted"])
        copied = sum([await copied_again(registry, table) for table in COPIED])
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
            "service_cpu_s": round(registry.cpu_seconds(), 1),
            "database_mib": round(await registry.database_bytes() / MIB),
        }


async def _ended(client: httpx.AsyncClient, import_id: str, registry: ServiceAlone) -> dict[str, Any]:
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        registry.sample()
        state: dict[str, Any] = (await client.get(f"/v1/imports/{import_id}")).json()
        if state["status"] not in ("received", "running"):
            if state["status"] != "completed":
                raise RuntimeError(f"the import ended as {state['status']}: {state.get('failure')}")
            return state
        await asyncio.sleep(SAMPLE_SECONDS)
    raise TimeoutError("the import did not end")


async def _published(client: httpx.AsyncClient, registry: ServiceAlone) -> None:
    while True:
        registry.sample()
        status = (await client.get("/health/status")).json()
        if status["outbox"]["waiting"] == 0:
            return
        await asyncio.sleep(LOOK_SECONDS)
