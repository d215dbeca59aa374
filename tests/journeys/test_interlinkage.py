"""Story 10: a statistician computes coverage, overlap and adequacy by wilaya on a frozen snapshot, without a name."""

import csv
import io
import re
from typing import Any

import pytest

from journeys.asking import active_households
from running import until
from whole_platform import LoadedPlatform

SNAPSHOTS = "/matching/v1/snapshots"
PERSONAL = re.compile(r"\b\d{10}\b|Mint|Ould|بنت|ولد")
"""A national id, a household's or an individual's number, a phone; what stands in most names."""


async def made(client: Any, note: str) -> dict[str, Any]:
    asked = await client.call("POST", SNAPSHOTS, body={"note": note})

    async def ended() -> Any:
        found = await client.get(f"{SNAPSHOTS}/{asked['id']}")
        return found if found["status"] not in ("waiting", "running") else None

    found: dict[str, Any] = await until(ended, what="the snapshot", seconds=240, every=0.5)
    return found


async def test_a_statistician_reads_figures_by_wilaya_from_a_frozen_snapshot(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    inside = await active_households(platform)
    async with platform.client("taazour") as statistician:
        snapshot = await made(statistician, "Comité de coordination")
        assert snapshot["status"] == "done"
        path = f"{SNAPSHOTS}/{snapshot['id']}/indicators"

        of_both = {"indicator": "overlap", "by": "total", "program": "EL_MAOUNA", "other": "TEKAVOUL"}
        overlap = await statistician.get(path, **of_both, unit="households", bound="certain")
        both = len(inside["EL_MAOUNA"] & inside["TEKAVOUL"])
        assert [int(one["numerator"]) for one in overlap["items"] if one["reason"] is None] in ([both], [])
        assert overlap["of"]["snapshot_id"] == snapshot["id"]
        for indicator in ("coverage", "overlap", "adequacy"):
            page = await statistician.get(path, indicator=indicator, by="wilaya", program="TEKAVOUL", limit=200)
            assert {one["group_name"]["fr"] for one in page["items"] if one["group_name"]}
            [method] = page["methods"]
            assert method["code"] == indicator and method["method"]["ar"] and method["method"]["fr"]
            for one in page["items"]:
                assert one["numerator"] is None or one["unit"] == "money" or not 0 < int(one["numerator"]) < 5
                assert (one["value"] is None) == (one["because"] is not None)
        covered = {"indicator": "coverage", "unit": "people", "bound": "certain", "program": "TEKAVOUL"}
        total = (await statistician.get(path, **covered, by="total"))["items"][0]
        parts = (await statistician.get(path, **covered, by="wilaya", limit=200))["items"]
        shown = [int(one["numerator"]) for one in parts if one["numerator"] is not None]
        assert sum(shown) == int(total["numerator"]) or len(parts) - len(shown) >= 2

        async def filed() -> Any:
            try:
                return await statistician.answer("GET", f"{SNAPSHOTS}/{snapshot['id']}/file")
            except Exception as not_yet:
                assert "409" in str(not_yet)
                return None

        file = await until(filed, what="the file", seconds=240, every=0.5)
        rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
        assert len(rows) == snapshot["cells"]
        texts = {row[name] for row in rows for name in ("group", "program", "other", "reason")}
        assert not [one for one in texts if PERSONAL.search(one)]
    async with platform.client("men") as other:
        with pytest.raises(Exception, match="403"):
            await other.get(path)
