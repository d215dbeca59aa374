"""Matching's database without its service."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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
def another(servers: RunningServers, tmp_path: Path) -> Iterator[Callable[[], Awaitable[Projection]]]:
    """More of them in one test; the test closes them."""
    made: list[Projection] = []

    async def one_more() -> Projection:
        made.append(await new_projection(servers, tmp_path))
        return made[-1]

    yield one_more
    drop_later(servers, [str(one.database.engine.url) for one in made])
