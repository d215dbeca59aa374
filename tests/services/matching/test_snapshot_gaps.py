"""Why the eligible are not served, kept in snapshots: told for ever, explained, and said to be missing of those made before."""

import csv
import html
import io
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from snapshot_cases import make, started
from sqlalchemy import delete, select, update

from matching_cases import Projection, enrollment, id_of
from running import Running, Services, until
from services.matching.figures.freezing import hash_of
from services.matching.models import Beneficiary
from services.matching.snapshots.models import Snapshot, SnapshotCell, SnapshotPart
from services.matching.snapshots.notes import NO_REASONS

OUTSIDE = range(25, 37)
"""Households that TEKAVOUL means, all of them extreme poor, and does not serve: the odd ones are in MR01, the even in MR03."""
SUSPENDED, LEFT = range(25, 37, 2), range(26, 38, 2)


@pytest.fixture
async def matching(services: Services) -> Running:
    return await started(services)


async def listed(matching: Running, numbers: Sequence[int], status: str, **changed: Any) -> None:
    """These households stand in the list of TEKAVOUL, and certainly."""
    changes = [enrollment("TEKAVOUL", number, number, status=status, **changed) for number in numbers]
    await Projection(matching.platform.database).enrollments(*changes)
    async with matching.platform.database.transaction() as tx:
        for number, change in zip(numbers, changes, strict=True):
            mine = update(Beneficiary).where(Beneficiary.id == UUID(change["enrollment_id"]))
            said = {"link_status": "linked", "decided_as": "linked", "household_id": id_of(f"household {number}")}
            await tx.execute(mine.values(**said))


async def reasons(client: httpx.AsyncClient, snapshot_id: str, by: str, unit: str = "households") -> dict[str, Any]:
    asked = {"indicator": "gap_by_reason", "by": by, "unit": unit, "program": "TEKAVOUL"}
    page = (await client.get(f"/v1/snapshots/{snapshot_id}/indicators", params=asked)).json()
    assert {one["bound"] for one in page["items"]} <= {"certain"}
    return {f"{one['group']} {one['other']}": (one["numerator"], one["denominator"]) for one in page["items"]}


async def made_before_reasons_were_kept(matching: Running, snapshot_id: UUID) -> None:
    """The snapshot as the version before this one would have left it."""
    of = SnapshotPart.snapshot_id == snapshot_id
    async with matching.platform.database.transaction() as tx:
        await tx.execute(delete(SnapshotPart).where(of, SnapshotPart.name == "standing"))
        cells = delete(SnapshotCell).where(SnapshotCell.snapshot_id == snapshot_id)
        await tx.execute(cells.where(SnapshotCell.indicator == "gap_by_reason"))
        frozen = select(SnapshotPart.name, SnapshotPart.content).where(of, SnapshotPart.name.not_like("indicators.%"))
        parts = dict((await tx.execute(frozen)).all())
        terms = orjson.loads(parts["terms"])
        del terms["later"]
        parts["terms"] = orjson.dumps(terms)
        await tx.execute(update(SnapshotPart).where(of, SnapshotPart.name == "terms").values(content=parts["terms"]))
        await tx.execute(update(Snapshot).where(Snapshot.id == snapshot_id).values(frames_hash=hash_of(parts)))


async def compared(client: httpx.AsyncClient, before: str, after: str) -> Any:
    asked = await client.post("/v1/snapshot-comparisons", json={"before": before, "after": after})

    async def done() -> Any:
        found = (await client.get(f"/v1/snapshot-comparisons/{asked.json()['id']}")).json()
        return found if found["status"] == "done" else None

    return await until(done, what="the comparison", seconds=60)


async def test_why_households_were_not_served_stays_told_and_what_moved_is_explained(matching: Running) -> None:
    """12 of 36 are not served: 6 suspended in MR01, 6 never enrolled in MR03. Then the 6 come back, and the others apply."""
    await listed(matching, SUSPENDED, "suspended")
    async with matching.client("taazour") as client:
        first = await make(client)
        await listed(matching, SUSPENDED, "enrolled", version=2)
        await listed(matching, LEFT, "applied")
        second = await make(client, "second")

        assert await reasons(client, first["id"], "total") == {
            "all exited": ("0", "12"),
            "all never_enrolled": ("6", "12"),
            "all suspended": ("6", "12"),
            "all waiting": ("0", "12"),
        }
        by_place = await reasons(client, first["id"], "wilaya", "people")
        assert (by_place["MR01 suspended"], by_place["MR03 suspended"]) == (("30", "30"), ("0", "30"))
        assert (by_place["MR01 never_enrolled"], by_place["MR03 never_enrolled"]) == (("0", "30"), ("30", "30"))
        assert (await reasons(client, first["id"], "moughataa"))["MR011 suspended"] == ("6", "6")
        assert (await reasons(client, second["id"], "total"))["all waiting"] == ("6", "6")
        await _explained(client, first["id"], second["id"])
        await _printed_and_filed(client, first["id"])
        await _as_made_before(client, matching, first["id"], second["id"])


async def _explained(client: httpx.AsyncClient, first: str, second: str) -> None:
    found = await compared(client, first, second)
    moved = {
        (one["indicator"], one["other"]): (one["before"], one["after"], one["steps"]["enrollments"])
        for one in found["figures"]
        if one["indicator"] in ("gap", "gap_by_reason") and one["unit"] == "households" and one["bound"] == "certain"
    }
    assert moved == {
        ("gap", ""): (pytest.approx(1 / 3), pytest.approx(1 / 6), pytest.approx(-1 / 6, abs=1e-4)),
        ("gap_by_reason", "never_enrolled"): (0.5, 0.0, -0.5),
        ("gap_by_reason", "suspended"): (0.5, 0.0, -0.5),
        ("gap_by_reason", "waiting"): (0.0, 1.0, 1.0),
    }
    assert "reasons_kept" not in found["terms"]


async def _printed_and_filed(client: httpx.AsyncClient, snapshot_id: str) -> None:
    for language, word in (("ar", "موقوفة"), ("fr", "suspendus"), ("en", "suspended")):
        asked = {"format": "html", "language": language}
        page = await client.get(f"/v1/snapshots/{snapshot_id}/report", params=asked)
        assert word in html.unescape(page.text)
        assert "6 / 12" in page.text

    async def filed() -> Any:
        answer = await client.get(f"/v1/snapshots/{snapshot_id}/file", params={"format": "csv"})
        return answer if answer.status_code == 200 else None

    text = (await until(filed, what="the file", seconds=60)).content.decode("utf-8-sig")
    wanted = {"indicator": "gap_by_reason", "by": "wilaya", "group": "MR01", "other": "suspended", "unit": "households"}
    [row] = [row for row in csv.DictReader(io.StringIO(text)) if wanted.items() <= row.items()]
    assert (row["numerator"], row["denominator"], row["indicator_fr"]) == ("6", "6", "Lacune selon la raison")


async def _as_made_before(client: httpx.AsyncClient, matching: Running, first: str, second: str) -> None:
    path = f"/v1/snapshots/{first}/indicators"
    assert (await client.get(path)).json()["of"]["not_kept"] is None
    await client.delete(f"/v1/snapshot-comparisons/{(await compared(client, first, second))['id']}")
    await made_before_reasons_were_kept(matching, UUID(first))

    page = (await client.get(path, params={"indicator": "gap_by_reason"})).json()
    assert (page["items"], page["of"]["not_kept"]["fr"]) == ([], NO_REASONS.fr)
    printed = await client.get(f"/v1/snapshots/{first}/report", params={"format": "html", "language": "ar"})
    assert NO_REASONS.ar in html.unescape(printed.text)
    found = await compared(client, first, second)
    assert found["terms"]["reasons_kept"] == [False, True]
    indicators = {one["indicator"] for one in found["figures"]}
    assert "gap" in indicators and "gap_by_reason" not in indicators
