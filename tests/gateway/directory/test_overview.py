"""A partner's overview: its agreements, quota, keys, refusals, traffic and disclosures; each reader sees what she may."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from gateway.traffic import counting
from running import second_process, until
from tests.gateway.conftest import Door
from tests.gateway.directory.conftest import DAYS_LEFT, SignedIn
from tests.gateway.partners.conftest import claims_of, form_of, pair, signed

ROW = (
    "INSERT INTO traffic (request_in_at, request_out_at, response_in_at, response_out_at, message_id, x_request_id,"
    " client_member_code, service_member_code, service_code, request_size, response_size, status_code, succeeded, fault_code)"
    " VALUES (:at, CAST(:at AS timestamptz) + make_interval(secs => :before), CAST(:at AS timestamptz) + make_interval(secs => :before + :theirs),"
    " CAST(:at AS timestamptz) + make_interval(secs => :before + :theirs + :after), 'm', 'x', :partner, :service, 'GET /v1/x', 0, 0, :status,"
    " :status < 400, :fault)"
)


async def recorded(door: Door, *rows: dict[str, Any]) -> None:
    """Rows of the traffic record. `theirs`: seconds at the service; `before` and `after` it at the gateway."""
    usual = {
        "partner": "alpha",
        "service": "registry",
        "before": 0.0,
        "theirs": 0.1,
        "after": 0.0,
        "status": 200,
        "fault": None,
    }
    async with door.running.platform.database.transaction() as tx:
        for row in rows:
            await tx.execute(text(ROW), usual | row)


async def overview(door: Door, partner: str = "alpha") -> dict[str, Any]:
    answer = await door.get("/v1/overview", partner)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def counted(door: Door, service: str, wanted: int) -> dict[str, Any]:
    """The overview once so many requests to a service stand in it."""

    async def there() -> dict[str, Any] | None:
        told = await overview(door)
        return told if sum(one["requests"] for one in told["hours"] if one["service"] == service) >= wanted else None

    found: dict[str, Any] = await until(there, what=f"{wanted} requests to {service}")
    return found


async def test_what_a_partner_did_stands_in_its_overview(door: Door) -> None:
    for path in ("/registry/v1/echo", "/registry/v1/echo", "/registry/v1/households", "/registry/v1/people/7"):
        await door.get(path)
    await door.get("/registry/v1/echo", "beta")

    told = await counted(door, "registry", 4)

    hours = [one for one in told["hours"] if one["service"] == "registry"]  # two, where one ends between the requests
    assert (sum(one["requests"] for one in hours), sum(one["faults"] for one in hours)) == (4, 2)
    assert {datetime.fromisoformat(one["hour"]).minute for one in hours} == {0}
    faults = {one["code"]: (one["requests"], one["page"]) for one in told["faults"]}
    assert faults == {
        "named_agreement_needed": (1, "/docs/errors/named_agreement_needed"),
        "not_found": (1, "/docs/errors/not_found"),
    }
    for _, page in faults.values():
        assert (await door.client.get(page)).status_code == 200
    quota = told["quota"]
    assert (quota["requests_per_second"], quota["burst"], quota["concurrent"]) == (1000, 1000, 100)
    assert quota["last_minute"] >= 4
    assert 900 <= quota["left"] <= 1000
    disclosures = told["disclosures"]
    assert (disclosures["allowed"], disclosures["people"], disclosures["refused"]) == (0, 0, 1)
    assert told["file"] is None


async def test_a_services_own_refusal_is_counted_by_its_code(door: Door) -> None:
    headers = {**await door.as_("alpha"), "Content-Type": "application/json"}
    answers = [
        await door.client.post("/registry/v1/echo", content=b"{", headers=headers),  # refused at the door
        await door.client.post("/v1/records:resolve", json={"records": []}, headers=headers),  # by our own application
        await door.client.get("/v1/events", params={"after": "x"}, headers=headers),
    ]
    codes = [one.json()["code"] for one in answers]
    assert len(codes) == 3

    async def told() -> bool:
        return {one["code"] for one in (await overview(door))["faults"]} == set(codes)

    await until(told, what=f"{codes} to be counted")


async def test_agreements_in_force_come_with_their_days(door: Door) -> None:
    lines = (await overview(door))["agreements"]

    last = (datetime.now(UTC).date() + timedelta(days=DAYS_LEFT)).isoformat()
    first = lines[0]
    assert first["id"] == "A-1"  # it ends first
    assert (first["not_after"], first["days_left"], first["ends_soon"]) == (last, DAYS_LEFT, True)
    assert (first["provider"], first["recipient"], first["state"], first["used_today"], first["per_day"]) == (
        "keeper", "alpha", "active", 0, 1000,
    )  # fmt: skip
    assert {one["id"] for one in lines} >= {"A-1", "A-MATCH"}
    assert "B-1" not in {one["id"] for one in lines}
    assert (await overview(door, "beta"))["agreements"] is None  # its token may not read them


async def test_a_key_tells_when_it_was_last_used(door: Door) -> None:
    key = pair()
    headers = await door.as_("alpha")
    public = key.as_dict(private=False)
    added = await door.client.post("/v1/credentials/keys", json={"public_key": public}, headers=headers)
    assert added.status_code == 201, added.text
    unused = {one["kind"]: one for one in (await overview(door))["credentials"]}
    assert unused["key"]["last_used_at"] is None
    assert unused["key"]["kid"] == key.thumbprint() == added.json()["kid"]

    shown = form_of(signed(key, claims_of("alpha"), kid=key.thumbprint()))
    assert (await door.client.post("/oauth2/token", data=shown)).status_code == 200

    async def noted() -> Any:
        lines = {one["kind"]: one for one in (await overview(door))["credentials"]}
        return lines if lines["key"]["last_used_at"] else None

    used = await until(noted, what="the use of the key to be written down")
    assert abs(datetime.fromisoformat(used["key"]["last_used_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert used["secret"]["last_used_at"] is not None  # it was, to get the first token
    assert door.gateway.state.clients.used == {}
    # What another process has seen later is not set back.
    database = door.running.platform.database
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE credentials SET last_used_at = '2099-01-01Z'"))
    assert (await door.ask_token("alpha")).status_code == 200

    async def written() -> bool:
        return not door.gateway.state.clients.used

    await until(written, what="the use to be written down")
    async with database.transaction() as tx:
        assert (await tx.scalar(text("SELECT min(last_used_at) FROM credentials WHERE partner = 'alpha'"))).year == 2099


async def test_traffic_is_counted_by_partner_and_service_with_their_times(door: Door, signed_in: SignedIn) -> None:
    at = datetime.now(UTC) - timedelta(minutes=5)
    old = datetime.now(UTC) - timedelta(hours=30)
    # Of 0.1, 0.2, 0.3, 0.4, 0.5 s at the service the median is 0.3, the 95th percentile 0.5 - 0.2 * 0.1 = 0.48.
    await recorded(
        door,
        *(
            {"at": at, "service": "programs-csa", "theirs": 0.1 * one, "before": 0.01, "after": 0.01}
            for one in range(1, 6)
        ),
        {"at": at, "service": "programs-csa", "partner": "beta", "status": 429, "fault": "too_many_requests"},
        {"at": old, "service": "programs-csa", "partner": "beta", "status": 500, "fault": "500"},
    )
    async with signed_in("operator") as person:

        async def lines(**asked: Any) -> dict[tuple[str, str], dict[str, Any]]:
            answer = await person.get("/v1/traffic/partners", params=asked)
            assert answer.status_code == 200, answer.text
            return {(one["partner"], one["service"]): one for one in answer.json()["items"]}

        day = await lines(service="programs-csa")
        two_days = await lines(service="programs-csa", hours=48)
        of_beta = await lines(partner="beta")
        wrong = [
            (await person.get("/v1/traffic/partners", params=one)).status_code
            for one in ({"hours": 0}, {"hours": 169}, {"partner": "../x"}, {"service": "X"})
        ]

    alpha, beta = day["alpha", "programs-csa"], day["beta", "programs-csa"]
    assert (alpha["requests"], alpha["faults"]) == (5, 0)
    assert [round(alpha[name]) for name in ("service_p50_ms", "service_p95_ms", "gateway_p95_ms")] == [300, 480, 20]
    assert (beta["requests"], beta["faults"]) == (1, 1)
    assert two_days["beta", "programs-csa"]["faults"] == 2
    assert {partner for partner, _ in of_beta} == {"beta"}
    assert wrong == [422] * 4


async def test_the_newest_are_counted_and_since_when_is_told(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (datetime.now(UTC) - timedelta(days=one) for one in (3, 2))
    await recorded(door, {"at": first, "status": 500, "fault": "500"}, {"at": second, "status": 500, "fault": "500"})
    whole = await overview(door)
    assert [(one["code"], one["requests"], one["page"]) for one in whole["faults"]] == [("500", 2, None)]
    assert datetime.fromisoformat(whole["counted_since"]) < first

    async def noted() -> bool:
        async with door.running.platform.database.transaction() as tx:
            return bool(await tx.scalar(text("SELECT count(*) FROM traffic WHERE service_member_code = 'gateway'")))

    await until(noted, what="the question itself to be recorded")
    async with door.running.platform.database.transaction() as tx:
        newer = await tx.scalar(text("SELECT count(*) FROM traffic WHERE service_member_code = 'gateway'"))
        monkeypatch.setattr(counting, "MOST_ROWS", newer + 1)
        since, _ = await counting.of_all(tx, datetime.now(UTC), 168)
        told = await counting.of_partner(tx, "alpha", datetime.now(UTC), days=7, hours=24)
    assert since == second
    assert (told.since, [one.requests for one in told.faults]) == (second, [1])


async def test_many_who_ask_at_once_have_it_counted_once(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    counts, times = door.gateway.state.counts, 0
    of_partner = counting.of_partner

    async def noted(*args: Any, **more: Any) -> counting.Counted:
        nonlocal times
        times += 1
        return await of_partner(*args, **more)

    monkeypatch.setattr(counting, "of_partner", noted)
    counts._kept.clear()
    headers = await door.as_("alpha")
    answers = await asyncio.gather(*(door.client.get("/v1/overview", headers=headers) for _ in range(20)))

    assert {one.status_code for one in answers} == {200}
    assert times == 1
    counts._kept["alpha"] = (0.0, counts._kept["alpha"][1])
    await overview(door)
    assert (times, counts._coming) == (2, {})


async def test_each_role_reads_its_sections_and_no_other(door: Door, signed_in: SignedIn) -> None:
    sections = ("agreements", "credentials", "disclosures", "file")
    found: dict[str, Any] = {}
    for role in ("operator", "steward", "security_officer", "auditor"):
        async with signed_in(role) as person:
            answer = await person.get("/v1/partners/alpha/overview")
            assert (await person.get("/v1/partners/nobody/overview")).status_code == 404
            assert (await person.get("/v1/overview")).status_code == 404
            assert (await person.get("/v1/traffic/partners")).status_code == 200
            found[role] = [answer.json()[one] is not None for one in sections]
            listed = await person.get("/v1/agreements", params={"kind": "sharing"})
            one = await person.get("/v1/agreements/B-1")
            ids = [row["id"] for row in listed.json().get("items", [])]
            assert (ids, one.status_code) == (
                (["A-1", "A-MATCH", "B-1", "B-FEED"], 200) if found[role][0] else ([], 403)
            ), role
            assert (await person.post("/v1/agreements", json={})).status_code == 403, role
    assert found == {
        "operator": [False, False, False, False],
        "steward": [True, True, False, True],
        "security_officer": [True, True, True, True],
        "auditor": [True, True, True, True],
    }
    async with signed_in("partner_viewer", "beta") as viewer:
        own = (await viewer.get("/v1/overview")).json()
        assert (own["id"], [own[one] is not None for one in sections]) == ("beta", [True, True, True, False])
        for path in (
            "/v1/partners/beta/overview",
            "/v1/partners/alpha/overview",
            "/v1/traffic/partners",
            "/v1/agreements",
        ):
            assert (await viewer.get(path)).status_code == 403, path
        take = await viewer.post("/v1/partners/beta/take-from-file")
        assert (take.status_code, take.json()["code"]) == (403, "not_permitted")
    for path in ("/v1/partners/alpha/overview", "/v1/traffic/partners"):
        assert (await door.get(path)).status_code == 403, path  # a partner, even of itself
        assert (await door.client.get(path)).status_code == 401


async def test_what_the_file_gives_more_is_told_and_taken_over_on_request(
    door: Door, signed_in: SignedIn, capfd: pytest.CaptureFixture[str]
) -> None:
    in_file = ["imports:write", "enrollments:read", "households:read", "events:read", "credentials:write"]
    async with signed_in("security_officer") as officer:
        assert (await officer.get("/v1/partners/alpha/overview")).json()["file"] == []
        changed = {"permissions": ["events:read", "places:read"], "subscribes": ["FIRST"]}
        assert (await officer.patch("/v1/partners/alpha", json=changed)).status_code == 200
        capfd.readouterr()
        await (await second_process(door.running)).stop()  # a start tells it, and changes nothing
        told = [
            json.loads(line) for line in capfd.readouterr().out.splitlines() if "partners_behind_their_file" in line
        ]
        assert [one["partners"] for one in told] == [["alpha"]]

        differing = {one["field"]: one for one in (await officer.get("/v1/partners/alpha/overview")).json()["file"]}
        assert differing.keys() == {"permissions", "subscribes"}
        assert set(differing["permissions"]["only_in_file"]) > {"imports:write", "households:read"}
        assert differing["permissions"]["only_in_database"] == ["places:read"]
        assert differing["subscribes"]["only_in_file"] == ["SECOND"]

        taken = [await officer.post("/v1/partners/alpha/take-from-file") for _ in range(2)]
        assert [one.status_code for one in taken] == [200, 200]
        assert {*in_file, "places:read"} <= set(taken[0].json()["permissions"])
        assert taken[0].json() == taken[1].json()
        after = (await officer.get("/v1/partners/alpha/overview")).json()["file"]
        assert [(one["field"], one["only_in_file"]) for one in after] == [("permissions", [])]

        limits = {"requests_per_second": 1, "burst": 1, "concurrent": 1}
        names = {"ar": "ج", "fr": "G", "en": "G"}
        new = {"id": "gamma", "names": names, "permissions": ["events:read"], "limits": limits}
        assert (await officer.post("/v1/partners", json=new)).status_code == 201
        in_no_file = await officer.post("/v1/partners/gamma/take-from-file")
        assert (in_no_file.status_code, in_no_file.json()["code"]) == (409, "partner_in_no_file")

        async def known() -> bool:
            return (await officer.get("/v1/partners/gamma/overview")).status_code == 200

        await until(known, what="the new partner to be known")
        assert (await officer.get("/v1/partners/gamma/overview")).json()["file"] is None
        assert (await officer.post("/v1/partners/nobody/take-from-file")).status_code == 404
    for role in ("operator", "steward", "auditor"):
        async with signed_in(role) as person:
            assert (await person.post("/v1/partners/alpha/take-from-file")).status_code == 403, role
