"""Every route of every service, asked anything its description allows: never a 500, always what it describes."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from running import ALL_PERMISSIONS, Services
from shared.identity import Caller

EXAMPLES = 3
"""Per route: enough to meet nulls, empty texts, huge numbers and strange letters somewhere among its kind."""
MANY_EXAMPLES = 30
SERVICES = [("registry", 10), ("programs-csa", 14), ("matching", 9)]


def ask_every_route(url: str, token: str, examples: int) -> int:
    """Ask each route `examples` times; returns how many routes there were."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    asked = 0
    for found in schema.get_all_operations():
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
            answer = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])

        ask()
        asked += 1
    return asked


async def ask(services: Services, process: str, examples: int) -> int:
    running = await services.start(process)
    token = running.key.token(Caller("tester", ALL_PERMISSIONS, frozenset({"EL_MAOUNA"})))
    return await asyncio.to_thread(ask_every_route, running.url, token, examples)


@pytest.mark.parametrize(("process", "fewest"), SERVICES)
async def test_no_route_fails_or_answers_otherwise_than_described(
    services: Services, process: str, fewest: int
) -> None:
    assert await ask(services, process, EXAMPLES) >= fewest


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("process", "fewest"), SERVICES)
async def test_no_route_fails_or_answers_otherwise_than_described_at_length(
    services: Services, process: str, fewest: int
) -> None:
    assert await ask(services, process, MANY_EXAMPLES) >= fewest
