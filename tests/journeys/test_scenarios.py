"""Story 11: a director compares value scenarios: what they cost, whom they serve, who gains and who loses by household size."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from journeys.asking import active_households
from whole_platform import LoadedPlatform

PATH = "/matching/v1/scenarios"
FLAT = {"kind": "value", "program": "TEKAVOUL", "formula": {"household_mru": "3600", "months_per_payment": 3}}
PER_HEAD = {"kind": "value", "program": "TEKAVOUL", "formula": {"person_mru": "600", "months_per_payment": 3}}


async def result_of(director: Any, name: str, changes: list[dict[str, Any]], snapshot_id: str) -> dict[str, Any]:
    made = await director.call("POST", PATH, body={"name": name, "changes": changes, "snapshot_id": snapshot_id})
    path = f"{PATH}/{made['id']}"
    await director.call("POST", f"{path}/run")
    await until_ended(director, path, lambda found: found["run"]["status"] != "waiting")
    result: dict[str, Any] = await director.get(f"{path}/result")
    return result


async def until_ended(director: Any, path: str, ended: Any) -> dict[str, Any]:
    for _ in range(1200):
        found: dict[str, Any] = await director.get(path)
        if ended(found):
            return found
        await asyncio.sleep(0.1)
    raise TimeoutError(path)


def money(amounts: dict[str, Any], when: str) -> Decimal:
    return Decimal(amounts[f"{when}_mru"])


async def test_a_director_weighs_a_flat_value_against_one_per_head(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    before = await active_households(platform)
    async with platform.client("taazour") as director:
        snapshot = await director.call("POST", "/matching/v1/snapshots", body={"note": "Comité de pilotage"})
        await until_ended(director, f"/matching/v1/snapshots/{snapshot['id']}", lambda one: one["status"] == "done")

        flat = await result_of(director, "3 600 par ménage et trimestre", [FLAT], snapshot["id"])
        per_head = await result_of(director, "600 par personne et trimestre", [PER_HEAD], snapshot["id"])

        # Cost: what is before is the same; what is after is the sum of its programs, and its months.
        assert flat["budget"]["before_mru"] == per_head["budget"]["before_mru"]
        for one in (flat, per_head):
            for when in ("before", "after"):
                programs = sum(money(each, when) for each in one["programs"] if each[f"{when}_mru"] is not None)
                assert programs <= money(one["budget"], when)
                for each in one["programs"]:
                    if each[f"{when}_mru"] is not None:
                        assert sum(money(month, when) for month in each["months"]) == money(each, when)

        # Whoever is in it stays in it; per head, the large households gain and the small ones lose.
        assert {"coverage", "adequacy", "concentration"} <= {each["indicator"] for each in per_head["indicators"]}
        coverage = [each for each in per_head["indicators"] if (each["indicator"], each["by"]) == ("coverage", "total")]
        assert all(each["before"] == each["after"] for each in coverage)
        bands = {each["group"]: each for each in per_head["changes"] if each["by"] == "size_band"}
        assert set(bands) == {"1-3", "4-6", "7-9", "10+"}
        if bands["1-3"]["winners"] is not None:
            assert (bands["1-3"]["winners"], bands["7-9"]["losers"]) == (0, 0)
            assert bands["1-3"]["losers"] > 0 and bands["7-9"]["winners"] > 0
        for each in per_head["changes"]:
            if each["winners"] is not None:
                assert each["winners"] + each["losers"] + each["unchanged"] == each["households"]
        total = next(each for each in per_head["changes"] if each["by"] == "total")
        if total["gained_mru"] is not None:
            more = money(per_head["budget"], "after") - money(per_head["budget"], "before")
            assert Decimal(total["gained_mru"]) - Decimal(total["lost_mru"]) == more

        # Side by side, on paper, in the language of whoever reads.
        ids = [one["scenario_id"] for one in (flat, per_head)]
        compared = await director.get("/matching/v1/scenario-comparisons", ids=ids)
        assert [one["name"] for one in compared["scenarios"]] == [flat["name"], per_head["name"]]
        assert compared["basis"]["snapshot_id"] == snapshot["id"]
        both = await director.answer("GET", "/matching/v1/scenario-comparisons/report", ids=ids, language="ar")
        report = f"/matching/v1/snapshots/{snapshot['id']}/report"
        for printed in (both, await director.answer("GET", report, language="fr")):
            assert printed.content.startswith(b"%PDF-")
        page = await director.answer("GET", report, language="ar", format="html")
        assert 'dir="rtl"' in page.text and "<script" not in page.text

        with pytest.raises(httpx.HTTPStatusError) as refused:
            await director.call("POST", PATH, body={"name": "Treize mois", "changes": [
                PER_HEAD | {"formula": {"person_mru": "600", "months": [13]}},
            ]})  # fmt: skip
        assert refused.value.response.json()["pointer"] == "/changes/0/value/formula/months/0"
    async with platform.client("csa") as other:
        with pytest.raises(httpx.HTTPStatusError, match="403"):
            await other.get(PATH)
    await platform.quiet()
    assert await active_households(platform) == before
