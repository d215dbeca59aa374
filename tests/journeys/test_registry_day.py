"""A day at the registry, through the gateway: remarks become proposals, records are merged and parted, a day is replayed.

Every change is undone at the end, so that the other journeys find the country as it was loaded.
"""

import asyncio
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import httpx

from journeys.asking import at_the_registry, known_to_the_csa
from registry_cases import apply, propose, undo
from whole_platform import LoadedPlatform, WholePlatform

POOR = ("extreme_poor", "poor")
"""Of whom the CSA may learn, by its agreement with Taazour; of no others can it speak."""


def content(household: dict[str, Any]) -> dict[str, Any]:
    """What a household is, without its version and the moment since when it is known."""
    origins = {name: value for name, value in household["origins"].items() if name != "known_from"}
    return {name: value for name, value in household.items() if name != "version"} | {"origins": origins}


async def two_neighbours(
    client: httpx.AsyncClient, categories: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two households of one commune, of these categories if any are named, in which nobody heads another household."""
    page = (await client.get("/v1/households", params={"limit": 100})).json()["items"]
    by_commune: dict[str, list[dict[str, Any]]] = {}
    for one in page:
        if categories and one["vulnerability_category"] not in categories:
            continue
        household = (await client.get(f"/v1/households/{one['id']}")).json()
        head = next(member for member in household["members"] if member["relationship"] == "head")
        person = (await client.get(f"/v1/individuals/{head['individual_id']}")).json()
        if len(person["memberships"]) == 1 and len(household["members"]) > 2:
            found = by_commune.setdefault(household["commune_code"], [])
            found.append(household)
            if len(found) == 2:
                return found[0], found[1]
    raise AssertionError("no two neighbours")


async def matched_members(platform: WholePlatform, household: dict[str, Any]) -> int:
    rows = await platform.rows(
        "matching", "SELECT count(*) AS n FROM members WHERE household_number = $1", household["number"]
    )
    return int(rows[0]["n"])


async def test_an_operator_merges_two_households_and_undoes_it_a_week_later(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    async with at_the_registry(platform, "taazour") as client:
        kept, dropped = await two_neighbours(client)
        members = await matched_members(platform, kept)

        request = await apply(
            client, {"kind": "merge", "record": "household", "keep_id": kept["id"], "drop_id": dropped["id"]}
        )
        await platform.quiet()

        assert len(request["decisions"]) == 2  # two persons, as the map of authority says
        merged = (await client.get(f"/v1/households/{kept['id']}")).json()
        assert len(merged["members"]) == len(kept["members"]) + len(dropped["members"])
        assert (await client.get(f"/v1/households/{dropped['id']}")).json()["merged_into"] == kept["id"]
        assert await matched_members(platform, kept) == members + len(dropped["members"])
        assert await matched_members(platform, dropped) == 0

        await undo(client, request)
        await platform.quiet()

        for before in (kept, dropped):
            after = (await client.get(f"/v1/households/{before['id']}")).json()
            assert content(after) == content(before)
        assert await matched_members(platform, kept) == members
        assert await matched_members(platform, dropped) == len(dropped["members"])


async def test_a_programs_remarks_become_proposals_that_taazour_decides(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    async with at_the_registry(platform, "taazour") as taazour, at_the_registry(platform, "csa") as csa:
        household, other = await two_neighbours(taazour, POOR)
        known = await known_to_the_csa(platform, [household["number"], other["number"]])
        theirs, theirs_too = known[household["number"]], known[other["number"]]
        dead = next(one for one in theirs["members"] if one["relationship"] == "head")
        successor = next(one for one in theirs["members"] if one["relationship"] != "head")
        evidence = [{"kind": "partner_list", "reference": "CSA, retour de liste 2026-11", "on": "2026-11-10"}]
        remarks: list[dict[str, Any]] = [
            {
                "kind": "death",
                "individual_id": dead["individual_id"],
                "died_on": "2026-11-01",
                "successors": {theirs["id"]: successor["individual_id"]},
            },
            {"kind": "move", "household_id": theirs_too["id"], "on": "2026-11-02", "commune_code": "MR012-C01"},
        ]
        unnamed = await csa.get(f"/v1/households/{theirs['id']}")
        assert (unnamed.status_code, unnamed.json()["code"]) == (403, "named_agreement_needed")
        stolen = await propose(csa, remarks[1] | {"household_id": other["id"]}, official="CSA-31", if_match=None)
        assert stolen.status_code == 404, "the registry's own id is nobody where the CSA writes it"
        sent = [
            await propose(csa, one, official="CSA-31", if_match=None, evidence=evidence, reason="Retour de liste")
            for one in remarks
        ]
        assert [one.status_code for one in sent] == [201, 201], [one.text for one in sent]
        assert all(one.json()["diff"] == [] for one in sent)

        waiting = (await taazour.get("/v1/change-requests", params={"status": "proposed"})).json()["items"]
        assert {one["id"] for one in waiting} == {one.json()["id"] for one in sent}
        death, move = [await taazour.get(f"/v1/change-requests/{one.json()['id']}") for one in sent]
        head = next(one["individual_id"] for one in household["members"] if one["relationship"] == "head")
        assert (death.json()["proposal"]["individual_id"], move.json()["proposal"]["household_id"]) == (
            head,
            other["id"],
        )
        heir = death.json()["proposal"]["successors"][household["id"]]
        approved = await taazour.post(
            f"/v1/change-requests/{death.json()['id']}/approve",
            json={"official": "TZR-0042"},
            headers={"If-Match": death.headers["ETag"]},
        )
        refused = await taazour.post(
            f"/v1/change-requests/{move.json()['id']}/refuse",
            json={"official": "TZR-0042", "reason": "Le ménage a été vu sur place le 12 novembre"},
        )
        assert (approved.json()["status"], refused.json()["status"]) == ("applied", "refused"), approved.text

        after = (await taazour.get(f"/v1/households/{household['id']}")).json()
        roles = {one["individual_id"]: one["relationship"] for one in after["members"]}
        assert roles[heir] == "head"
        assert head not in roles
        answered = (await csa.get(f"/v1/change-requests/{move.json()['id']}")).json()
        assert answered["proposal"]["household_id"] == theirs_too["id"], "by its own name"
        assert sent[0].json()["proposal"]["successors"] == remarks[0]["successors"]
        assert answered["decisions"][0]["reason"].startswith("Le ménage a été vu")

        await undo(taazour, approved.json())
        await platform.quiet()
        assert content((await taazour.get(f"/v1/households/{household['id']}")).json()) == content(household)


async def test_an_auditor_replays_who_lived_where_on_a_day_as_it_was_known_then(loaded: LoadedPlatform) -> None:
    async with at_the_registry(loaded.platform, "taazour") as client:
        household, _ = await two_neighbours(client)
        home = f"/v1/households/{household['id']}"
        known_at = household["origins"]["known_from"]

        request = await apply(
            client,
            {"kind": "move", "household_id": household["id"], "on": "2026-06-01", "commune_code": "MR012-C01"},
        )

        async def commune(**moment: str) -> str:
            return str((await client.get(home, params=moment)).json()["commune_code"])

        assert await commune() == await commune(as_of="2026-06-01") == "MR012-C01"
        assert await commune(as_of="2026-05-31") == household["commune_code"]
        assert await commune(as_of="2026-06-01", known_at=known_at) == household["commune_code"]
        before = await client.get(home, params={"as_of": "2019-01-01"})
        assert (before.status_code, before.json()["code"]) == (404, "not_found")  # not yet surveyed
        history = (await client.get(f"{home}/history")).json()["items"]
        assert [(one["kind"], one["changed_by"]) for one in (history[0], history[-1])] == [
            ("move", "taazour"),
            ("import", "taazour"),
        ]
        await undo(client, request)
        assert content((await client.get(home)).json()) == content(household)


async def test_changes_are_proposed_listed_and_undone_from_the_command_line(
    loaded: LoadedPlatform, tmp_path: Path
) -> None:
    platform = loaded.platform
    async with at_the_registry(platform, "taazour") as client:
        household, _ = await two_neighbours(client)
    move = {"kind": "move", "household_id": household["id"], "on": "2026-06-01", "commune_code": "MR012-C01"}
    file = tmp_path / "changes.json"
    file.write_text(json.dumps([move, move | {"commune_code": "MR999-C01"}]))

    sent = await asyncio.to_thread(
        platform.tekamoul, "changes", "propose", str(file), "--partner=taazour", "--official=TZR-0042", "--approve"
    )
    listed = await asyncio.to_thread(platform.tekamoul, "changes", "list", "--partner=taazour", "--status=applied")

    assert sent.returncode == 1  # one of the two was refused
    assert "MR999-C01" in sent.stdout
    assert "TZR-0042" in listed.stdout
    async with at_the_registry(platform, "taazour") as client:
        newest = (await client.get("/v1/change-requests", params={"subject_id": household["id"]})).json()["items"][0]
        undone = await asyncio.to_thread(
            platform.tekamoul, "changes", "undo", newest["change_id"], "--partner=taazour", "--official=TZR-0042"
        )
        assert undone.returncode == 0, undone.stdout
        assert content((await client.get(f"/v1/households/{household['id']}")).json()) == content(household)
    unreadable = await asyncio.to_thread(
        platform.tekamoul, "changes", "propose", __file__, "--partner=taazour", "--official=TZR-0042"
    )
    assert unreadable.returncode == 1
    await platform.quiet()
