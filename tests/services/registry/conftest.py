"""A registry and its operator at Taazour."""

from collections.abc import AsyncIterator

import httpx
import pytest

from running import Running, Services


@pytest.fixture
async def registry(services: Services) -> Running:
    return await services.start("registry")


@pytest.fixture
async def client(registry: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with registry.client("taazour") as made:
        yield made
