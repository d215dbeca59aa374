"""One command from its files to its result: wall time, CPU time, and the memory of its whole process tree."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOK_SECONDS = 0.02
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """`peak_mib` is the most resident memory that all its processes together were seen to have."""

    seconds: float
    cpu_seconds: float
    peak_mib: int
    output: str


class CommandFailed(RuntimeError):
    def __init__(self, command: Sequence[str], told: str) -> None:
        super().__init__(f"{' '.join(command)}: {told[-2000:]}")


def measure(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> Measured:
    """Run a command in `folder` to its end. Raises CommandFailed with the end of what it said on standard error."""
    with (folder / "stdout").open("w+", encoding="utf-8") as output, (folder / "stderr").open("w+") as told:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | (environment or {}), stdout=output, stderr=told
        )
        watch = _Watch(process.pid)
        watch.start()
        _, status, used = os.wait4(process.pid, 0)  # with what its ended children used
        seconds = time.monotonic() - started
        watch.ended.set()
        watch.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        told.seek(0)
        if process.returncode:
            raise CommandFailed(command, told.read())
        cpu_seconds = round(used.ru_utime + used.ru_stime, 2)
        return Measured(round(seconds, 2), cpu_seconds, round(watch.peak / MIB), output.read())


class _Watch(threading.Thread):
    """Looks at the memory of a process and its descendants until told that it ended.

    Not the kernel's `ru_maxrss`: that of a child begins with the memory of whoever started it.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self.ended = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self.ended.wait(LOOK_SECONDS):
            self.peak = max(self.peak, self._tree())

    def _tree(self) -> int:
        """Resident memory of all, or the highest that one of them ever had: a short peak between two looks counts too."""
        total, highest = 0, 0
        try:
            for process in (self._root, *self._root.children(recursive=True)):
                resident, high = _resident(process.pid)
                total, highest = total + resident, max(highest, high)
        except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError, ProcessLookupError):
            pass  # it has just ended
        return max(total, highest)


def _resident(pid: int) -> tuple[int, int]:
    """Bytes resident now, and the most since the process began its program; zeros for one that has ended."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, high = (int(lines.get(key, "0 kB").split()[0]) * 1024 for key in ("VmRSS", "VmHWM"))
    return now, high
