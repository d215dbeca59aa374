"""The officer's routes, asked anything their description allows: never a 500."""

from __future__ import annotations

import asyncio
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from gateway.directory import routes as directory
from gateway.documentation import described
from gateway.operators import routes as operators
from gateway.partners import routes as partners
from running import ALL_PERMISSIONS
from shared.identity import Caller
from tests.gateway.conftest import Door

EXAMPLES = 8


def ask_every_route(url: str, token: str) -> int:
    """Ask each route; returns how many there were."""
    schema = schemathesis.openapi.from_dict(
        described([partners.router, operators.router, directory.partners, directory.exchanges])
    )
    asked = 0
    for found in schema.get_all_operations():

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=found.ok().as_strategy())
        def ask(case: Any) -> None:
            answer = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=[not_a_server_error])

        ask()
        asked += 1
    return asked


async def test_no_route_of_the_officer_fails(door: Door) -> None:
    token = door.running.key.token(Caller("tester", ALL_PERMISSIONS))

    assert await asyncio.to_thread(ask_every_route, door.url, token) >= 16


async def test_letters_that_a_database_refuses_are_refused_before(door: Door) -> None:
    async with door.running.client("host") as officer:
        names = {"ar": "a\x00", "fr": "a", "en": "a"}
        new = {"id": "gamma", "names": names, "permissions": ["events:read"]}
        new["limits"] = {"requests_per_second": 1, "burst": 1, "concurrent": 1}
        asked = [
            await officer.post("/v1/partners", json=new),
            await officer.post("/v1/partners/alpha/suspend", json={"reason": "because\x00of"}),
            await officer.post("/v1/partners/alpha/suspend", json={"reason": "line\nlevel=error"}),
            await officer.get("/v1/partners", params={"cursor": "WyJcdTAwMDAiXQ"}),  # ["\u0000"]
            await officer.post(
                "/v1/operators", json={"name": "amina", "role": "operator", "account": "a\x00", "password": "x"}
            ),
        ]
        assert [one.status_code for one in asked] == [422] * 5
    for name in ("amina\x00", "\x00", "a" * 3000):
        answer = await door.client.post("/dashboard/sign-in", data={"name": name, "password": "\x00" * 20})
        assert answer.status_code == 401
