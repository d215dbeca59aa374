"""A list that is only checked shows what it would do: counts worked out by hand."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from running import Running, until

Csv = Callable[..., bytes]
Start = Callable[[str], Awaitable[Running]]
Send = Callable[..., Awaitable[dict[str, Any]]]
HEADER = ("N° ménage", "Nom", "NNI", "Taille du ménage")
INSURANCE = ("Action", *HEADER)


@pytest.fixture
async def taazour(start: Start) -> Running:
    return await start("taazour")


@pytest.fixture
async def client(taazour: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with taazour.client("taazour", programs=frozenset({"TEKAVOUL", "HEALTH_INSURANCE", "TEMWINE"})) as made:
        yield made


async def check(client: httpx.AsyncClient, kind: str, content: bytes) -> dict[str, Any]:
    """Send a file to be checked only; its state."""
    sent = await client.post(
        "/v1/imports", params={"kind": kind, "filename": "liste.csv", "dry_run": True}, content=content
    )

    async def checked() -> dict[str, Any] | None:
        state: dict[str, Any] = (await client.get(f"/v1/imports/{sent.json()['id']}")).json()
        return state if state["status"] in ("checked", "failed") else None

    state: dict[str, Any] = await until(checked, what="the file to be checked")
    return state


async def leave(client: httpx.AsyncClient, household: str, turn: str, reason: str) -> None:
    items = (await client.get("/v1/enrollments", params={"program": "TEKAVOUL"})).json()["items"]
    one = next(item for item in items if item["household_number"] == household)
    answer = await client.post(
        f"/v1/enrollments/{one['id']}/{turn}", json={"reason": reason}, headers={"If-Match": f'"{one["version"]}"'}
    )
    assert answer.status_code == 200, answer.text


async def test_new_active_returning_overlapping_and_missing_are_counted_by_hand(
    client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    # In Tekavoul: 1 enrolled, 2 suspended, 3 moved away, 4 graduated, 5 and 6 enrolled and not in the new list.
    numbers = [f"MR01100002{place:02}" for place in range(10)]
    people = [(numbers[place], f"Nom {place}", None, 4) for place in range(1, 7)]
    await send(client, "TEKAVOUL", csv_file(HEADER, *people))
    await leave(client, numbers[2], "suspend", "absent")
    await leave(client, numbers[3], "exit", "moved")
    await leave(client, numbers[4], "exit", "graduated")
    # Insured: household 1 by its number, and by her national id a woman whom the new list names without a number.
    insured = (("ajout", numbers[1], "Nom 1", None, 4), ("ajout", None, "Mariem Mint Sidi", "9900000033", 3))
    await send(client, "HEALTH_INSURANCE", csv_file(INSURANCE, *insured))

    listed = [(numbers[place], f"Nom {place}", None, 4) for place in (1, 2, 3, 4, 7, 8)]
    listed += [(numbers[9], "Mariem Mint Sidi", "9900000033", 3), (numbers[8], "Nom 8", None, 4)]
    state = await check(client, "TEKAVOUL", csv_file(HEADER, *listed))

    effects = (await client.get(f"/v1/imports/{state['id']}/effects")).json()
    assert {name: effects[name] for name in ("new", "active", "returning", "overlaps", "missing")} == {
        "new": 3,  # 7, 8 (listed twice) and Mariem
        "active": {"enrolled": 1, "suspended": 1},
        "returning": {"moved": 1, "graduated": 1},
        "overlaps": {"HEALTH_INSURANCE": 2},
        "missing": 2,
    }
    assert [one["household_number"] for one in effects["missing_first"]] == [numbers[5], numbers[6]]
    assert (await client.get("/v1/counts")).json()["programs"][1]["enrolled"] == 3  # nothing has happened


async def test_a_delta_leaves_nobody_out_and_an_applied_list_keeps_what_its_check_showed(
    client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    await send(client, "HEALTH_INSURANCE", csv_file(INSURANCE, ("ajout", "MR0110000301", "Salem Ould Ali", None, 4)))
    state = await check(
        client, "HEALTH_INSURANCE", csv_file(INSURANCE, ("ajout", "MR0110000302", "Mariem Mint Sidi", None, 4))
    )
    path = f"/v1/imports/{state['id']}"

    before = (await client.get(f"{path}/effects")).json()
    await client.post(f"{path}/apply")

    async def applied() -> bool:
        return bool((await client.get(path)).json()["status"] == "completed")

    await until(applied, what="the list to be applied")
    assert (before["new"], before["missing"], before["missing_first"]) == (1, None, [])
    assert (await client.get(f"{path}/effects")).json() == before


async def test_effects_are_refused_for_what_was_applied_unchecked_and_hidden_from_others(
    taazour: Running, client: httpx.AsyncClient, send: Send, csv_file: Csv
) -> None:
    applied = await send(client, "TEKAVOUL", csv_file(HEADER, ("MR0110000401", "Salem Ould Ali", None, 4)))

    for language, word in (("ar", "الآثار"), ("fr", "effets"), ("en", "Effects")):
        refused = await client.get(f"/v1/imports/{applied['id']}/effects", headers={"Accept-Language": language})
        assert (refused.status_code, refused.json()["code"]) == (409, "effects_not_counted")
        assert word in refused.json()["title"]
    async with taazour.client("csa") as other:
        assert (await other.get(f"/v1/imports/{applied['id']}/effects")).status_code == 404
