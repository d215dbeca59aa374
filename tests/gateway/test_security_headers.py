"""What every answer carries for the browser that may receive it, whoever made the answer."""

from __future__ import annotations

import httpx
from pydantic import HttpUrl

from cli.credentials import GatewaySecrets
from in_turn import in_turn
from running import Services
from tests.gateway.conftest import Door, gateway_files

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
PATHS = (
    "/health/live", "/docs", "/docs/errors", "/docs/assets/swagger-ui/swagger-ui.css", "/openapi.json", "/dashboard",
    "/.well-known/jwks.json", "/v1/events", "/registry/v1/echo", "/registry/v1/nothing-there", "/nowhere", "/a//b",
)  # fmt: skip
"""Pages, files, data, forwarded answers, and refusals of the door, of the gateway and of a service."""


def policy_of(answer: httpx.Response) -> dict[str, str]:
    parts = (one.strip().partition(" ") for one in answer.headers["content-security-policy"].split(";"))
    return {name: said for name, _, said in parts}


async def test_every_answer_carries_what_protects_a_browser(door: Door) -> None:
    for path in PATHS:
        for method in ("GET", "HEAD", "OPTIONS", "TRACE"):
            answer = await door.client.request(method, path, headers=await door.as_("alpha"))
            assert method != "TRACE" or answer.status_code in (404, 405), path
            held = {name: answer.headers.get(name) for name in EVERYWHERE}
            assert held == EVERYWHERE, (method, path)
            policy = policy_of(answer)
            assert policy["default-src"] == "'none'", (method, path)  # object-src and all others follow it
            assert policy["base-uri"] == policy["frame-ancestors"] == "'none'", (method, path)
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert "strict-transport-security" not in answer.headers  # there is no TLS in front here


async def test_behind_tls_a_browser_is_told_to_come_by_tls_alone(
    services: Services, gateway_secrets: GatewaySecrets
) -> None:
    running = await services.start(
        "gateway",
        service_urls={"gateway": services.urls["gateway"]},
        public_url=HttpUrl("https://tekamoul.example"),
        **gateway_files(gateway_secrets),
    )
    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as client:
        for path in ("/health/live", "/docs", "/v1/events", "/nowhere"):
            said = (await client.get(path)).headers["strict-transport-security"]
            assert said == "max-age=31536000; includeSubDomains"


async def test_no_other_site_may_read_an_answer(door: Door) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for path in PATHS:
        for method in ("GET", "OPTIONS"):
            answer = await door.client.request(method, path, headers=asked | await door.as_("alpha"))
            assert not [name for name in answer.headers if name.startswith("access-control-")], (method, path)


@in_turn("kind", ["application/json", "text/csv; charset=utf-8", "application/pdf", "text/html", ""])
async def test_an_answer_with_data_is_kept_by_no_cache(door: Door, kind: str) -> None:
    door.registry.answers["/v1/things"] = {"items": []}
    door.registry.kind = kind

    answer = await door.get("/registry/v1/things")

    assert (answer.status_code, answer.headers.get("content-type", "")) == (200, kind)
    assert answer.headers["cache-control"] == "no-store"


async def test_what_pages_are_made_of_may_be_kept(door: Door) -> None:
    answer = await door.client.get("/docs/assets/swagger-ui/swagger-ui.css")

    assert answer.headers["content-type"].startswith("text/css")
    assert "cache-control" not in answer.headers
