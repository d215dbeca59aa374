"""Villages and the households that live in them."""

import httpx
from place_cases import ESSAFYA, HASSI_SIDI, act, create_place

from registry_cases import BOUGADOUM, Family, announced, apply, send, sidi, the_household
from running import Running


def family(number: str, village: str, person: str) -> Family:
    return Family(number=number, commune=BOUGADOUM, village=village, members=[sidi(person, "")])


async def test_a_file_is_told_the_village_in_whatever_spelling(client: httpx.AsyncClient) -> None:
    await create_place(client)

    await send(
        client,
        family("MR0110000001", "OUM ES-SAFYA", "1000000001"),
        family("MR0110000002", "أم الصافيه", "1000000011"),
        family("MR0110000003", "Nobody knows where", "1000000021"),
    )

    found = [await the_household(client, f"MR011000000{n}") for n in (1, 2, 3)]
    assert [(one["village"], one["village_code"]) for one in found] == [
        ("OUM ES-SAFYA", ESSAFYA),
        ("أم الصافيه", ESSAFYA),
        ("Nobody knows where", None),
    ]


async def test_households_from_before_the_village_settle_when_they_are_told_to(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await send(client, family("MR0110000001", "Oum Safya", "1000000001"), family("MR0110000002", "Kreye", "1000000011"))
    await create_place(client)

    answers = [(await client.post(f"/v1/places/{ESSAFYA}/settle-households")).json() for _ in range(2)]

    assert answers == [{"settled": 1, "waiting": 0}, {"settled": 0, "waiting": 0}]
    settled, other = [await the_household(client, f"MR011000000{n}") for n in (1, 2)]
    assert (settled["village_code"], settled["version"]) == (ESSAFYA, 2)
    assert (other["village_code"], other["version"]) == (None, 1)
    # Since when it was so written, and from the same source.
    assert (await the_household(client, as_of="2025-03-04"))["village_code"] == ESSAFYA
    assert settled["origins"]["source_on"] == "2025-03-04"
    assert settled["origins"]["fields"] == {}
    (event,) = await announced(registry, "registry.households.changed.v1")
    assert (event["household_id"], event["version"]) == (settled["id"], 2)


async def test_the_same_file_again_after_settling_changes_nothing(client: httpx.AsyncClient) -> None:
    await send(client, family("MR0110000001", "Oum Safya", "1000000001"))
    await create_place(client)
    await client.post(f"/v1/places/{ESSAFYA}/settle-households")

    again = await send(
        client, family("MR0110000001", "Oum Safya", "1000000001"), family("MR0110000009", "", "1000000091")
    )

    assert (again["accepted"], again["unchanged"]) == (1, 1)
    assert (await the_household(client))["version"] == 2


async def test_the_households_of_a_village_move_with_it(client: httpx.AsyncClient, registry: Running) -> None:
    await create_place(client)
    await send(client, family("MR0110000001", "Oum Essafya", "1000000001"))

    moved = await act(client, ESSAFYA, "move", parent_code="MR011-C01", from_on="2026-02-01", reason="décret")

    assert (moved.status_code, moved.json()["code"], moved.json()["parent_code"]) == (200, ESSAFYA, "MR011-C01")
    now_, before = await the_household(client), await the_household(client, as_of="2026-01-31")
    assert (now_["commune_code"], before["commune_code"]) == ("MR011-C01", "MR011-C02")
    assert now_["village_code"] == ESSAFYA
    (event,) = await announced(registry, "registry.households.moved.v1")
    assert (event["household_id"], event["from_commune"], event["to_commune"]) == (
        now_["id"],
        "MR011-C02",
        "MR011-C01",
    )
    history = (await client.get(f"/v1/households/{now_['id']}/history")).json()["items"]
    assert (history[0]["kind"], history[0]["reason"]) == ("move", "décret")


async def test_a_household_that_moves_is_told_its_new_village(client: httpx.AsyncClient) -> None:
    await create_place(client)
    await create_place(client, name_fr="Hassi Sidi", name_ar="حاسي سيدي")
    await send(client, family("MR0110000001", "Oum Essafya", "1000000001"))
    before = await the_household(client)

    await apply(
        client,
        {
            "kind": "move",
            "household_id": before["id"],
            "commune_code": BOUGADOUM,
            "village": "حاسي سيدي",
            "on": "2026-02-01",
        },
    )

    after = await the_household(client)
    assert (before["village_code"], after["village_code"]) == (ESSAFYA, HASSI_SIDI)


async def test_a_village_that_ends_leaves_what_was_said_of_its_households(client: httpx.AsyncClient) -> None:
    await create_place(client)
    await create_place(client, name_fr="Hassi Sidi", name_ar="حاسي سيدي")
    await send(client, family("MR0110000001", "Oum Essafya", "1000000001"))

    ended = await act(client, ESSAFYA, "end", on="2026-02-01", successors=[HASSI_SIDI])

    assert ended.status_code == 200
    assert (await the_household(client))["village_code"] == ESSAFYA
