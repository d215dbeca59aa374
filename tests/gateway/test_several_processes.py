"""Two gateway processes on one port, under load: together they give what one may, and obey within a second what either was told.

All of it in one test, since starting them costs more than any part of it.
"""

from __future__ import annotations

import asyncio
import secrets as randomness
import time
from collections import Counter
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from cli.auditing import _keys
from cli.credentials import ensure_gateway_secrets
from cli.verifying import verify
from running import drop_later, fresh_database, until
from servers import RunningServers
from tests.gateway.agreements.cases import example, write_examples
from tests.gateway.processes import Answered, Lane, Processes, two_processes

MANY = {"requests_per_second": 5000, "burst": 5000, "concurrent": 500}
LIMITS = {
    "keeper": MANY,
    "reader": MANY,
    "counted": MANY,
    "hasty": {"requests_per_second": 0.001, "burst": 40, "concurrent": 100},
    "narrow": {"requests_per_second": 5000, "burst": 5000, "concurrent": 4},
    "leaving": MANY,
    "patient": {"requests_per_second": 40, "burst": 40, "concurrent": 100},
}
"""Partners by what they may ask. Of hasty nothing comes back within a test, of patient all within a second."""
DAY = 120
PAGE = 3


def partners() -> str:
    permissions = '"households:read", "households:shared", "agreements:read", "agreements:write", "agreements:approve"'
    tables = []
    for name, limits in LIMITS.items():
        told = ", ".join(f"{key} = {value}" for key, value in limits.items())
        names = f'{{ ar = "{name}", fr = "{name}", en = "{name}" }}'
        tables.append(f"[{name}]\nnames = {names}\npermissions = [{permissions}]\nlimits = {{ {told} }}\n")
    return "\n".join(tables)


@pytest.fixture
async def processes(
    servers: RunningServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Processes]:
    (tmp_path / "partners.toml").write_text(partners())
    monkeypatch.setenv("TEKAMOUL_PARTNERS_FILE", str(tmp_path / "partners.toml"))
    plenty = {"per_day": 1_000_000, "per_query": PAGE}
    agreements = [
        example(f"A-{name.upper()}", provider="keeper", recipient=name, population={"places": ["MR01"]},
                volume={"per_day": DAY, "per_query": PAGE} if name == "counted" else plenty)
        for name in LIMITS if name != "keeper"
    ]  # fmt: skip
    folder = write_examples(tmp_path / "agreements", *agreements)
    key = tmp_path / "internal.key"
    key.write_bytes(randomness.token_hex(32).encode())
    key.chmod(0o600)
    url = await fresh_database(servers, "gateway")
    settings = {"TEKAMOUL_AGREEMENTS_FOLDER": str(folder), "TEKAMOUL_REGISTRY_KEEPER": "keeper"}
    made = ensure_gateway_secrets(tmp_path)
    async with two_processes(url, servers.nats_url, tmp_path, key, made, **settings) as started:
        yield started
    drop_later(servers, [url])


async def asked_by_all(lanes: dict[int, list[Lane]], times: int) -> list[Answered]:
    """Each lane asks so often, all of both processes at once."""

    async def several(lane: Lane) -> list[Answered]:
        return [await lane.ask() for _ in range(times)]

    return list(chain(*await asyncio.gather(*(several(lane) for lane in chain(*lanes.values())))))


def told(answers: list[Answered]) -> Counter[tuple[int, str]]:
    return Counter((one.status, one.code) for one in answers)


async def the_quota_of_requests_is_one(processes: Processes) -> None:
    async with processes.lanes("hasty", "A-HASTY", each=6) as lanes:
        answers = await asked_by_all(lanes, 10)

    assert told(answers) == {(200, ""): 40, (429, "too_many_requests"): 80}


async def the_volume_of_a_day_is_one(processes: Processes) -> None:
    async with processes.lanes("counted", "A-COUNTED", each=6) as lanes:
        answers = await asked_by_all(lanes, 8)

    given = sum(len(one.ids) for one in answers)
    assert given == DAY, told(answers)  # a hundredth of it is less than a page, so nothing is taken ahead
    assert told(answers) == {(200, ""): DAY // PAGE, (429, "day_volume_exceeded"): 96 - DAY // PAGE}


async def no_more_are_under_way_than_agreed(processes: Processes) -> None:
    registry, most = processes.registry, LIMITS["narrow"]["concurrent"]
    registry.seconds = 0.05
    async with processes.lanes("narrow", "A-NARROW", each=6) as lanes:
        answers = await asked_by_all(lanes, 15)
        one, other = lanes.values()
        registry.most_at_once.clear()
        # Each alone has them all: nobody keeps what nobody needs.
        for mine in (one, other):
            alone = await asyncio.gather(*(lane.ask() for lane in mine[:4]))
            assert told(list(alone)) == {(200, ""): 4}
    registry.seconds = 0.0

    counted = told(answers)
    assert counted.keys() == {(200, ""), (429, "too_many_at_once")}, counted
    assert counted[200, ""] > 15, counted
    assert registry.most_at_once["narrow"] == most


async def names_given_at_the_same_moment_are_one(processes: Processes) -> None:
    registry = processes.registry
    async with processes.lanes("reader", "A-READER", each=4) as lanes:
        for _ in range(10):
            registry.households = [str(uuid4()) for _ in range(PAGE)]
            answers = await asked_by_all(lanes, 1)
            assert told(answers) == {(200, ""): 8}
            assert len({one.ids for one in answers}) == 1
            assert not set(answers[0].ids) & set(registry.households)
    registry.households = None


async def what_is_withdrawn_is_refused_by_both_within_a_second(processes: Processes) -> list[Answered]:
    """A token, an agreement, a partner; all the while both are asked."""
    found: list[Answered] = []
    late: list[float] = []

    async def withdrawn(lanes: dict[int, list[Lane]], status: int, code: str, call: httpx.Request) -> None:
        over = asyncio.Event()
        asking = [asyncio.create_task(lane.until(over, every=0.02)) for lane in chain(*lanes.values())]
        await asyncio.sleep(0.3)
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            answer = await client.send(call)
        assert answer.status_code == 200, answer.text
        at = time.monotonic()
        await asyncio.sleep(1.5)
        over.set()
        for lane in await asyncio.gather(*asking):
            assert lane[0].status == 200
            assert (lane[-1].status, lane[-1].code) == (status, code)
            late.append(max(one.sent_at - at for one in lane if one.status == 200))
            found.extend(lane)

    async with processes.lanes("leaving", "A-LEAVING", each=3) as lanes:
        token = await processes.token("keeper")
        headers = {"Authorization": f"Bearer {token}", "If-Match": '"4"'}
        held = httpx.get(f"{processes.url}/v1/agreements/A-LEAVING", headers=headers, trust_env=False)
        headers["If-Match"] = held.headers["etag"]
        step = {"version": 2, "official": "K-1", "reason": "a laptop was stolen"}
        suspend = f"{processes.url}/v1/agreements/A-LEAVING/suspend"
        call = httpx.Request("POST", suspend, headers=headers, json=step)
        await withdrawn(lanes, 403, "agreement_suspended", call)
    async with processes.lanes("reader", "A-READER", each=3) as lanes:
        own = lanes[processes.children[0].pid][0].token
        form = {"token": own, **processes.credentials("reader")}
        call = httpx.Request("POST", f"{processes.url}/oauth2/revoke", data=form)
        await withdrawn(lanes, 401, "unauthenticated", call)
    async with processes.lanes("reader", "A-READER", each=3) as lanes, processes.officer() as officer:
        call = officer.build_request("POST", "/v1/partners/reader/suspend", json={"reason": "a laptop was stolen"})
        await withdrawn(lanes, 401, "unauthenticated", call)
        assert (await officer.post("/v1/partners/reader/resume")).status_code == 200
    assert sorted(late)[-2] < 1, late  # a busy machine may make one of them wait
    return found


async def one_is_killed_and_the_other_goes_on(processes: Processes, seconds: float) -> list[Answered]:
    """Whatever arrived is in the log, and what the dead one held is there for the other."""
    dying, living = processes.children
    over = asyncio.Event()
    async with (
        processes.lanes("reader", "A-READER", each=4) as lanes,
        processes.lanes("narrow", "A-NARROW", each=4) as few,
        processes.lanes("patient", "A-PATIENT", each=1) as some,
    ):
        assert told(await asked_by_all(some, 1)) == {(200, ""): 2}  # each has a portion of the quota now
        asking = {
            pid: [asyncio.create_task(lane.until(over)) for lane in (*mine, *few[pid])] for pid, mine in lanes.items()
        }
        await asyncio.sleep(seconds)
        processes.kill(dying)
        killed_at = time.monotonic()
        await asyncio.sleep(seconds)
        over.set()
        cut = list(chain(*await asyncio.gather(*asking[dying.pid])))
        went_on = list(chain(*await asyncio.gather(*asking[living.pid])))
        assert {one.status for one in cut if one.at < killed_at} <= {200, 429}
        assert {one.status for one in went_on} <= {200, 429}
        assert [one for one in went_on if one.status == 200 and one.sent_at > killed_at]
        processes.registry.seconds = 0.05
        alone = await asyncio.gather(*(lane.ask() for lane in few[living.pid]))
        processes.registry.seconds = 0.0
        assert told(list(alone)) == {(200, ""): 4}  # every slot of the dead one
    # What it had taken of a quota comes back with time.
    async with processes.lanes("patient", "A-PATIENT", each=4) as lanes:
        await asyncio.sleep(1.1)
        assert told(await asked_by_all(lanes, 10)) == {(200, ""): 40}
    return cut + went_on


async def the_log_has_all_that_left(processes: Processes, answers: list[Answered]) -> None:
    connection = await asyncpg.connect(processes.environment["DATABASE_URL"])
    try:
        nobody_left = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gateway disclosures' AND state <> 'idle'"
        )
        await until(lambda: _none(connection, nobody_left), what="every writer to be done")
        rows = await connection.fetch(
            "SELECT request, count(*) AS n FROM disclosures WHERE decision = 'allowed' GROUP BY 1"
        )
        positions = await connection.fetchrow("SELECT min(position), max(position), count(*) FROM disclosures")
        assert positions is not None and positions[0] == 1 and positions[1] == positions[2]
        keys = _keys(Path(processes.environment["TEKAMOUL_SIGNING_KEY_FILE"]))
        verified = await verify(connection, keys)
    finally:
        await connection.close()
    assert verified.fault is None and verified.rows == positions[2]
    written = {row["request"]: row["n"] for row in rows}
    assert [one for one in answers if one.status == 200 and written.get(one.trace) != len(one.ids)] == []


async def _none(connection: asyncpg.Connection, statement: str) -> bool:
    return await connection.fetchval(statement) == 0


async def test_two_processes_under_load_are_one(processes: Processes) -> None:
    await the_quota_of_requests_is_one(processes)
    await the_volume_of_a_day_is_one(processes)
    await no_more_are_under_way_than_agreed(processes)
    await names_given_at_the_same_moment_are_one(processes)
    answers = await what_is_withdrawn_is_refused_by_both_within_a_second(processes)
    answers += await one_is_killed_and_the_other_goes_on(processes, 0.7)
    await the_log_has_all_that_left(processes, answers)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_processes_killed_again_and_again_release_nothing_unlogged(processes: Processes) -> None:
    answers: list[Answered] = []
    for _ in range(12):
        answers += await one_is_killed_and_the_other_goes_on(processes, 3)
        await processes.ready(processes.start_one())
    await the_log_has_all_that_left(processes, answers)
