"""The forwarding path: what reaches a service, what comes back, and what never gets through."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from shared.identity import InternalKey
from tests.gateway.conftest import Door
from tests.gateway.upstream import Upstream


def headers_of(told: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in told["headers"]:
        found.setdefault(name, []).append(value)
    return found


async def raw(door: Door, request: bytes) -> bytes:
    """The whole answer to bytes sent as they are: a client library would tidy a path up."""
    where = urlsplit(door.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def raw_get(door: Door, path: str) -> bytes:
    token = (await door.as_("alpha"))["Authorization"]
    request = f"GET {path} HTTP/1.1\r\nHost: door\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
    return await raw(door, request.encode("latin-1"))


async def test_a_request_arrives_whole_with_the_partners_identity_in_an_internal_token(door: Door) -> None:
    headers = {**await door.as_("alpha"), "Idempotency-Key": "once-and-once", "Accept-Language": "ar"}

    answer = await door.client.post("/programs/csa/v1/echo?a=1&b=%20x&a=2", content=b"hello", headers=headers)

    told = answer.json()
    assert (told["method"], told["path"], told["query"], told["body"]) == (
        "POST",
        "/v1/echo",
        "a=1&b=%20x&a=2",
        "hello",
    )
    arrived = headers_of(told)
    assert (arrived["idempotency-key"], arrived["accept-language"]) == (["once-and-once"], ["ar"])
    (authorization,) = arrived["authorization"]
    caller = InternalKey(door.running.platform.settings.internal_key_file).caller(authorization.removeprefix("Bearer "))
    assert (caller.name, caller.programs, caller.covers) == ("alpha", {"FIRST"}, {"FIRST", "SECOND"})
    own = {"imports:write", "enrollments:read", "households:read", "events:read", "credentials:write"}
    assert caller.permissions == own


async def test_claimed_identities_and_hop_by_hop_headers_do_not_get_in(door: Door) -> None:
    claims = {
        "X-User": "admin",
        "X-Forwarded-User": "admin",
        "X-Tekamoul-Caller": "beta",
        "X-Internal-Token": "x",
        "Cookie": "session=1",
        "Proxy-Authorization": "Basic x",
        "TE": "trailers",
        "Connection": "keep-alive, X-Custom",
        "X-Custom": "1",
        "Upgrade": "h2c",
    }

    arrived = headers_of((await door.get("/registry/v1/echo", headers=claims)).json())

    assert not {name.lower() for name in claims} & arrived.keys()
    assert len(arrived["authorization"]) == 1


async def test_where_a_request_came_from_and_its_trace_go_on(door: Door) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    given = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "X-Forwarded-For": "10.1.2.3", "Host": "door.example"}

    arrived = headers_of((await door.get("/registry/v1/echo", headers=given)).json())

    assert arrived["traceparent"][0].split("-")[1] == trace
    assert arrived["x-forwarded-for"][0].startswith("10.1.2.3, ")
    assert (arrived["x-forwarded-host"], arrived["x-forwarded-proto"]) == (["door.example"], ["http"])


async def test_an_answer_comes_back_with_its_status_and_its_own_headers(door: Door) -> None:
    answer = await door.get("/registry/v1/headers")

    assert answer.status_code == 207
    assert answer.headers["etag"] == '"7"'
    assert answer.headers.get_list("x-two") == ["a", "b"]
    assert answer.headers.get("proxy-authenticate") is None
    assert answer.headers.get("set-cookie") is None
    assert len(answer.headers.get_list("date")) == 1
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_head_request_has_no_body(door: Door) -> None:
    answer = await door.client.head("/registry/v1/echo", headers=await door.as_("alpha"))

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


async def test_health_of_a_service_needs_no_token_and_carries_none(door: Door) -> None:
    answer = await door.client.get("/registry/health/status", headers={"Authorization": "Bearer x"})

    assert answer.json() == {"process": "upstream", "commit": "abc"}
    told = [one for one in door.registry.seen if one["path"] == "/health/status"][-1]
    assert "x-forwarded-for" in headers_of(told)  # ours, not the gateway's own look
    assert "authorization" not in headers_of(told)


NOT_THERE = [
    "/registry/internal/places",
    "/registry/Internal/places",
    "/registry/%69nternal/places",
    "/registry/v1/internal",
    "/registry/v1/../internal/places",
    "/registry/v1/./echo",
    "/registry/v1/%2e%2e/internal/places",
    "/registry/v1/..%2finternal",
    "/registry/v1%2fecho",
    "/registry/v1%5cecho",
    "/registry/v1\\echo",
    "/registry//v1/echo",
    "//registry/v1/echo",
    "/registry/v1/echo%00",
    "/registry/v1/echo;x=1",
    "/registry/v1/%252e%252e/echo",
    "/registry/v1/%zz",
    "/registry/v1/é",
    "/registry/v1/" + "a" * 2100,
    "/%72egistry/v1/echo",
    "/registry/%76%31/echo",
    "/registry/metrics",
    "/registry/openapi.json",
    "/registry/",
    "/registry/v2/echo",
    "/programs/v1/echo",
    "/programs/nobody/v1/echo",
    "/programs/csa/metrics",
    "/gateway/v1/echo",
    "/matching/v1/echo",
    "/internal/anything",
    "/nothing",
    "/registry",
]


async def test_what_is_not_public_or_not_clear_does_not_exist(door: Door) -> None:
    for path in NOT_THERE:
        head, _, body = (await raw_get(door, path)).partition(b"\r\n\r\n")
        if path.isascii():
            assert (head.split(b" ")[1], b'"code":"not_found"' in body) == (b"404", True), path
        else:  # not even HTTP: the server itself may refuse it
            assert head.split(b" ")[1] in (b"400", b"404"), path
    assert [one for one in door.registry.seen + door.csa.seen if not one["path"].startswith("/health/")] == []


async def test_an_invented_method_is_refused(door: Door) -> None:
    answer = await door.client.request("PROPFIND", "/registry/v1/echo", headers=await door.as_("alpha"))

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


async def test_a_refusal_speaks_the_callers_language(door: Door) -> None:
    titles = {
        language: (await door.client.get("/registry/v1/echo", headers={"Accept-Language": language})).json()["title"]
        for language in ("ar", "fr-MR", "en;q=0.5", "de")
    }

    assert titles["ar"].startswith("لا يوجد رمز دخول")
    assert titles["fr-MR"] == titles["de"]
    assert titles["fr-MR"].startswith("Aucun jeton")
    assert titles["en;q=0.5"].startswith("No valid token")


async def test_an_answer_streams_before_it_is_complete(door: Door) -> None:
    headers = await door.as_("alpha")
    async with door.client.stream("GET", "/registry/v1/stream", headers=headers) as answer:
        pieces = answer.aiter_bytes()
        assert await anext(pieces) == b"first "
        door.registry.go_on.set()
        assert b"".join([piece async for piece in pieces]) == b"second"


async def test_an_upload_streams_and_arrives_unchanged(door: Door) -> None:
    piece, count = bytes(range(256)) * 256, 160  # 160 times 64 KiB: 10 MiB

    async def file() -> AsyncIterator[bytes]:
        yield piece
        await asyncio.wait_for(door.registry.first_bytes.wait(), 5)  # the service has some before we have sent all
        for _ in range(count - 1):
            yield piece

    answer = await door.client.post("/registry/v1/imports?kind=x", content=file(), headers=await door.as_("alpha"))

    assert answer.status_code == 202
    assert answer.json()["size"] == 10 << 20
    assert answer.json()["sha256"] == hashlib.sha256(piece * count).hexdigest()


async def test_an_announced_body_past_the_bound_is_refused_before_it_is_sent(door: Door) -> None:
    token = (await door.as_("alpha"))["Authorization"]
    for path, size, status in (
        ("/registry/v1/imports", (64 << 20) + 1, b"413"),
        ("/registry/v1/echo", (256 << 10) + 1, b"413"),
        ("/v1/events", (256 << 10) + 1, b"413"),
        ("/docs", (256 << 10) + 1, b"413"),
    ):
        request = f"POST {path} HTTP/1.1\r\nHost: d\r\nAuthorization: {token}\r\nContent-Length: {size}\r\n\r\n"
        where = urlsplit(door.url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(request.encode())
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()
        assert answer.split(b" ")[1] == status, path


async def test_an_unannounced_body_past_the_bound_is_refused_on_the_way(door: Door) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 8192  # 320 KiB in all

    answer = await door.client.post("/registry/v1/echo", content=body(), headers=await door.as_("alpha"))

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert [one for one in door.registry.seen if one["path"] == "/v1/echo"] == []


async def test_a_body_of_exactly_the_bound_passes(door: Door) -> None:
    answer = await door.client.post("/registry/v1/echo", content=b"x" * (256 << 10), headers=await door.as_("alpha"))

    assert len(answer.json()["body"]) == 256 << 10


async def test_a_sender_who_falls_silent_is_refused(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.asgi.SILENCE_SECONDS", 0.3)
    token = (await door.as_("alpha"))["Authorization"]

    request = f"POST /registry/v1/echo HTTP/1.1\r\nHost: d\r\nAuthorization: {token}\r\nContent-Length: 10\r\n\r\nhalf"
    where = urlsplit(door.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(request.encode())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()

    assert answer.split(b" ")[1] == b"408"


async def test_a_service_that_is_away_is_503_with_retry_after(door: Door) -> None:
    await door.csa.stop()

    for method in ("GET", "POST"):
        answer = await door.client.request(
            method, "/programs/csa/v1/echo", headers={**await door.as_("alpha"), "Accept-Language": "en"}
        )
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"].startswith("The service is unavailable")
    assert (await door.get("/registry/v1/echo")).status_code == 200


async def test_a_read_survives_a_short_restart_and_a_write_is_not_sent_twice(door: Door) -> None:
    """A server that cuts the first two connections after reading the request, then answers."""
    arrived: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[0])
        if len(arrived) > 2:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    door.running.platform.settings.service_urls["registry"] = url

    read = await door.get("/registry/v1/echo")
    assert (read.status_code, read.text, arrived) == (200, "ok", [b"GET"] * 3)

    arrived.clear()
    write = await door.client.post("/registry/v1/echo", content=b"x", headers=await door.as_("alpha"))
    assert (write.status_code, arrived) == (503, [b"POST"])
    server.close()
    await server.wait_closed()


async def test_a_service_that_does_not_answer_in_time_is_504(door: Door) -> None:
    answer = await door.get("/registry/v1/slow")

    assert (answer.status_code, answer.json()["code"]) == (504, "upstream_timeout")


async def test_an_answer_cut_in_the_middle_does_not_look_whole(door: Door) -> None:
    request = b"GET /registry/v1/cut HTTP/1.1\r\nHost: d\r\nAuthorization: %s\r\n\r\n" % (
        (await door.as_("alpha"))["Authorization"].encode()
    )

    answer = await asyncio.wait_for(raw(door, request), 5)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-length: 1000" in head.lower()
    assert len(body) < 1000


async def test_a_caller_who_hangs_up_in_an_upload_leaves_the_gateway_well(door: Door) -> None:
    token = (await door.as_("alpha"))["Authorization"]
    where = urlsplit(door.url)
    _, writer = await asyncio.open_connection(where.hostname, where.port)
    head = f"POST /registry/v1/imports HTTP/1.1\r\nHost: d\r\nAuthorization: {token}\r\nContent-Length: 1000000\r\n\r\n"
    writer.write(head.encode() + b"x" * 1000)
    await writer.drain()
    await asyncio.wait_for(door.registry.first_bytes.wait(), 5)

    writer.transport.abort()

    assert (await door.get("/registry/v1/echo")).status_code == 200


async def test_a_bucket_empties_and_refills_for_its_partner_alone(door: Door) -> None:
    answers = [await door.get("/programs/csa/v1/echo", "tight") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["ratelimit-policy"] == '"partner";q=3;w=6'
    assert answers[0].headers["ratelimit"] == '"partner";r=2;t=2'
    last = answers[-1]
    assert last.json()["code"] == "too_many_requests"
    assert 1 <= int(last.headers["retry-after"]) <= 2
    assert last.headers["ratelimit"].startswith('"partner";r=0;')
    assert (await door.get("/programs/csa/v1/echo", "beta")).status_code == 200
    await asyncio.sleep(2.1)  # half a request a second comes back
    assert (await door.get("/programs/csa/v1/echo", "tight")).status_code == 200


async def test_only_so_many_requests_of_a_partner_are_under_way_at_once(door: Door) -> None:
    waiting = [asyncio.create_task(door.get("/registry/v1/stream", "tight")) for _ in range(2)]
    while sum(1 for one in door.registry.seen if one["path"] == "/v1/stream") < 2:
        await asyncio.sleep(0.01)

    third = await door.get("/registry/v1/echo", "tight")

    assert (third.status_code, third.json()["code"], third.headers["retry-after"]) == (429, "too_many_at_once", "1")
    assert (await door.get("/registry/v1/echo", "beta")).status_code == 200
    door.registry.go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [200, 200]


async def test_a_websocket_is_turned_away(door: Door) -> None:
    where = urlsplit(door.url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    writer.write(
        b"GET /registry/v1/echo HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )

    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)

    writer.close()
    assert answer.split(b" ")[1] in (b"401", b"403")


async def test_an_upstream_that_starts_late_is_found_by_a_retry(door: Door) -> None:
    late = Upstream()  # bound, and not listening: connections are refused
    door.running.platform.settings.service_urls["registry"] = late.url

    reading = asyncio.create_task(door.get("/registry/v1/echo"))
    await asyncio.sleep(0.2)
    await late.start()

    assert (await reading).status_code == 200
    await late.stop()


async def test_the_gateways_dead_letters_exist_for_the_platforms_operator_alone(door: Door) -> None:
    url = f"{door.running.url}/internal/dead-letters"
    partner = await door.as_("alpha")
    async with httpx.AsyncClient(trust_env=False) as stranger, door.running.client() as operator:
        without = await stranger.get(url)
        as_partner = await stranger.get(url, headers=partner)
        unknown = await stranger.get(f"{door.running.url}/nothing")
        listed = await operator.get(url)

    assert (without.status_code, as_partner.status_code, unknown.status_code) == (404, 404, 404)
    assert without.json()["code"] == as_partner.json()["code"] == unknown.json()["code"] == "not_found"
    assert (listed.status_code, listed.json()["items"]) == (200, [])
