"""The whole platform, started as an operator starts it, for journeys, faults and the browser.

A conftest that wants it calls `share(config)` in its `pytest_configure`: then `platform` and `loaded` are fixtures, and
one platform serves all who ask for it in a session.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from cli.demo.generate import generate
from cli.demo.truth import Manifest, TruthRow, read_truth
from cli.gateway_client import GatewayClient
from cli.main_job import Door, Loaded, load_lists, load_registry, wait_until_quiet
from cli.processes import SERVICES
from cli.supervisor import child_options
from faults.recorded import Record, record
from shared.identity import Caller, InternalKey

HOUSEHOLDS = 150  # four of its lists are long enough to hold a broken row
SEED = 7
READY_SECONDS = 120.0  # some eight times what a quiet machine takes
STOP_SECONDS = 60.0
QUIET_SECONDS = 180.0
TEKAMOUL = Path(sys.executable).with_name("tekamoul")
PLUGIN = "whole_platform"
WITH_A_PLATFORM = (
    "journeys/",
    "faults/",
    "browser/test_running_platform.py",
    "cli/test_platform.py",
    "cli/test_servers.py",
    "cli/test_supervisor.py",
)
_shared: list[WholePlatform] = []


def may_start_a_platform(nodeid: str) -> bool:
    """Whether a test's file is one of those that start the whole platform, or measure it."""
    return nodeid.removeprefix("tests/").startswith(WITH_A_PLATFORM)


def nobody_listens(what: str, done: int, total: int) -> None:
    """Progress of the main job, for whoever does not show it."""


@dataclass
class WholePlatform:
    """`tekamoul run` in its own process, on free ports and a data folder of its own."""

    folder: Path
    language: str = "en"
    process: subprocess.Popen[bytes] | None = None

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def ready_file(self) -> Path:
        return self.folder / "ready.json"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text(encoding="utf-8")

    @property
    def ready(self) -> dict[str, Any]:
        """The ready file as it is now: its pids change when a process is restarted."""
        document: dict[str, Any] = json.loads(self.ready_file.read_text(encoding="utf-8"))
        return document

    @property
    def gateway_url(self) -> str:
        return str(self.ready["gateway_url"])

    @property
    def door(self) -> Door:
        ready = self.ready
        return Door(ready["gateway_url"], Path(ready["credentials_file"]), "en")

    def operator(self) -> dict[str, str]:
        """Name and password of the operator that `tekamoul run` makes once it is ready, as the form has them."""
        officer = Caller("test", frozenset({"internal", "operators:write"}))
        token = InternalKey(self.data_dir / "secrets" / "internal.key").token(officer)
        with httpx.Client(
            base_url=self.gateway_url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
        ) as host:
            deadline = time.monotonic() + READY_SECONDS
            while not host.get("/v1/operators").json():
                assert time.monotonic() < deadline, "no operator was made"
                time.sleep(0.05)
        held: dict[str, str] = json.loads((self.data_dir / "secrets" / "operator.json").read_text(encoding="utf-8"))
        return held

    def session(self) -> str:
        """The cookie of a browser at which the operator signed in."""
        answer = httpx.post(f"{self.gateway_url}/dashboard/sign-in", data=self.operator(), trust_env=False, timeout=30)
        assert answer.status_code == 303, answer.text
        return answer.cookies["tekamoul_session"]

    def client(self, partner: str) -> GatewayClient:
        return self.door.client(partner)

    def start(self, *options: str) -> WholePlatform:
        """Start it and wait until everything is ready. Call it from the main thread."""
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [
                    TEKAMOUL,
                    "run",
                    "--data-dir",
                    self.data_dir,
                    "--port",
                    "0",
                    "--ready-file",
                    self.ready_file,
                    *options,
                ],
                cwd="/",
                env=environment(self.language),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **child_options(None, ends_with_us=signal.SIGTERM),
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the platform did not start:\n{self.output[-4000:]}")
            time.sleep(0.02)
        return self

    def stop(self) -> int:
        """SIGTERM, as an operator's service manager sends it; returns the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        return self.process.returncode

    def remove(self) -> None:
        """Remove its folder, also what root's platform keeps outside of a closed one."""
        link = self.data_dir / "postgres"
        if link.is_symlink():
            shutil.rmtree(link.resolve().parent, ignore_errors=True)
        shutil.rmtree(self.folder)

    async def rows(self, process: str, query: str, *values: object) -> list[asyncpg.Record]:
        """Rows of a process's own database, looked at from behind."""
        url = f"{self.ready['postgres_url'].rsplit('/', 1)[0]}/{process.replace('-', '_')}"
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    async def status(self) -> dict[str, Any]:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            answer: dict[str, Any] = (await client.get(f"{self.gateway_url}/health/status")).json()
            return answer

    async def quiet(self, seconds: float = QUIET_SECONDS) -> None:
        """Return when nothing is on its way any more."""
        await wait_until_quiet(self.gateway_url, nobody_listens, patience=seconds)

    def tekamoul(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `tekamoul` command on the same data folder."""
        return subprocess.run(
            [TEKAMOUL, *arguments, "--data-dir", self.data_dir],
            cwd="/",
            env=environment(self.language),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def environment(language: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {"TEKAMOUL_LANG": language, "LANG": "C.UTF-8", "TZ": "UTC"}


@dataclass
class Country:
    """A sample country on disk and the truth about it."""

    folder: Path
    manifest: Manifest
    truth: dict[tuple[str, int], TruthRow]

    @classmethod
    def made(cls, folder: Path, households: int, seed: int) -> Country:
        manifest = generate(folder, households=households, seed=seed)
        return cls(folder, manifest, read_truth(folder / manifest.truth))


@dataclass
class LoadedPlatform:
    """A running platform that has done the main job on a country, and what it led to before anyone changed it."""

    platform: WholePlatform
    country: Country
    files: list[Loaded]
    record: Record

    def file_of(self, program: str) -> Loaded:
        return next(one for one in self.files if one.program == program)


def new_platform() -> WholePlatform:
    """A platform with an empty folder that PostgreSQL's account can enter; not started."""
    folder = Path(tempfile.mkdtemp(prefix="tekamoul-test-", dir="/var/tmp"))
    folder.chmod(0o711)
    return WholePlatform(folder)


async def load(platform: WholePlatform, country: Country) -> list[Loaded]:
    """The whole main job, until nothing is on its way any more."""
    registry = await load_registry(platform.door, country.folder, country.manifest, nobody_listens)
    lists = await load_lists(platform.door, country.folder, country.manifest, nobody_listens)
    await platform.quiet()
    return [registry, *lists]


@pytest.fixture(scope="session")
def platform() -> Iterator[WholePlatform]:
    """The platform, empty at first. It may be loaded by then: see `loaded`."""
    made = new_platform()
    try:
        _shared.append(made)
        yield made.start("--no-demo")
        assert made.stop() == 0, made.output[-4000:]
    finally:
        _shared.remove(made)
        if made.process is not None and made.process.poll() is None:
            made.process.terminate()
            made.process.wait(STOP_SECONDS)
        made.remove()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever shares the platform comes last: it starts for the first of them, and at rest takes a quarter of a core."""
    items.sort(key=lambda item: may_start_a_platform(item.nodeid) and "platform" in item.fixturenames)  # type: ignore[attr-defined]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop the shared platform after the last test that may ask for it: at rest it takes a quarter of a core."""
    later = [] if nextitem is None else [nextitem]
    if nextitem is not None and not hasattr(item.config, "workerinput"):  # side by side those tests stand together
        later = item.session.items[item.session.items.index(nextitem) :]
    if not any(may_start_a_platform(one.nodeid) for one in later):
        for made in _shared:
            assert made.stop() == 0, made.output[-4000:]


@pytest.fixture(scope="session")
def country(tmp_path_factory: pytest.TempPathFactory) -> Country:
    """A small sample country."""
    return Country.made(tmp_path_factory.mktemp("country"), HOUSEHOLDS, SEED)


@pytest.fixture(scope="session")
def loaded(platform: WholePlatform, country: Country) -> LoadedPlatform:
    """The platform after the main job on the small country."""

    async def do() -> LoadedPlatform:
        return LoadedPlatform(platform, country, await load(platform, country), await record(platform))

    return asyncio.run(do())


def names_of(processes: Sequence[str] = ()) -> list[str]:
    """Every process of the platform that can be killed, servers first."""
    return list(processes) or ["postgres", "nats", *(service.name for service in SERVICES)]


def share(config: pytest.Config) -> None:
    """Make the fixtures of this module known once, whoever asks: two conftests that imported them would get two."""
    if not config.pluginmanager.has_plugin(PLUGIN):
        config.pluginmanager.register(sys.modules[__name__], PLUGIN)
