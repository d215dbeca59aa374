"""Story 17: an auditor replays who was eligible on a day, under that day's rule and from what was known then."""

import asyncio
from typing import Any

from journeys.asking import at_the_registry
from registry_cases import apply, undo
from shared.clock import now
from whole_platform import LoadedPlatform


async def replayed(auditor: Any, **asked: Any) -> dict[str, Any]:
    begun = await auditor.call("POST", "/matching/v1/eligibility-replays", body=asked)
    while True:
        found: dict[str, Any] = await auditor.get(f"/matching/v1/eligibility-replays/{begun['id']}")
        if found["status"] != "running":
            return found
        await asyncio.sleep(0.2)


async def test_an_auditor_replays_who_was_eligible_before_a_correction(loaded: LoadedPlatform) -> None:
    """A member's disability is corrected; what was known before the correction still tells why the household was meant."""
    platform = loaded.platform
    rows = await platform.rows(
        "matching",
        "SELECT e.household_id, m.individual_id FROM eligible_households e"
        " JOIN household_facts f USING (household_id)"
        " JOIN members m USING (household_id)"
        " WHERE e.program = 'DISABILITY_CASH' AND e.eligible AND cardinality(array_positions(f.disabilities, true)) = 1"
        " ORDER BY e.household_id, m.individual_number",
    )
    household_id = rows[0]["household_id"]
    registered = len(await platform.rows("matching", "SELECT id FROM households"))
    async with at_the_registry(platform, "taazour") as registry, platform.client("taazour") as auditor:
        members = (await registry.get(f"/v1/households/{household_id}")).json()["members"]
        disabled = next(one for one in members if one["disability"])
        before, today = now(), str(now().date())
        request = await apply(
            registry,
            {
                "kind": "correction",
                "individual_id": disabled["individual_id"],
                "individual": {"disability": False},
            },
        )
        await platform.quiet()

        asked = {"program": "DISABILITY_CASH", "as_of": today}
        then = await replayed(auditor, **asked, known_at=before.isoformat())
        at_present = await replayed(auditor, **asked)
        path = f"/matching/v1/eligibility-replays/{{}}/households/{household_id}"
        was = await auditor.get(path.format(then["id"]))
        is_now = await auditor.get(path.format(at_present["id"]))

        assert (then["status"], at_present["status"]) == ("done", "done")
        assert then["households"] == at_present["households"] == registered
        assert (was["status"], is_now["status"]) == ("eligible", "not_eligible")
        assert [one["met"] for one in is_now["criteria"]] == [True, False]
        live = await auditor.get(f"/matching/v1/households/{household_id}/eligibility", program="HEALTH_INSURANCE")
        assert live["status"] == "eligible"

        await undo(registry, request)
        await platform.quiet()
        again = await replayed(auditor, **asked)
        assert again["wilayas"] == then["wilayas"]
