"""The supervisor, on small real processes."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli import supervisor as supervising
from cli.data_folder import Account
from cli.refusals import StartRefused
from cli.supervisor import ProcessSpec, Supervisor, log_tail, open_log
from running_platform import alive, until

# Writes its mark once it runs, so that its test can tell when; takes back the mark when it stops politely.
WORKER = """
import os, signal, sys, time
mark = sys.argv[1]
def stop(number, frame):
    os.unlink(mark)
    print("stopped by", signal.Signals(number).name, flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
open(mark, "w").write(str(os.getpid()))
print("works", flush=True)
while True:
    time.sleep(60)
"""
STUBBORN = WORKER.replace("signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")


class Bench:
    """A supervisor, what it said, and workers for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.changes: list[dict[str, int]] = []
        self.supervisor = Supervisor(say=self.lines.append, changed=lambda: self.changes.append(self.supervisor.pids))

    def worker(self, name: str, code: str = WORKER, **more: Any) -> ProcessSpec:
        mark = self.folder / f"{name}.mark"

        async def ready() -> bool:
            return mark.exists() and mark.read_text() == str(self.supervisor.pids.get(name))

        values: dict[str, Any] = {
            "name": name,
            "argv": [sys.executable, "-c", code, str(mark)],
            "env": {"PATH": os.defpath, "PYTHONUNBUFFERED": "1"},
            "cwd": self.folder,
            "log_file": self.folder / f"{name}.log",
            "ready": ready,
        }
        return ProcessSpec(**(values | more))

    def events(self) -> list[tuple[str, str]]:
        """(name, first word of the event), in order."""
        return [(line.split()[1], line.split()[2]) for line in self.lines]

    async def until_said(self, name: str, word: str, times: int = 1, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while self.events().count((name, word)) < times:
                await asyncio.sleep(0.02)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.supervisor.stop()


async def test_a_process_starts_after_those_it_depends_on_and_stops_before_them(bench: Bench) -> None:
    await bench.supervisor.start(
        [
            bench.worker("gateway", depends_on=("database", "nats")),
            bench.worker("nats"),
            bench.worker("database"),
        ]
    )
    started = bench.events()
    assert started.index(("gateway", "starting")) > started.index(("database", "ready"))
    assert started.index(("gateway", "starting")) > started.index(("nats", "ready"))
    pids = bench.supervisor.pids
    assert set(pids) == {"gateway", "nats", "database"}

    await bench.supervisor.stop()

    stopped = bench.events()[len(started) :]
    assert stopped[:2] == [("gateway", "stopping"), ("gateway", "stopped")]
    assert sorted(stopped[2:]) == [
        ("database", "stopped"),
        ("database", "stopping"),
        ("nats", "stopped"),
        ("nats", "stopping"),
    ]
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    assert bench.supervisor.pids == {}


async def test_an_event_is_one_line_of_time_name_event_and_pid(bench: Bench) -> None:
    await bench.supervisor.start([bench.worker("registry")])
    pid = bench.supervisor.pids["registry"]
    for line, word in zip(bench.lines, ["starting", "ready"], strict=True):
        assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ  registry +{word}  pid {pid}", line)


async def test_a_killed_process_comes_back_with_another_pid(bench: Bench) -> None:
    await bench.supervisor.start([bench.worker("registry")])
    first = bench.supervisor.pids["registry"]

    os.kill(first, signal.SIGKILL)
    killed_at = time.monotonic()
    await bench.until_said("registry", "ready", times=2)

    assert time.monotonic() - killed_at < 3
    second = bench.supervisor.pids["registry"]
    assert second != first
    assert [change["registry"] for change in bench.changes] == [first, second]
    assert any("died (SIGKILL), back in 0.2 s" in line for line in bench.lines)


async def test_restarts_back_off_to_a_limit_and_never_give_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(supervising, "LONGEST_DELAY", 0.04)
    await bench.supervisor.start([bench.worker("registry")])
    for times in range(1, 6):
        os.kill(bench.supervisor.pids["registry"], signal.SIGKILL)
        await bench.until_said("registry", "ready", times=times + 1)
    delays = [line.split("back in ")[1] for line in bench.lines if "died" in line]
    assert delays == ["0.01 s", "0.02 s", "0.04 s", "0.04 s", "0.04 s"]


async def test_a_process_that_was_healthy_for_long_is_restarted_at_once_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(supervising, "HEALTHY_SECONDS", 0.5)
    await bench.supervisor.start([bench.worker("registry")])
    for times, healthy in ((1, 0.0), (2, 0.7)):
        await asyncio.sleep(healthy)
        os.kill(bench.supervisor.pids["registry"], signal.SIGKILL)
        await bench.until_said("registry", "ready", times=times + 1)
    delays = [line.split("back in ")[1] for line in bench.lines if "died" in line]
    assert delays == ["0.01 s", "0.01 s"]


async def test_a_process_that_cannot_start_is_refused_with_its_last_line(bench: Bench) -> None:
    broken = bench.worker("matching", "print('looks for its key'); raise SystemExit('no key in /secrets')")
    with pytest.raises(StartRefused) as refused:
        await bench.supervisor.start([bench.worker("registry"), broken])
    assert refused.value.code == "process_failed"
    assert refused.value.values["line"] == "no key in /secrets"
    assert str(bench.folder / "matching.log") in refused.value.text.fr
    assert bench.events().count(("matching", "starting")) == supervising.START_ATTEMPTS


async def test_a_program_that_does_not_exist_is_refused(bench: Bench) -> None:
    with pytest.raises(StartRefused) as refused:
        await bench.supervisor.start([bench.worker("matching", argv=[str(bench.folder / "absent")])])
    assert "No such file" in str(refused.value.values["line"])


async def test_a_process_that_never_gets_ready_is_refused_after_its_time(bench: Bench) -> None:
    async def never() -> bool:
        return False

    with pytest.raises(StartRefused) as refused:
        await bench.supervisor.start([bench.worker("matching", ready=never, ready_timeout=0.3)])
    assert refused.value.code == "process_not_ready"


async def test_an_error_in_the_readiness_check_is_not_hidden(bench: Bench) -> None:
    async def wrong() -> bool:
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        await bench.supervisor.start([bench.worker("matching", ready=wrong)])


async def test_the_process_gets_its_own_stop_signal(bench: Bench) -> None:
    await bench.supervisor.start([bench.worker("postgres", stop_signal=signal.SIGINT)])
    await bench.supervisor.stop()
    assert log_tail(bench.folder / "postgres.log") == "stopped by SIGINT"


async def test_a_process_that_does_not_stop_is_killed_with_what_it_started(bench: Bench) -> None:
    code = "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\nprint(child.pid, flush=True)" + STUBBORN
    await bench.supervisor.start([bench.worker("matching", code, stop_timeout=0.3)])
    child = int((bench.folder / "matching.log").read_text().split()[0])

    began = time.monotonic()
    await bench.supervisor.stop()

    assert time.monotonic() - began < 3
    assert bench.events()[-2:] == [("matching", "did"), ("matching", "stopped")]
    # Killed with its group, it is gone when the kernel has come to it: on a busy machine a moment after.
    until(lambda: alive({"child": child}) == [])


async def test_stopping_in_the_middle_of_a_start_leaves_nothing(bench: Bench) -> None:
    start = asyncio.create_task(bench.supervisor.start([bench.worker(f"w{i}") for i in range(6)]))
    await bench.until_said("w0", "starting")
    start.cancel()
    await bench.supervisor.stop()
    with pytest.raises(asyncio.CancelledError):
        await start
    pids = {int(line.rsplit(" ", 1)[1]) for line in bench.lines if "starting" in line}
    assert pids
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_stopping_while_a_restart_waits_leaves_nothing(bench: Bench) -> None:
    await bench.supervisor.start([bench.worker("registry")])
    os.kill(bench.supervisor.pids["registry"], signal.SIGKILL)
    await bench.until_said("registry", "died")
    await bench.supervisor.stop()
    await asyncio.sleep(0.5)
    assert bench.events().count(("registry", "starting")) == 1


async def test_before_start_runs_before_each_start(bench: Bench) -> None:
    runs: list[int] = []
    await bench.supervisor.start([bench.worker("postgres", before_start=lambda: runs.append(1))])
    os.kill(bench.supervisor.pids["postgres"], signal.SIGKILL)
    await bench.until_said("postgres", "ready", times=2)
    assert runs == [1, 1]


async def test_each_process_leads_its_own_session_away_from_the_terminal(bench: Bench) -> None:
    await bench.supervisor.start([bench.worker("registry")])
    pid = bench.supervisor.pids["registry"]
    assert os.getsid(pid) == pid != os.getsid(0)
    assert os.getpgid(pid) == pid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the account of a process")
async def test_another_account_has_no_group_of_ours(bench: Bench) -> None:
    always = asyncio.Event()
    always.set()
    spec = bench.worker(
        "postgres",
        argv=["/bin/sleep", "600"],
        cwd=Path("/"),
        user=Account("nobody", 65534, 65534),
        ready=always.wait,
    )
    await bench.supervisor.start([spec])
    # Ready at once means before exec: the account is set by then or soon.
    process = psutil.Process(bench.supervisor.pids["postgres"])
    assert tuple(process.uids()) == (65534, 65534, 65534)
    assert tuple(process.gids()) == (65534, 65534, 65534)
    assert "Groups:\t \n" in Path(f"/proc/{process.pid}/status").read_text()


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:

        async def supervise() -> None:
            bench = Bench(tmp_path)
            await bench.supervisor.start([bench.worker("registry"), bench.worker("matching")])
            os.write(writer, " ".join(str(pid) for pid in bench.supervisor.pids.values()).encode())
            await asyncio.sleep(60)

        asyncio.run(supervise())
        os._exit(1)
    pids = [int(pid) for pid in os.read(reader, 100).split()]
    os.close(reader)
    os.close(writer)
    assert len(pids) == 2
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    deadline = time.monotonic() + 5
    while any(psutil.pid_exists(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert log_tail(tmp_path / "registry.log") == "stopped by SIGTERM"


def test_a_log_grown_large_is_put_aside_at_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "registry.log"
    log.write_bytes(b"x" * supervising.LOG_MOST)
    with open_log(log) as file:
        file.write(b"last\n")
    assert log.stat().st_size == supervising.LOG_MOST + 5

    with open_log(log) as file:
        file.write(b"first\n")

    assert log.read_bytes() == b"first\n"
    assert (tmp_path / "registry.log.1").stat().st_size == supervising.LOG_MOST + 5
    assert log_tail(tmp_path / "registry.log.1").endswith("xlast")


async def test_events_are_told_in_the_operators_language(tmp_path: Path) -> None:
    lines: list[str] = []
    speaking = Supervisor(language="ar", say=lines.append)
    speaking.note("registry", "died", None, reason="SIGKILL", delay=0.2)
    assert "توقف (SIGKILL)، يعاد تشغيله بعد 0.2 ث" in lines[0]
