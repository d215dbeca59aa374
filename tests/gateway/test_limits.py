"""Quotas that several gateway processes share: no partner gets more by going to another of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.errors import TooManyAtOnce, TooManyRequests
from gateway.limits import Quotas
from gateway.partners.file import Limits, Names, Partner
from gateway.slots import Slots
from running import fresh_database
from servers import RunningServers
from shared.database import Database
from shared.settings import ServiceSettings

NAMES = Names(ar="أ", fr="a", en="a")
NEVER = 0.0001
"""Tokens a second: none comes back within a test."""


def a_partner(burst: int, rate: float = NEVER, concurrent: int = 1000, id: str = "alpha") -> Partner:
    limits = Limits(requests_per_second=rate, burst=burst, concurrent=concurrent)
    return Partner(id=id, names=NAMES, permissions=("places:read",), limits=limits)


@pytest.fixture
async def database(servers: RunningServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """One that is never taken for away because the machine is busy."""
    monkeypatch.setattr("gateway.limits.LEASE_SECONDS", 30.0)
    settings = ServiceSettings(
        DATABASE_URL=await fresh_database(servers, "gateway"),
        NATS_URL=servers.nats_url,
        internal_key_file=tmp_path / "none",
    )
    opened = Database(settings)
    yield opened
    await opened.close()


async def passes(quotas: Quotas, partner: Partner) -> bool:
    try:
        async with quotas.spend(partner):
            return True
    except TooManyRequests:
        return False


async def test_two_processes_give_together_what_one_would(database: Database) -> None:
    processes, partner = (Quotas(database, Slots()), Quotas(database, Slots())), a_partner(burst=100)

    passed = await asyncio.gather(*(passes(processes[place % 2], partner) for place in range(150)))

    assert sum(passed) == 100


async def test_a_process_that_rests_holds_back_one_portion_at_the_most(database: Database) -> None:
    resting, busy, partner = Quotas(database, Slots()), Quotas(database, Slots()), a_partner(burst=100)
    assert await passes(resting, partner)

    assert sum([await passes(busy, partner) for _ in range(120)]) == 95  # a portion is 5, the resting one has 4 left
    assert sum([await passes(resting, partner) for _ in range(10)]) == 4


async def test_what_is_told_counts_down_and_stays_within_a_portion_of_the_truth(database: Database) -> None:
    one, other, partner = Quotas(database, Slots()), Quotas(database, Slots()), a_partner(burst=40, rate=NEVER)
    told = []
    for _ in range(3):
        async with one.spend(partner) as headers:
            told.append(headers["RateLimit"])
    async with other.spend(partner) as headers:
        told.append(headers["RateLimit"])

    # Portions are of 2; the second process knows what the bucket held when it took its own.
    assert [one.partition(";t=")[0] for one in told] == [f'"partner";r={left}' for left in (39, 38, 37, 35)]
    assert headers["RateLimit-Policy"] == '"partner";q=40;w=400000'


async def test_tokens_come_back_with_time_and_never_above_the_burst(database: Database) -> None:
    partner = a_partner(burst=5, rate=10)
    assert sum([await passes(Quotas(database, Slots()), partner) for _ in range(5)]) == 5
    await asyncio.sleep(0.25)
    assert await passes(Quotas(database, Slots()), partner)
    async with database.transaction() as tx:  # an hour later
        await tx.execute(text("UPDATE quotas SET refilled_at = refilled_at - interval '1 hour'"))
    assert sum([await passes(Quotas(database, Slots()), a_partner(burst=5, rate=0.01)) for _ in range(9)]) == 5


async def test_one_partners_use_leaves_anothers_bucket_full(database: Database) -> None:
    quotas, greedy, other = Quotas(database, Slots()), a_partner(burst=3), a_partner(burst=3, id="beta")

    assert [await passes(quotas, greedy) for _ in range(5)] == [True, True, True, False, False]
    assert [await passes(quotas, other) for _ in range(4)] == [True, True, True, False]


async def test_a_refused_partner_asks_the_database_no_more(database: Database) -> None:
    quotas, partner = Quotas(database, Slots()), a_partner(burst=1)
    assert await passes(quotas, partner)
    assert not await passes(quotas, partner)
    async with database.transaction() as tx:
        await tx.execute(text("DROP TABLE quotas"))

    with pytest.raises(TooManyRequests) as refusal:
        async with quotas.spend(partner):
            pass
    assert int(refusal.value.headers["Retry-After"]) == 10_000


async def test_where_the_database_is_away_each_process_counts_by_itself(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("DROP TABLE quotas"))
    quotas, partner = Quotas(database, Slots()), a_partner(burst=10)

    assert sum([await passes(quotas, partner) for _ in range(15)]) == 10


async def test_a_request_refused_for_being_one_too_many_at_once_costs_no_token(database: Database) -> None:
    quotas, partner = Quotas(database, Slots()), a_partner(burst=2, concurrent=1)

    async with quotas.spend(partner):
        with pytest.raises(TooManyAtOnce):
            async with quotas.spend(partner):
                pass
    assert await passes(quotas, partner)
    assert not await passes(quotas, partner)
