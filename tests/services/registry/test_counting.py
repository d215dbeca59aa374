"""Counts of a place: by commune and category, today or another day, and nobody to be made out."""

from typing import Any

import httpx

from registry_cases import AMOURJ, BOUGADOUM, Family, Person, apply, send, the_household


def families(commune: str, category: str, count: int, first: int) -> list[Family]:
    """Households of two people each."""
    made = []
    for number in range(first, first + count):
        head = Person(f"1{number:09}", "head", "Sidi Ould Ahmed", "سيدي ولد أحمد", "M", "1980-05-06")
        wife = Person(f"2{number:09}", "spouse", "Mariem Mint Vall", "مريم بنت فال", "F", "1986-02-03")
        made.append(Family(f"MR011{number:07}", commune, category=category, members=[head, wife], phone=""))
    return made


async def counted(client: httpx.AsyncClient, place: str, **moment: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/counts/{place}", params=moment)
    assert answer.status_code == 200, answer.text
    return {one["commune_code"]: one for one in answer.json()["communes"]}


async def test_a_place_is_counted_by_commune_and_category_on_any_day(client: httpx.AsyncClient) -> None:
    await send(client, *families(AMOURJ, "poor", 6, 1), *families(BOUGADOUM, "extreme_poor", 5, 11))
    household = await the_household(client, "MR0110000001")
    move = {"kind": "move", "household_id": household["id"], "on": "2026-06-01", "commune_code": BOUGADOUM}
    await apply(client, move)

    before, after = await counted(client, "MR011", as_of="2026-05-31"), await counted(client, "MR011")

    assert (before[AMOURJ]["households"], before[AMOURJ]["people"]) == (6, 12)
    assert before[BOUGADOUM]["households_by_category"] == {"extreme_poor": 5}
    assert (after[AMOURJ]["households"], after[AMOURJ]["people"]) == (5, 10)
    assert set(await counted(client, AMOURJ)) == {AMOURJ}


async def test_a_cell_of_fewer_than_five_is_told_by_nothing(client: httpx.AsyncClient) -> None:
    await send(client, *families(AMOURJ, "poor", 6, 1), *families(AMOURJ, "not_poor", 4, 11))

    told = (await counted(client, "MR01"))[AMOURJ]

    assert told["households_by_category"] == {"not_poor": None, "poor": 6}
    assert (told["households"], told["people"]) == (None, None)  # 10 less 6 would tell


async def test_who_left_is_not_counted_and_an_unknown_place_is_refused(client: httpx.AsyncClient) -> None:
    await send(client, *families(AMOURJ, "poor", 6, 1))
    household = await the_household(client, "MR0110000001")
    gone = {"kind": "removal", "household_id": household["id"], "on": "2026-06-01", "reason": "left_country"}
    await apply(client, gone)

    assert (await counted(client, "MR01"))[AMOURJ]["households"] == 5
    unknown = await client.get("/v1/counts/MR99")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
