"""Story 14: a citizen shows her card and is told what is held of her and who received it; the data-protection officer lists every
release, and revokes one."""

import hashlib
from typing import Any

from cli.gateway_client import GatewayClient
from journeys.test_targeting import ASKED, LISTS, OPERATOR, counted, step, under
from shared.clock import now
from whole_platform import LoadedPlatform

PURPOSE = "lean_season_response"
IN_A_FILE = "Read: list or file that had you in it"
DPO = {"Tekamoul-Official": "dpo.1", "Tekamoul-Case": "P-14"}


async def _released(csa: GatewayClient, taazour: GatewayClient, wilayas: list[str]) -> dict[str, Any]:
    asked = await under(csa, "POST", LISTS, body=ASKED | {"areas": wilayas, "number": 10})
    assert asked.status_code == 202, asked.text
    found = await counted(taazour, (await counted(csa, asked.json()["id"]))["id"])
    return await step(taazour, await step(taazour, found, "approve", OPERATOR), "release", OPERATOR)


async def test_a_citizen_is_told_who_received_her_data_and_a_release_is_revoked(loaded: LoadedPlatform) -> None:
    async with loaded.platform.client("csa") as csa, loaded.platform.client("taazour") as taazour:
        homes = {one["number"]: one async for one in taazour.pages("/registry/v1/households")}
        poor = [one for one in homes.values() if one["vulnerability_category"] in ("extreme_poor", "poor")]
        found = await _released(csa, taazour, sorted({one["commune_code"][:4] for one in poor}))
        rows = (await under(csa, "GET", f"{LISTS}/{found['id']}/households", limit=200)).json()["items"]
        asked_at = now().isoformat()
        printed = (await under(csa, "GET", f"{LISTS}/{found['id']}/printed")).content
        assert printed.startswith(b"%PDF")

        home = homes[rows[0]["household_number"]]
        await _is_told(taazour, home)
        listed = {row["household_number"] for row in rows}
        other = await taazour.get(f"/v1/citizen-reports/{next(one for one in homes if one not in listed)}")
        copies = [one for one in other["entries"] if (one["action"], one["purpose"]) == (IN_A_FILE, PURPOSE)]
        assert not other["partial"] and not [one for one in copies if one["logtime"] >= asked_at]

        releases = [one async for one in taazour.pages("/matching/v1/releases")]
        assert found["id"] in {one["list_id"] for one in releases}
        current = await taazour.get(f"{LISTS}/{found['id']}")
        await step(taazour, current, "revoke", OPERATOR | {"reason": "fuite signalée"})
        for kind in ("households", "printed"):
            gone = await under(csa, "GET", f"{LISTS}/{found['id']}/{kind}")
            assert (gone.status_code, gone.json()["code"]) == (403, "list_revoked")

        # In the log: each household of the rows, the printed copy, and both refusals, under the agreement's version.
        log = [one async for one in taazour.pages("/v1/disclosures", partner="csa", official="CSA-9", purpose=PURPOSE)]
        of_list = [one for one in log if one["route"].startswith("GET /matching/v1/targeting-lists/{list_id}/")]
        latest = of_list[: len(rows) + 3]
        assert [one["code"] for one in latest[:2]] == ["list_revoked"] * 2
        copy = f"/v1/targeting-lists/{found['id']}/printed#sha256={hashlib.sha256(printed).hexdigest()}"
        assert (latest[2]["subject_kind"], latest[2]["subject"], latest[2]["subjects"]) == ("file", copy, len(rows))
        assert {one["subject"] for one in latest[3:]} == {row["household_number"] for row in rows}
        assert {(one["agreement"], one["version"]) for one in latest} == {("CSA-2026-01", 1)}
        assert all(one["legal_basis"] for one in latest)


async def _is_told(taazour: GatewayClient, home: dict[str, Any]) -> None:
    held = await taazour.once("GET", f"/registry/v1/households/{home['id']}", headers=DPO)
    assert held.json()["number"] == home["number"]

    report = await taazour.get(f"/v1/citizen-reports/{home['number']}")

    assert (report["complete"], report["partial"], report["unanswered"]) == (True, False, [])
    received = [one for one in report["entries"] if (one["receiverSystem"], one["purpose"]) == ("csa", PURPOSE)]
    printed, *told = received
    assert (printed["action"], printed["agreement"]) == (IN_A_FILE, "CSA-2026-01 v1")
    assert set(printed["attributes"]) >= {"household_number", "head_name", "size"}
    assert told[0]["receiverName"] == "Food Security Commission"
    assert (told[0]["agreement"], told[0]["emergency"], bool(told[0]["legal_basis"])) == ("CSA-2026-01 v1", False, True)
    assert set(told[0]["attributes"]) >= {"household_number", "head_name_fr", "size"}
    own = [one for one in report["entries"] if one["receiverSystem"] == "taazour" and "members" in one["attributes"]]
    assert own[0]["agreement"] == "MANDATE-TAAZOUR v1", "the officer's own look at the registry"
    assert "CSA-9" not in str(report) and "dpo.1" not in str(report), "institutions answer for their officials"
    assert report["attributes"] == sorted({name for one in report["entries"] for name in one["attributes"]})

    by_id = await taazour.get(f"/v1/citizen-reports/{home['id']}")
    again = [one["logtime"] for one in by_id["entries"] if one["purpose"] == PURPOSE]
    assert again == [one["logtime"] for one in received]
    path = f"/v1/citizen-reports/{home['number']}/printed"
    for language, title in (("ar", "من اطّلع على بياناتكم"), ("fr", "Qui a consulté vos données")):
        assert title in (await taazour.once("GET", path, format="html", language=language)).text
        assert (await taazour.once("GET", path, language=language)).content.startswith(b"%PDF")
