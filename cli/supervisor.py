"""Starts processes in order, keeps them alive, and stops them in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, TypedDict

from cli.data_folder import MIB, Account, last_line
from cli.refusals import StartRefused
from shared.text import Text

FIRST_DELAY: Final = 0.2  # seconds before a restart, doubled at each
LONGEST_DELAY: Final = 5.0
HEALTHY_SECONDS: Final = 30.0  # after which a process that dies is restarted at once again
START_ATTEMPTS: Final = 3  # a process that never was ready is given up then
READY_POLL: Final = 0.05
LOG_MOST: Final = 10 * MIB  # one older file of the same size is kept
TAIL: Final = 16 * 1024
PR_SET_PDEATHSIG: Final = 1

EVENTS: Final[dict[str, Text]] = {
    "starting": Text(en="starting", fr="démarre", ar="يبدأ"),
    "ready": Text(en="ready", fr="prêt", ar="جاهز"),
    "died": Text(
        en="died ({reason}), back in {delay:g} s",
        fr="mort ({reason}), relancé dans {delay:g} s",
        ar="توقف ({reason})، يعاد تشغيله بعد {delay:g} ث",
    ),
    "failed": Text(en="failed ({reason})", fr="a échoué ({reason})", ar="فشل ({reason})"),
    "stopping": Text(en="stopping", fr="s'arrête", ar="يتوقف"),
    "killed": Text(
        en="did not stop in {seconds:g} s, killed",
        fr="pas arrêté en {seconds:g} s, tué",
        ar="لم يتوقف خلال {seconds:g} ث فأُنهي قسرا",
    ),
    "stopped": Text(en="stopped", fr="arrêté", ar="متوقف"),
}

_libc = ctypes.CDLL(None, use_errno=True)  # loaded here: nothing may be loaded between fork and exec


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """One process to keep alive.

    `ready` is one try. `explain` turns the last line of the log of a process that cannot start into what
    the operator is told. `before_start` runs before each start, in a thread.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log_file: Path
    ready: Callable[[], Awaitable[bool]]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout: float = 10.0
    ready_timeout: float = 60.0
    user: Account | None = None
    depends_on: tuple[str, ...] = ()
    pass_fds: tuple[int, ...] = ()
    before_start: Callable[[], None] | None = None
    explain: Callable[[str, Path], StartRefused] | None = None


class ChildOptions(TypedDict):
    start_new_session: bool
    user: int | None
    group: int | None
    extra_groups: list[int] | None
    preexec_fn: Callable[[], None]


def child_options(account: Account | None, *, ends_with_us: signal.Signals) -> ChildOptions:
    """What Popen needs for a child that the kernel sends `ends_with_us` when we end, in whatever way.

    The kernel means the thread that starts the child: start children from the main thread. The child leads
    its own session, so that Ctrl-C at a terminal reaches only us.
    """
    parent = os.getpid()
    number = int(ends_with_us)

    def end_with_parent() -> None:
        # After the change of user, which would undo it.
        _libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)  # it ended meanwhile

    return {
        "start_new_session": True,
        "user": account.uid if account else None,
        "group": account.gid if account else None,
        "extra_groups": [] if account else None,
        "preexec_fn": end_with_parent,
    }


def open_log(path: Path) -> IO[bytes]:
    """Open to append; a file grown too large first becomes `<name>.1`."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_MOST:
            path.replace(path.with_name(f"{path.name}.1"))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(handle, "ab")


def log_tail(path: Path, since: int = 0) -> str:
    """The last line a process wrote after byte `since` of its log."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= size else 0, size - TAIL))
            return last_line(file.read().decode(errors="replace"))
    except OSError:
        return last_line("")


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


class Supervisor:
    """Keeps processes alive. `say` gets a line per event, `changed` a call per new process."""

    def __init__(
        self,
        *,
        language: str = "en",
        say: Callable[[str], None] | None = None,
        changed: Callable[[], None] | None = None,
    ) -> None:
        self._language = language
        self._say = say or (lambda line: print(line, flush=True))
        self._changed = changed or (lambda: None)
        self._keepers: dict[str, _Keeper] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The processes that run now."""
        return {name: keeper.pid for name, keeper in self._keepers.items() if keeper.pid is not None}

    async def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Start each process once those it depends on are ready; return when all are.

        Raises StartRefused for the first one that cannot start. What runs by then runs on until `stop`. A
        process that could not start may be started again under its name.
        """
        keepers = [_Keeper(spec, self) for spec in specs]
        self._keepers |= {keeper.spec.name: keeper for keeper in keepers}
        waits = [asyncio.ensure_future(keeper.first_ready()) for keeper in keepers]
        for keeper in keepers:
            keeper.begin([self._keepers[name] for name in keeper.spec.depends_on])
        try:
            await asyncio.gather(*waits)
        finally:
            for wait in waits:
                wait.cancel()

    async def stop(self) -> None:
        """Stop each process once those that depend on it have stopped. Safe to repeat."""
        stops: dict[str, asyncio.Task[None]] = {}

        async def stop_one(keeper: _Keeper) -> None:
            name = keeper.spec.name
            dependents = [k.spec.name for k in self._keepers.values() if name in k.spec.depends_on]
            await asyncio.gather(*(asyncio.shield(stops[other]) for other in dependents))
            await keeper.stop()

        for name, keeper in self._keepers.items():
            stops[name] = asyncio.create_task(stop_one(keeper))
        await asyncio.gather(*stops.values())
        self._keepers.clear()

    def note(self, name: str, event: str, pid: int | None, **values: object) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        words = EVENTS[event].format(**values).in_(self._language)
        self._say(f"{now}  {name:<17} {words}" + (f"  pid {pid}" if pid is not None else ""))
        if event == "starting":
            self._changed()


class _Keeper:
    """One process: started, watched, restarted."""

    def __init__(self, spec: ProcessSpec, supervisor: Supervisor) -> None:
        self.spec = spec
        self.pid: int | None = None
        self._note = supervisor.note
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._spawning: asyncio.Task[asyncio.subprocess.Process] | None = None
        self._first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # A refusal nobody waits for any more, because another process refused first, is no error.
        self._first_ready.add_done_callback(lambda future: future.cancelled() or future.exception())

    def begin(self, dependencies: Sequence[_Keeper]) -> None:
        self._task = asyncio.create_task(self._keep(dependencies), name=f"keep {self.spec.name}")

    async def first_ready(self) -> None:
        await asyncio.shield(self._first_ready)

    async def _keep(self, dependencies: Sequence[_Keeper]) -> None:
        try:
            for dependency in dependencies:
                await dependency.first_ready()
            await self._keep_alive()
        except StartRefused as refused:
            if not self._first_ready.done():
                self._first_ready.set_exception(refused)

    async def _keep_alive(self) -> None:
        delay, attempts = FIRST_DELAY, 0
        while True:
            started, written = time.monotonic(), self._log_size()
            try:
                reason = _reason(await self._run_once())
            except Exception as failure:
                reason = str(failure)
            attempts += 1
            if not self._first_ready.done() and attempts >= START_ATTEMPTS:
                self._note(self.spec.name, "failed", None, reason=reason)
                raise self._cannot_start(log_tail(self.spec.log_file, written) or reason)
            if time.monotonic() - started >= HEALTHY_SECONDS:
                delay = FIRST_DELAY
            self._note(self.spec.name, "died", None, reason=reason, delay=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _run_once(self) -> int:
        """Start the process, say when it is ready, return its exit code."""
        if self.spec.before_start is not None:
            await asyncio.to_thread(self.spec.before_start)
        # Shielded: a stop in the middle of a start must know the process it has to end.
        self._spawning = asyncio.create_task(self._spawn())
        process = await asyncio.shield(self._spawning)
        watch = asyncio.create_task(self._watch_readiness(process))
        try:
            return await process.wait()
        finally:
            watch.cancel()
            if process.returncode is not None:
                self.pid = None

    async def _spawn(self) -> asyncio.subprocess.Process:
        spec = self.spec
        with open_log(spec.log_file) as log:
            process = await asyncio.create_subprocess_exec(
                *spec.argv,
                cwd=spec.cwd,
                env=dict(spec.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=spec.pass_fds,
                **child_options(spec.user, ends_with_us=spec.stop_signal),
            )
        self._process, self.pid = process, process.pid
        self._note(spec.name, "starting", process.pid)
        return process

    async def _watch_readiness(self, process: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + self.spec.ready_timeout
        while not await self._is_ready():
            # Only at first: later on a long recovery is better waited for than killed.
            if not self._first_ready.done() and time.monotonic() > deadline:
                self._first_ready.set_exception(self._not_ready())
                return
            await asyncio.sleep(READY_POLL)
        self._note(self.spec.name, "ready", process.pid)
        if not self._first_ready.done():
            self._first_ready.set_result(None)

    async def _is_ready(self) -> bool:
        try:
            return await self.spec.ready()
        except (OSError, EOFError):  # refused, reset, timed out: it does not listen yet
            return False
        except Exception as failure:
            if not self._first_ready.done():
                self._first_ready.set_exception(failure)
            raise

    async def stop(self) -> None:
        """End the process and its group: the polite signal, then after the time-out the other one."""
        self._first_ready.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._spawning is not None:
            await asyncio.gather(self._spawning, return_exceptions=True)
        process, self.pid = self._process, None
        if process is None or process.returncode is not None:
            return
        self._note(self.spec.name, "stopping", process.pid)
        self._signal(process, self.spec.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.spec.stop_timeout)
        except TimeoutError:
            self._note(self.spec.name, "killed", process.pid, seconds=self.spec.stop_timeout)
            self._signal(process, signal.SIGKILL)
            await process.wait()
        self._note(self.spec.name, "stopped", None)

    @staticmethod
    def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(process.pid, number)  # it leads its group: also what it started
            else:
                process.send_signal(number)

    def _log_size(self) -> int:
        try:
            return self.spec.log_file.stat().st_size
        except OSError:
            return 0

    def _cannot_start(self, line: str) -> StartRefused:
        if self.spec.explain is not None:
            return self.spec.explain(line, self.spec.log_file)
        return StartRefused("process_failed", name=self.spec.name, line=line, log=self.spec.log_file)

    def _not_ready(self) -> StartRefused:
        return StartRefused(
            "process_not_ready",
            name=self.spec.name,
            seconds=round(self.spec.ready_timeout),
            log=self.spec.log_file,
        )
