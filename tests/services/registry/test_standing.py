"""How a record stands, as other services pull it: ids and codes, and never a name."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from registry_cases import (
    AMOURJ,
    BOUGADOUM,
    Family,
    Person,
    ahmed,
    aicha,
    apply,
    mariem,
    send,
    sidi,
    the_household,
    undo,
)
from running import Running

AHMED, AICHA, MARIEM, SIDI = "1000000003", "1000000004", "1000000002", "1000000001"


async def standing(registry: Running, kind: str, id_: str) -> dict[str, Any]:
    async with registry.client("programs-csa", frozenset({"internal"})) as services:
        answer = await services.get(f"/internal/{kind}/{id_}/standing")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def ids(client: httpx.AsyncClient) -> dict[str, str]:
    """Sidi, his wife, a grown son, a small daughter, and his mother: by number; and the household's."""
    mother = Person("1000000005", "parent", "Toutou Mint Ely", "توتو بنت أعلي", "F", "1955-01-01")
    await send(client, Family(members=[sidi(), aicha(), mother, ahmed(), mariem()]))
    household = await the_household(client)
    people = {one["individual_number"]: one["individual_id"] for one in household["members"]}
    return people | {"household": household["id"]}


async def test_after_a_death_the_candidates_come_in_the_order_of_succession(
    client: httpx.AsyncClient, registry: Running, ids: dict[str, str]
) -> None:
    death = await apply(client, {"kind": "death", "individual_id": ids[SIDI], "died_on": "2026-03-01"})

    found = await standing(registry, "individuals", ids[SIDI])

    assert (found["status"], found["died_on"], found["change_id"]) == ("deceased", "2026-03-01", death["change_id"])
    [home] = found["bereaved"]
    assert (home["household_id"], home["was_head"], home["head_id"]) == (ids["household"], True, None)
    # The wife, the grown child, the mother; of the minors the daughter.
    assert home["candidates"] == [ids[MARIEM], ids[AHMED], ids["1000000005"], ids[AICHA]]
    assert [one["individual_id"] for one in home["members"]] == home["candidates"]
    assert [(one["relationship"], one["sex"], one["age"]) for one in home["members"]] == [
        ("spouse", "F", 40),
        ("child", "M", 21),
        ("parent", "F", 71),
        ("child", "F", 10),
    ]
    assert set(home["members"][0]) == {"individual_id", "relationship", "sex", "age"}
    assert set(found) == {"id", "version", "change_id", "status", "died_on", "merged_into", "bereaved"}


async def test_whom_the_registry_has_named_head_comes_first(
    client: httpx.AsyncClient, registry: Running, ids: dict[str, str]
) -> None:
    successors = {ids["household"]: ids[AHMED]}
    await apply(
        client, {"kind": "death", "individual_id": ids[SIDI], "died_on": "2026-03-01", "successors": successors}
    )

    [home] = (await standing(registry, "individuals", ids[SIDI]))["bereaved"]

    assert home["head_id"] == ids[AHMED]
    assert home["candidates"] == [ids[AHMED], ids[MARIEM], ids["1000000005"], ids[AICHA]]


async def test_who_was_no_head_leaves_a_household_with_its_head(
    client: httpx.AsyncClient, registry: Running, ids: dict[str, str]
) -> None:
    await apply(client, {"kind": "death", "individual_id": ids[AICHA], "died_on": "2026-03-01"})

    [home] = (await standing(registry, "individuals", ids[AICHA]))["bereaved"]

    assert (home["was_head"], home["head_id"], home["candidates"][0]) == (False, ids[SIDI], ids[SIDI])


async def test_an_undone_death_leaves_nobody_bereaved(
    client: httpx.AsyncClient, registry: Running, ids: dict[str, str]
) -> None:
    death = await apply(client, {"kind": "death", "individual_id": ids[SIDI], "died_on": "2026-03-01"})

    await undo(client, death)

    found = await standing(registry, "individuals", ids[SIDI])
    assert (found["status"], found["died_on"], found["bereaved"]) == ("active", None, [])


async def test_a_household_tells_where_it_lives_and_whether_it_left(
    client: httpx.AsyncClient, registry: Running, ids: dict[str, str]
) -> None:
    before = await standing(registry, "households", ids["household"])
    assert (before["status"], before["commune_code"], before["moughataa_code"], before["wilaya_code"]) == (
        "active",
        AMOURJ,
        "MR011",
        "MR01",
    )

    await apply(
        client, {"kind": "move", "household_id": ids["household"], "on": "2026-03-01", "commune_code": BOUGADOUM}
    )
    await apply(
        client, {"kind": "removal", "household_id": ids["household"], "on": "2026-04-01", "reason": "left_country"}
    )

    after = await standing(registry, "households", ids["household"])
    assert (after["status"], after["left_reason"], after["commune_code"]) == ("left", "left_country", BOUGADOUM)
    assert after["version"] == before["version"] + 2


async def test_whoever_is_merged_now_and_every_active_household_is_listed_page_by_page(
    client: httpx.AsyncClient, registry: Running, ids: dict[str, str]
) -> None:
    twin = Family("MR0110000002", BOUGADOUM, members=[sidi("1000000011", "9900000227")], phone="36112233")
    await send(client, twin, Family("MR0110000003", members=[mariem("1000000012")], phone="36112244"))
    second, third = [await the_household(client, number) for number in ("MR0110000002", "MR0110000003")]

    async def listed(path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        async with registry.client("matching", frozenset({"internal"})) as services:
            while True:
                page = (await services.get(path, params={"limit": 1, **cursor})).json()
                found += page["items"]
                if page.get("next_cursor") is None:
                    return found
                cursor = {"cursor": page["next_cursor"]}

    assert await listed("/internal/merges") == []
    dropped = second["members"][0]["individual_id"]
    person = {"record": "individual", "keep_id": ids[SIDI], "drop_id": dropped}
    once = await apply(client, {"kind": "merge", **person})
    assert await listed("/internal/merges") == [{"id": dropped, "version": 2, "into_id": ids[SIDI]}]
    await undo(client, once)
    assert await listed("/internal/merges") == []

    await apply(client, {"kind": "merge", "record": "household", "keep_id": ids["household"], "drop_id": second["id"]})
    assert {one["id"]: one["into_id"] for one in await listed("/internal/merges")} == {second["id"]: ids["household"]}
    assert {one["id"] for one in await listed("/internal/households")} == {ids["household"], third["id"]}
    await apply(client, {"kind": "removal", "household_id": third["id"], "on": "2026-04-01", "reason": "left_country"})
    [remaining] = await listed("/internal/households")
    assert (remaining["id"], len(remaining["members"])) == (ids["household"], 6)


async def test_a_standing_is_for_services_alone(client: httpx.AsyncClient, registry: Running) -> None:
    unknown = UUID("0192d3a0-0000-7000-8000-000000000000")
    async with registry.client("csa", frozenset({"households:read"})) as partner:
        assert (await partner.get(f"/internal/individuals/{unknown}/standing")).status_code == 403
    async with registry.client("programs-csa", frozenset({"internal"})) as services:
        assert (await services.get(f"/internal/individuals/{unknown}/standing")).status_code == 404
        assert (await services.get(f"/internal/households/{unknown}/standing")).status_code == 404
