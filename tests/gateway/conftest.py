"""A running gateway before real upstream servers, with partners of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from cli.credentials import GatewaySecrets, ensure_gateway_secrets
from gateway.entrance import Gateway
from gateway.settings import SHIPPED_ROUTES
from running import Running, Services, until
from shared.bus import Bus
from shared.contracts.programs import EnrollmentsChanged
from shared.file_members import FILES_PATH
from shared.ids import new_id
from shared.outbox import OutboxRow
from tests.gateway.upstream import Upstream

PARTNERS = """
[alpha]
names = { ar = "ألف", fr = "Alpha", en = "Alpha" }
permissions = ["imports:write", "enrollments:read", "households:read", "events:read", "credentials:write"]
programs = ["FIRST"]
subscribes = ["FIRST", "SECOND"]
limits = { requests_per_second = 1000, burst = 1000, concurrent = 100 }

[beta]
names = { ar = "باء", fr = "Bêta", en = "Beta" }
permissions = ["enrollments:read", "events:read"]
subscribes = ["SECOND"]
limits = { requests_per_second = 1000, burst = 1000, concurrent = 100 }

[keeper]
names = { ar = "السجل", fr = "Registre", en = "Registry" }
permissions = ["enrollments:read", "households:read", "households:write"]
limits = { requests_per_second = 1000, burst = 1000, concurrent = 100 }

[mute]
names = { ar = "صامت", fr = "Muet", en = "Mute" }
permissions = ["enrollments:read"]
limits = { requests_per_second = 1000, burst = 1000, concurrent = 100 }

[tight]
names = { ar = "ضيق", fr = "Étroit", en = "Tight" }
permissions = ["enrollments:read"]
limits = { requests_per_second = 0.5, burst = 3, concurrent = 2 }
"""


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
INVENTED = ("echo", "stream", "slow", "cut", "headers", "things", "x", "people", "large", "people/{person_id}/file")
"""What the servers behind the door of a test answer beside the platform's own operations."""
PEOPLE = {"/items/*": {"individual_id": "individual", "household_id": "household", "household_number": "household"}}

FILE = {
    "columns": {
        "household_number": ["household_number", "N° ménage"],
        "size": ["size", "Taille"],
        "id": ["id"],
        "remark": ["remark"],
    },
    "ids": ["id"],
    "to_fill": ["remark"],
    "titles": 1,
}


def routing_table() -> str:
    """The shipped table, and the operations that only the servers of these tests have."""
    rows = json.loads(SHIPPED_ROUTES.read_text())
    for service in ("registry", "programs", "matching"):
        for path in INVENTED:
            for method in METHODS:
                row = {"service": service, "path": f"/v1/{path}", "method": method, "permission": ""}
                row |= {"records": PEOPLE} if path in ("people", "large") else {}
                row |= {"file_of": "household", "file": FILE} if path.endswith("/file") else {}
                rows.append(row)
    return json.dumps(rows)


@dataclass
class Door:
    """The gateway of one test, and what stands behind it."""

    running: Running
    secrets: GatewaySecrets
    registry: Upstream
    csa: Upstream
    bus: Bus
    client: httpx.AsyncClient = field(init=False)
    _tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = httpx.AsyncClient(base_url=self.url, timeout=20, trust_env=False)

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def gateway(self) -> Gateway:
        gateway: Gateway = self.running.app
        return gateway

    @property
    def credentials(self) -> dict[str, dict[str, str]]:
        held: dict[str, dict[str, str]] = json.loads(self.secrets.credentials_file.read_text())
        return held

    async def ask_token(self, partner: str, **form: str) -> httpx.Response:
        own = self.credentials[partner]
        given = {"grant_type": "client_credentials", **form}
        return await self.client.post("/oauth2/token", data=given, auth=(partner, own["client_secret"]))

    async def as_(self, partner: str) -> dict[str, str]:
        """The Authorization header of a partner."""
        if partner not in self._tokens:
            answer = await self.ask_token(partner)
            assert answer.status_code == 200, answer.text
            self._tokens[partner] = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self._tokens[partner]}"}

    async def get(self, path: str, partner: str = "alpha", **options: Any) -> httpx.Response:
        headers = {**await self.as_(partner), **options.pop("headers", {})}
        return await self.client.get(path, headers=headers, **options)

    def batch(self, *changes: dict[str, Any]) -> UUID:
        """A batch of changes that the programs service of csa holds."""
        batch_id = uuid4()
        self.csa.answers[f"/internal/enrollment-batches/{batch_id}"] = {"items": list(changes)}
        return batch_id

    async def announce(self, batch_id: UUID, traceparent: str = "") -> None:
        """Publish the batch's event, as the relay of csa's programs service would; a fresh event each time."""
        event = EnrollmentsChanged(institution="csa", program="FIRST", batch_id=batch_id, enrolled=1)
        row = OutboxRow(
            event_id=new_id(),
            type=event.type,
            aggregate_id=batch_id,
            version=1,
            data=event.model_dump(mode="json"),
            traceparent=traceparent,
            recorded_at=datetime.now(UTC),
        )
        await self.bus.publish("programs-csa", [row], "programs")

    async def handled(self, events: int) -> None:
        """Wait until the gateway has handled so many events."""

        async def enough() -> bool:
            return sum(one.state.handled for one in self.running.platform.consuming) >= events

        await until(enough, what=f"{events} events to be handled")

    async def close(self) -> None:
        await self.client.aclose()
        await self.bus.close()


def change(
    enrollment_id: UUID, version: int = 1, program: str = "FIRST", before: str | None = None, to: str = "enrolled"
) -> dict[str, Any]:
    """One row of /internal/enrollment-batches."""
    return {
        "enrollment_id": str(enrollment_id),
        "version": version,
        "program": program,
        "from": before,
        "to": to,
        "reason": "listed",
        "at": "2026-03-01T08:00:00Z",
    }


@pytest.fixture
def partners_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "partners.toml"
    file.write_text(PARTNERS)
    monkeypatch.setenv("TEKAMOUL_PARTNERS_FILE", str(file))
    monkeypatch.setenv("TEKAMOUL_REGISTRY_KEEPER", "keeper")
    return file


@pytest.fixture
def gateway_secrets(tmp_path: Path, partners_file: Path) -> GatewaySecrets:
    return ensure_gateway_secrets(tmp_path)


def gateway_files(secrets: GatewaySecrets) -> dict[str, Any]:
    return {
        "signing_key_file": secrets.env["TEKAMOUL_SIGNING_KEY_FILE"],
        "client_secrets_file": secrets.env["TEKAMOUL_CLIENT_SECRETS_FILE"],
        "partners_file": secrets.env["TEKAMOUL_PARTNERS_FILE"],
    }


@asynccontextmanager
async def opened_door(
    services: Services, secrets: GatewaySecrets, beside: tuple[str, ...] = (), **settings: Any
) -> AsyncIterator[Door]:
    """The gateway with a registry and csa's programs behind it, both up. `beside`: processes for which the registry's server
    stands, too."""
    registry, csa = await Upstream().start(), await Upstream().start()
    for one in (registry, csa):
        nowhere = {"files": [], "complete": True}
        one.answers |= {"/internal/names": {"names": []}, FILES_PATH: nowhere, f"{FILES_PATH}/forget": nowhere}
    urls = {"registry": registry.url, "programs-csa": csa.url, "gateway": services.urls["gateway"]}
    urls |= dict.fromkeys(beside, registry.url)
    bus = Bus(services.servers.nats_url, "test")
    await bus.connect()
    routes = secrets.credentials_file.parent / "routes.json"
    routes.write_text(routing_table())
    files = gateway_files(secrets)
    running = await services.start(
        "gateway", service_urls=urls, answer_seconds=3.0, routes_file=routes, **files, **settings
    )
    opened = Door(running, secrets, registry, csa, bus)
    yield opened
    await opened.close()
    await asyncio.gather(registry.stop(), csa.stop())


@pytest.fixture
def beside() -> tuple[str, ...]:
    """Processes for which the registry's server stands, too."""
    return ()


@pytest.fixture
async def door(services: Services, gateway_secrets: GatewaySecrets, beside: tuple[str, ...]) -> AsyncIterator[Door]:
    async with opened_door(services, gateway_secrets, beside) as opened:
        yield opened
