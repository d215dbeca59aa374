"""A stop in the middle of connecting leaves nothing behind: no socket, no session, no exception nobody hears."""

import asyncio
import gc
import time
import warnings
from random import Random
from typing import Any

import httpx
import pytest

from servers import RunningServers
from shared.bus import Bus
from shared.connecting import CONNECTION_FAULTS, attempts_ended, connect

ATTEMPTS = 200
LONGEST_SECONDS = 0.004
"""About as long as connecting takes, so that every moment of it is met."""


async def test_connecting_cut_short_at_any_moment_leaves_nothing_behind(servers: RunningServers) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    moments = Random(1)
    name = {"application_name": "cut short"}

    for _ in range(ATTEMPTS):
        attempt = asyncio.create_task(connect(servers.postgres_url, server_settings=name))
        await asyncio.sleep(moments.random() * LONGEST_SECONDS)
        attempt.cancel()
        [outcome] = await asyncio.gather(attempt, return_exceptions=True)
        if not isinstance(outcome, BaseException):
            await outcome.close()
    await attempts_ended(5)
    await asyncio.sleep(0.2)
    gc.collect()

    watching = await connect(servers.postgres_url)
    left = await watching.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cut short'")
    await watching.close()
    assert complaints == []
    assert left == 0


@pytest.mark.parametrize("rounds", range(5))
async def test_a_statement_on_a_connection_that_was_ended_fails_as_told(servers: RunningServers, rounds: int) -> None:
    ended, watching = await connect(servers.postgres_url), await connect(servers.postgres_url)
    await watching.execute("SELECT pg_terminate_backend($1)", ended.get_server_pid())
    time.sleep(0.2)  # the last word is there, and nobody has read it
    for _ in range(rounds):
        await asyncio.sleep(0)

    with pytest.raises(CONNECTION_FAULTS):
        await ended.execute("SELECT 1")

    ended.terminate()
    await watching.close()


async def test_a_bus_stopped_while_it_connects_leaves_nothing_behind(servers: RunningServers) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    moments = Random(1)

    with warnings.catch_warnings(record=True) as unclosed:
        warnings.simplefilter("always")
        for _ in range(ATTEMPTS):
            bus = Bus(servers.nats_url, "cut short")
            attempt = asyncio.create_task(bus.connect())
            await asyncio.sleep(moments.random() * LONGEST_SECONDS)
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)
            await bus.close()
        gc.collect()

    async with httpx.AsyncClient(trust_env=False) as client:
        open_now = (await client.get(f"{servers.nats_monitor_url}/connz")).json()["connections"]
    assert [one["name"] for one in open_now if one.get("name") == "cut short"] == []
    assert [str(one.message) for one in unclosed] == []
    assert complaints == []
