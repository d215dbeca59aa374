"""Health of a process: it answers also where its servers do not, and names what is missing."""

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from running import status_of, until
from shared.platform import Platform
from shared.service import create_service
from small_service import Small, serving


def app_of(small: Small, **options: Any) -> FastAPI:
    settings = small.settings_of(small.process, commit="abc123", **options.pop("settings", {}))
    return create_service(settings, title="Small", description="", routers=[], migrations=small.migrations, **options)


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a database that accepts connections and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        yield f"postgresql://u:p@{host}:{port}/none"


async def test_a_process_with_all_it_needs_is_ready(small: Small) -> None:
    async with serving(app_of(small)) as client:

        async def ready() -> bool:
            return (await client.get("/health/ready")).status_code == 200

        await until(ready, what="readiness", seconds=10)
        status = (await client.get("/health/status")).json()
        live = await client.get("/health/live")

    assert live.json() == {"alive": True}
    assert (status["process"], status["commit"], status["schema_revision"]) == (small.process, "abc123", "0001")
    assert (status["database"], status["nats"], status["dead_letters"]) == (True, True, 0)
    assert status["outbox"] == {"recorded": 0, "waiting": 0, "oldest_seconds": 0.0}
    assert status["database_ms"] > 0


async def test_without_its_database_a_process_lives_is_not_ready_and_says_why(small: Small) -> None:
    nowhere = {"DATABASE_URL": "postgresql://u:p@127.0.0.1:1/none"}
    async with serving(app_of(small, settings=nowhere)) as client:
        live, ready, status = [await client.get(f"/health/{one}") for one in ("live", "ready", "status")]

    assert live.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["waiting_for"][:2] == ["database", "migrations"]
    assert (status.status_code, status.json()["database"], status.json()["outbox"]) == (200, False, None)


async def test_a_database_that_hangs_does_not_make_health_hang(small: Small, hanging: str) -> None:
    async with serving(app_of(small, settings={"DATABASE_URL": hanging})) as client:
        started = time.monotonic()
        status = await client.get("/health/status")
        seconds = time.monotonic() - started
        ready = await client.get("/health/ready")

    assert status.json()["database"] is False
    assert seconds < 2, "the gateway gives a process two seconds"
    assert ready.json()["waiting_for"][0] == "database"


async def test_a_process_waits_for_its_schema_and_its_first_work(small: Small) -> None:
    await small.rows("SELECT 1")
    done = asyncio.Event()

    async def first(_: Platform) -> None:
        await done.wait()

    async with serving(app_of(small, first=first)) as client:

        async def waits_for() -> list[str]:
            waiting: list[str] = (await client.get("/health/ready")).json()["waiting_for"]
            return waiting

        async def only_the_first_work() -> bool:
            return await waits_for() == ["first load", "nats"]

        await until(only_the_first_work, what="the schema to be seen")
        done.set()

        async def ready() -> bool:
            return await waits_for() == []

        await until(ready, what="readiness")


async def test_health_counts_the_services_own_work(small: Small) -> None:
    async def waiting(_: Platform) -> dict[str, int]:
        return {"imports_waiting": 3}

    async with serving(app_of(small, waiting=waiting)) as client:
        assert (await status_of(client))["work"] == {"imports_waiting": 3}


async def test_a_process_that_never_met_nats_stops_cleanly_and_soon(small: Small) -> None:
    started = time.monotonic()
    async with serving(app_of(small, settings={"NATS_URL": "nats://127.0.0.1:1"})) as client:

        async def only_nats_missing() -> bool:
            return bool((await client.get("/health/ready")).json()["waiting_for"] == ["nats"])

        await until(only_nats_missing, what="all but NATS")

    assert time.monotonic() - started < 5


async def test_a_worker_that_keeps_failing_by_itself_is_told_and_one_whose_surroundings_fail_is_not(
    small: Small,
) -> None:
    async def faulty(_: Platform) -> None:
        raise KeyError("a slip of ours")

    async def cut_off(_: Platform) -> None:
        raise ConnectionResetError

    async with serving(app_of(small, workers=[faulty, cut_off])) as client:

        async def told() -> dict[str, str] | None:
            found: dict[str, str] = (await client.get("/health/status")).json()["failing_workers"]
            return found or None

        first = await until(told, what="the failing worker to be told", seconds=10)
        await asyncio.sleep(1.2)  # it has failed again by then

        assert list(first) == ["faulty"]
        assert await told() == first


async def test_a_worker_that_fails_is_started_again(small: Small) -> None:
    begun = []

    async def worker(_: Platform) -> None:
        begun.append(time.monotonic())
        if len(begun) == 1:
            raise ValueError("the first time")
        await asyncio.sleep(60)

    async with serving(app_of(small, workers=[worker])):
        await until(lambda: asyncio.sleep(0, len(begun) == 2), what="the second start")

    assert begun[1] - begun[0] > 0.9, "a worker that cannot work must not spin"
