"""One household pushed by an institution's system."""

import asyncio
from typing import Any

import httpx

from registry_cases import AMOURJ, BOUGADOUM, Family, announced, member, send, the_household
from running import Running

HEAD = {
    "individual_number": "1000000001",
    "relationship": "head",
    "name_fr": "Sidi Ould Ahmed",
    "name_ar": "سيدي ولد أحمد",
    "sex": "M",
    "birth_date": "1980-05-06",
    "nni": "9900000033",
}


def a_household(**changed: Any) -> dict[str, Any]:
    return {
        "commune_code": AMOURJ,
        "village": "Oum Essafya",
        "vulnerability_category": "extreme_poor",
        "score": "12.50",
        "formula_version": "PMT-2024.1",
        "surveyed_on": "2025-03-04",
        "phones": ["+22222334455"],
        "members": [HEAD],
    } | changed


async def push(client: httpx.AsyncClient, body: dict[str, Any], if_match: str | None = None) -> httpx.Response:
    headers = {} if if_match is None else {"If-Match": if_match}
    return await client.put("/v1/households/MR0110000001", json=body, headers=headers)


async def test_a_household_is_entered_then_brought_up_to_date(client: httpx.AsyncClient, registry: Running) -> None:
    entered = await push(client, a_household())
    assert (entered.status_code, entered.headers["ETag"]) == (201, '"1"')

    moved = await push(client, a_household(commune_code=BOUGADOUM, surveyed_on="2026-02-01"), entered.headers["ETag"])

    assert (moved.status_code, moved.headers["ETag"]) == (200, '"2"')
    assert (await the_household(client))["commune_code"] == BOUGADOUM
    assert (await the_household(client, as_of="2026-01-31"))["commune_code"] == AMOURJ
    assert [one["households"] for one in await announced(registry, "registry.households.registered.v1")] == [1, 1]


async def test_pushing_the_same_again_changes_nothing(client: httpx.AsyncClient, registry: Running) -> None:
    first = await push(client, a_household())

    again = await push(client, a_household(), first.headers["ETag"])

    assert (again.status_code, again.json()) == (200, first.json())
    assert len(await announced(registry, "registry.households.registered.v1")) == 1


async def test_a_household_somebody_else_has_changed_is_not_overwritten(client: httpx.AsyncClient) -> None:
    await push(client, a_household())

    without = await push(client, a_household(village="Autre"))
    stale = await push(client, a_household(village="Autre"), '"7"')

    assert (without.status_code, without.json()["code"]) == (428, "precondition_required")
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


async def test_of_two_that_enter_one_household_at_once_the_second_is_told_to_look_again(
    client: httpx.AsyncClient,
) -> None:
    for number in range(10):
        path, body = (
            f"/v1/households/MR011000001{number}",
            a_household(members=[HEAD | {"individual_number": f"100000001{number}"}]),
        )
        both = await asyncio.gather(*(client.put(path, json=body) for _ in range(2)))

        entered, late = sorted(both, key=lambda one: one.status_code)
        assert entered.status_code == 201
        assert (late.status_code, late.json()["code"]) in ((412, "precondition_failed"), (428, "precondition_required"))


async def test_a_less_believed_source_changes_nothing_and_leaves_a_conflict(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await push(client, a_household())
    async with registry.client("csa") as csa:
        pushed = await push(csa, a_household(village="Nbeiket", surveyed_on="2026-02-01"), '"1"')

    assert pushed.status_code == 200
    assert (await the_household(client))["village"] == "Oum Essafya"
    conflicts = await announced(registry, "registry.conflicts.found.v1")
    assert [one["conflicts"] >= 1 for one in conflicts] == [True]


async def test_what_cannot_be_entered_is_refused_whole(client: httpx.AsyncClient) -> None:
    await send(client, Family())
    theirs = {**HEAD, "individual_number": "1000000004", "relationship": "child"}

    refused = await client.put(
        "/v1/households/MR0110000002",
        json=a_household(members=[{**HEAD, "individual_number": "1000000021"}, theirs]),
        headers={"Accept-Language": "en"},
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "household_refused")
    assert "MR0110000001" in refused.json()["title"]
    assert (await client.get("/v1/households", params={"number": "MR0110000002"})).json()["items"] == []
    assert member(await the_household(client), "1000000004")["relationship"] == "child"
    nowhere = await push(client, a_household(commune_code="MR999-C01"), "*")
    assert nowhere.json()["code"] == "unknown_commune"
    twice = await push(client, a_household(members=[HEAD, HEAD]), "*")
    assert (twice.status_code, twice.json()["code"]) == (422, "invalid_request")


async def test_answers_are_pushed_under_their_questionnaire(client: httpx.AsyncClient) -> None:
    answered = a_household(
        questionnaire_version="RS-2024.1",
        answers={"rooms": 3},
        members=[{**HEAD, "answers": {"literacy": "reads_and_writes"}}],
    )
    wrong = await push(client, answered | {"answers": {"rooms": "many"}})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["pointer"]) == (
        422,
        "answer_not_accepted",
        "/answers/rooms",
    )
    nameless = await push(client, answered | {"questionnaire_version": None})
    assert nameless.json()["code"] == "questionnaire_unknown"

    taken = await push(client, a_household(questionnaire_version="RS-2024.1", answers={"rooms": 3}))

    assert taken.status_code == 201, taken.text
    assert (await the_household(client))["answers"] == {"rooms": 3}
