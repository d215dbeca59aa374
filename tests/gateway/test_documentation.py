"""The platform's health and its documentation, as anyone may see them."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import async_playwright

from gateway.documentation import known_refusals
from gateway.merging import Part, merge
from gateway.partners.file import load_partners
from gateway.settings import SHIPPED_PARTNERS
from running import until
from shared.identity import permission_of
from tests.gateway.conftest import Door


async def test_the_platform_is_ready_when_every_process_is(door: Door) -> None:
    assert (await door.client.get("/health/live")).json() == {"alive": True}
    ready = await door.client.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "waiting_for": []})

    door.csa.ready = False
    ready = await door.client.get("/health/ready")
    assert (ready.status_code, ready.json()["waiting_for"]) == (503, ["programs-csa: database"])
    alone = await door.client.get("/health/ready?alone=true")
    assert alone.status_code == 200

    await door.csa.stop()
    door.registry.delay = 3  # longer than we wait
    ready = await door.client.get("/health/ready")
    assert ready.json()["waiting_for"] == ["registry: answer", "programs-csa: answer"]


async def test_the_status_tells_of_every_process_and_of_no_partner(door: Door) -> None:
    status = (await door.client.get("/health/status")).json()

    assert status["process"] == "gateway"
    assert [(one["name"], one["ready"]) for one in status["processes"]] == [("registry", True), ("programs-csa", True)]
    assert status["processes"][0]["status"] == {"process": "upstream", "commit": "abc"}
    assert status["processes"][0]["milliseconds"] > 0
    for partner in ("alpha", "beta", "tight", "Alpha"):
        assert partner not in str(status)


async def test_one_description_holds_every_service_as_seen_from_outside(door: Door) -> None:
    document = (await door.client.get("/openapi.json")).json()

    paths = document["paths"]
    assert {"/registry/v1/things", "/programs/{institution}/v1/things", "/v1/events", "/oauth2/token"} <= paths.keys()
    assert not [path for path in paths if "internal" in path or "metrics" in path]
    (institution,) = paths["/programs/{institution}/v1/things"]["parameters"]
    assert institution["schema"]["enum"] == ["csa"]
    assert document["security"] == [{"oauth2": []}]
    assert paths["/oauth2/token"]["post"]["security"] == []
    assert paths["/health/ready"]["get"]["security"] == []
    assert "security" not in paths["/v1/events"]["get"]
    flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "/oauth2/token"
    assert "Not answering" not in document["info"]["description"]
    ids = [
        operation["operationId"] for item in paths.values() for operation in item.values() if "operationId" in operation
    ]
    assert len(ids) == len(set(ids))


async def test_a_service_that_is_away_is_named_and_the_rest_is_described(door: Door) -> None:
    await door.csa.stop()

    document = (await door.client.get("/openapi.json")).json()

    assert "programs-csa" in document["info"]["description"]
    assert "/registry/v1/things" in document["paths"]
    assert not [path for path in document["paths"] if path.startswith("/programs")]


async def test_what_was_away_is_described_soon_after_it_is_back(door: Door) -> None:
    door.csa.described = False
    without = (await door.client.get("/openapi.json")).json()
    door.csa.described = True

    async def described() -> bool:
        return "/programs/{institution}/v1/things" in (await door.client.get("/openapi.json")).json()["paths"]

    assert "programs-csa" in without["info"]["description"]
    await until(described, what="the description to be whole", seconds=10)


def part(name: str, **schemas: Any) -> Part:
    reference = {"$ref": "#/components/schemas/Page"}
    content = {"200": {"content": {"application/json": {"schema": reference}}}}
    document = {"paths": {"/v1/x": {"get": {"responses": content}}}, "components": {"schemas": schemas}}
    return Part(name, f"/{name}", document)


def test_schemas_of_one_name_and_different_content_are_told_apart() -> None:
    item = {"$ref": "#/components/schemas/Item"}
    page = {"properties": {"item": item}}
    same = {"type": "string"}
    parts = [
        part("registry", Page=page, Item={"type": "object", "title": "a"}, Same=same),
        part("matching", Page=page, Item={"type": "object", "title": "b"}, Same=same),
    ]

    merged = merge({"openapi": "3.1.0"}, parts, institutions=[], away=[], partners={})

    schemas = merged["components"]["schemas"]
    assert sorted(schemas) == ["Item", "Page", "Problem", "Same", "matching_Item", "matching_Page"]
    assert schemas["matching_Page"]["properties"]["item"] == {"$ref": "#/components/schemas/matching_Item"}
    assert schemas["Page"]["properties"]["item"] == item
    answer = merged["paths"]["/matching/v1/x"]["get"]["responses"]["200"]["content"]["application/json"]
    assert answer["schema"] == {"$ref": "#/components/schemas/matching_Page"}


def test_every_operation_says_that_it_refuses_by_a_problem_where_it_has_no_answer_of_its_own() -> None:
    framework = {"$ref": "#/components/schemas/HTTPValidationError"}
    own = {"description": "No token", "content": {"application/json": {"schema": {"type": "object"}}}}
    answers = {
        "200": {"description": "It", "content": {"application/json": {"schema": {"type": "object"}}}},
        "401": own,
        "422": {"description": "Validation Error", "content": {"application/json": {"schema": framework}}},
    }
    schemas = {"HTTPValidationError": {"type": "object"}, "ValidationError": {"type": "object"}}
    operations = {"/v1/x": {"get": {"responses": answers}, "delete": {"responses": {"204": {"description": "Gone"}}}}}
    described = Part("registry", "/registry", {"paths": operations, "components": {"schemas": schemas}})

    merged = merge({"openapi": "3.1.0"}, [described], institutions=[], away=[], partners={})

    told = merged["paths"]["/registry/v1/x"]
    assert sorted(told["get"]["responses"]) == ["200", "401", "4XX", "5XX"]
    assert told["get"]["responses"]["401"] == own
    assert sorted(told["delete"]["responses"]) == ["204", "4XX", "5XX"]
    problem = told["get"]["responses"]["4XX"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}
    assert list(merged["components"]["schemas"]) == ["Problem"]


async def test_every_refusal_is_listed_in_three_languages(door: Door) -> None:
    listed = (await door.client.get("/docs/errors")).json()

    codes = [one["code"] for one in listed]
    assert codes == sorted(set(codes))
    assert {"unauthenticated", "too_many_requests", "cursor_ahead", "client_refused", "upstream_says_no"} <= set(codes)
    for one in listed:
        assert all(one[language].strip() for language in ("ar", "fr", "en")), one["code"]
    page = await door.client.get("/docs/errors", headers={"Accept": "text/html", "Accept-Language": "ar"})
    assert '<html lang="ar" dir="rtl">' in page.text
    assert 'id="too_many_requests"' in page.text


async def test_the_type_of_a_refusal_leads_to_what_it_means_and_what_to_do(door: Door) -> None:
    refused = (await door.client.get("/registry/v1/echo")).json()

    told = (await door.client.get(refused["type"])).json()
    page = await door.client.get(refused["type"], headers={"Accept": "text/html", "Accept-Language": "fr"})

    assert (told["code"], told["en"][:15]) == ("unauthenticated", "No valid token.")
    assert "/oauth2/token" in told["what_to_do"]["ar"]
    assert "Que faire : demandez un nouveau jeton" in page.text
    assert page.text.count('<tr id="') == 1
    assert (await door.client.get("/docs/errors/no_such_code")).status_code == 404


def test_families_of_refusals_are_not_codes_of_their_own() -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9_]+", code) for code in known_refusals())


async def test_the_documentation_asks_nothing_of_anyone_else(door: Door) -> None:
    for path in ("/docs", "/docs/errors"):
        page = await door.client.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "://" not in page.text
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", page.text)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for asset, integrity in re.findall(r'(?:src|href)="(/docs/assets/[^"]+)" integrity="([^"]+)"', page.text):
            assert integrity.startswith("sha384-")
            assert (await door.client.get(asset)).status_code == 200
    assert (await door.client.get("/docs/assets/swagger-ui/LICENSE.txt")).text.lstrip().startswith("Apache License")


async def test_a_browser_shows_the_documentation_without_a_complaint_or_a_call_outside(door: Door) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = await browser.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(f"{door.url}/docs")
        await page.get_by_text("/v1/events").first.wait_for(timeout=20_000)
        await page.goto(f"{door.url}/docs/errors")
        await browser.close()

    assert [url for url in asked if not url.startswith((door.url, "data:"))] == []
    assert complaints == []


async def test_every_route_of_the_gateway_says_who_may_call_it(door: Door) -> None:
    from fastapi.routing import APIRoute, iter_route_contexts

    routes = [one.route for one in iter_route_contexts(door.gateway.app.routes)]
    api = [route for route in routes if isinstance(route, APIRoute)]
    assert len(api) > 10
    assert [route.path for route in api if permission_of(route) is None] == []


def test_the_shipped_partners_are_the_six_of_the_country() -> None:
    partners = load_partners(SHIPPED_PARTNERS)

    assert sorted(partners) == ["cnam", "csa", "masef", "men", "taazour", "wfp"]
    assert set(partners["wfp"].subscribes) == {"EL_MAOUNA", "WFP_LEAN_SEASON"}
    assert set(partners["csa"].subscribes) == {"EL_MAOUNA", "TEKAVOUL", "TEMWINE"}
    assert partners["cnam"].programs == ("HEALTH_INSURANCE",)
    with_registry = [name for name, one in partners.items() if "households:write" in one.permissions]
    assert with_registry == ["taazour"]
    assert [name for name, one in partners.items() if "matrix:write" in one.permissions] == ["taazour"]
    # It pays the premium, so it publishes the program and issues its cycles; CNAM keeps the list.
    assert [name for name, one in partners.items() if "HEALTH_INSURANCE" in one.programs] == ["taazour", "cnam"]
