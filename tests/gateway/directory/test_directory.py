"""The service directory: what is open to a partner, as its agreements stand, and nothing that is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.settings import SHIPPED_ROUTES
from tests.gateway import upstream
from tests.gateway.agreements.cases import PURPOSE
from tests.gateway.conftest import Door
from tests.gateway.directory.conftest import SignedIn

HOUSEHOLDS = "/registry/v1/households"
ALPHAS = {
    "imports:write", "enrollments:read", "households:read", "events:read", "credentials:write", "households:shared",
    "agreements:read", "agreements:write", "agreements:approve", "open",
}  # fmt: skip


async def directory(door: Door, partner: str = "alpha", **params: Any) -> list[dict[str, Any]]:
    """All pages of it."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await door.get("/v1/directory", partner, params={"limit": 200} | params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if (cursor := answer.json()["next_cursor"]) is None:
            return found
        params["cursor"] = cursor


def by_operation(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{one['method']} {one['path']}": one for one in found}


async def test_every_operation_of_a_permission_is_there_once_and_no_other(door: Door) -> None:
    found = await directory(door, limit=37)

    rows = [one for one in json.loads(SHIPPED_ROUTES.read_text()) if one["permission"] in ALPHAS]
    wanted = {(one["method"], f"/registry{one['path']}") for one in rows if one["service"] == "registry"}
    wanted |= {(one["method"], f"/programs/csa{one['path']}") for one in rows if one["service"] == "programs"}
    told = [(one["method"], one["path"]) for one in found if one["service"] != "gateway"]
    assert len(told) == len(set(told))
    assert set(told) ^ wanted == set()  # matching does not run here
    assert len(wanted) > 50
    own = {f"{one['method']} {one['path']}" for one in found if one["service"] == "gateway"}
    assert {"GET /v1/events", "GET /v1/directory", "GET /v1/overview", "GET /v1/agreements"} <= own
    assert not [one for one in own if "/v1/partners" in one or "/v1/operators" in one or "/v1/disclosures" in one]
    assert [(one["path"], one["method"]) for one in found] == sorted((one["path"], one["method"]) for one in found)
    assert {one["requests"] for one in found} == {1}


async def test_what_the_directory_says_of_an_agreement_is_what_the_door_does(door: Door) -> None:
    """Each read without a placeholder is asked as the directory says it may be had; the door decides by itself."""
    headers = {"Tekamoul-Agreement": "A-1", "Tekamoul-Purpose": PURPOSE}
    asked = 0
    for partner in ("alpha", "keeper"):
        for one in await directory(door, partner):
            if one["method"] != "GET" or "{" in one["path"] or one["service"] == "gateway":
                continue
            named = headers if one["access"] == "agreement" else {}
            answer = await door.get(one["path"], partner, headers=named)
            assert (answer.status_code == 403) is (one["access"] == "none"), (partner, one, answer.text)
            asked += 1
    assert asked > 20
    feed: dict[str, Any] = {}
    for partner in ("alpha", "beta"):
        (one,) = [one for one in await directory(door, partner, service="gateway") if one["path"] == "/v1/events"]
        named = {"Tekamoul-Agreement": "B-FEED", "Tekamoul-Purpose": PURPOSE}
        plain, shared = [(await door.get("/v1/events", partner, headers=given)).status_code for given in ({}, named)]
        feed[partner] = (one["access"], one["agreements"], plain, shared)
    assert feed == {"alpha": ("mandate", [], 200, 404), "beta": ("agreement", ["B-FEED"], 403, 200)}


async def test_an_agreement_opens_what_it_names_and_suspended_nothing(door: Door) -> None:
    before = by_operation(await directory(door))
    held = await door.get("/v1/agreements/A-1")
    step = {"version": held.json()["version"], "official": "A-7", "reason": "a test"}
    headers = {**await door.as_("alpha"), "If-Match": held.headers["etag"], "Idempotency-Key": "suspend-1"}
    suspended = await door.client.post("/v1/agreements/A-1/suspend", json=step, headers=headers)
    assert suspended.status_code == 200, suspended.text
    async with door.running.platform.database.transaction() as tx:
        await door.gateway.state.admission._book.read(tx)  # as it does within a second
    after = by_operation(await directory(door))

    for operation in (f"GET {HOUSEHOLDS}", f"GET {HOUSEHOLDS}/{{household_id}}"):
        assert (before[operation]["access"], before[operation]["agreements"]) == ("agreement", ["A-1"])
        assert before[operation]["counts_people"] is True
        assert (after[operation]["access"], after[operation]["agreements"]) == ("none", [])
    history = f"GET {HOUSEHOLDS}/{{household_id}}/history"  # no agreement gives it
    assert (before[history]["access"], before[history]["agreements"]) == ("none", [])
    own = by_operation(await directory(door, "keeper"))
    assert own[f"GET {HOUSEHOLDS}/{{household_id}}"]["access"] == "mandate"
    assert own["GET /v1/directory"]["access"] == "open"
    # mute may not read households, not even under an agreement.
    assert f"GET {HOUSEHOLDS}" not in by_operation(await directory(door, "mute"))


async def test_filters_and_descriptions(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"get": {"operationId": "list_households", "description": "Households, by number.", "responses": {}}}
    monkeypatch.setitem(upstream.OPENAPI["paths"], "/v1/households", said)

    of_csa = await directory(door, institution="csa")
    of_registry = by_operation(await directory(door, service="registry", access="agreement"))
    own = by_operation(await directory(door, service="gateway"))

    assert {(one["service"], one["institution"]) for one in of_csa} == {("programs", "csa")}
    assert {one["access"] for one in of_registry.values()} == {"agreement"}
    assert of_registry[f"GET {HOUSEHOLDS}"]["description"] == "Households, by number."
    assert of_registry[f"GET {HOUSEHOLDS}/{{household_id}}"]["description"] is None  # it has not said
    assert own["GET /v1/events"]["description"]
    assert await directory(door, institution="men") == []
    for wrong in ({"cursor": "x"}, {"access": "all"}, {"service": "../x"}, {"limit": 201}):
        assert (await door.get("/v1/directory", params=wrong)).status_code == 422, wrong


async def test_a_narrow_token_is_shown_what_it_may_do(door: Door) -> None:
    token = (await door.ask_token("alpha", scope="events:read")).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    found = (await door.client.get("/v1/directory", headers=headers, params={"limit": 200})).json()["items"]
    overview = (await door.client.get("/v1/overview", headers=headers)).json()

    assert {one["permission"] for one in found} == {"events:read", "own", "open"}
    assert (overview["agreements"], overview["credentials"], overview["file"]) == (None, None, None)
    assert overview["quota"]["burst"] == 1000


async def test_people_see_a_partners_directory_by_their_role(door: Door, signed_in: SignedIn) -> None:
    async with signed_in("partner_viewer", "alpha") as viewer:
        own = (await viewer.get("/v1/directory", params={"limit": 200})).json()["items"]
        assert own == (await door.get("/v1/directory", params={"limit": 200})).json()["items"]
        for path in ("/v1/partners/alpha/directory", "/v1/partners/beta/directory"):
            assert (await viewer.get(path)).status_code == 403
    statuses = {}
    for role in ("operator", "steward", "security_officer", "auditor"):
        async with signed_in(role) as person:
            of_alpha = await person.get("/v1/partners/alpha/directory", params={"limit": 200})
            if of_alpha.status_code == 200:
                assert of_alpha.json()["items"] == own
            statuses[role] = (
                of_alpha.status_code,
                (await person.get("/v1/directory")).status_code,  # a person is no partner
                (await person.get("/v1/partners/nobody/directory")).status_code,
            )
    assert statuses == {
        "operator": (403, 404, 403),
        "steward": (200, 404, 404),
        "security_officer": (200, 404, 404),
        "auditor": (200, 404, 404),
    }
    assert (await door.client.get("/v1/directory")).status_code == 401
    assert (await door.get("/v1/partners/alpha/directory")).status_code == 403  # a partner, even of itself
