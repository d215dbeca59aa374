"""What a hostile caller sends through the door: addresses that should lead elsewhere, and words meant for the log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from cli.credentials import GatewaySecrets
from cli.reference import build_apps
from gateway.settings import GatewaySettings
from running import Services
from shared.settings import ServiceSettings
from tests.gateway.conftest import Door, gateway_files

ENDS = "\r\nConnection: close\r\n\r\n"
FORGED = '{"event": "forged", "level": "info"}'


@dataclass
class Trap:
    """A server nobody should come to. `location`: where it sends whoever comes all the same."""

    location: str | None = None
    came: list[bytes] = field(default_factory=list)
    address: str = ""

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.append(await reader.read(2000))
        status = f"302 Found\r\nLocation: {self.location}" if self.location else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0{ENDS}".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def a_trap(location: str | None = None) -> AsyncIterator[Trap]:
    trap = Trap(location)
    server = await asyncio.start_server(trap.meet, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        trap.address = f"{host}:{port}"
        yield trap


async def say(door: Door, request: bytes) -> bytes:
    """Send bytes as they are (they ask to close), and read until the gateway has closed or says nothing for long."""
    host, port = door.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    await writer.drain()
    said = b""
    try:
        while piece := await asyncio.wait_for(reader.read(65536), 5):
            said += piece
    except TimeoutError:
        pass
    writer.close()
    return said


async def test_no_address_in_a_request_leads_the_gateway_elsewhere(door: Door) -> None:
    token = (await door.as_("alpha"))["Authorization"]
    async with a_trap() as trap:
        elsewhere = f"http://{trap.address}"
        lines = [
            f"GET {elsewhere}/registry/v1/echo HTTP/1.1\r\nHost: x",
            f"GET {elsewhere}/v1/echo HTTP/1.1\r\nHost: {trap.address}",
            f"GET //{trap.address}/registry/v1/echo HTTP/1.1\r\nHost: x",
            f"GET /registry/v1/echo@{trap.address}/ HTTP/1.1\r\nHost: x",
            f"GET @{trap.address}/registry/v1/echo HTTP/1.1\r\nHost: x",
            f"GET /programs/{trap.address}/v1/echo HTTP/1.1\r\nHost: x",
            f"GET /programs/csa@{trap.address}/v1/echo HTTP/1.1\r\nHost: x",
            f"GET /registry/v1/echo HTTP/1.1\r\nHost: {trap.address}\r\nX-Forwarded-Host: {trap.address}",
            f"GET /registry/v1/echo HTTP/1.1\r\nHost: x\r\nX-Original-URL: {elsewhere}\r\nX-Rewrite-URL: {elsewhere}",
            f"GET /registry/v1/echo HTTP/1.1\r\nHost: x\r\nForwarded: host={trap.address}\r\nVia: 1.1 {trap.address}",
            f"GET /registry/v1/echo?url={elsewhere}&callback={elsewhere}&next={elsewhere} HTTP/1.1\r\nHost: x",
            f"CONNECT {trap.address} HTTP/1.1\r\nHost: {trap.address}",
            f"GET {elsewhere}/openapi.json HTTP/1.1\r\nHost: {trap.address}",
            f"GET {elsewhere}/health/status HTTP/1.1\r\nHost: {trap.address}",
        ]
        for line in lines:
            said = await say(door, f"{line}\r\nAuthorization: {token}\r\nReferer: {elsewhere}/{ENDS}".encode())
            assert not said.startswith(b"HTTP/1.1 5"), (line, said[:200])

    assert trap.came == []
    assert {one["path"] for one in door.registry.seen if "echo" in one["path"]} <= {
        "/v1/echo",
        f"/v1/echo@{trap.address}/",
    }


async def test_a_redirect_of_a_service_is_followed_by_nobody(
    services: Services, gateway_secrets: GatewaySecrets
) -> None:
    async with a_trap() as trap, a_trap(f"http://{trap.address}/openapi.json") as misled:
        urls = {"registry": f"http://{misled.address}", "gateway": services.urls["gateway"]}
        monitor = f"http://{misled.address}"
        running = await services.start(
            "gateway", service_urls=urls, nats_monitor_url=monitor, **gateway_files(gateway_secrets)
        )
        async with running.client("alpha") as client:
            for path in ("/openapi.json", "/health/status", "/health/ready", "/registry/health/status"):
                await client.get(path)

        assert {b"/openapi.json", b"/health/status?alone=true", b"/healthz"} <= {
            one.split()[1] for one in misled.came if one
        }
    assert trap.came == []


def names_in(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every property of a schema, with what is said of it."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items() if isinstance(schema.get("properties"), dict) else ()
        for one in schema.values():
            yield from names_in(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from names_in(one)


ADDRESSES = frozenset(
    {"url", "uri", "urls", "host", "hostname", "endpoint", "webhook", "callback", "redirect", "proxy"}
)


def looks_like_an_address(name: str, said: Any) -> bool:
    return bool(set(name.lower().replace("-", "_").split("_")) & ADDRESSES) or '"uri"' in json.dumps(said)


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")  # the gateway's own health stands before the shared one
def test_no_operation_takes_an_address_to_call() -> None:
    """Whom the platform calls, its operator says in settings and files; a partner can name nobody."""
    found = set()
    for package, app in build_apps().items():
        document = app.openapi()
        schemas = document["components"]["schemas"]
        asked = json.dumps([one.get("requestBody") for item in document["paths"].values() for one in item.values()])
        # A body's own parts, and theirs.
        wanted = {name for name in schemas if f'schemas/{name}"' in asked}
        while more := {
            name
            for name in schemas
            if name not in wanted and any(f'schemas/{name}"' in json.dumps(schemas[one]) for one in wanted)
        }:
            wanted |= more
        for owner in wanted:
            found |= {
                (package, owner, name) for name, said in names_in(schemas[owner]) if looks_like_an_address(name, said)
            }
        for path, item in document["paths"].items():
            for operation in item.values():
                for one in operation.get("parameters", []):
                    if looks_like_an_address(one["name"], one.get("schema")):
                        found.add((package, path, one["name"]))

    assert found == set()


def test_every_address_the_platform_calls_is_one_its_operator_set() -> None:
    """A new setting that holds an address belongs into this list, and its caller into the test of redirects."""
    fields = GatewaySettings.model_fields
    addresses = {name for name in fields if looks_like_an_address(name, None) or "issuer" in name}

    assert {name for name in ServiceSettings.model_fields if looks_like_an_address(name, None)} == {
        "database_url",
        "nats_url",
        "service_urls",
        "host",
    }
    assert addresses - ServiceSettings.model_fields.keys() == {"nats_monitor_url", "public_url", "oidc_issuer"}


async def test_nothing_a_caller_sends_writes_a_line_of_the_log(door: Door, capfd: pytest.CaptureFixture[str]) -> None:
    token = (await door.as_("alpha"))["Authorization"]
    hostile = f"x\x1b[2J{FORGED}\x9b"
    encoded = "%0d%0a" + FORGED.replace('"', "%22").replace(" ", "%20")
    await door.csa.stop()  # so that there is something to tell of each request
    capfd.readouterr()
    heads = [
        f"GET /programs/csa/v1/echo?x={encoded} HTTP/1.1\r\nHost: x\r\nUser-Agent: {FORGED}",
        f"GET /programs/csa/v1/echo HTTP/1.1\r\nHost: x\r\nTekamoul-Case: {FORGED}\r\nTekamoul-Purpose: {FORGED}",
        f"GET /programs/csa/v1/echo?x={encoded} HTTP/1.1\r\nHost: {FORGED}\r\nUser-Agent: {hostile}",
        f"GET /programs/csa/v1/{encoded} HTTP/1.1\r\nHost: x",
        f"GET /{encoded} HTTP/1.1\r\nHost: x",
        f"GET /v1/events?after={encoded} HTTP/1.1\r\nHost: x\r\ntraceparent: {hostile}\r\ntracestate: {hostile}",
        f"PO{hostile}ST /registry/v1/echo HTTP/1.1\r\nHost: x",
        f"DELETE /programs/csa/v1/echo HTTP/1.1\r\nHost: x\r\nTekamoul-Official: {hostile}\r\nTekamoul-Case: {hostile}",
        f"GET /programs/csa/v1/echo HTTP/1.1\r\nHost: x\r\nAccept-Language: {hostile}\r\nX-Forwarded-For: {hostile}",
    ]
    for head in heads:
        await say(door, f"{head}\r\nAuthorization: {token}{ENDS}".encode("latin-1"))
    for client in (f"alpha\n{FORGED}", hostile, "\x00", "\u2028" + FORGED):
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": f"no\n{FORGED}"}
        assert (await door.client.post("/oauth2/token", data=form)).status_code == 401

    printed, complaints = capfd.readouterr()
    lines = [json.loads(line) for line in (printed + complaints).split("\n") if line]
    events = {line["event"] for line in lines}
    assert {"upstream_unavailable", "client_refused"} <= events
    assert "forged" not in events
    assert (printed + complaints).isascii()
    assert (printed + complaints).replace("\n", "").isprintable()
