"""The Observatory against a real PostgreSQL, a real NATS and a real service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nats.js import api

from gateway.dashboard.observation import Observation
from gateway.dashboard.observing import Observatory
from gateway.dashboard.verdict import attention
from running import Running, Services, until
from shared.contracts.registry import HouseholdsRegistered
from shared.ids import new_id
from shared.outbox import record


@dataclass(frozen=True)
class Watching:
    """What an observatory in the registry's process is told to watch."""

    name: str
    service_urls: dict[str, str]
    nats_monitor_url: str | None


@asynccontextmanager
async def observing(running: Running, watched: Watching) -> AsyncIterator[Observatory]:
    observatory = Observatory(watched)
    task = asyncio.create_task(observatory.run(running.platform))
    yield observatory
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def seen_when(observatory: Observatory, true: Callable[[Observation], bool], what: str) -> Observation:
    async def found() -> Observation | None:
        await observatory.wait(2.5)
        return observatory.latest if observatory.latest and true(observatory.latest) else None

    seen: Observation = await until(found, what=what, seconds=20)
    return seen


async def test_events_are_followed_from_the_outbox_to_a_queue_and_a_silent_process_is_named(
    services: Services,
) -> None:
    registry = await services.start("registry")
    urls = {name: services.urls[name] for name in ("registry", "matching")}
    async with observing(registry, Watching("registry", urls, services.servers.nats_monitor_url)) as observatory:
        first = await seen_when(observatory, lambda seen: True, "a first look")
        assert first.postgres.reachable and first.postgres.bytes and first.postgres.bytes > 1_000_000
        assert first.nats.reachable and first.nats.healthy
        assert [(one.name, one.ready) for one in first.processes] == [("registry", True), ("matching", False)]

        async with registry.platform.database.transaction() as tx:
            for households in (10, 20, 30):
                record(tx, HouseholdsRegistered(batch_id=new_id(), households=households, individuals=60))
        # The registry announces its places once by itself: four events in all.
        await seen_when(observatory, lambda seen: any(one.published == 4 for one in seen.publishing), "4 published")
        await registry.platform.bus.jetstream.add_consumer(
            "registry",
            api.ConsumerConfig(
                durable_name="matching",
                ack_policy=api.AckPolicy.EXPLICIT,
                filter_subjects=[HouseholdsRegistered.subject("registry")],
            ),
        )
        seen = await seen_when(
            observatory, lambda seen: any(one.published == 3 for one in seen.receiving), "matching's queue"
        )

    (into,) = seen.publishing
    assert (into.process, into.recorded, into.published, into.waiting, into.missing) == ("registry", 4, 4, 0, 0)
    # The registry has a queue of its own, of what matching proposes to it: nothing is in it.
    waiting = {one.process: one for one in seen.receiving}
    assert waiting.keys() == {"matching", "registry"}
    assert (waiting["registry"].streams, waiting["registry"].pending) == (("matching",), 0)
    out = waiting["matching"]
    assert (out.process, out.streams, out.pending, out.unacknowledged) == ("matching", ("registry",), 3, 0)
    assert (out.fresh, out.missing) == (False, 0), "matching never ran here: its own figures are unknown"
    assert ("silent", "matching") in [(one.code, one.part) for one in attention(seen)]


async def test_a_nats_that_does_not_answer_is_named(services: Services) -> None:
    registry = await services.start("registry")
    nobody = services.urls["programs-men"]  # a socket that listens and never answers
    watched = Watching("registry", {"registry": registry.url}, nobody)
    async with observing(registry, watched) as observatory:
        seen = await seen_when(observatory, lambda seen: True, "a look")

    assert [one.code for one in attention(seen)] == ["nats_away"]
    assert seen.nats_away_since == seen.at
