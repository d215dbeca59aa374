"""`tekamoul run` where it cannot start: one clear line with what to do, in the terminal's language, and exit status 1."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.platform import NATS_MONITOR_OFFSET
from cli.ports import check_free, free_port
from cli.refusals import StartRefused
from whole_platform import TEKAMOUL, environment, new_platform


@pytest.fixture
def folder() -> Iterator[Path]:
    made = new_platform()
    yield made.folder
    made.remove()


def run(folder: Path, *options: str, language: str = "en", **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TEKAMOUL, "run", "--no-demo", "--data-dir", folder, *options],
        cwd="/",
        env=environment(language) | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """What the operator is told; before it stand only lines about processes, each with its time."""
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    *before, last = (done.stdout + done.stderr).splitlines()
    assert all(line[:2] == "20" and line[19:20] == "Z" for line in before), before
    return last


@pytest.mark.parametrize(("language", "words"), [("en", "is taken"), ("fr", "est occupé"), ("ar", "المنفذ")])
def test_a_taken_port(folder: Path, language: str, words: str) -> None:
    port = a_port_with_a_free_range()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        told = last_line(run(folder / "data", "--port", str(port), language=language))
    assert words in told and str(port) in told and "--port" in told


def a_port_with_a_free_range() -> int:
    """The gateway's, with those of the other processes after it."""
    while True:
        first = free_port()
        try:
            for port in range(first, first + 1 + NATS_MONITOR_OFFSET):
                check_free(port, "test")
        except StartRefused:
            continue
        return first


def test_a_folder_that_cannot_be_made() -> None:
    told = last_line(run(Path("/proc/tekamoul")))
    assert "/proc/tekamoul" in told and "--data-dir" in told


@pytest.mark.parametrize(
    ("setting", "name"), [("TEKAMOUL_POSTGRES_BIN", "PostgreSQL"), ("TEKAMOUL_NATS_SERVER", "NATS")]
)
def test_a_server_that_is_not_one(folder: Path, setting: str, name: str) -> None:
    programs = folder / "bin"
    programs.mkdir(mode=0o755)
    for program in ("postgres", "initdb", "pg_ctl", "nats-server"):
        (programs / program).write_text("#!/bin/sh\necho the disk is made of cheese >&2\nexit 3\n")
        (programs / program).chmod(0o755)
    where = programs if setting == "TEKAMOUL_POSTGRES_BIN" else programs / "nats-server"
    told = last_line(run(folder / "data", "--port", "0", **{setting: str(where)}))
    assert name in told and "the disk is made of cheese" in told
