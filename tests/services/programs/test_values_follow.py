"""What enrollments are worth in a month follows the program: when it publishes another value, and when one comes into force."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from benefits_cases import enrolled, household
from sqlalchemy import select, text

from running import Running, until
from services.programs.commands.revaluing import revalue
from shared.clock import now
from shared.outbox import OutboxRow

Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
Csv = Callable[..., bytes]
PATH = "/v1/programs/TEKAVOUL"
TODAY = now().date()


@pytest.fixture
async def taazour(start: Start) -> Running:
    return await start("taazour")


@pytest.fixture
async def client(taazour: Running, send: Send, csv_file: Csv) -> AsyncIterator[httpx.AsyncClient]:
    """Tekavoul with five households: the third left, and the last two are listed with a payment, the program's and another."""
    async with taazour.client("taazour", programs=frozenset({"TEKAVOUL"})) as made:
        await send(made, "TEKAVOUL", csv_file(*enrolled(1, 2, 3)))
        paid = [
            ["N° Ménage", "Nom", "Montant"],
            [household(4), "Mint Ahmed 4", 3600],
            [household(5), "Mint Ahmed 5", 3000],
        ]
        await send(made, "TEKAVOUL", csv_file(*paid))
        third = (await made.get("/v1/enrollments")).json()["items"][2]
        left = await made.post(
            f"/v1/enrollments/{third['id']}/exit", json={"reason": "moved"}, headers={"If-Match": '"1"'}
        )
        assert left.status_code == 200
        yield made


async def worth(client: httpx.AsyncClient) -> list[tuple[str, int]]:
    items = (await client.get("/v1/enrollments")).json()["items"]
    return [(one["monthly_value_mru"], one["version"]) for one in items]


async def publish(client: httpx.AsyncClient, amount: str, from_on: str) -> None:
    version = (await client.get(PATH)).json()["version"]
    terms = (await client.get(f"{PATH}/versions/{version}")).json()["document"]
    value = {"from": from_on, "amount_mru": amount, "per": "household", "months_per_payment": 3}
    better = terms | {"values": [*terms["values"], value | {"confidence": "found", "note": "decided"}]}
    answer = await client.put(PATH, json=better, headers={"If-Match": f'"{version}"'})
    assert answer.status_code == 200, answer.text


async def announced(running: Running) -> list[dict[str, Any]]:
    async with running.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [row.data for row in rows if row.type == "programs.values.changed.v1"]


async def becomes(client: httpx.AsyncClient, expected: list[tuple[str, int]]) -> None:
    async def same() -> bool:
        return await worth(client) == expected

    await until(same, what=f"the enrollments to be worth {expected}")


async def test_a_value_published_later_reaches_who_is_enrolled_already(
    taazour: Running, client: httpx.AsyncClient
) -> None:
    # 3,600 a quarter is 1,200 a month; the listed payment of 3,000 is 1,000 a month.
    assert await worth(client) == [("1200.00", 1), ("1200.00", 1), ("1200.00", 2), ("1200.00", 1), ("1000.00", 1)]

    await publish(client, "4200.00", TODAY.isoformat())

    # 4,200 a quarter is 1,400 a month. Who left keeps what it was worth; a listed payment counts before the program's,
    # unless it is just what the program gave when the list came.
    await becomes(client, [("1400.00", 1), ("1400.00", 1), ("1200.00", 2), ("1400.00", 1), ("1000.00", 1)])
    [event] = await announced(taazour)
    ids = [one["id"] for one in (await client.get("/v1/enrollments")).json()["items"]]
    assert (event["program"], event["changed"], event["first_id"], event["last_id"]) == ("TEKAVOUL", 3, ids[0], ids[3])
    asked = {"program": "TEKAVOUL", "first": ids[0], "last": ids[4], "limit": 2}
    async with taazour.client("matching", frozenset({"internal"})) as matching:
        first = (await matching.get("/internal/monthly-values", params=asked)).json()
        rest = (await matching.get("/internal/monthly-values", params=asked | {"cursor": first["next_cursor"]})).json()
    pulled = [(one["enrollment_id"], one["monthly_value_mru"]) for one in first["items"] + rest["items"]]
    assert pulled == [(ids[0], "1400.00"), (ids[1], "1400.00"), (ids[3], "1400.00"), (ids[4], "1000.00")]


async def test_a_value_of_a_later_day_counts_from_that_day_on(
    start: Start, taazour: Running, client: httpx.AsyncClient
) -> None:
    await publish(client, "4200.00", (TODAY + timedelta(days=30)).isoformat())
    await revalue(taazour.platform, "taazour", "TEKAVOUL")
    assert (await worth(client))[0] == ("1200.00", 1)
    assert await announced(taazour) == []

    # As if 2024 had begun while nobody was there: what was in force before were 1,500 a quarter.
    async with taazour.platform.database.transaction() as tx:
        await tx.execute(text("UPDATE enrollments SET monthly_value_mru = 500 WHERE status = 'enrolled'"))
        await tx.execute(text("UPDATE programs SET valued_version = version, valued_from_on = '2016-01-01'"))
    await taazour.stop()
    await start("taazour")

    await becomes(client, [("1200.00", 1), ("1200.00", 1), ("1200.00", 2), ("1200.00", 1), ("1000.00", 1)])


async def test_enrollments_are_gone_through_in_chunks_and_the_same_again_says_nothing(
    taazour: Running, client: httpx.AsyncClient
) -> None:
    async with taazour.platform.database.transaction() as tx:
        await tx.execute(text("UPDATE enrollments SET monthly_value_mru = 500"))

    await revalue(taazour.platform, "taazour", "TEKAVOUL", chunk=1)
    await revalue(taazour.platform, "taazour", "TEKAVOUL", chunk=1)

    assert await worth(client) == [("1200.00", 1), ("1200.00", 1), ("500.00", 2), ("1200.00", 1), ("1000.00", 1)]
    assert [one["changed"] for one in await announced(taazour)] == [1, 1, 1, 1]
