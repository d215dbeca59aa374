"""A registry operator looks at the quality of what is held, and takes it out as files, all through the gateway."""

import csv
import io
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.exporting import fetch_export
from journeys.asking import at_the_registry
from running import until
from whole_platform import LoadedPlatform


async def test_the_operator_sees_the_index_of_every_place_and_the_records_behind_it(loaded: LoadedPlatform) -> None:
    registry = loaded.country.manifest.registry
    async with at_the_registry(loaded.platform, "taazour") as client:
        run = (await client.post("/v1/quality/runs")).json()

        async def completed() -> bool:
            return bool((await client.get(f"/v1/quality/runs/{run['id']}")).json()["status"] == "completed")

        await until(completed, what="the run to end", seconds=120)
        page = (await client.get("/v1/quality", params={"kind": "wilaya", "limit": 50})).json()
        assert sum(one["households"] for one in page["items"]) == registry.households
        rule, place = next((rule, one["place_code"]) for one in page["items"] for rule in one["findings"])
        found = (await client.get("/v1/quality/findings", params={"rule": rule, "place": place})).json()["items"]
        assert {one["rule"] for one in found} == {rule}


async def test_the_command_line_fetches_households_through_the_gateway(loaded: LoadedPlatform, tmp_path: Path) -> None:
    registry, out = loaded.country.manifest.registry, tmp_path / "menages.csv"

    status = await fetch_export(
        loaded.platform.ready, {"what": "households", "format": "csv"}, out, "taazour", "en", console=quiet()
    )

    assert status == 0
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    assert len({one["household_number"] for one in rows}) == len(rows) == registry.households
    assert not out.with_name("menages.csv.part").exists()


async def test_the_command_line_says_why_there_is_no_file(loaded: LoadedPlatform, tmp_path: Path) -> None:
    out = tmp_path / "menages.csv"
    asked = {"what": "households", "format": "csv"}
    for partner, wanted, reason in (
        ("csa", asked, "households:export"),
        ("taazour", asked | {"place": "MR99"}, "Nothing exists"),
    ):
        console = quiet()
        status = await fetch_export(loaded.platform.ready, wanted, out, partner, "en", console=console)
        assert (status, out.exists()) == (1, False)
        assert reason in console.export_text()


def quiet() -> Console:
    return Console(record=True, file=io.StringIO(), width=200)
