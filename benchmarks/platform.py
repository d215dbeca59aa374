"""A platform to be measured: started as an operator starts it, and watched from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from cli.main_job import Door
from cli.supervisor import child_options

TEKAMOUL = Path(sys.executable).with_name("tekamoul")
OUTSIDE = Path("/var/tmp")  # PostgreSQL's account can enter it, as it cannot /root
READY_SECONDS = 300.0
STOP_SECONDS = 60.0
LOOK_SECONDS = 0.005
SAMPLE_SECONDS = 2.0  # the kernel walks all pages of a process for its share: asking often would slow the job
MIB = 1024 * 1024


class MeasuredPlatform:
    """`tekamoul run --no-demo` on a folder of its own. A context: leaving it stops the platform and removes the folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tekamoul-bench-", dir=OUTSIDE))
        self.folder.chmod(0o711)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> MeasuredPlatform:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        link = self.folder / "data" / "postgres"
        if link.is_symlink():
            shutil.rmtree(link.resolve().parent, ignore_errors=True)
        shutil.rmtree(self.folder)

    @property
    def ready(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "ready.json").read_text(encoding="utf-8"))
        return document

    @property
    def door(self) -> Door:
        ready = self.ready
        return Door(ready["gateway_url"], Path(ready["credentials_file"]), "en")

    def start(self) -> float:
        """Start it; returns the seconds until the ready file was written."""
        ready, started = self.folder / "ready.json", time.monotonic()
        command: list[str | Path] = [TEKAMOUL, "run", "--no-demo", "--port", "0"]
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [*command, "--data-dir", self.folder / "data", "--ready-file", ready],
                cwd="/",
                env=os.environ | {"TEKAMOUL_LANG": "en"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **child_options(None, ends_with_us=signal.SIGTERM),
            )
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() - started > READY_SECONDS:
                raise RuntimeError(f"the platform did not start: {(self.folder / 'output').read_text()[-2000:]}")
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - started

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(STOP_SECONDS)

    def processes(self) -> dict[str, list[psutil.Process]]:
        """Each process of the platform with all it has started, such as PostgreSQL's backends."""
        children: dict[int, list[psutil.Process]] = defaultdict(list)
        by_pid = {}
        for process in psutil.process_iter(["ppid"]):  # one look at the machine, not one for each of ours
            children[process.info["ppid"]].append(process)
            by_pid[process.pid] = process
        pids: dict[str, int] = self.ready["pids"]
        found = {name: [by_pid[pid]] for name, pid in pids.items() if pid in by_pid}
        for name, group in found.items():
            if name == "supervisor":
                continue
            for process in group:  # grows while it is walked: children of children
                group += children[process.pid]
        return found

    def memory_mib(self) -> dict[str, float]:
        """Proportional memory of each process: what several share counts once in the sum."""
        return {name: sum(_pss(one) for one in group) / MIB for name, group in self.processes().items()}

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time of each process so far, with that of children which have ended."""
        seconds: dict[str, float] = defaultdict(float)
        for name, group in self.processes().items():
            for number, process in enumerate(group):
                try:
                    times = process.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                seconds[name] += times.user + times.system
                if number == 0 and name != "supervisor":
                    seconds[name] += times.children_user + times.children_system
        return dict(seconds)


def _pss(process: psutil.Process) -> int:
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass  # it has just ended
    return 0


class PeakMemory:
    """Samples the memory of all processes together while a work goes on, in a thread."""

    def __init__(self, platform: MeasuredPlatform) -> None:
        self._platform, self._ended = platform, threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.peak_mib = 0.0
        self.of_each: dict[str, float] = {}

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            each = self._platform.memory_mib()
            if sum(each.values()) > self.peak_mib:
                self.peak_mib, self.of_each = sum(each.values()), each
            if self._ended.wait(SAMPLE_SECONDS):
                return
