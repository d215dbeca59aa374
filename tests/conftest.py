"""What every test may ask for: real servers, once a session; services on fresh databases, for each test."""

import gc
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import nats
import pytest
from xdist.scheduler import LoadScopeScheduling

from running import Services
from servers import RunningServers, make_connecting_quick, start_servers
from shared.service import YOUNG_OBJECTS
from whole_platform import may_start_a_platform

ENOUGH_BYTES = 4 << 30
PLATFORM, FIRST = "platform", "gw0"

hypothesis.settings.register_profile("tekamoul", deadline=None)  # how long an example takes is the machine's affair
hypothesis.settings.load_profile("tekamoul")


class Together(LoadScopeScheduling):
    """Where tests run side by side, a file stays together, and so does whoever starts the whole platform or measures it:
    two platforms at once would take each other's time. The first worker begins with those, which take longest."""

    def _split_scope(self, nodeid: str) -> str:
        return PLATFORM if may_start_a_platform(nodeid) else nodeid.partition("::")[0]

    def _assign_work_unit(self, node: Any) -> None:
        if PLATFORM in self.workqueue:
            self.workqueue.move_to_end(PLATFORM, last=node.gateway.id != FIRST)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    """As a process that has started: what was imported and collected stays, and the collector need not look at it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])


@pytest.fixture(scope="session")
def servers() -> Iterator[RunningServers]:
    """A private PostgreSQL and NATS of this test session, on free ports."""
    folder = Path(tempfile.mkdtemp(prefix="tekamoul-test-", dir=_room()))
    folder.chmod(0o711)
    running = start_servers(folder)
    make_connecting_quick(running)
    yield running
    running.stop()
    shutil.rmtree(folder)


def _room() -> Path:
    """Memory, where there is enough of it: a database for each test is hundreds of files, and a busy disk takes its time."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > ENOUGH_BYTES else Path("/var/tmp")


@pytest.fixture
async def services(servers: RunningServers, tmp_path: Path) -> AsyncIterator[Services]:
    """Starts services of the platform on fresh databases and an empty JetStream."""
    client = await nats.connect(servers.nats_url)
    for stream in await client.jetstream().streams_info():
        await client.jetstream().delete_stream(stream.config.name or "")
    await client.close()
    made = Services(servers, tmp_path)
    yield made
    await made.stop()
