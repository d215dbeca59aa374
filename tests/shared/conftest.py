"""A small service for each test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers import RunningServers
from small_service import Small, small_database


@pytest.fixture
async def small(servers: RunningServers, tmp_path: Path) -> AsyncIterator[Small]:
    """A fresh database, and a connection to NATS."""
    made = Small(servers, tmp_path, await small_database(servers))
    await made.bus.connect()
    yield made
    await made.close()
