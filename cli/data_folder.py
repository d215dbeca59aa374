"""The data folder: everything a platform keeps, secrets for the owner only, one platform at a time."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.refusals import StartRefused

MIB: Final = 1024 * 1024
FREE_NEEDED: Final = 1536 * MIB  # NATS is given 80 % of the free space and sets 128 MiB aside for each of 8 streams
COMMAND_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system account a process runs under."""

    name: str
    uid: int
    gid: int


def prepare_folder(data_dir: Path, *, free_needed: int = FREE_NEEDED) -> None:
    """Create the data folder, see that it can be written and has room. Raises StartRefused."""
    try:
        # Root's PostgreSQL runs under another account, which passes through this folder and sees nothing
        # in it.
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        (data_dir / "logs").mkdir(mode=0o700, exist_ok=True)
        (data_dir / "secrets").mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except OSError as refused:
        raise StartRefused("data_folder_denied", folder=data_dir, reason=refused.strerror) from refused
    check_free_space(data_dir, needed=free_needed)


def check_free_space(folder: Path, *, needed: int = FREE_NEEDED) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StartRefused("disk_full", folder=folder, free=free // MIB, needed=needed // MIB)


@contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Keep the data folder to this process. Raises StartRefused `data_folder_busy` when another one has it.

    The kernel gives the lock back when the holder ends in whatever way.
    """
    with (data_dir / "lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            file.seek(0)
            pid = file.read().strip() or "?"
            raise StartRefused("data_folder_busy", folder=data_dir, pid=pid) from held
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def secret_file(path: Path, content: str | None = None) -> str:
    """The secret kept in `path`, made at the first call: `content`, or else random."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        made = content or secrets.token_urlsafe(32)
        write_private(path, made)
        return made


def write_private(path: Path, content: str) -> None:
    """Write whole or not at all, readable by the owner only."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp: 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def run_as(account: Account | None, argv: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(arg) for arg in argv],
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=COMMAND_SECONDS,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def last_line(text: str) -> str:
    """The last line that says something, without PostgreSQL's or NATS's time and process; "" if none does."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    return re.sub(r"^(\[\d+\] )?[\d/-]{10} [\d:.]+( UTC)? (\[\d+\] )?", "", lines[-1])


def why(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that failed said last."""
    return last_line(done.stderr or done.stdout) or f"exit {done.returncode}"
