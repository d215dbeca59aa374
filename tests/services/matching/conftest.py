"""Matching's database without its service."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from matching_cases import Projection, new_projection
from running import drop_later
from servers import RunningServers


@pytest.fixture
async def projection(servers: RunningServers, tmp_path: Path) -> AsyncIterator[Projection]:
    """A fresh matching database with the places in it."""
    made = await new_projection(servers, tmp_path)
    yield made
    await made.database.close()
    drop_later(servers, [str(made.database.engine.url)])


@pytest.fixture
def another(servers: RunningServers, tmp_path: Path) -> Callable[[], Awaitable[Projection]]:
    """More of them in one test; the test closes them."""
    return lambda: new_projection(servers, tmp_path)
