"""What the platform's tests put in the place of the real services, and how they run and watch a platform."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from cli.data_folder import secret_file
from cli.platform import GatewaySecrets
from cli.processes import SERVICES, Service

TESTS = Path(__file__).resolve().parent
FAKE = TESTS / "cli" / "fake_service.py"
RUN = TESTS / "cli" / "run_fake_platform.py"


@dataclass(frozen=True)
class FakeSecrets:
    credentials_file: Path
    env: Mapping[str, str] = field(default_factory=lambda: {"TEKAMOUL_SIGNING_KEY_FILE": "/k"})


def fake_secrets(data_dir: Path) -> GatewaySecrets:
    path = data_dir / "credentials.json"
    secret_file(path, "{}")
    return FakeSecrets(path)


LIBRARIES = ":".join(path for path in sys.path if path.endswith("site-packages"))
FAKE_MIGRATE = (sys.executable, str(FAKE), "all", LIBRARIES, "migrate")


def fake_services() -> tuple[Service, ...]:
    """The real names, ports and settings; another program."""
    command = (sys.executable, str(FAKE))
    return tuple(Service(s.name, (*command, s.name, LIBRARIES), s.port_offset, s.env) for s in SERVICES)


@dataclass
class RunningPlatform:
    """A platform in its own process, as an operator starts it."""

    process: subprocess.Popen[str]
    data_dir: Path

    @property
    def ready(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.data_dir / "ready.json").read_text())
        return document

    def wait_ready(self, seconds: float = 60) -> dict[str, Any]:
        until(lambda: self._is_ready() or self.process.poll() is not None, seconds)
        if self.process.poll() is not None:
            raise AssertionError("".join(self.process.communicate()))
        return self.ready

    def _is_ready(self) -> bool:
        try:
            return bool(self.ready["pids"]["supervisor"] == self.process.pid)
        except FileNotFoundError:
            return False


def python_for(user: str | None) -> tuple[list[str], dict[str, str]]:
    """A Python and its environment that `user` can run: ours may lie in a folder closed to others."""
    paths = [str(TESTS.parent), str(TESTS), *(path for path in sys.path if path.endswith("site-packages"))]
    env = {"PATH": os.environ["PATH"], "HOME": "/", "PYTHONPATH": ":".join(paths)}
    if user is None or subprocess.run(["test", "-x", sys.executable], user=user, check=False).returncode == 0:
        return [sys.executable], env
    version = f"python3.{sys.version_info.minor}"
    other = f"/usr/bin/{version}"
    if not Path(other).exists():
        raise AssertionError(f"{user} can run neither {sys.executable} nor {other}")
    return [other], env


def start_platform(
    data_dir: Path, *, port: int = 0, user: str | None = None, language: str = "en", **more: str
) -> RunningPlatform:
    python, env = python_for(user)
    entry = pwd.getpwnam(user) if user else None
    process = subprocess.Popen(
        [*python, str(RUN), str(data_dir), str(port), language],
        cwd="/",
        env=env | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        user=entry.pw_uid if entry else None,
        group=entry.pw_gid if entry else None,
        extra_groups=[] if entry else None,
    )
    return RunningPlatform(process, data_dir)


def get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


def until(happened: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"did not happen in {seconds} s")
        time.sleep(0.05)


def alive(pids: Mapping[str, int]) -> list[str]:
    """The names of the processes that still run, and of servers' processes that lost their parent."""
    found = []
    for name, pid in pids.items():
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(name)
        except psutil.NoSuchProcess:
            continue
    return found


def backends(cluster: Path) -> list[int]:
    """Every process that works in the cluster's folder."""
    where = str(cluster.resolve())
    return [p.pid for p in psutil.process_iter(["cwd"]) if p.info["cwd"] == where]


def remove_outside(data_dir: Path) -> None:
    """What root's platform keeps outside of a closed folder."""
    link = data_dir / "postgres"
    if link.is_symlink():
        shutil.rmtree(link.resolve().parent, ignore_errors=True)
