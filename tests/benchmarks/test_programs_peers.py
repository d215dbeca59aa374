"""What programs are held against does the same work: the rows that the service wrote, the answers that it gives."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest

from benchmarks.copying import copy_into_another
from benchmarks.enrollment_peers import TABLES, ask_bare, insert_bare
from running import Running, Services
from servers import RunningServers, start_servers

PROGRAM = "TEKAVOUL"
INDEXES = "SELECT count(*) FROM pg_indexes WHERE tablename = $1"


@pytest.fixture(scope="module")
def durable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServers]:
    """Servers that flush each commit, as the peers want them."""
    running = start_servers(tmp_path_factory.mktemp("durable"), durable=True)
    yield running
    running.stop()


@pytest.fixture
async def made(durable: RunningServers, tmp_path: Path) -> AsyncIterator[Services]:
    made = Services(durable, tmp_path)
    await made.start("programs-taazour")
    yield made
    await made.stop()


@pytest.fixture
def url(made: Services) -> str:
    return made.databases["programs-taazour"]


@pytest.fixture
async def officer(made: Services) -> AsyncIterator[httpx.AsyncClient]:
    """She has enrolled three households, the second of which has left."""
    programs: Running = made.running["programs-taazour"]
    async with programs.client("taazour", programs=frozenset({PROGRAM})) as client:
        for number in (1, 2, 3):
            beneficiary = {"household_number": f"MR011{number:07}", "name": "Sidi Ould Ahmed"}
            answer = await client.post("/v1/enrollments", json={"program": PROGRAM, "beneficiary": beneficiary})
            assert answer.status_code == 201, answer.text
            if number == 2:
                path = f"/v1/enrollments/{answer.json()['id']}/exit"
                await client.post(path, json={"reason": "moved"}, headers={"If-Match": '"1"'})
        yield client


async def test_the_bare_select_finds_what_the_service_answers(officer: httpx.AsyncClient, url: str) -> None:
    questions = [{"program": PROGRAM, "household_number": f"MR011{number:07}"} for number in (1, 2, 3, 9)]
    told = [(await officer.post("/v1/enrolled", json=one)).json() for one in questions]

    took, found = await ask_bare(url, questions, warm=2)

    assert [one["status"] for one in told] == ["enrolled", "exited", "enrolled", None]
    assert [(one and one["status"], one and one["id"]) for one in found] == [
        (one["status"], one["enrollment_id"] and UUID(one["enrollment_id"])) for one in told
    ]
    assert len(took) == len(questions)


async def test_the_bare_insert_writes_the_rows_that_the_service_wrote(officer: httpx.AsyncClient, url: str) -> None:
    took, seconds = await insert_bare(url, clients=2, writes=3)

    first = "FROM history WHERE version = 1 AND aggregate_id IN (SELECT id FROM enrollments)"
    wanted = {
        "enrollments": "SELECT * FROM enrollments",
        "history": f"SELECT * {first}",
        "outbox": f"SELECT * FROM outbox WHERE aggregate_id IN (SELECT batch_id {first})",
    }
    connection = await asyncpg.connect(url)
    try:
        for table in TABLES:
            again = await connection.fetch(f"SELECT * FROM again_{table}")
            assert len(again) == 3, table
            assert set(again) == set(await connection.fetch(wanted[table])), table
            assert await connection.fetchval(INDEXES, f"again_{table}") == await connection.fetchval(INDEXES, table)
    finally:
        await connection.close()
    assert len(took) == 3
    assert 0 < sum(took) / 1000 <= seconds * 2  # two clients at once


async def test_the_bare_insert_refuses_a_server_that_does_not_flush(services: Services) -> None:
    await services.start("programs-taazour")

    with pytest.raises(RuntimeError, match="fsync is off"):
        await insert_bare(services.databases["programs-taazour"], clients=1, writes=1)


async def test_the_bare_copy_brings_the_rows_asked_for_and_leaves_no_file(
    officer: httpx.AsyncClient, url: str, tmp_path: Path
) -> None:
    file, running = tmp_path / "enrollments", "status = 'enrolled'"
    connection = await asyncpg.connect(url)
    try:
        seconds = await copy_into_another(connection, "enrollments", running, file)

        again = await connection.fetch("SELECT * FROM again_enrollments")
        assert len(again) == 2
        assert set(again) == set(await connection.fetch(f"SELECT * FROM enrollments WHERE {running}"))
        indexes = [await connection.fetchval(INDEXES, one) for one in ("again_enrollments", "enrollments")]
        assert indexes[0] == indexes[1] > 1
    finally:
        await connection.close()
    assert seconds > 0
    assert not file.exists()
