"""Every operation of the merged description, asked through the door by three partners: never a 5xx, always what is described.

An answer is described where the operation says so, and a refusal where /docs/errors has its code with that status.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cli.credentials import ensure_gateway_secrets
from gateway.settings import SHIPPED_PARTNERS
from running import Services
from shared.identity import Caller, InternalKey
from tests.gateway.conftest import gateway_files

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PROCESSES = ("registry", "programs-csa", "matching")
CLERK = """
[clerk]
names = { ar = "كاتب", fr = "Guichet", en = "Clerk" }
permissions = ["places:read", "programs:read", "events:read"]
limits = { requests_per_second = 100, burst = 400, concurrent = 16 }
"""
ENOUGH = "limits = { requests_per_second = 10000, burst = 100000, concurrent = 100 }"
"""What is asked here is more than anyone's quota."""
AGREED = {"csa": {"Tekamoul-Agreement": "CSA-2026-01", "Tekamoul-Purpose": "lean_season_response"}}
"""What a partner names beside its token: the clerk names nothing, the registry's keeper acts under its mandate."""
SHORT = (("taazour",), ("csa",), ("clerk",))
"""Who asks in turn, each a third of the operations: the whole of it takes longer than a test may."""
TOKEN_USED_SECONDS = 300
METHODS = frozenset({"get", "put", "post", "patch", "delete"})
UNKNOWN = "0190a0b0-0000-7000-8000-000000000000"
BODIES_EACH = 1
HOUSEHOLD = {
    "commune_code": "MR011-C01",
    "village": "Oum Essafya",
    "vulnerability_category": "extreme_poor",
    "score": "12.50",
    "formula_version": "PMT-2024.1",
    "surveyed_on": "2025-03-04",
    "phones": ["+22222334455"],
    "members": [
        {
            "individual_number": "1000000001",
            "relationship": "head",
            "name_fr": "Sidi Ould Ahmed",
            "sex": "M",
            "birth_date": "1980-12-31",
        }
    ],
}
NUMBER = "MR0110000001"
BENEFICIARY = {"household_number": NUMBER, "name": "Sidi Ould Ahmed", "household_size": 6}


@dataclass
class Platform:
    """A gateway with one of each service behind it, and what its partners say with each request."""

    url: str
    credentials: dict[str, dict[str, str]]
    key: InternalKey
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict)

    def headers(self, partner: str) -> dict[str, str]:
        asked_at, token = self._tokens.get(partner, (0.0, ""))
        if time.monotonic() > asked_at + TOKEN_USED_SECONDS or not token:
            secret = self.credentials[partner]["client_secret"]
            form = {"grant_type": "client_credentials"}
            answer = httpx.post(f"{self.url}/oauth2/token", data=form, auth=(partner, secret), trust_env=False)
            if answer.status_code == 401:
                self.let_in_again(partner)
                return self.headers(partner)
            token = answer.raise_for_status().json()["access_token"]
            self._tokens[partner] = (time.monotonic(), token)
        return {"Authorization": f"Bearer {token}", **AGREED.get(partner, {})}

    def let_in_again(self, partner: str) -> None:
        """A new secret for a partner that withdrew its own: it asks every operation there is, also that."""
        token = self.key.token(Caller("operator", frozenset({"internal", "partners:read", "partners:write"})))
        address, officer = f"{self.url}/v1/partners/{partner}", {"Authorization": f"Bearer {token}"}
        with httpx.Client(headers=officer, trust_env=False, timeout=30) as client:
            for one in client.get(f"{address}/credentials").raise_for_status().json():
                client.post(f"{address}/credentials/{one['id']}/revoke").raise_for_status()
            answer = client.post(f"{address}/rotate-secret", json={})
        self.credentials[partner]["client_secret"] = answer.raise_for_status().json()["client_secret"]
        self._tokens.pop(partner, None)

    def refusals(self) -> dict[str, int]:
        """The status of every code that the documentation lists."""
        listed = httpx.get(f"{self.url}/docs/errors", trust_env=False, timeout=30).json()
        return {one["code"]: one["status"] for one in listed}


@pytest.fixture
async def platform(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    partners = tmp_path / "partners.toml"
    partners.write_text(re.sub(r"limits = .*", ENOUGH, SHIPPED_PARTNERS.read_text() + CLERK))
    monkeypatch.setenv("TEKAMOUL_PARTNERS_FILE", str(partners))
    secrets = ensure_gateway_secrets(tmp_path)
    for process in PROCESSES:
        await services.start(process)
        # Each makes its description when it is first asked; the gateway does not wait for three at once on a busy machine.
        async with services.running[process].client() as client:
            (await client.get("/openapi.json")).raise_for_status()
    urls = {name: services.urls[name] for name in (*PROCESSES, "gateway")}
    running = await services.start("gateway", service_urls=urls, **gateway_files(secrets))
    yield Platform(running.url, json.loads(secrets.credentials_file.read_text()), running.key)


def some_people(platform: Platform) -> dict[str, list[str]]:
    """Put a household and an enrollment in; returns what may stand in an address by the name of its part."""
    with httpx.Client(base_url=platform.url, trust_env=False, timeout=30) as client:
        keeper, csa = platform.headers("taazour"), platform.headers("csa")
        pushed = client.put(f"/registry/v1/households/{NUMBER}", json=HOUSEHOLD, headers=keeper)
        household = pushed.raise_for_status().json()["id"]
        read = client.get(f"/registry/v1/households/{household}", headers=keeper).raise_for_status().json()
        body = {"program": "EL_MAOUNA", "beneficiary": BENEFICIARY}
        begun = client.post("/programs/csa/v1/enrollments", json=body, headers=csa).raise_for_status().json()
    return {
        "household_id": [household],
        "individual_id": [read["members"][0]["individual_id"]],
        "enrollment_id": [begun["id"]],
        "number": [NUMBER],
        "code": ["EL_MAOUNA", "MR011-C01"],
    }


def with_known(document: dict[str, Any], known: dict[str, list[str]]) -> dict[str, Any]:
    """The description with our people beside whatever else could stand in an address: random ids lead nowhere. Nobody waits
    long for news that do not come."""
    for item in document["paths"].values():
        for method, operation in item.items():
            for parameter in operation.get("parameters", []) if method in METHODS else ():
                if parameter["in"] == "path" and parameter["name"] in known:
                    parameter["schema"] = {"anyOf": [{"enum": known[parameter["name"]]}, parameter["schema"]]}
                if (parameter["in"], parameter["name"]) == ("query", "wait"):
                    parameter["schema"] |= {"maximum": 1}
    return document


def code_of(answer: Any) -> str:
    """The code of a refusal; none where it is no problem."""
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def ask_through_the_door(
    platform: Platform, turns: Sequence[tuple[str, ...]], examples: int
) -> Counter[tuple[str, int]]:
    """Ask each operation `examples` times for each partner whose turn it is, the turns going around among the operations.

    Returns how often each partner was answered by which status.
    """
    document = httpx.get(f"{platform.url}/openapi.json", trust_env=False, timeout=60).json()
    schema = schemathesis.openapi.from_dict(with_known(document, some_people(platform)))
    refusals = platform.refusals()
    answered: Counter[tuple[str, int]] = Counter()
    faults: list[str] = []
    for found, partners in zip(schema.get_all_operations(), cycle(turns), strict=False):
        operation = found.ok()

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            for partner in partners:  # noqa: B023 - asked within this turn
                answer = case.call(base_url=platform.url, headers=platform.headers(partner))
                answered[partner, answer.status_code] += 1
                if answer.status_code == 401:
                    platform.let_in_again(partner)
                try:
                    case.validate_response(answer, checks=CHECKS)
                    if answer.status_code >= 400 and case.method != "HEAD":
                        assert refusals.get(code_of(answer)) == answer.status_code, answer.text
                except (FailureGroup, AssertionError) as fault:
                    told = getattr(fault, "exceptions", (fault,))
                    faults.extend(f"{partner}: {case.method} {case.formatted_path}: {one}"[:1000] for one in told)

        ask()
    assert not faults, "\n\n".join(faults)
    return answered


async def test_no_operation_fails_or_answers_otherwise_than_described(platform: Platform) -> None:
    answered = await asyncio.to_thread(ask_through_the_door, platform, SHORT, 1)

    assert answered["taazour", 200] > 15
    assert answered["clerk", 403] > 40
    assert answered["csa", 200] > 3
    assert not [status for _, status in answered if status >= 500]


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_no_operation_fails_or_answers_otherwise_than_described_at_length(platform: Platform) -> None:
    answered = await asyncio.to_thread(ask_through_the_door, platform, [("taazour", "csa", "clerk")], 30)

    assert not [status for _, status in answered if status >= 500]


DEEP = 200
"""Objects within one another: a stack of ours must not grow with what a caller sends."""
NUMBERS = (
    "1e999999", "-1e999999", "NaN", "Infinity", "-Infinity", "9" * 400, "9" * 5000, "-" + "9" * 40, "1." + "0" * 5000 + "1",
    "9223372036854775808", "1e308", "1e-400", "0x10", "00", "1_000", "1e", "--1", "2147483648",
)  # fmt: skip


def hostile_bodies() -> dict[str, bytes]:
    """JSON, or nearly, that parsers stumble over."""
    bodies = {
        f"a number, {number[:12]}": b'{"limit": %s, "score": %s}' % (number.encode(), number.encode())
        for number in NUMBERS
    }
    return bodies | {
        "lists in lists": b"[" * DEEP + b"]" * DEEP,
        "lists to the bound": b"[" * 250_000,
        "objects in objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        "objects to the bound": b'{"a":' * 50_000,
        "one name twice": b'{"name": "a", "name": "b", "program": "X", "program": "Y"}',
        "half a letter": b'{"name": "\\ud800"}',
        "no letter": b'{"name": "\xff\xfe"}',
        "nothing": b"\x00" * 100,
        "another encoding": '{"nothing": "a"}'.encode("utf-16"),
        "a long name": b'{"%s": 1}' % (b"n" * 200_000),
        "many names": b"{" + b",".join(b'"n%d":1' % place for place in range(20_000)) + b"}",
        "a prototype": b'{"__proto__": {"admin": true}, "constructor": 1, "__class__": "x"}',
    }


def changes(document: dict[str, Any], known: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Method and address of every operation that takes JSON, with our people in the address."""
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS and "application/json" in operation.get("requestBody", {}).get("content", {}):
                filled = path.replace("{institution}", "csa")
                for name, values in known.items():
                    filled = filled.replace(f"{{{name}}}", values[0])
                found.append((method.upper(), re.sub(r"\{\w+\}", UNKNOWN, filled)))
    return found


async def test_deep_and_huge_json_is_refused_and_never_a_fault_of_ours(platform: Platform) -> None:
    """Each operation is sent some of them, so that all are sent to many; each is answered by a documented refusal."""
    known = await asyncio.to_thread(some_people, platform)
    async with httpx.AsyncClient(base_url=platform.url, timeout=60, trust_env=False) as client:
        document = (await client.get("/openapi.json")).json()
        operations, bodies = changes(document, known), list(hostile_bodies().items())
        refusals, answered = await asyncio.to_thread(platform.refusals), Counter[int]()
        headers = await asyncio.to_thread(platform.headers, "taazour")
        headers |= {"Content-Type": "application/json", "If-Match": "*"}
        faults = []
        for place, (method, path) in enumerate(operations):
            for kind, body in [bodies[(place * BODIES_EACH + one) % len(bodies)] for one in range(BODIES_EACH)]:
                answer = await client.request(method, path, content=body, headers=headers)
                answered[answer.status_code] += 1
                if not 400 <= answer.status_code < 500 or refusals.get(code_of(answer)) != answer.status_code:
                    faults.append(f"{method} {path} with {kind}: {answer.status_code} {answer.text[:300]}")

    assert not faults, "\n".join(faults)
    assert len(operations) > 100
    assert answered[400] + answered[422] > answered.total() / 2
