"""What `test_full_disk.py` runs where SMALL_DISK names a small file system: servers and services on it, and it is filled."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from cli.credentials import GatewaySecrets, ensure_gateway_secrets
from cli.verifying import verify
from running import Services, until
from servers import RunningServers, start_servers
from tests.gateway.agreements.cases import PURPOSE, example, write_examples
from tests.gateway.conftest import PARTNERS, Door, opened_door

SMALL_DISK = "TEKAMOUL_SMALL_DISK"
PEOPLE = 150
"""Of one page: too many for their rows of the log to find room in what the table has."""
HOUSEHOLDS = "/v1/households"
LANGUAGES = ("ar", "fr", "en")


@pytest.fixture(scope="session")
def disk() -> Path:
    return Path(os.environ[SMALL_DISK])


@pytest.fixture(scope="session")
def servers(disk: Path) -> Iterator[RunningServers]:
    running = start_servers(disk / "servers", free_needed=0)
    yield running
    running.stop()


class Filler:
    """A file that takes all the room there is, or leaves some."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "filler"

    def fill(self, leave: int = 0) -> None:
        with self._file.open("ab", buffering=0) as sink, suppress(OSError):
            for size in (1 << 20, 4096, 1):
                with suppress(OSError):
                    while True:
                        sink.write(bytes(size))
        if leave:
            os.truncate(self._file, self._file.stat().st_size - leave)

    def empty(self) -> None:
        self._file.unlink(missing_ok=True)


@pytest.fixture
def filler(disk: Path) -> Iterator[Filler]:
    made = Filler(disk)
    yield made
    made.empty()


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatewaySecrets:
    (tmp_path / "partners.toml").write_text(
        PARTNERS.replace('"households:read"', '"households:read", "households:shared"')
    )
    volume = {"per_day": 1_000_000, "per_query": PEOPLE}
    agreement = example("A-1", provider="keeper", population={"places": ["MR01"]}, operations=["list"], volume=volume)
    folder = write_examples(tmp_path / "agreements", agreement)
    monkeypatch.setenv("TEKAMOUL_PARTNERS_FILE", str(tmp_path / "partners.toml"))
    monkeypatch.setenv("TEKAMOUL_REGISTRY_KEEPER", "keeper")
    monkeypatch.setenv("TEKAMOUL_AGREEMENTS_FOLDER", str(folder))
    return ensure_gateway_secrets(tmp_path)


@pytest.fixture
async def door(services: Services, secrets: GatewaySecrets) -> AsyncIterator[Door]:
    async with opened_door(services, secrets) as opened:
        yield opened


def a_page(door: Door) -> None:
    """What the registry answers next: households that nobody has been told of."""
    place = {"place": "MR011-C01", "category": "poor"}
    items = [{"id": str(uuid4()), "row": place, "size": "3-5"} for _ in range(PEOPLE)]
    door.registry.answers[HOUSEHOLDS] = {"items": items, "next_cursor": None}


async def read(door: Door) -> httpx.Response:
    a_page(door)
    named = {"Tekamoul-Agreement": "A-1", "Tekamoul-Purpose": PURPOSE}
    return await door.get(f"/registry{HOUSEHOLDS}", headers=named)


async def status(door: Door) -> dict[str, Any]:
    said: dict[str, Any] = (await door.client.get("/health/status?alone=true")).json()
    return said


async def test_reads_are_refused_while_the_disk_is_full_and_given_again_when_it_is_not(
    door: Door, filler: Filler
) -> None:
    given = [await read(door) for _ in range(2)]
    assert [one.status_code for one in given] == [200, 200]
    assert (await status(door))["database_full_since"] is None
    filler.fill()

    async def refused() -> bool:
        answer = await read(door)
        if answer.status_code == 200:  # there was room left in what PostgreSQL had
            given.append(answer)
            return False
        return True

    await until(refused, what="the disk to be full")
    for _ in range(5):
        answer = await read(door)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert "items" not in answer.text
    assert (await door.client.get("/health/live")).status_code == 200
    assert (await status(door))["database_full_since"] is not None

    filler.empty()

    async def served() -> bool:
        answer = await read(door)
        given.extend([answer] if answer.status_code == 200 else [])
        return answer.status_code == 200

    await until(served, what="reads to be given again", seconds=20)

    async def told() -> bool:
        return (await status(door))["database_full_since"] is None

    await until(told, what="the process to say that there is room", seconds=20)
    await the_log_is_whole(door, len(given))


async def the_log_is_whole(door: Door, answers: int) -> None:
    connection = await asyncpg.connect(str(door.running.platform.settings.database_url))
    try:
        verified = await verify(connection, {})
        allowed = await connection.fetchval("SELECT count(*) FROM disclosures WHERE decision = 'allowed'")
    finally:
        await connection.close()
    assert verified.fault is None
    assert allowed >= answers * PEOPLE, "whatever left is in the log"


async def test_a_file_that_finds_no_room_is_refused_in_three_languages_and_leaves_nothing_behind(
    services: Services, filler: Filler, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = await services.start("programs-csa")
    spool = disk / "spool"
    spool.mkdir(exist_ok=True)
    content = b"household_number,name\n" + b"".join(b"MR%010d,Sidi\n" % number for number in range(200_000))
    asked = {"kind": "EL_MAOUNA", "filename": "list.csv"}

    async def send(client: httpx.AsyncClient, language: str = "en") -> httpx.Response:
        return await client.post("/v1/imports", params=asked, content=content, headers={"Accept-Language": language})

    async with programs.client("csa", programs=frozenset({"EL_MAOUNA"})) as client:
        # The folder of files on their way is full, after a part of the file or at once; then PostgreSQL's.
        for folder, left in ((spool, 1 << 20), (spool, 0), (Path("/var/tmp"), 0)):
            monkeypatch.setattr(tempfile, "tempdir", str(folder))
            filler.fill(leave=left)
            refused = [await send(client, language) for language in LANGUAGES]
            assert [(one.status_code, one.json()["code"]) for one in refused] == [(507, "disk_full")] * 3
            assert len({one.json()["title"] for one in refused}) == 3
            assert all(int(one.headers["retry-after"]) > 0 for one in refused)
            assert list(spool.iterdir()) == []
            if left:
                assert os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize >= left - (64 << 10)
            filler.empty()
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/v1/imports")).json()["items"] == []
        assert (await send(client)).status_code == 202

        monkeypatch.setattr(tempfile, "tempdir", str(spool))
        piece = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Offset": "0"}
        begun = await client.post("/v1/uploads", params=asked | {"dry_run": "true"}, headers=piece)
        assert begun.status_code == 201
        address = f"/v1/{begun.headers['location']}"
        piece["Content-Type"] = "application/offset+octet-stream"
        filler.fill()
        answer = await client.patch(address, content=content, headers=piece)
        assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
        filler.empty()
        offset = await client.head(address, headers={"Tus-Resumable": "1.0.0"})
        assert offset.headers["upload-offset"] == "0"
        assert (await client.patch(address, content=content, headers=piece)).status_code == 204


def test_what_is_full_is_full(filler: Filler, disk: Path) -> None:
    """Of the cases themselves: where this does not hold, they show nothing."""
    filler.fill()
    with pytest.raises(OSError) as fault:
        (disk / "one").write_bytes(b"x")
    assert fault.value.errno == errno.ENOSPC
    filler.empty()
    (disk / "one").write_bytes(b"x")
    (disk / "one").unlink()
