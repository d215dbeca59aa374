"""Institutions read one another's people under the twenty example agreements, as far as these reach, and a director of Taazour
stops one of them at once (stories 3 and 14)."""

from __future__ import annotations

from typing import Any

import httpx

from cli.gateway_client import GatewayClient
from running import until
from whole_platform import LoadedPlatform, WholePlatform

HOUSEHOLDS = "/registry/v1/households"
ENROLLMENTS = "/programs/{}/v1/enrollments"


async def under(client: GatewayClient, path: str, agreement: str, purpose: str, **params: Any) -> httpx.Response:
    headers = {"Tekamoul-Agreement": agreement, "Tekamoul-Purpose": purpose}
    return await client.once("GET", path, headers=headers, **params)


async def all_under(client: GatewayClient, path: str, agreement: str, purpose: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await under(client, path, agreement, purpose, limit=200, **cursor)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def by_number(platform: WholePlatform) -> dict[str, dict[str, Any]]:
    """The registry's households as its keeper reads them."""
    async with platform.client("taazour") as taazour:
        return {one["number"]: one async for one in taazour.pages(HOUSEHOLDS)}


async def test_the_csa_sees_the_poor_of_the_registry_and_of_them_what_it_needs_at_a_distribution(
    loaded: LoadedPlatform,
) -> None:
    registry = await by_number(loaded.platform)
    poor = {number for number, one in registry.items() if one["vulnerability_category"] in ("extreme_poor", "poor")}
    assert 0 < len(poor) < len(registry)
    async with loaded.platform.client("csa") as csa:
        without = await csa.once("GET", HOUSEHOLDS)
        found = await all_under(csa, HOUSEHOLDS, "TAAZOUR-CSA-2026-01", "distribution_check")
        one = (await under(csa, f"{HOUSEHOLDS}/{found[0]['id']}", "TAAZOUR-CSA-2026-01", "distribution_check")).json()

    assert (without.status_code, without.json()["code"]) == (403, "named_agreement_needed")
    assert {household["number"] for household in found} == poor
    assert found[0].keys() == {
        "id", "number", "commune_code", "village", "size", "vulnerability_category", "status", "phones",
        "head_name_fr", "head_name_ar",
    }  # fmt: skip
    assert {len(phone.strip("*")) for household in found for phone in household["phones"]} <= {2}
    assert len(one["members"]) == registry[one["number"]]["size"]
    for member in one["members"]:
        assert member.keys() == {"individual_id", "relationship", "name_fr", "name_ar", "birth_date", "nni"}
        assert len(member["birth_date"]) == 4
        assert member["nni"] is None or set(member["nni"][:-2]) == {"*"}


async def test_the_ministry_of_education_plans_canteens_without_a_name(loaded: LoadedPlatform) -> None:
    registry = await by_number(loaded.platform)
    async with loaded.platform.client("men") as men:
        found = await all_under(men, HOUSEHOLDS, "TAAZOUR-MEN-2026-01", "school_feeding_planning")
        other = await under(men, HOUSEHOLDS, "TAAZOUR-CSA-2026-01", "distribution_check")

    assert len(found) == len([one for one in registry.values() if one["status"] != "merged"])
    assert found[0].keys() == {"id", "commune_code", "village", "size", "vulnerability_category", "score"}
    assert {one["size"] for one in found} <= {"1-2", "3-5", "6-9", "10+"}
    assert (other.status_code, other.json()["code"]) == (404, "agreement_unknown")


async def test_taazour_reads_the_csas_beneficiaries_and_the_csa_none_of_another_program(loaded: LoadedPlatform) -> None:
    path = ENROLLMENTS.format("csa")
    async with loaded.platform.client("csa") as csa:
        own = [one async for one in csa.pages(path)]
        refused = await under(csa, ENROLLMENTS.format("taazour"), "TAAZOUR-CSA-2026-02", "distribution_check")
        cards = await all_under(csa, ENROLLMENTS.format("taazour"), "TAAZOUR-CSA-2026-02", "food_shop_supply")
    async with loaded.platform.client("taazour") as taazour:
        found = await all_under(taazour, path, "CSA-TAAZOUR-2026-01", "overlap_review")

    assert sorted(one["name"] for one in found) == sorted(one["name"] for one in own)
    assert not {"phones", "sex", "birth_date", "card_number", "listed"} & found[0].keys()
    assert (refused.status_code, refused.json()["code"]) == (403, "purpose_not_agreed")
    assert {one["program"] for one in cards} == {"TEMWINE"}
    assert not {"name", "household_number"} & cards[0].keys()


async def test_the_csa_sees_the_households_of_the_seasonal_transfers_and_no_others(loaded: LoadedPlatform) -> None:
    terms = {
        "provider": "taazour",
        "recipient": "csa",
        "legal_basis": {"type": "protocol", "reference": "Protocole n° 14/2026"},
        "purposes": ["lean_season_planning"],
        "population": {"enrolled_in": ["TEKAVOUL_SEASONAL"]},
        "attributes": [{"name": "household_number"}, {"name": "commune"}],
        "operations": ["list", "lookup"],
        "volume": {"per_day": 100_000, "per_query": 200},
        "retention_days": 180,
        "not_before": "2026-01-01",
        "not_after": "2099-12-31",
    }
    async with loaded.platform.client("taazour") as taazour, loaded.platform.client("csa") as csa:
        found = await taazour.call("POST", "/v1/agreements", body={"official": "TZR-101", "terms": terms})
        for client, step, official in (
            (taazour, "sign", "TZR-1"),
            (csa, "sign", "CSA-1"),
            (taazour, "approve", "TZR-102"),
        ):
            path, body = f"/v1/agreements/{found['id']}/{step}", {"version": 1, "official": official}
            found = await client.call("POST", path, body=body, if_match=f'"{found["revision"]}"')
        assert found["state"] == "active"
        registry = {one["id"]: one["number"] async for one in taazour.pages(HOUSEHOLDS)}
        own = [one async for one in taazour.pages(ENROLLMENTS.format("taazour"), program="TEKAVOUL_SEASONAL")]
        enrolled = {
            registry[one["registry_household_id"]]
            for one in own
            if one["status"] == "enrolled" and one["registry_household_id"] in registry
        }
        assert 0 < len(enrolled) < len(registry)

        async def told() -> bool:
            page = await all_under(csa, HOUSEHOLDS, found["id"], "lean_season_planning")
            return {one["number"] for one in page} == enrolled

        await until(told, what="the households of the program, no more and no fewer", seconds=20)
        others = await all_under(csa, HOUSEHOLDS, "TAAZOUR-CSA-2026-01", "distribution_check")
        outsider = next(one["id"] for one in others if one["number"] not in enrolled)
        refused = await under(csa, f"{HOUSEHOLDS}/{outsider}", found["id"], "lean_season_planning")
    assert refused.status_code == 404


async def test_a_suspended_agreement_stops_within_a_second_and_holds_again_when_it_is_resumed(
    loaded: LoadedPlatform,
) -> None:
    path = "/v1/agreements/TAAZOUR-WFP-2026-01"
    async with loaded.platform.client("taazour") as taazour, loaded.platform.client("wfp") as wfp:

        async def take(step: str) -> None:
            found = await taazour.get(path)
            body = {"version": found["version"], "official": "TZR-DPO", "reason": "revue des accès"}
            await taazour.call("POST", f"{path}/{step}", body=body, if_match=f'"{found["revision"]}"')

        async def answers(status: int, code: str | None) -> None:
            async def does() -> bool:
                answer = await under(
                    wfp, ENROLLMENTS.format("taazour"), "TAAZOUR-WFP-2026-01", "overlap_review", limit=1
                )
                return (answer.status_code, answer.json().get("code")) == (status, code)

            await until(does, what=f"{status} {code}", seconds=1)

        await answers(200, None)
        await take("suspend")
        await answers(403, "agreement_suspended")
        await take("resume")
        await answers(200, None)
        history = (await wfp.get(f"{path}/history"))["items"]

    assert [one["step"] for one in history[:2]] == ["resume", "suspend"]
    assert history[1]["official"] == "TZR-DPO"


async def test_no_small_count_is_told_to_whoever_may_not_read_people(loaded: LoadedPlatform) -> None:
    async with loaded.platform.client("csa") as csa:
        places = [one["code"] async for one in csa.pages("/registry/v1/places", kind="wilaya")]
        told = [await csa.get(f"/registry/v1/counts/{one}") for one in places]

    counts = [
        number
        for place in told
        for commune in place["communes"]
        for number in _numbers(commune)
    ]  # fmt: skip
    assert counts
    assert [number for number in counts if 0 < number < 5] == []


def _numbers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [number for one in value.values() for number in _numbers(one)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []
