"""The platform with small services in the place of the real ones, on real servers."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import nats
import pytest

from cli import ports
from cli.platform import Platform, RunOptions, StoppedWhileStarting
from cli.processes import SERVICES
from cli.refusals import StartRefused
from running_platform import (
    FAKE_MIGRATE,
    RunningPlatform,
    alive,
    backends,
    fake_secrets,
    fake_services,
    get,
    remove_outside,
    start_platform,
    until,
)

NAMES = {
    "registry",
    "programs-taazour",
    "programs-csa",
    "programs-masef",
    "programs-men",
    "programs-partners",
    "matching",
    "gateway",
}
IS_ROOT = os.geteuid() == 0
Start = Callable[..., RunningPlatform]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder any account can enter, as pytest's own cannot be."""
    with tempfile.TemporaryDirectory(prefix="tekamoul-test-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
        for data_dir in path.iterdir():
            remove_outside(data_dir)


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    started: list[RunningPlatform] = []

    def start(data_dir: Path | None = None, **options: Any) -> RunningPlatform:
        running = start_platform(data_dir or folder / "data", **options)
        started.append(running)
        return running

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(40)
        for pipe in (running.process.stdout, running.process.stderr):
            if pipe is not None:
                pipe.close()


def a_range_of_free_ports() -> int:
    while True:
        first = ports.free_port()
        try:
            for port in range(first, first + 11):
                ports.check_free(port, "test")
        except StartRefused:
            continue
        return first


def test_the_names_and_ports_are_the_contract() -> None:
    assert {service.name for service in SERVICES} == NAMES
    assert {s.name: s.port_offset for s in SERVICES} == {
        "gateway": 0,
        "registry": 1,
        "programs-taazour": 2,
        "programs-csa": 3,
        "programs-masef": 4,
        "programs-men": 5,
        "programs-partners": 6,
        "matching": 7,
    }
    by_name = {service.name: service for service in SERVICES}
    assert by_name["programs-csa"].command == (sys.executable, "-m", "services.programs")
    assert by_name["programs-csa"].env == {"TEKAMOUL_INSTITUTION": "csa"}
    assert by_name["programs-csa"].database == "programs_csa"
    assert by_name["gateway"].command == (sys.executable, "-m", "gateway")


async def test_everything_starts_is_written_down_and_stops(start: Start, folder: Path) -> None:
    running = start()
    ready = running.wait_ready()

    assert set(ready) == {
        "gateway_url",
        "dashboard_url",
        "services",
        "postgres_url",
        "nats_url",
        "pids",
        "credentials_file",
    }
    assert set(ready["services"]) == NAMES
    assert set(ready["pids"]) == NAMES | {"postgres", "nats", "supervisor"}
    assert ready["pids"]["supervisor"] == running.process.pid
    assert ready["dashboard_url"] == ready["gateway_url"] + "/dashboard"
    assert stat.S_IMODE((running.data_dir / "ready.json").stat().st_mode) == 0o600
    for name, url in ready["services"].items():
        environment = get(f"{url}/environment")
        assert environment["pid"] == ready["pids"][name]
        database = await asyncpg.connect(environment["DATABASE_URL"])
        assert await database.fetchval("SELECT name FROM migrated") == name
        assert await database.fetchval("SELECT current_database()") == name.replace("-", "_")
        await database.close()
    client = await nats.connect(ready["nats_url"])
    await client.close()

    running.process.send_signal(signal.SIGTERM)
    output, errors = running.process.communicate(timeout=20)
    assert (running.process.returncode, errors) == (0, "")
    assert alive(ready["pids"]) == []
    assert backends(running.data_dir / "postgres" / "cluster") == []
    assert not (running.data_dir / "ready.json").exists()
    assert sum("stopped" in line for line in output.splitlines()) == len(NAMES) + 2


async def test_a_service_gets_the_settings_it_needs_and_nothing_else(start: Start) -> None:
    ready = start(language="ar", SECRET_OF_THE_OPERATOR="x").wait_ready()
    common = {
        "DATABASE_URL",
        "NATS_URL",
        "TEKAMOUL_INTERNAL_KEY_FILE",
        "TEKAMOUL_SERVICE_URLS",
        "TEKAMOUL_LISTEN_FD",
        "TEKAMOUL_HOST",
        "TEKAMOUL_PORT",
        "TEKAMOUL_COMMIT",
        "TEKAMOUL_LANG",
        "PATH",
        "HOME",
        "LANG",
        "TZ",
        "PYTHONUNBUFFERED",
    }
    extra = {
        "registry": set[str](),
        "programs-csa": {"TEKAMOUL_INSTITUTION"},
        "gateway": {"TEKAMOUL_NATS_MONITOR_URL", "TEKAMOUL_SIGNING_KEY_FILE"},
    }
    for name, more in extra.items():
        environment = get(ready["services"][name] + "/environment")
        del environment["pid"]
        # LC_CTYPE is Python's own doing.
        assert set(environment) - {"LC_CTYPE"} == common | more
        assert environment["TZ"] == "UTC"
        assert environment["TEKAMOUL_LANG"] == "ar"
        assert json.loads(environment["TEKAMOUL_SERVICE_URLS"]) == ready["services"]
        key = Path(environment["TEKAMOUL_INTERNAL_KEY_FILE"])
        assert len(key.read_bytes()) >= 32
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_every_killed_process_comes_back_and_the_ready_file_says_where(start: Start) -> None:
    running = start()
    before = running.wait_ready()["pids"]
    for name in ("postgres", "nats", "matching"):
        os.kill(before[name], signal.SIGKILL)
    killed_at = time.monotonic()

    def back() -> bool:
        now = running.ready["pids"]
        return all(name in now and now[name] != before[name] for name in ("postgres", "nats", "matching"))

    until(back, 10)
    answer = get(running.ready["services"]["matching"] + "/health/ready")  # waits, is not refused
    assert answer["pid"] == running.ready["pids"]["matching"]

    async def postgres_answers() -> bool:
        try:
            connection = await asyncpg.connect(running.ready["postgres_url"])
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    until(lambda: asyncio.run(postgres_answers()), 10)
    assert time.monotonic() - killed_at < 10
    untouched = NAMES - {"matching"}
    assert {n: p for n, p in running.ready["pids"].items() if n in untouched} == {n: before[n] for n in untouched}


def test_a_request_during_a_restart_waits_for_the_new_process(start: Start) -> None:
    running = start()
    ready = running.wait_ready()
    os.kill(ready["pids"]["registry"], signal.SIGKILL)
    answer = get(ready["services"]["registry"] + "/environment")
    assert answer["pid"] != ready["pids"]["registry"]


async def test_data_outlive_a_stop_and_a_kill_of_the_supervisor(start: Start) -> None:
    first = start()
    ready = first.wait_ready()
    database = ready["postgres_url"].replace("/postgres", "/registry")
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE TABLE kept AS SELECT 1 AS id")
    await connection.close()

    first.process.kill()
    first.process.wait()
    until(lambda: alive(ready["pids"]) == [], 15)
    until(lambda: backends(first.data_dir / "postgres" / "cluster") == [], 5)

    again = start().wait_ready()
    connection = await asyncpg.connect(again["postgres_url"].replace("/postgres", "/registry"))
    assert await connection.fetchval("SELECT id FROM kept") == 1
    await connection.close()


def test_a_restart_right_after_a_kill_waits_for_the_ports(start: Start) -> None:
    port = a_range_of_free_ports()
    first = start(port=port)
    first.wait_ready()
    first.process.kill()
    first.process.wait()
    ready = start(port=port).wait_ready()
    assert ready["gateway_url"] == f"http://127.0.0.1:{port}"
    assert ready["services"]["matching"] == f"http://127.0.0.1:{port + 7}"
    assert ready["postgres_url"].endswith(f":{port + 8}/postgres")
    assert ready["nats_url"].endswith(f":{port + 9}")


@pytest.mark.parametrize(("offset", "name"), [(0, "gateway"), (8, "postgres"), (9, "nats"), (10, "nats")])
def test_a_taken_port_is_one_clear_line(start: Start, offset: int, name: str) -> None:
    with socket.socket() as other:
        while True:
            port = a_range_of_free_ports()
            with suppress(OSError):  # somebody else on this machine was faster
                other.bind(("127.0.0.1", port + offset))
                break
        other.listen()
        running = start(port=port)
        _, errors = running.process.communicate(timeout=20)
    assert running.process.returncode == 1
    assert errors == (
        f"Port {port + offset}, wanted by {name}, is taken. Stop the program that uses it, "
        "or choose another with --port (0: free ports).\n"
    )


def test_a_data_folder_in_use_is_one_clear_line_and_the_first_runs_on(start: Start) -> None:
    first = start()
    ready = first.wait_ready()
    second = start(language="fr")
    _, errors = second.process.communicate(timeout=20)
    assert second.process.returncode == 1
    assert errors.startswith(f"Le dossier de données {first.data_dir} est utilisé par une autre plateforme")
    assert errors.count("\n") == 1
    assert len(alive(ready["pids"])) == len(ready["pids"])
    assert first.ready == ready


@pytest.mark.skipif(not IS_ROOT, reason="only root can start another account's platform")
def test_an_ordinary_user_runs_it_and_is_told_of_a_folder_closed_to_him(start: Start, folder: Path) -> None:
    (folder / "closed").mkdir(mode=0o755)
    refused = start(folder / "closed" / "data", user="nobody")
    _, errors = refused.process.communicate(timeout=20)
    assert refused.process.returncode == 1
    assert errors == (
        f"The data folder {folder}/closed/data cannot be written (Permission denied). "
        "Give this account the right to it, or choose another with --data-dir.\n"
    )

    own = folder / "own"
    own.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(own, nobody.pw_uid, nobody.pw_gid)
    running = start(own / "data", user="nobody")
    ready = running.wait_ready()
    assert {os.stat(f"/proc/{pid}").st_uid for pid in ready["pids"].values()} == {nobody.pw_uid}
    assert stat.S_IMODE((own / "data").stat().st_mode) == 0o700
    running.process.send_signal(signal.SIGINT)
    running.process.wait(20)
    assert running.process.returncode == 0
    assert alive(ready["pids"]) == []


@pytest.mark.skipif(not IS_ROOT, reason="only root runs PostgreSQL under another account")
def test_root_keeps_the_database_in_the_data_folder_where_nobody_can_enter_it(start: Start) -> None:
    running = start()
    ready = running.wait_ready()
    assert not (running.data_dir / "postgres").is_symlink()
    assert os.stat(f"/proc/{ready['pids']['postgres']}").st_uid == pwd.getpwnam("nobody").pw_uid


def test_a_broken_postgres_and_a_broken_nats_are_one_clear_line(start: Start, folder: Path) -> None:
    first = start()
    first.wait_ready()
    first.process.terminate()
    first.process.wait(20)
    control = first.data_dir / "postgres" / "cluster" / "global" / "pg_control"
    kept = control.read_bytes()
    control.unlink()
    broken = start()
    _, errors = broken.process.communicate(timeout=30)
    assert broken.process.returncode == 1
    assert errors.startswith("PostgreSQL cannot start: ")
    assert "pg_control" in errors
    assert errors.rstrip().endswith(f"The whole story is in {first.data_dir}/logs/postgres.log.")

    control.write_bytes(kept)
    owner = (first.data_dir / "postgres" / "cluster").resolve().stat()
    os.chown(control, owner.st_uid, owner.st_gid)
    control.chmod(0o600)
    shutil.rmtree(first.data_dir / "nats")
    (first.data_dir / "nats").mkdir()
    (first.data_dir / "nats" / "jetstream").write_text("not a folder")
    broken = start()
    _, errors = broken.process.communicate(timeout=30)
    assert broken.process.returncode == 1
    assert errors.startswith("NATS cannot start: ")


async def test_a_failed_migration_is_one_clear_line_and_leaves_nothing(folder: Path) -> None:
    lines: list[str] = []
    platform = Platform(
        RunOptions(data_dir=folder / "data", language="en"),
        services=fake_services(),
        gateway_secrets=fake_secrets,
        migrate_command=(sys.executable, "-c", "raise SystemExit('no such revision')"),
        say=lines.append,
    )
    with pytest.raises(StartRefused) as refused:
        await platform.start()
    assert refused.value.code == "migration_failed"
    assert refused.value.values["line"] == "no such revision"
    assert (folder / "data" / "logs" / "migrate.log").read_text() == "no such revision\n"
    pids = {line: int(line.rsplit(" ", 1)[1]) for line in lines if "starting" in line}
    assert len(pids) == 2
    assert alive(pids) == []


async def test_several_gateway_processes_share_one_port(folder: Path) -> None:
    platform = Platform(
        RunOptions(data_dir=folder / "data", gateway_processes=3),
        services=fake_services(),
        gateway_secrets=fake_secrets,
        migrate_command=FAKE_MIGRATE,
        say=lambda _: None,
    )
    await platform.start()
    try:
        pids = platform.ready.pids
        ours = {pids[name] for name in ("gateway", "gateway-2", "gateway-3")}
        assert len(ours) == 3
        answered = {(await asyncio.to_thread(get, f"{platform.ready.gateway_url}/environment"))["pid"]}
        assert answered <= ours
        resting = answered.pop()
        os.kill(resting, signal.SIGSTOP)  # the others go on
        assert (await asyncio.to_thread(get, f"{platform.ready.gateway_url}/environment"))["pid"] in ours - {resting}
        os.kill(resting, signal.SIGCONT)
    finally:
        await platform.stop()


async def test_the_ready_file_asked_for_is_written_and_removed(folder: Path) -> None:
    asked = folder / "ready-file.json"
    options = RunOptions(data_dir=folder / "data", ready_file=asked)
    platform = Platform(
        options,
        services=fake_services(),
        gateway_secrets=fake_secrets,
        migrate_command=FAKE_MIGRATE,
        say=lambda _: None,
    )
    await platform.start()
    try:
        assert json.loads(asked.read_text()) == json.loads((folder / "data" / "ready.json").read_text())
        assert json.loads(asked.read_text())["pids"] == platform.ready.pids
    finally:
        await platform.stop()
    assert not asked.exists()


async def test_a_signal_while_starting_stops_everything(folder: Path) -> None:
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if "postgres" in line and "ready" in line:
            os.kill(os.getpid(), signal.SIGINT)

    platform = Platform(
        RunOptions(data_dir=folder / "data", language="en"),
        services=fake_services(),
        gateway_secrets=fake_secrets,
        migrate_command=FAKE_MIGRATE,
        say=say,
    )
    with pytest.raises(StoppedWhileStarting):
        await platform.start()
    pids = {line: int(line.rsplit(" ", 1)[1]) for line in lines if "starting" in line}
    assert len(pids) >= 2
    assert alive(pids) == []
    assert backends(folder / "data" / "postgres" / "cluster") == []
