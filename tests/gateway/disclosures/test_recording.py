"""The recorder: what is awaited is committed, what cannot be committed is refused, and nobody loses another's rows."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from gateway.disclosures import recording
from gateway.disclosures.recording import Recorder
from running import until
from shared.database import Database
from shared.errors import Unavailable
from shared.settings import ServiceSettings
from tests.gateway.disclosures.conftest import Log, disclosure


@dataclass
class Writing:
    """Recorders of one chain, each as a gateway process of its own would have it."""

    chain: Log
    database: Database
    tasks: list[asyncio.Task[None]]

    def start(self, url: str | None = None) -> Recorder:
        recorder = Recorder()
        platform: Any = SimpleNamespace(
            settings=SimpleNamespace(database_url=url or self.chain.url), database=self.database
        )
        self.tasks.append(asyncio.create_task(recorder.run(platform)))
        return recorder


@pytest.fixture
async def writing(chain: Log, tmp_path: Path) -> AsyncIterator[Writing]:
    settings = ServiceSettings(DATABASE_URL=chain.url, NATS_URL="", internal_key_file=tmp_path / "none")
    made = Writing(chain, Database(settings), [])
    yield made
    await made.database.close()
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


async def test_what_was_awaited_is_committed(writing: Writing) -> None:
    recorder = writing.start()

    await recorder.record([disclosure(), disclosure(subject="H-2")])

    rows = await writing.chain.rows()
    assert [(row["position"], row["decision"], row["attributes"]) for row in rows] == [
        (1, "allowed", ["commune", "head_name", "size"]),
        (2, "allowed", ["commune", "head_name", "size"]),
    ]


async def test_who_asks_together_shares_a_commit(writing: Writing) -> None:
    recorder = writing.start()

    await asyncio.gather(*(recorder.record([disclosure(subject=f"H-{one}")]) for one in range(500)))

    commits = await writing.chain.rows("SELECT count(DISTINCT at) AS n, count(*) AS rows FROM disclosures")
    assert commits[0]["rows"] == 500
    assert commits[0]["n"] <= 5
    assert (await writing.chain.verified()).fault is None


async def test_several_processes_write_one_chain(writing: Writing) -> None:
    recorders = [writing.start() for _ in range(3)]

    async def ask(recorder: Recorder, name: str) -> None:
        for one in range(40):
            await recorder.record([disclosure(request=name, subject=f"H-{one % 7}"), disclosure(request=name)])

    await asyncio.gather(*(ask(one, f"{place}-{lane}") for place, one in enumerate(recorders) for lane in range(3)))

    found = await writing.chain.verified()
    assert (found.fault, found.rows, found.parties) == (None, 3 * 3 * 40 * 2, 8)


async def test_a_caller_who_goes_away_takes_nobody_elses_rows_with_her(writing: Writing) -> None:
    recorder = writing.start()
    await recorder.record([disclosure(request="first")])
    leaving = [asyncio.create_task(recorder.record([disclosure(request="gone")])) for _ in range(20)]
    staying = [asyncio.create_task(recorder.record([disclosure(request=f"stays-{one}")])) for one in range(20)]
    await asyncio.sleep(0)
    for task in leaving:
        task.cancel()

    await asyncio.gather(*staying)

    names = {row["request"] for row in await writing.chain.rows()}
    assert {f"stays-{one}" for one in range(20)} <= names
    assert all(task.cancelled() for task in await _ended(leaving))


async def _ended(tasks: list[asyncio.Task[None]]) -> list[asyncio.Task[None]]:
    await asyncio.gather(*tasks, return_exceptions=True)
    return tasks


async def test_a_full_disk_refuses_all_and_the_next_after_it_succeed(writing: Writing) -> None:
    recorder = writing.start()
    await writing.chain.connection.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;"
        "CREATE TRIGGER full_disk BEFORE INSERT ON disclosures EXECUTE FUNCTION full_disk()"
    )

    refused = await asyncio.gather(*(recorder.record([disclosure()]) for _ in range(10)), return_exceptions=True)

    assert {type(one) for one in refused} == {Unavailable}
    assert await writing.chain.rows() == []
    assert writing.database.full_since is not None
    await writing.chain.connection.execute("DROP TRIGGER full_disk ON disclosures")
    await recorder.record([disclosure()])
    found = await writing.chain.verified()
    assert (found.fault, found.rows) == (None, 1)


async def test_a_database_that_is_away_refuses_and_one_that_returns_is_found(writing: Writing) -> None:
    recorder = writing.start()
    await recorder.record([disclosure()])
    name = writing.chain.url.rpartition("/")[2]
    maintenance = await asyncpg.connect(writing.chain.url.rpartition("/")[0] + "/postgres")
    await maintenance.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    await maintenance.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
                              " AND application_name = 'gateway disclosures'", name)  # fmt: skip

    with pytest.raises(Unavailable):
        await recorder.record([disclosure()])

    await maintenance.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    await maintenance.close()
    await recorder.record([disclosure()])
    found = await writing.chain.verified()
    assert (found.fault, found.rows) == (None, 2)


async def test_a_database_that_hangs_is_given_up(writing: Writing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "WRITE_SECONDS", 0.3)
    recorder = writing.start()
    await recorder.record([disclosure()])
    async with writing.chain.connection.transaction():
        await writing.chain.connection.execute("LOCK TABLE disclosure_head")
        with pytest.raises(Unavailable):
            await recorder.record([disclosure()])
    await recorder.record([disclosure()])

    assert (await writing.chain.verified()).rows == 2


async def test_nobody_who_writes_means_a_refusal_and_not_a_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "WAIT_SECONDS", 0.05)

    with pytest.raises(Unavailable):
        await Recorder().record([disclosure()])


async def test_more_than_may_wait_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_WAITING", 3)
    recorder = Recorder()
    waiting = asyncio.create_task(recorder.record([disclosure()] * 3))
    await asyncio.sleep(0)

    with pytest.raises(Unavailable):
        await recorder.record([disclosure()])
    waiting.cancel()


@pytest.mark.parametrize("wrong", [{"case": "C\x00"}, {"attributes": ("a,b",)}, {"attributes": ('a"b',)}])
async def test_what_could_not_be_written_is_its_own_callers_fault(writing: Writing, wrong: dict[str, Any]) -> None:
    recorder = writing.start()

    bad, good = await asyncio.gather(
        recorder.record([disclosure(**wrong)]), recorder.record([disclosure()]), return_exceptions=True
    )

    assert (type(bad), good) == (ValueError, None)
    assert len(await writing.chain.rows()) == 1


async def test_a_recorder_that_stops_refuses_who_still_waits(writing: Writing) -> None:
    recorder = writing.start()
    await recorder.record([disclosure()])
    async with writing.chain.connection.transaction():
        await writing.chain.connection.execute("LOCK TABLE disclosure_head")
        waiting = asyncio.create_task(recorder.record([disclosure()]))
        await asyncio.sleep(0.1)
        behind = asyncio.create_task(recorder.record([disclosure()]))
        await asyncio.sleep(0)
        writing.tasks[0].cancel()
        ended = await asyncio.gather(waiting, behind, return_exceptions=True)

    assert [type(one) for one in ended] == [Unavailable, Unavailable]


KILLED = """
import asyncio, sys
from types import SimpleNamespace
from gateway.disclosures.recording import Recorder
from tests.gateway.disclosures.conftest import disclosure

async def main():
    recorder = Recorder()
    asyncio.create_task(recorder.run(SimpleNamespace(settings=SimpleNamespace(database_url=sys.argv[1]))))
    async def lane(name):
        for one in range(100_000):
            await recorder.record([disclosure(request=f"{name}-{one}", subject=f"H-{one % 9}") for _ in range(3)])
            print(f"{name}-{one}", flush=True)
    await asyncio.gather(*(lane(name) for name in range(4)))

asyncio.run(main())
"""


async def test_a_process_killed_in_the_middle_leaves_a_whole_chain_with_all_it_told(writing: Writing) -> None:
    project = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{project}:{project}/tests"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, writing.chain.url, env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    told = [(await process.stdout.readline()).decode().strip() for _ in range(60)]
    process.send_signal(signal.SIGKILL)
    told += [line.decode().strip() async for line in process.stdout if line.endswith(b"\n")]
    await process.wait()

    async def nobody_left() -> bool:
        count = await writing.chain.rows(
            "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'gateway disclosures'"
            " AND datname = current_database()"
        )
        return bool(count[0]["n"] == 0)

    await until(nobody_left, what="the killed writer's session to end")
    found = await writing.chain.verified()
    requests = [row["request"] for row in await writing.chain.rows()]
    assert (found.fault, found.rows) == (None, len(requests))
    assert set(told) <= set(requests), json.dumps(sorted(set(told) - set(requests)))
    assert {requests.count(one) for one in set(requests)} == {3}, "a request's rows are there together"
