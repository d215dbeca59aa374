"""An operation tried out: in the sandbox alone, as its partner's own request, and by nobody who may not."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import async_playwright
from sqlalchemy import text

from cli.credentials import GatewaySecrets
from gateway.directory import trying
from gateway.directory.operations import Operation
from gateway.directory.trying import Form, Parameter, form_of, trial_of
from gateway.routing import Route
from running import Services, until
from shared.identity import InternalKey
from tests.gateway import upstream
from tests.gateway.agreements.cases import PURPOSE
from tests.gateway.conftest import Door, opened_door
from tests.gateway.directory.conftest import SignedIn
from tests.gateway.directory.test_in_a_browser import CHROMIUM, PHONE, WIDE, opened, violations

TRY = "/dashboard/partners/alpha/try"
HOUSEHOLDS = {"method": "GET", "path": "/registry/v1/households"}
SCRIPT = "<script>alert(1)</script>"
HOUSEHOLD = {
    "id": "01989a4e-5b00-7c3d-8e21-6f0a4d7b9c02",
    "row": {"place": "MR011-C01", "category": "poor"},
    "number": SCRIPT,
    "size": "3-5",
}
SHOWN = {"items": [HOUSEHOLD], "next_cursor": None}
NAMED = {"agreement": "A-1", "purpose": PURPOSE}


@pytest.fixture
def partners_file(partners_file: Path) -> Path:
    """The same partners, of the sandbox."""
    partners_file.write_text(partners_file.read_text().replace("names = {", "sandbox = true\nnames = {"))
    return partners_file


@pytest.fixture(autouse=True)
def described(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry says what its list of households takes, and that imports take a file."""
    query = {"in": "query", "required": False}
    parameters = [
        {**query, "name": "number", "schema": {"type": "string"}, "description": "Of one household."},
        {**query, "name": "status", "schema": {"enum": ["active", "closed"]}},
    ]
    households = {"description": "Households, by number.", "parameters": parameters, "responses": {}}
    file = {"requestBody": {"content": {"multipart/form-data": {}}}, "responses": {}}
    monkeypatch.setitem(upstream.OPENAPI["paths"], "/v1/households", {"get": households})
    monkeypatch.setitem(upstream.OPENAPI["paths"], "/v1/imports", {"post": file})


@pytest.fixture
async def door(services: Services, gateway_secrets: GatewaySecrets) -> AsyncIterator[Door]:
    async with opened_door(services, gateway_secrets, sandbox=True) as opened:
        opened.registry.answers["/v1/households"] = SHOWN
        yield opened


async def send(person: httpx.AsyncClient, asked: dict[str, str], **filled: str) -> httpx.Response:
    """Send the form of an operation as a page has it."""
    word = person.headers["Tekamoul-Csrf"]
    query = {"lang": "en"} | asked
    return await person.post(
        TRY, params=query, data={"csrf": word} | {k.replace("__", "."): v for k, v in filled.items()}
    )


def parts(page: httpx.Response) -> list[str]:
    """What stands in the page's two boxes: the answer, and the command."""
    assert page.status_code == 200, page.text
    return [html.unescape(one) for one in re.findall(r"<pre[^>]*>(.*?)</pre>", page.text, re.DOTALL)]


async def test_it_is_the_partners_own_request_and_shown_whole(door: Door, signed_in: SignedIn) -> None:
    async with signed_in("partner_viewer", "alpha") as viewer:
        directory = (await viewer.get("/dashboard/partners/alpha/directory", params={"service": "registry"})).text
        assert 'href="/dashboard/partners/alpha/try?method=GET&amp;path=%2Fregistry%2Fv1%2Fhouseholds"' in directory
        form = await viewer.get(TRY, params=HOUSEHOLDS)
        assert re.findall(r'<(?:input|select|textarea) id="([^"]+)"', form.text) == [
            "query.number", "query.status", "agreement", "purpose",
        ]  # fmt: skip
        door.registry.seen.clear()
        page = await send(viewer, HOUSEHOLDS, query__number="MR 1&x=y", query__status="active", **NAMED)

    answer, command = parts(page)
    assert f'"number": "{SCRIPT}"' in answer
    assert "<script" not in page.text
    assert "ratelimit" in answer
    assert shlex.split(command) == [
        "curl", "--request", "GET", f"{door.url}/registry/v1/households?number=MR+1%26x%3Dy&status=active",
        "--header", "Authorization: Bearer TOKEN", "--header", "Tekamoul-Agreement: A-1",
        "--header", f"Tekamoul-Purpose: {PURPOSE}",
    ]  # fmt: skip
    (asked,) = [one for one in door.registry.seen if one["path"] == "/v1/households"]
    assert asked["query"] == "number=MR+1%26x%3Dy&status=active"
    token = dict(asked["headers"])["authorization"].removeprefix("Bearer ")
    caller = InternalKey(door.running.platform.settings.internal_key_file).caller(token)
    assert (caller.name, caller.purpose) == ("alpha", PURPOSE)
    assert token not in page.text

    async def recorded() -> bool:
        async with door.running.platform.database.transaction() as tx:
            rows = text("SELECT client_member_code, status_code FROM traffic WHERE service_code = 'GET /v1/households'")
            return [tuple(row) for row in await tx.execute(rows)] == [("alpha", 200)]

    await until(recorded, what="the request to stand in alpha's traffic")


async def test_what_the_door_refuses_is_shown_as_it_was_refused(door: Door, signed_in: SignedIn) -> None:
    async with signed_in("steward") as person:
        without = await send(person, HOUSEHOLDS)
        foreign = await send(person, HOUSEHOLDS, agreement="B-1", purpose=PURPOSE)
        newline = await send(person, HOUSEHOLDS, agreement="A-1\r\nX: y", purpose=PURPOSE)
        resolve = {"method": "POST", "path": "/v1/records:resolve"}
        body = '{"records": [{"kind": "household", "number": "MR0510000001"}]}'
        resolved = await send(person, resolve, body=body, **NAMED)
        wrong = await send(person, resolve, body="{")

    assert "named_agreement_needed" in parts(without)[0]
    assert "agreement_unknown" in parts(foreign)[0]
    assert "agreement_unknown" in parts(newline)[0]
    assert '"code": "operation_not_agreed"' in parts(resolved)[0]  # not in bulk
    assert shlex.split(parts(resolved)[1])[-2:] == ["--data-raw", body]
    assert "unreadable_request" in parts(wrong)[0]


async def test_a_question_that_waits_is_cut_and_said_so(
    door: Door, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "SECONDS", 0.3)
    async with signed_in("steward") as person:
        page = await send(person, {"method": "GET", "path": "/v1/events"}, query__wait="20")
        assert 'role="alert">No answer within' in page.text
        monkeypatch.setattr(trying, "MOST_SHOWN_BYTES", 20)
        monkeypatch.setattr(trying, "SECONDS", 15.0)
        cut = await send(person, HOUSEHOLDS, **NAMED)
    assert "Only the beginning of the answer is shown." in cut.text


async def test_nobody_tries_who_may_not_and_nothing_that_is_not_open(door: Door, signed_in: SignedIn) -> None:
    async with signed_in("partner_viewer", "alpha") as viewer, signed_in("partner_viewer", "beta") as other:
        for role in ("auditor", "operator"):
            async with signed_in(role) as person:
                for method in ("GET", "POST"):
                    refused = await person.request(method, TRY, params=HOUSEHOLDS)
                    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted"), role
                assert "/try?" not in (await person.get("/dashboard/partners/alpha/directory")).text
        door.registry.seen.clear()
        for word in ({}, {"csrf": "x"}, {"csrf": other.headers["Tekamoul-Csrf"]}):
            foreign = await viewer.post(TRY, params=HOUSEHOLDS, data=word | NAMED)
            assert (foreign.status_code, foreign.json()["code"]) == (403, "form_foreign")
        large = {"csrf": viewer.headers["Tekamoul-Csrf"], "body": "x" * (100 << 10)}
        assert (await viewer.post(TRY, params=HOUSEHOLDS, data=large)).status_code == 403
        assert (await other.get(TRY, params=HOUSEHOLDS)).status_code == 404
        assert (await send(other, HOUSEHOLDS, **NAMED)).status_code == 404
        cases = {
            ("GET", "/registry/v1/nothing"): (404, "not_found"),
            ("POST", "/v1/partners"): (404, "not_found"),
            ("GET", "/internal/dead-letters"): (404, "not_found"),
            ("GET", "/matching/v1/clusters"): (404, "not_found"),
            ("POST", "/registry/v1/imports"): (409, "not_to_be_tried"),
            ("GET", "/registry/v1/households/{household_id}"): (409, "not_to_be_tried"),  # not described now
        }
        for (method, path), wanted in cases.items():
            for answer in (
                await viewer.get(TRY, params={"method": method, "path": path}),
                await send(viewer, {"method": method, "path": path}),
            ):
                assert (answer.status_code, answer.json()["code"]) == wanted, path
        assert [one for one in door.registry.seen if one["path"].startswith("/v1/")] == []
        led = await door.client.get(TRY, params=HOUSEHOLDS)
        assert (led.status_code, led.headers["location"]) == (303, "/dashboard/sign-in")
        assert (await door.client.post(TRY, params=HOUSEHOLDS)).status_code == 401

        held = (await door.get("/v1/credentials")).json()
        for one in held:
            await door.client.post(f"/v1/credentials/{one['id']}/revoke", headers=await door.as_("alpha"))

        async def refused_now() -> bool:
            answer = await send(viewer, HOUSEHOLDS, **NAMED)
            return answer.status_code == 409 and answer.json()["code"] == "nothing_to_show"

        await until(refused_now, what="a partner without a credential to be refused")


async def test_in_a_browser_it_is_filled_in_sent_and_read(door: Door, signed_in: SignedIn, tmp_path: Path) -> None:
    complaints: list[str] = []
    async with signed_in("partner_viewer", "alpha") as viewer, async_playwright() as playwright:
        session = viewer.cookies["tekamoul_session"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (WIDE, PHONE):
            size = {"width": width, "height": 900}
            page = await opened(browser, door, session, complaints, viewport=size)
            for language in ("ar", "fr"):
                await page.goto(f"{door.url}/dashboard/partners/alpha/directory?service=registry&lang={language}")
                await page.get_by_role("link", name="GET /registry/v1/households", exact=True).click()
                assert await violations(page) == []
                await page.select_option("#agreement", "A-1")
                await page.select_option("#purpose", PURPOSE)
                await page.locator("form.try button").click()
                await page.locator("#answer pre").wait_for()
                assert '"next_cursor": null' in await page.locator("#answer pre").inner_text()
                assert await page.locator("#agreement").input_value() == "A-1"  # what was filled in stays
                assert await violations(page) == []
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
                await page.screenshot(path=tmp_path / f"try-{language}-{width}.png", full_page=True)
            await page.context.close()
        await browser.close()
    assert complaints == []


def test_a_body_begins_with_the_services_example_or_with_what_it_must_have() -> None:
    schemas = {
        "Asked": {
            "properties": {
                "kind": {"enum": ["household", "person"]},
                "size": {"type": "integer"},
                "sure": {"type": "boolean"},
                "note": {"type": "string"},
                "left": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}, "minItems": 1},
                "more": {"type": "array", "items": {"type": "string"}},
                "itself": {"$ref": "#/components/schemas/Asked"},
            },
            "required": ["kind", "size", "sure", "left", "parts", "more"],
        },
        "Part": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
        "Told": {"type": "object", "examples": [{"records": []}]},
        "Endless": {"properties": {"on": {"$ref": "#/components/schemas/Endless"}}, "required": ["on"]},
    }

    def body(**media: Any) -> Any:
        taken = form_of({"requestBody": {"content": {"application/json": media}}}, schemas).body
        return json.loads(taken or "null")

    asked = {"kind": "household", "size": 0, "sure": False, "left": "", "parts": [{"id": ""}], "more": []}
    assert body(schema={"$ref": "#/components/schemas/Asked"}) == asked
    assert body(schema={"$ref": "#/components/schemas/Told"}) == {"records": []}
    assert body(schema={"$ref": "#/components/schemas/Told"}, example={"x": 1}) == {"x": 1}
    assert body(schema={"$ref": "#/components/schemas/Endless"}) == {"on": {"on": {"on": {"on": {}}}}}
    assert form_of({"responses": {}}, schemas).body is None


def test_a_form_becomes_one_request_whatever_is_written_in_it() -> None:
    one = Operation(Route("registry", "/v1/x/{id}", "PUT", "p"), "registry", "/registry/v1/x/{id}", "")
    kinds: list[tuple[Any, str]] = [("path", "id"), ("query", "q"), ("header", "If-Match"), ("header", "Authorization")]
    form = Form([Parameter(where, name, False, "", ()) for where, name in kinds], "{}")
    given = {
        "path.id": "../a/b?c#d", "query.q": "é&x=1", "header.If-Match": 'W/"1"\r\nX: é', "header.Authorization": "Bearer x",
        "body": "{}", "query.other": "not asked for",
    }  # fmt: skip

    trial = trial_of(one, form, given, "", "")

    assert trial.address == "/registry/v1/x/..%2Fa%2Fb%3Fc%23d?q=%C3%A9%26x%3D1"
    assert trial.headers == {"If-Match": 'W/"1"??X: ?', "Content-Type": "application/json"}
    assert shlex.split(trial.command("https://x.example/")) == [
        "curl", "--request", "PUT", "https://x.example/registry/v1/x/..%2Fa%2Fb%3Fc%23d?q=%C3%A9%26x%3D1",
        "--header", "Authorization: Bearer TOKEN", "--header", 'If-Match: W/"1"??X: ?',
        "--header", "Content-Type: application/json", "--data-raw", "{}",
    ]  # fmt: skip
