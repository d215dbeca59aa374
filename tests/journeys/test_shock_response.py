"""Story 1: a CSA officer loads the Cadre Harmonisé table, sees communes and registry households, and plans; Taazour approves;
WFP reads the list until the sharing ends."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

import cli.demo
from cli.main_job import send_file
from journeys.asking import links
from running import until
from shared.clock import now
from whole_platform import LoadedPlatform, nobody_listens

TABLE = Path(cli.demo.__file__).parent / "data" / "cadre_harmonise.csv"
RESPONSES = "/matching/v1/responses"


async def test_an_officer_goes_from_the_table_to_an_approved_plan_and_its_list(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    lines = len(TABLE.read_text(encoding="utf-8").splitlines()) - 2
    sent = await send_file(platform.door, "csa", "/matching", "cadre_harmonise", TABLE, "MRU", lines, nobody_listens)
    assert (sent.accepted, sent.rejected) == (lines, 0)
    homes = await registry_households(loaded)
    has_cash = {one["household_number"] for one in await links(platform, "TEKAVOUL") if one["status"] == "linked"}

    async with platform.client("csa") as officer, platform.client("taazour") as keeper, platform.client("wfp") as wfp:
        [analysis] = [one async for one in officer.pages("/matching/v1/analyses")]
        areas = {
            one["area"]["code"]: one async for one in officer.pages(f"/matching/v1/analyses/{analysis['id']}/areas")
        }
        assert len(areas) == lines
        for code, area in areas.items():
            there = sum(code == home["number"][:5] for home in homes)
            assert area["registry"]["households"] in ({there, None} if there < 5 or small(area) else {there}), code
            assert area["trigger_status"] == ("proposed" if area["phase"] >= 3 else None)

        triggered = await validated(officer)
        assert set(triggered) == {code for code, area in areas.items() if area["phase"] >= 3}
        mine = [home for home in homes if home["number"][:5] in triggered]
        assert len(mine) >= 20, "the sample country lives there"

        made = await officer.call("POST", RESPONSES, body=design(list(triggered.values())))
        everybody = await computed(officer, made["id"])
        assert everybody["figures"]["households_in_area"] == len(mine)
        budget = float(everybody["figures"]["wanted_mru"]) // 2
        await officer.call(
            "PUT",
            f"{RESPONSES}/{made['id']}",
            body=design(list(triggered.values())) | {"budget_mru": str(budget)},
            if_match=f'"{everybody["version"]}"',
        )
        planned = await computed(officer, made["id"])
        figures = planned["figures"]
        assert float(figures["spent_mru"]) <= budget < float(figures["spent_mru"]) + float(figures["next_amount_mru"])

        path = f"{RESPONSES}/{made['id']}"
        proposed = await officer.call(
            "POST", f"{path}/propose", body={"official": "csa-1"}, if_match=f'"{planned["version"]}"'
        )
        with pytest.raises(httpx.HTTPStatusError, match="409"):
            await officer.call(
                "POST", f"{path}/approve", body={"official": "csa-1"}, if_match=f'"{proposed["version"]}"'
            )
        approved = await keeper.call(
            "POST", f"{path}/approve", body={"official": "taz-7"}, if_match=f'"{proposed["version"]}"'
        )
        assert (approved["status"], approved["approved_by"]) == ("approved", "taazour")
        for language in ("ar", "fr"):
            page = await officer.answer("GET", f"{path}/plan.pdf", language=language)
            assert page.content.startswith(b"%PDF")

        with pytest.raises(httpx.HTTPStatusError, match="404"):
            await wfp.get(f"{path}/list")
        listed = await officer.call("POST", f"{path}/list", body=sharing(), if_match=f'"{approved["version"]}"')
        rows = [one async for one in wfp.pages(f"{path}/list")]
        assert len(rows) == figures["households"]
        assert {one["household_number"] for one in rows if one["part"] == "vertical"} <= has_cash
        assert not {one["household_number"] for one in rows if one["part"] == "horizontal"} & has_cash
        scores = {home["number"]: home["score"] for home in mine}
        taken = [float(scores[one["household_number"]]) for one in rows]
        assert taken == sorted(taken)
        assert sum(float(one["amount_mru"]) for one in rows) == float(figures["spent_mru"])

        [given] = [one async for one in officer.pages(f"{path}/sharings")]
        log = [
            one
            async for one in keeper.pages("/v1/disclosures", partner="wfp", agreement=f"SHARING-{given['id'].upper()}")
        ]
        assert {one["purpose"] for one in log} == {sharing()["purpose"]}
        assert {one["legal_basis"] for one in log} == {sharing()["legal_basis"]}
        assert len({one["subject"] for one in log}) == len(rows)
        await officer.call(
            "POST",
            f"{path}/sharings/{given['id']}/end",
            body={"official": "csa-1"},
            if_match=f'"{listed["version"]}"',
        )
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            await wfp.get(f"{path}/list")
        report = await officer.get(f"{path}/after-action")
        assert (report["listed"], report["timeliness"]["days_to_list"]) == (len(rows), 0)
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            async with platform.client("wfp") as other:
                await other.get(f"{RESPONSES}/{analysis['id']}")


def small(area: dict[str, Any]) -> bool:
    """Whether some commune of it is not told, which may take the area with it."""
    return any(one["registry"]["households"] is None for one in area["communes"])


async def registry_households(loaded: LoadedPlatform) -> list[dict[str, Any]]:
    """Number and score of every household, from the registry itself."""
    async with loaded.platform.client("taazour") as client:
        rows = [one async for one in client.pages("/registry/v1/households")]
        return [
            {"number": one["number"], "score": one.get("score")}
            for one in rows
            if one.get("status") in (None, "active")
        ]


async def validated(officer: Any) -> dict[str, str]:
    """Every proposed trigger, validated: the trigger by the area's code."""
    found = [one async for one in officer.pages("/matching/v1/triggers", status="proposed")]
    for one in found:
        await officer.call(
            "POST",
            f"/matching/v1/triggers/{one['id']}/validate",
            body={"official": "csa-1"},
            if_match=f'"{one["version"]}"',
        )
    return {one["area"]["code"]: one["id"] for one in found}


def design(trigger_ids: list[str]) -> dict[str, Any]:
    return {
        "title": "Soudure 2026",
        "program": "EL_MAOUNA",
        "trigger_ids": trigger_ids,
        "first_month": "2026-06-01",
        "months": 4,
        "vertical": {"programs": [{"program": "TEKAVOUL"}], "amount": {"amount_mru": "500"}},
        "horizontal": {"amount": {"amount_mru": "450", "per": "person"}},
        "official": "csa-1",
    }


def sharing() -> dict[str, Any]:
    return {
        "recipient": "wfp",
        "purpose": "Distribution de la soudure",
        "legal_basis": "Protocole",
        "ends_at": (now() + timedelta(days=5)).isoformat(),
        "official": "csa-1",
    }


async def computed(officer: Any, response_id: str) -> dict[str, Any]:
    async def done() -> Any:
        found = await officer.get(f"{RESPONSES}/{response_id}")
        return found if found["planning"] == "ready" else None

    planned: dict[str, Any] = await until(done, what="the plan to be computed", seconds=60)
    return planned
