"""Names leave the log, by two persons or by age; every hash stays true, and nothing joins what is left."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from sqlalchemy import text

from cli.verifying import Verified, verify
from gateway.disclosures.erasing import drop_old_names, first_kept
from tests.gateway.conftest import Door
from tests.gateway.disclosures.conftest import disclosure

REASON = "décision de l'autorité n° 4/2026"
FIRST, SECOND = {"Tekamoul-Official": "dpo.1"}, {"Tekamoul-Official": "dpo.2"}
HOME, NUMBER = str(uuid4()), "MR05-17"


async def told(door: Door, *rows: dict[str, Any]) -> None:
    await door.gateway.state.recorder.record([disclosure(**row) for row in rows])


async def sent(door: Door, path: str, headers: dict[str, str], **body: Any) -> httpx.Response:
    return await door.client.post(path, headers=await door.as_("guard") | headers, json=body)


async def verified(door: Door) -> Verified:
    async with door.running.platform.database.transaction() as tx:
        await door.gateway.state.sealer.seal_due(tx, timedelta(0))
    connection = await asyncpg.connect(str(door.running.platform.settings.database_url))
    key = door.gateway.state.tokens.key
    found = await verify(connection, {key.kid: key})
    await connection.close()
    return found


async def fetch(door: Door, statement: str, **values: Any) -> list[Any]:
    async with door.running.platform.database.transaction() as tx:
        return list((await tx.execute(text(statement), values)).all())


async def test_two_persons_erase_a_name_and_the_chain_stays_valid(door: Door) -> None:
    await told(door, {"subject": HOME, "number": NUMBER}, {"subject": NUMBER}, {"subject": "H-other"})
    rows = await fetch(door, "SELECT position, hash FROM disclosures ORDER BY position")

    asked = await sent(door, "/v1/erasures", FIRST, subject=NUMBER, reason=REASON)
    assert asked.status_code == 201
    twice = await sent(door, "/v1/erasures", SECOND, subject=NUMBER, reason=REASON)
    assert twice.json()["id"] == asked.json()["id"], "asked for once, whoever asks again"
    approve = f"/v1/erasures/{asked.json()['id']}/approve"
    own = await sent(door, approve, FIRST)
    assert (own.status_code, own.json()["code"]) == (403, "same_person")
    done = await sent(door, approve, SECOND)

    assert done.json() | {"decided_at": None} == asked.json() | {
        "subject": None, "decided_by": "guard/dpo.2", "erased": 2, "decided_at": None,
    }  # fmt: skip
    assert (await sent(door, approve, SECOND)).json()["code"] == "already_decided"
    assert await fetch(door, "SELECT position, hash FROM disclosures WHERE position <= 3 ORDER BY position") == rows
    assert (await verified(door)).fault is None
    for name in (HOME, NUMBER):
        held = "SELECT 1 FROM disclosure_parties WHERE reference = :name OR number = :name"
        assert await fetch(door, held, name=name) == []
    listed = (await door.get("/v1/disclosures", "guard", params={"partner": "csa"})).json()["items"]
    assert [one["subject"] for one in listed] == ["H-other", None, None]
    acts = (await door.get("/v1/disclosures", "guard", params={"decision": "erased"})).json()["items"]
    assert [(one["official"], one["route"], one["subject"]) for one in acts] == [
        ("dpo.2", "POST /v1/erasures/{erasure_id}/approve", None)
    ]

    # Told of again she has another name in the chain: nothing joins it with what was erased.
    await told(door, {"subject": HOME})
    subjects = await fetch(door, "SELECT DISTINCT subject FROM disclosures WHERE partner = 'csa'")
    assert len(subjects) == 4
    assert len((await door.get(f"/v1/citizen-reports/{HOME}", "guard")).json()["entries"]) == 1


async def test_an_erasure_that_is_refused_leaves_the_name_and_forgets_whom_it_was_about(door: Door) -> None:
    await told(door, {"subject": HOME})
    asked = (await sent(door, "/v1/erasures", FIRST, subject=HOME, reason=REASON)).json()

    refused = (await sent(door, f"/v1/erasures/{asked['id']}/refuse", SECOND)).json()

    assert (refused["subject"], refused["erased"], refused["decided_by"]) == (None, None, "guard/dpo.2")
    assert len((await door.get(f"/v1/citizen-reports/{HOME}", "guard")).json()["entries"]) == 1
    listed = (await door.get("/v1/erasures", "guard", params={"decided": True})).json()["items"]
    assert [one["id"] for one in listed] == [asked["id"]]


async def test_what_cannot_be_erased_is_refused(door: Door) -> None:
    await told(door, {"subject": HOME})
    for body, code in (
        ({"subject": "nobody", "reason": REASON}, "nobody_logged"),
        ({"subject": HOME, "reason": "court"}, "invalid_request"),
        ({"subject": "a b", "reason": REASON}, "invalid_request"),
        ({"subject": HOME, "reason": REASON, "at_once": True}, "invalid_request"),
    ):
        assert (await sent(door, "/v1/erasures", FIRST, **body)).json()["code"] == code
    assert (await sent(door, "/v1/erasures", {}, subject=HOME, reason=REASON)).json()["code"] == "official_needed"
    assert (await sent(door, f"/v1/erasures/{uuid4()}/approve", FIRST)).status_code == 404
    alpha = await door.as_("alpha") | FIRST
    for path, method in (("/v1/erasures", "POST"), ("/v1/erasures", "GET"), (f"/v1/erasures/{uuid4()}/refuse", "POST")):
        answer = await door.client.request(method, path, headers=alpha, json={"subject": HOME, "reason": REASON})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")


def test_names_are_kept_for_as_many_days_and_until_the_month_ends() -> None:
    assert first_kept(date(2026, 11, 29), 90) == date(2026, 8, 1)  # the 31st of August is 90 days back
    assert first_kept(date(2026, 11, 30), 90) == date(2026, 9, 1)
    assert first_kept(date(2026, 3, 1), 1) == date(2026, 2, 1)


async def test_old_names_are_dropped_once_their_rows_are_sealed(door: Door) -> None:
    await told(door, {"subject": HOME}, {"subject": "H-2"})
    next_month = (datetime.now(UTC).date().replace(day=28) + timedelta(days=4)).replace(day=1)

    async def dropped(before: date) -> int:
        async with door.running.platform.database.transaction() as tx:
            return await drop_old_names(tx, before)

    assert await dropped(next_month) == 0, "not sealed yet"
    assert (await verified(door)).fault is None
    assert await dropped(next_month.replace(year=2020)) == 0, "not old yet"
    held = await fetch(door, "SELECT count(*) FROM disclosure_parties")
    assert await dropped(next_month) == held[0][0] == 3, "two households and the official who asked"
    assert await fetch(door, "SELECT 1 FROM disclosure_parties") == []

    found = await verified(door)
    assert (found.fault, found.rows, found.parties) == (None, 3, 0)
    ((partner, decision, subjects),) = await fetch(
        door, "SELECT partner, decision, subjects FROM disclosures ORDER BY position DESC LIMIT 1"
    )
    assert (partner, decision, subjects) == ("tekamoul", "dropped", 3)
    assert await dropped(next_month) == 0
