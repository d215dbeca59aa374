"""Who reads of many more people than usual, or guesses ids, is shown to a person once a day until she has looked into it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from gateway.disclosures.alerting import raise_alerts
from gateway.disclosures.bounds import Bounds
from gateway.disclosures.work import disclosures_to_decide
from shared.clock import now
from tests.gateway.conftest import Door
from tests.gateway.disclosures.conftest import disclosure

BOUNDS = Bounds(partner_people=5, official_people=3, guesses=4)
DPO = {"Tekamoul-Official": "dpo.1"}


async def told(door: Door, count: int, **values: Any) -> None:
    await door.gateway.state.recorder.record(
        [disclosure(**{"subject": f"H-{one}", "official": ""} | values) for one in range(count)]
    )


async def looked(door: Door, at: datetime | None = None) -> int:
    async with door.running.platform.database.transaction() as tx:
        return await raise_alerts(tx, BOUNDS, at or now())


async def alerts(door: Door, **asked: Any) -> list[tuple[str, str, str | None, int, int]]:
    answer = await door.get("/v1/reading-alerts", "guard", params=asked)
    assert answer.status_code == 200, answer.text
    return sorted(
        ((one["kind"], one["partner"], one["official"], one["count"], one["bound"]) for one in answer.json()["items"]),
        key=str,
    )


async def test_different_people_are_counted_for_partners_and_for_officials(door: Door) -> None:
    await told(door, 5, partner="csa")  # at the bound, and nobody new the second time
    await told(door, 5, partner="csa")
    await told(door, 6, partner="masef")
    await told(door, 4, partner="men", official="A-7")
    await told(door, 3, partner="cnam", official="A-7")
    await told(door, 6, partner="wfp", decision="refused", code="agreement_needed", subject="", subjects=0)

    assert await looked(door) == 2
    assert await alerts(door) == [
        ("mass_reading", "masef", None, 6, 5),
        ("mass_reading", "men", "A-7", 4, 3),
    ]


async def test_people_in_files_of_others_count_for_the_partner_once_for_each_copy(door: Door) -> None:
    a_file: dict[str, Any] = {"subject_kind": "file", "subject": "/v1/lists/1/file#sha256=aa", "subjects": 4}
    await told(door, 2, partner="csa")
    await told(door, 1, partner="csa", official="A-7", **a_file)
    await told(door, 1, partner="csa", **a_file)  # a range of the same file
    await told(door, 1, partner="masef", **a_file | {"purpose": "own_data", "subjects": 900})
    await told(door, 1, partner="men", **a_file | {"subjects": 5})
    await told(door, 1, partner="cnam", **a_file | {"subject": "/v1/lists/1/file#sha256=bb", "subjects": 3})
    await told(door, 1, partner="cnam", **a_file | {"subject": "/v1/lists/1/file#sha256=cc", "subjects": 3})

    assert await looked(door) == 2
    assert await alerts(door) == [("mass_reading", "cnam", None, 6, 5), ("mass_reading", "csa", None, 6, 5)]


async def test_ids_that_are_not_there_are_counted_and_other_refusals_are_not(door: Door) -> None:
    refused = {"decision": "refused", "subject": "", "subjects": 0}
    await told(door, 5, partner="csa", code="not_found", **refused)
    await told(door, 4, partner="masef", code="not_found", **refused)
    await told(door, 9, partner="men", code="agreement_unknown", **refused)

    assert await looked(door) == 1
    assert await alerts(door) == [("guessing", "csa", None, 5, 4)]


async def test_an_alert_is_raised_once_a_day_grows_and_is_reviewed_once(door: Door) -> None:
    await told(door, 6)
    assert await looked(door) == 1
    await told(door, 8)
    assert await looked(door) == 0
    assert await alerts(door) == [("mass_reading", "csa", None, 8, 5)]
    assert (await disclosures_to_decide(door.running.platform))["reading_alerts"] == 1
    (alert,) = (await door.get("/v1/reading-alerts", "guard")).json()["items"]
    path = f"/v1/reading-alerts/{alert['id']}/review"
    headers = await door.as_("guard")

    nameless = await door.client.post(path, headers=headers, json={"remark": "liste du mois"})
    assert (nameless.status_code, nameless.json()["code"]) == (422, "official_needed")
    done = await door.client.post(path, headers=headers | DPO, json={"remark": "liste du mois"})
    assert (done.json()["reviewed_by"], done.json()["remark"]) == ("guard/dpo.1", "liste du mois")
    again = await door.client.post(path, headers=headers | DPO, json={"remark": "liste du mois"})
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    unknown = await door.client.post(
        f"/v1/reading-alerts/{uuid4()}/review", headers=headers | DPO, json={"remark": "x"}
    )
    assert unknown.status_code == 404

    assert (await disclosures_to_decide(door.running.platform))["reading_alerts"] == 0
    assert await alerts(door, reviewed=False) == []
    assert await alerts(door, reviewed=True) == [("mass_reading", "csa", None, 8, 5)]


async def test_what_lies_back_is_counted_no_more(door: Door) -> None:
    await told(door, 9)
    await told(door, 9, decision="refused", code="not_found", subject="", subjects=0)

    assert await looked(door, now() + timedelta(minutes=61)) == 0
    assert await looked(door, now() + timedelta(minutes=30)) == 1, "people within the hour, guesses within ten minutes"
    assert await alerts(door) == [("mass_reading", "csa", None, 9, 5)]


async def test_pages_of_alerts_are_bounded(door: Door) -> None:
    await told(door, 6)
    for day in range(3):
        await told(door, 6)
        async with door.running.platform.database.transaction() as tx:
            assert await raise_alerts(tx, BOUNDS, datetime(2026, 1, 1 + day, tzinfo=UTC)) == 1
    first = (await door.get("/v1/reading-alerts", "guard", params={"limit": 2})).json()
    rest = (await door.get("/v1/reading-alerts", "guard", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["day"] for one in first["items"] + rest["items"]] == ["2026-01-03", "2026-01-02", "2026-01-01"]
    assert rest["next_cursor"] is None
