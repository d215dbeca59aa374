"""Stories 2, 3, 4 and 14 in one flow: an officer of the CSA asks for households, the registry's operator narrows and releases, the
committee's remarks come back as change requests, and the data-protection officer sees every release and revokes one."""

import hashlib
from typing import Any

import httpx
import pytest

from cli.gateway_client import GatewayClient
from journeys.asking import active_households
from running import until
from whole_platform import LoadedPlatform

LISTS = "/matching/v1/targeting-lists"
UNDER = {"Tekamoul-Agreement": "CSA-2026-01", "Tekamoul-Purpose": "lean_season_response"} | {
    "Tekamoul-Official": "CSA-9",
    "Tekamoul-Case": "S-2026-7",
}
OPERATOR, OFFICER = {"official": "TZR-3"}, {"official": "CSA-17"}
FIELDS = ["household_number", "head_name", "commune", "village", "size", "top_up"]
ASKED: dict[str, Any] = OFFICER | {
    "program": "EL_MAOUNA",
    "number": 30,
    "quotas": "by_poor",
    "criteria": [{"attribute": "category", "operator": "in", "value": ["extreme_poor", "poor"]}],
    "exclusions": [{"program": "TEKAVOUL", "how": "enrolled", "instead": "top_up"}],
    "fields": FIELDS,
}


async def under(client: GatewayClient, method: str, path: str, **more: Any) -> httpx.Response:
    return await client.once(method, path, headers=UNDER | more.pop("headers", {}), **more)


async def step(client: GatewayClient, found: dict[str, Any], name: str, body: dict[str, Any]) -> dict[str, Any]:
    moved: dict[str, Any] = await client.call(
        "POST", f"{LISTS}/{found['id']}/{name}", body=body, if_match=f'"{found["version"]}"'
    )
    return moved


async def counted(client: GatewayClient, list_id: str) -> dict[str, Any]:
    async def done() -> dict[str, Any] | None:
        found: dict[str, Any] = await client.get(f"{LISTS}/{list_id}")
        return found if found["status"] == "counted" else None

    found: dict[str, Any] = await until(done, what="the list to be counted")
    return found


async def test_a_list_is_asked_for_narrowed_released_returned_and_revoked(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    paid = (await active_households(platform))["TEKAVOUL"]
    async with platform.client("csa") as csa, platform.client("taazour") as taazour:
        homes = [one async for one in taazour.pages("/registry/v1/households")]
        poor = [one for one in homes if one["vulnerability_category"] in ("extreme_poor", "poor")]
        wilayas = sorted({one["commune_code"][:4] for one in poor})

        # The officer asks. Without an agreement, or for another purpose, there is nothing; nor more than the agreement's.
        body = ASKED | {"areas": wilayas}
        nameless = await csa.once("POST", LISTS, body=body)
        assert (nameless.status_code, nameless.json()["code"]) == (403, "agreement_needed")
        research = {"Tekamoul-Purpose": "research"}
        refused = await under(csa, "POST", LISTS, body=body, headers=research)
        assert (refused.status_code, refused.json()["code"]) == (403, "purpose_not_agreed")
        too_many = await under(csa, "POST", LISTS, body=body | {"number": 20_001})
        assert (too_many.status_code, too_many.json()["code"]) == (403, "list_above_volume")
        answer = await under(csa, "POST", LISTS, body=body)
        assert answer.status_code == 202, answer.text

        # Counts before names.
        found = await counted(csa, answer.json()["id"])
        assert (found["counts"]["chosen"], found["counts"]["missing"]) == (30, 0)
        assert found["counts"]["in_area"] == len([one for one in homes if one["commune_code"][:4] in wilayas])
        assert not any(one["number"] in str(found) for one in homes)

        # The registry's operator finds it, narrows it with a reason, and releases; the officer herself may not.
        waiting = [one async for one in taazour.pages(LISTS, part="to_review", status="counted")]
        assert [one["id"] for one in waiting] == [found["id"]]
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            await step(csa, found, "approve", OFFICER)
        narrower = OPERATOR | {"number": 20, "fields": FIELDS[:-1], "reason": "le protocole couvre vingt ménages"}
        await step(taazour, found, "narrow", narrower)
        found = await counted(taazour, found["id"])
        assert found["counts"]["chosen"] == 20
        found = await step(taazour, await step(taazour, found, "approve", OPERATOR), "release", OPERATOR)

        # The officer reads it, under her agreement, and nothing beyond the fields that were left.
        nameless = await csa.once("GET", f"{LISTS}/{found['id']}/households")
        assert nameless.json()["code"] == "agreement_needed"
        rows = (await under(csa, "GET", f"{LISTS}/{found['id']}/households", limit=200)).json()["items"]
        assert len(rows) == 20
        assert {key for row in rows for key in row} == {
            "position", "household_number", "head_name_fr", "head_name_ar", "commune_code", "commune_fr", "commune_ar",
            "village", "size",
        }  # fmt: skip
        by_number = {one["number"]: one for one in homes}
        scores = [float(by_number[row["household_number"]]["score"]) for row in rows]
        assert scores == sorted(scores), "the poorest first"
        assert all(by_number[row["household_number"]]["size"] == row["size"] for row in rows)
        assert paid, "a program whose households could have been marked"
        taken: list[str] = []
        for kind, begins in (("file", b"PK"), ("printed", b"%PDF")):
            copy = await under(csa, "GET", f"{LISTS}/{found['id']}/{kind}")
            assert copy.content.startswith(begins), copy.text
            taken.append(f"/v1/targeting-lists/{found['id']}/{kind}#sha256={hashlib.sha256(copy.content).hexdigest()}")
        log = [one async for one in taazour.pages("/v1/disclosures", partner="csa", official="CSA-9")]
        files = [one for one in log if one["subject"] in taken]
        assert [(one["agreement"], one["case"], one["subjects"]) for one in files] == [
            ("CSA-2026-01", "S-2026-7", 20)
        ] * 2

        # The committee's remarks come back and wait at the registry for those who decide.
        first, second, third = (row["household_number"] for row in rows[:3])
        remarks = (
            f"N° ménage;Observations;Date\n{first};غائب;\n{second};a quitté le pays;01/11/2026\n{third};peut-être;\n"
        )
        sent = await csa.call(
            "POST", "/matching/v1/imports", content=remarks.encode(), kind="remarks", filename="retour.csv"
        )

        async def answered() -> dict[str, str] | None:
            told = [one async for one in csa.pages(f"{LISTS}/{found['id']}/remarks")]
            outcomes = {one["household_number"]: one["outcome"] for one in told}
            return outcomes if outcomes and "sent" not in outcomes.values() else None

        assert await until(answered, what="the remarks to be answered") == {first: "noted", second: "proposed"}
        (issue,) = [one async for one in csa.pages(f"/matching/v1/imports/{sent['id']}/issues")]
        assert (issue["line"], issue["code"]) == (4, "remark_not_understood")
        requests = [one async for one in taazour.pages("/registry/v1/change-requests", status="proposed")]
        assert [one["kind"] for one in requests if one["proposed_by"] == "csa"] == ["removal"]
        await csa.call("POST", f"/registry/v1/change-requests/{_removal(requests)}/withdraw")

        # The data-protection officer sees the release and who was told of whom, and takes it back: at once nothing is given.
        releases = [one async for one in taazour.pages("/matching/v1/releases")]
        release = next(one for one in releases if one["list_id"] == found["id"])
        assert (release["partner"], release["households"], release["disclosed"], release["accesses"]) == (
            "csa",
            20,
            20,
            3,
        )
        told = [one async for one in taazour.pages("/matching/v1/list-disclosures", list_id=found["id"])]
        assert {(one["partner"], one["official"], one["agreement_id"]) for one in told} == {
            ("csa", "CSA-9", "CSA-2026-01")
        }
        now = await taazour.get(f"{LISTS}/{found['id']}")
        await step(taazour, now, "revoke", OPERATOR | {"reason": "fuite signalée"})
        for kind in ("households", "file", "printed"):
            gone = await under(csa, "GET", f"{LISTS}/{found['id']}/{kind}")
            assert (gone.status_code, gone.json()["code"]) == (403, "list_revoked")


def _removal(requests: list[dict[str, Any]]) -> str:
    return str(next(one["id"] for one in requests if one["kind"] == "removal" and one["proposed_by"] == "csa"))
