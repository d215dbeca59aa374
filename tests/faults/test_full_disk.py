"""A disk that is really full: the cases in `full_disk_cases.py`, on a small file system of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.full_disk_cases import SMALL_DISK

CASES = Path(__file__).with_name("full_disk_cases.py")
PROJECT = Path(__file__).resolve().parents[2]
BYTES = 400 << 20
"""Room for an empty PostgreSQL with the databases of two processes, and little more."""
MOUNT = f'mount -t tmpfs -o size={BYTES},mode=755 tmpfs "$0" && exec "$@"'
NAMESPACES = (("unshare", "--mount"), ("unshare", "--user", "--map-current-user", "--keep-caps", "--mount"))
"""As root; as anybody whom the kernel lets have a namespace."""


def on_a_small_disk(folder: Path) -> list[str]:
    """How a program is run so that `folder` is a small file system for it."""
    for namespace in NAMESPACES:
        ways = [*namespace, "sh", "-c", MOUNT, str(folder)]
        if subprocess.run([*ways, "true"], check=False, capture_output=True).returncode == 0:
            return ways
    raise AssertionError(
        "no file system can be mounted here: run this test as root, or where unprivileged user namespaces are allowed"
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tekamoul-test-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_with_a_full_disk_nothing_is_lost_or_let_out_and_all_comes_back_by_itself(folder: Path) -> None:
    run = [*on_a_small_disk(folder), sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CASES)]
    environment = {**os.environ, SMALL_DISK: str(folder)}
    environment.pop("PYTEST_XDIST_WORKER", None)

    done = subprocess.run(run, cwd=PROJECT, env=environment, check=False, capture_output=True, text=True, timeout=240)

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "3 passed" in done.stdout
