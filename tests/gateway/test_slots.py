"""Slots for requests under way, which several gateway processes share: each is taken once, and nobody's are lost with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from gateway import slots
from gateway.slots import Slots
from running import drop_later, fresh_database, until
from servers import RunningServers

SESSIONS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'gateway slots' AND datname = current_database()"


@dataclass
class Sharing:
    """Processes that share the slots of one database."""

    connection: asyncpg.Connection[Any]
    url: str
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> Slots:
        made, before = Slots(), await self.sessions()
        platform: Any = SimpleNamespace(settings=SimpleNamespace(database_url=self.url))
        self.tasks.append(asyncio.create_task(made.run(platform)))
        await until(lambda: self._listens(made), what="a session of its own")
        assert len(await self.sessions()) == len(before) + 1
        return made

    async def _listens(self, made: Slots) -> bool:
        return made.shared

    async def sessions(self) -> list[int]:
        return [row["pid"] for row in await self.connection.fetch(SESSIONS)]

    async def end_every_session(self) -> None:
        for pid in await self.sessions():
            await self.connection.execute("SELECT pg_terminate_backend($1, 5000)", pid)


@pytest.fixture
async def sharing(servers: RunningServers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sharing]:
    """None of them takes a busy machine for a database that is away."""
    monkeypatch.setattr(slots, "ANSWER_SECONDS", 30.0)
    url = await fresh_database(servers, "gateway")
    made = Sharing(await asyncpg.connect(url), url)
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)
    await made.connection.close()
    drop_later(servers, [url])


async def entered(one: Slots, times: int, most: int, partner: str = "alpha") -> int:
    """How many of so many requests at once were let in."""
    return sum(await asyncio.gather(*(one.enter(partner, most) for _ in range(times))))


async def test_processes_let_in_together_what_one_would(sharing: Sharing) -> None:
    processes = [await sharing.start() for _ in range(3)]

    let_in = await asyncio.gather(*(entered(one, 40, 25) for one in processes))

    assert sum(let_in) == 25
    assert await entered(processes[0], 40, 25, "beta") == 25, "another partner's are its own"


async def test_never_more_than_agreed_are_under_way_whoever_comes_and_goes(sharing: Sharing) -> None:
    processes, most = [await sharing.start() for _ in range(2)], 5
    under_way, seen, let_in = 0, 0, [0, 0]

    async def lane(place: int) -> None:
        nonlocal under_way, seen
        for _ in range(60):
            if await processes[place].enter("alpha", most):
                under_way += 1
                seen, let_in[place] = max(seen, under_way), let_in[place] + 1
                await asyncio.sleep(0.002)
                under_way -= 1
                processes[place].leave("alpha")
            else:
                await asyncio.sleep(0.002)

    await asyncio.gather(*(lane(number % 2) for number in range(12)))

    assert seen == most
    assert min(let_in) > 0, let_in


async def test_what_a_process_does_not_need_is_anothers_at_once(sharing: Sharing) -> None:
    resting, busy = await sharing.start(), await sharing.start()
    assert await entered(resting, 10, 10) == 10
    for _ in range(8):
        resting.leave("alpha")

    assert await entered(busy, 10, 10) == 8
    assert not await resting.enter("alpha", 10)


async def test_a_partner_with_one_may_go_from_process_to_process(sharing: Sharing) -> None:
    processes = [await sharing.start() for _ in range(2)]
    for number in range(20):
        assert await processes[number % 2].enter("alpha", 1), number
        processes[number % 2].leave("alpha")


async def test_who_is_refused_does_not_make_others_wait(sharing: Sharing) -> None:
    full, other = await sharing.start(), await sharing.start()
    assert await entered(full, 3, 3) == 3
    begun = time.monotonic()

    assert await entered(other, 100, 3) == 0

    assert time.monotonic() - begun < 100 * slots.LOOKS * slots.LOOK_SECONDS / 4


async def test_the_slots_of_a_process_that_died_are_free_and_one_that_lost_its_session_counts_what_it_has(
    sharing: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "RETRY_SECONDS", 0.3)
    dying, living = await sharing.start(), await sharing.start()
    assert await entered(dying, 6, 6) == 6
    assert not await living.enter("alpha", 6)
    dying_task = sharing.tasks.pop(0)
    dying_task.cancel()
    await asyncio.gather(dying_task, return_exceptions=True)

    async def all_free() -> bool:
        await asyncio.sleep(slots.FULL_SECONDS)
        return await living.enter("alpha", 6)

    await until(all_free, what="the slots of the one that died")
    assert await entered(living, 3, 6) == 3

    await sharing.end_every_session()
    await until(lambda: _not(living), what="the session's end to be noticed", every=0.01)
    assert await living.enter("alpha", 6)  # by itself; five are under way
    third = await sharing.start()
    await until(lambda: sharing._listens(living), what="a new session")
    assert await living.enter("alpha", 6)
    assert await entered(third, 6, 6) == 0, "the five from before are counted again"
    living.leave("alpha")
    await asyncio.sleep(slots.FULL_SECONDS)
    assert await entered(third, 6, 6) == 1


async def _not(one: Slots) -> bool:
    return not one.shared


async def test_without_a_database_a_process_counts_by_itself() -> None:
    alone = Slots()

    assert await entered(alone, 12, 10) == 10
    alone.leave("alpha")
    assert await entered(alone, 2, 10) == 1


async def test_a_process_that_is_stopped_while_it_begins_to_listen_leaves_no_session(
    sharing: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def never_answered(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncpg.Connection, "add_listener", never_answered)
    platform: Any = SimpleNamespace(settings=SimpleNamespace(database_url=sharing.url))
    task = asyncio.create_task(Slots().run(platform))
    await begun.wait()
    assert len(await sharing.sessions()) == 1

    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    async def none_left() -> bool:
        return await sharing.sessions() == []

    await until(none_left, what="the session to end")
