"""The feed: every change once, in order, to those who subscribe, and to nobody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from gateway.aliases.queries import aliases
from gateway.delivery import commands, queries
from gateway.delivery.models import EarlyChange, FeedRow
from gateway.delivery.order import Change, in_order
from in_turn import in_turn
from running import fresh_database, status_of, until
from servers import RunningServers
from shared.database import Database
from shared.errors import InvalidCursor
from shared.pagination import encode_cursor
from shared.settings import ServiceSettings
from tests.gateway.agreements.cases import PURPOSE, example, write_examples
from tests.gateway.conftest import Door, change

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)
STATUSES = [None, "enrolled", "suspended", "enrolled", "exited"]


AGREED: dict[str, Any] = {
    "population": {"programs": ["SECOND"]},
    "attributes": [{"name": "program"}, {"name": "enrollment_status"}],
    "operations": ["subscribe"],
}
UNDER = {"Tekamoul-Agreement": "B-FEED", "Tekamoul-Purpose": PURPOSE}


@pytest.fixture
def partners_file(tmp_path: Path, partners_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """beta keeps SECOND, and lets alpha subscribe to it."""
    partners_file.write_text(
        partners_file.read_text().replace('subscribes = ["SECOND"]', 'programs = ["SECOND"]\nsubscribes = ["SECOND"]')
    )
    status = [{"name": "enrollment_status"}]
    folder = write_examples(
        tmp_path / "agreements",
        example("B-FEED", **AGREED),
        example("B-LIST", **AGREED | {"operations": ["list", "lookup"]}),
        example("B-STATUS", **AGREED | {"attributes": status}),
        example("B-SIZE", **AGREED | {"attributes": [{"name": "size"}]}),
        example("B-PLACE", **AGREED | {"population": {"programs": ["SECOND"], "places": ["MR01"]}}),
        example("B-POOR", **AGREED | {"population": {"programs": ["SECOND"], "categories": ["poor"]}}),
        example("B-FIRST", **AGREED | {"population": {"programs": ["FIRST"]}}),
        example("B-FEW", **AGREED | {"volume": {"per_day": 3, "per_query": 2}}),
        example("A-FEED", provider="alpha", recipient="beta", **AGREED | {"population": {"programs": ["FIRST"]}}),
    )
    monkeypatch.setenv("TEKAMOUL_AGREEMENTS_FOLDER", str(folder))
    return partners_file


def a_change(enrollment_id: UUID, version: int = 1, program: str = "FIRST") -> Change:
    """The `version`th change of a life of an enrollment: enrolled, suspended, enrolled again, exited."""
    to = STATUSES[version]
    assert to is not None
    return Change(enrollment_id, version, program, STATUSES[version - 1], to, "listed", MOMENT)


@pytest.fixture
async def database(servers: RunningServers, tmp_path: Any) -> AsyncIterator[Database]:
    settings = ServiceSettings(
        DATABASE_URL=await fresh_database(servers, "gateway"),
        NATS_URL=servers.nats_url,
        internal_key_file=tmp_path / "none",
    )
    opened = Database(settings)
    yield opened
    await opened.close()


async def add(database: Database, *changes: Change) -> int:
    async with database.transaction() as tx:
        return await commands.append(tx, changes)


async def feed(database: Database) -> list[tuple[int, UUID, int]]:
    async with database.transaction() as tx:
        rows = (await tx.scalars(select(FeedRow).order_by(FeedRow.sequence))).all()
        return [(row.sequence, row.enrollment_id, row.version) for row in rows]


async def waiting(database: Database) -> int:
    async with database.transaction() as tx:
        return len((await tx.scalars(select(EarlyChange))).all())


async def read_all(
    door: Door, partner: str, limit: int = 200, headers: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": limit, **({"after": cursor} if cursor else {})}
        page = (await door.get("/v1/events", partner, params=params, headers=headers or {})).json()
        events += page["items"]
        assert page["checkpoint"]["count"] == len(events)
        if page["next_cursor"] == cursor or not page["items"]:
            return events
        cursor = page["next_cursor"]


async def test_a_change_reaches_its_subscribers_and_no_others(door: Door) -> None:
    first, second = uuid4(), uuid4()
    await door.announce(door.batch(change(first), change(second, program="SECOND")))
    await door.handled(1)

    to_alpha, to_beta = await read_all(door, "alpha"), await read_all(door, "beta")
    of_beta = await read_all(door, "alpha", headers=UNDER)

    (event,) = to_alpha
    assert [event["program"] for event in (*to_alpha, *of_beta, *to_beta)] == ["FIRST", "SECOND", "SECOND"]
    assert sorted(event) == ["change", "id", "program", "subject", "time", "type", "version"]
    assert event["type"] == "enrollment.enrolled"
    assert event["time"] == "2026-03-01T08:00:00Z"
    assert event["change"] == {"from": None, "to": "enrolled", "reason": "listed"}
    assert str(first) not in str(to_alpha)


async def test_anothers_program_is_told_of_under_an_agreement_to_subscribe_alone(door: Door) -> None:
    await door.announce(door.batch(change(uuid4(), program="SECOND"), change(uuid4())))
    await door.handled(1)
    cases: list[tuple[str, str, dict[str, str], str]] = [
        ("B-LIST", "alpha", {}, "operation_not_agreed"),
        ("B-STATUS", "alpha", {}, "attributes_not_agreed"),
        ("B-SIZE", "alpha", {}, "attributes_not_agreed"),
        ("B-PLACE", "alpha", {}, "not_shared"),
        ("B-POOR", "alpha", {}, "not_shared"),
        ("B-FIRST", "alpha", {}, "not_shared"),  # not a program of beta
        ("A-FEED", "alpha", {}, "agreement_unknown"),  # beta's
        ("B-FEED", "alpha", {"Tekamoul-Purpose": "research"}, "purpose_not_agreed"),
        ("B-FEED", "alpha", {"Tekamoul-Official": "a-7"}, "case_needed"),
        ("MANDATE-BETA", "beta", {"Tekamoul-Purpose": PURPOSE}, "purpose_not_agreed"),
    ]
    for agreement, partner, more, code in cases:
        for language in ("ar", "fr", "en"):
            headers = UNDER | {"Tekamoul-Agreement": agreement, "Accept-Language": language} | more
            answer = await door.get("/v1/events", partner, headers=headers)
            assert answer.json()["code"] == code, (agreement, answer.text)
            assert (answer.headers["content-language"], answer.json().get("items")) == (language, None)
    nothing = await door.get("/v1/events", headers={"Tekamoul-Agreement": "B-FEED"})
    assert (nothing.status_code, nothing.json()["code"]) == (403, "purpose_needed")

    own, agreed = await door.get("/v1/events"), await door.get("/v1/events", headers=UNDER)
    mandate = {"Tekamoul-Agreement": "MANDATE-ALPHA", "Tekamoul-Purpose": "own_data"}
    named = await door.get("/v1/events", headers=mandate)

    assert [one["program"] for one in own.json()["items"]] == ["FIRST"]
    assert named.json() == own.json()
    assert (own.json()["programs"], agreed.json()["programs"]) == (["FIRST"], ["SECOND"])
    async with door.running.platform.database.transaction() as tx:
        rows = await tx.execute(text("SELECT decision, code, agreement, purpose FROM disclosures ORDER BY position"))
        log = [tuple(row) for row in rows]
    assert log[-3:] == [
        ("allowed", "", "MANDATE-ALPHA", "own_data"),
        ("allowed", "", "B-FEED", PURPOSE),
        ("allowed", "", "MANDATE-ALPHA", "own_data"),
    ]
    assert {row[:2] for row in log[:-3]} == {("refused", code) for *_, code in cases if code != "case_needed"} | {
        ("refused", "purpose_needed")
    }


async def test_who_keeps_no_program_has_no_feed_without_an_agreement(door: Door) -> None:
    async with door.running.platform.database.transaction() as tx:
        await tx.execute(text("UPDATE partners SET programs = '{}' WHERE id = 'beta'"))
        await tx.execute(text("NOTIFY gateway_changed"))

    async def refused() -> bool:
        answer = await door.get("/v1/events", "beta")
        return (answer.status_code, answer.json().get("code")) == (403, "named_agreement_needed")

    await until(refused, what="the feed to be refused")


async def test_what_is_suspended_shows_a_waiting_subscriber_nothing_more(door: Door) -> None:
    waiting_reader = asyncio.create_task(door.get("/v1/events?wait=15", headers=UNDER))
    await asyncio.sleep(0.5)
    assert not waiting_reader.done()
    async with door.running.platform.database.transaction() as tx:
        await tx.execute(text("UPDATE agreement_versions SET state = 'suspended' WHERE agreement_id = 'B-FEED'"))
        await tx.execute(text("NOTIFY gateway_changed"))
    await asyncio.sleep(1)
    await door.announce(door.batch(change(uuid4(), program="SECOND")))

    answer = await waiting_reader

    assert (answer.status_code, answer.json()["code"]) == (403, "agreement_suspended")


async def test_a_page_and_a_day_of_the_feed_bring_no_more_than_agreed(door: Door) -> None:
    await door.announce(door.batch(*(change(uuid4(), program="SECOND") for _ in range(3))))
    await door.handled(1)
    few = UNDER | {"Tekamoul-Agreement": "B-FEW"}

    first = (await door.get("/v1/events", headers=few)).json()
    rest = (await door.get("/v1/events", params={"after": first["next_cursor"]}, headers=few)).json()
    again = await door.get("/v1/events", headers=few)

    assert [len(first["items"]), len(rest["items"])] == [2, 1]
    assert (again.status_code, again.json()["code"]) == (429, "day_volume_exceeded")
    assert int(again.headers["retry-after"]) > 0


async def test_only_what_the_feed_shows_is_asked_of_the_owner(door: Door) -> None:
    trace = uuid4().hex
    await door.announce(door.batch(change(uuid4())), f"00-{trace}-b7ad6b7169203331-01")
    await door.handled(1)

    (pulled,) = [one for one in door.csa.seen if one["path"].startswith("/internal/enrollment-batches/")]
    assert pulled["query"] == "limit=200&beneficiaries=false"
    assert dict(pulled["headers"])["traceparent"].split("-")[1] == trace  # of the request that the event came of


async def test_two_partners_know_one_enrollment_by_names_they_cannot_compare(door: Door) -> None:
    enrollment = uuid4()
    await door.announce(door.batch(change(enrollment, program="SECOND")))
    await door.announce(door.batch(change(enrollment, 2, "SECOND", "enrolled", "suspended")))
    await door.handled(2)

    to_alpha, to_beta = await read_all(door, "alpha", headers=UNDER), await read_all(door, "beta")

    assert len({event["subject"] for event in to_alpha}) == 1
    assert {event["subject"] for event in to_alpha}.isdisjoint(event["subject"] for event in to_beta)
    assert {event["id"] for event in to_alpha}.isdisjoint(event["id"] for event in to_beta)
    assert await read_all(door, "alpha", headers=UNDER) == to_alpha  # lasting, event ids too


async def test_an_event_that_comes_twice_and_late_changes_nothing(door: Door) -> None:
    enrollment = uuid4()
    enrolled = door.batch(change(enrollment))
    suspended = door.batch(change(enrollment, 2, "FIRST", "enrolled", "suspended"))
    await door.announce(suspended)
    await door.handled(1)
    assert await read_all(door, "alpha") == []

    for batch in (enrolled, enrolled, suspended):
        await door.announce(batch)
    await door.handled(4)

    events = await read_all(door, "alpha")
    assert [(event["version"], event["type"]) for event in events] == [
        (1, "enrollment.enrolled"),
        (2, "enrollment.suspended"),
    ]
    status = await status_of(door.client)
    assert status["work"] == {"feed_changes_out_of_order": 0}


async def test_a_change_that_waits_for_an_earlier_one_is_counted_in_the_status(door: Door) -> None:
    await door.announce(door.batch(change(uuid4(), 2, "FIRST", "enrolled", "exited")))
    await door.handled(1)

    assert (await status_of(door.client))["work"] == {"feed_changes_out_of_order": 1}


async def test_the_cursor_moves_on_past_what_is_not_the_callers(door: Door) -> None:
    await door.announce(door.batch(*(change(uuid4()) for _ in range(3))))
    await door.handled(1)

    page = (await door.get("/v1/events", "beta")).json()

    assert (page["items"], page["checkpoint"]) == ([], {"sequence": 3, "count": 0})
    assert page["next_cursor"] == encode_cursor(3)


async def test_pages_join_without_a_gap_or_a_repeat(door: Door) -> None:
    changes = [change(uuid4(), program="FIRST" if number % 3 else "SECOND") for number in range(17)]
    await door.announce(door.batch(*changes))
    await door.handled(1)

    events = await read_all(door, "alpha", limit=4)

    assert len(events) == 11
    assert len({event["subject"] for event in events}) == 11
    assert [event["id"] for event in events] == [event["id"] for event in await read_all(door, "alpha", limit=200)]


async def test_a_waiting_reader_is_told_as_soon_as_there_is_something(door: Door) -> None:
    started = time.monotonic()
    reading = asyncio.create_task(door.get("/v1/events?wait=15", "alpha"))
    await asyncio.sleep(0.5)
    assert not reading.done()

    await door.announce(door.batch(change(uuid4())))

    page = (await reading).json()
    assert len(page["items"]) == 1
    assert time.monotonic() - started < 5


async def test_a_waiting_reader_goes_home_with_nothing_after_its_wait(door: Door) -> None:
    started = time.monotonic()

    page = (await door.get("/v1/events?wait=1", "alpha")).json()

    assert (page["items"], page["checkpoint"]) == ([], {"sequence": 0, "count": 0})
    assert 1 <= time.monotonic() - started < 4


async def test_waiting_readers_hold_no_database_connection(door: Door) -> None:
    for partner in ("alpha", "beta"):
        await door.as_(partner)  # a token takes its time, and the clock below is for reading
    waiting_readers = [asyncio.create_task(door.get("/v1/events?wait=3", "alpha")) for _ in range(20)]
    await asyncio.sleep(0.3)

    started = time.monotonic()
    assert (await door.get("/v1/events", "beta")).status_code == 200
    assert time.monotonic() - started < 2  # they wait for three
    assert {answer.status_code for answer in await asyncio.gather(*waiting_readers)} == {200}


@in_turn(
    ("query", "status", "code"),
    [
        ("after=nonsense", 422, "invalid_cursor"),
        ("after=" + encode_cursor(-1), 422, "invalid_cursor"),
        ("after=" + encode_cursor("1"), 422, "invalid_cursor"),
        ("after=" + encode_cursor(1 << 63), 422, "invalid_cursor"),
        ("after=" + encode_cursor(1, 2), 422, "invalid_cursor"),
        ("after=" + encode_cursor(5), 409, "cursor_ahead"),
        ("limit=201", 422, "invalid_request"),
        ("limit=0", 422, "invalid_request"),
        ("wait=31", 422, "invalid_request"),
    ],
)
async def test_a_wrong_question_is_refused(door: Door, query: str, status: int, code: str) -> None:
    answer = await door.get(f"/v1/events?{query}", headers={"Accept-Language": "fr"})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_partner_without_the_permission_reads_nothing(door: Door) -> None:
    answer = await door.get("/v1/events", "mute")

    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert answer.headers["ratelimit-policy"].startswith('"partner"')


# ---- the order ------------------------------------------------------------------------------------------------


@given(order=st.permutations([1, 2, 3, 4]), cuts=st.lists(st.integers(0, 4), max_size=3))
def test_in_whatever_order_versions_arrive_they_enter_as_1_2_3_4(order: list[int], cuts: list[int]) -> None:
    enrollment = uuid4()
    entered: list[int] = []
    held: list[Change] = []
    edges = sorted({0, *cuts, 4})
    for start, end in pairwise(edges):
        arrived = [a_change(enrollment, version) for version in order[start:end]]
        entering, held = in_order([*held, *arrived], len(entered))
        entered += [one.version for one in entering]

    assert entered == [1, 2, 3, 4]
    assert held == []


def test_what_the_feed_has_already_enters_no_more() -> None:
    enrollment = uuid4()

    assert in_order([a_change(enrollment, 1), a_change(enrollment, 2)], 2) == ([], [])


async def test_the_database_keeps_the_order_over_batches_in_any_order(database: Database) -> None:
    for order in permutations([1, 2, 3, 4]):
        enrollment = uuid4()
        for version in order:
            await add(database, a_change(enrollment, version))
            await add(database, a_change(enrollment, version))  # twice
        assert [version for _, one, version in await feed(database) if one == enrollment] == [1, 2, 3, 4]
    assert await waiting(database) == 0
    assert [sequence for sequence, _, _ in await feed(database)] == list(range(1, 4 * 24 + 1))


async def test_one_batch_may_hold_several_versions_and_programs(database: Database) -> None:
    first, second = uuid4(), uuid4()

    entered = await add(database, a_change(first, 2), a_change(second, program="SECOND"), a_change(first, 1))

    assert entered == 3
    async with database.transaction() as tx:
        reading = await queries.read(tx, ("FIRST",), after=0, limit=10)
    assert [row.version for row in reading.rows] == [1, 2]
    assert [row.program_sequence for row in reading.rows] == [1, 2]
    assert (reading.reached, reading.count) == (3, 2)


async def test_an_empty_batch_is_nothing(database: Database) -> None:
    assert await add(database) == 0
    assert await feed(database) == []


async def test_a_reader_never_misses_a_row_that_commits_after_a_later_one(database: Database) -> None:
    """Two writers at once: the second gets no place until the first has committed or given up."""
    first_wrote, may_commit = asyncio.Event(), asyncio.Event()

    async def first_writer() -> None:
        async with database.transaction() as tx:
            await commands.append(tx, [a_change(uuid4())])
            first_wrote.set()
            await may_commit.wait()

    slow = asyncio.create_task(first_writer())
    await first_wrote.wait()
    quick = asyncio.create_task(add(database, a_change(uuid4())))
    await asyncio.sleep(0.3)

    async with database.transaction() as tx:
        early = await queries.read(tx, ("FIRST",), after=0, limit=10)
    assert (early.rows, early.reached, quick.done()) == ([], 0, False)

    may_commit.set()
    await asyncio.gather(slow, quick)
    async with database.transaction() as tx:
        late = await queries.read(tx, ("FIRST",), after=early.reached, limit=10)
    assert [row.sequence for row in late.rows] == [1, 2]


async def test_many_writers_and_a_reader_agree(database: Database) -> None:
    enrollments = [uuid4() for _ in range(60)]
    seen: list[int] = []
    done = asyncio.Event()

    async def reader() -> None:
        place = 0
        while True:
            last_look = done.is_set()
            async with database.transaction() as tx:
                reading = await queries.read(tx, ("FIRST",), after=place, limit=7)
            seen.extend(row.sequence for row in reading.rows)
            place = reading.reached
            assert reading.count == len(seen)
            if last_look and not reading.rows:
                return

    reading = asyncio.create_task(reader())
    batches = [enrollments[start : start + 6] for start in range(0, 60, 6)]
    await asyncio.gather(*(add(database, *(a_change(one) for one in batch)) for batch in batches))
    done.set()
    await reading

    assert seen == list(range(1, 61))


async def test_a_failed_transaction_leaves_no_hole(database: Database) -> None:
    await add(database, a_change(uuid4()))
    with pytest.raises(RuntimeError, match="given up"):
        async with database.transaction() as tx:
            await commands.append(tx, [a_change(uuid4())])
            raise RuntimeError("given up")
    await add(database, a_change(uuid4()))

    assert [sequence for sequence, _, _ in await feed(database)] == [1, 2]


async def test_the_database_itself_refuses_a_change_twice(database: Database) -> None:
    await add(database, one := a_change(uuid4()))
    with pytest.raises(Exception, match="uq_feed_enrollment_id_version"):
        async with database.transaction() as tx:
            await tx.execute(
                text(
                    "INSERT INTO feed (sequence, program_sequence, enrollment_id, version, program, to_status, changed_at)"
                    " VALUES (2, 2, :id, 1, 'FIRST', 'enrolled', now())"
                ),
                {"id": one.enrollment_id},
            )


async def test_two_readers_of_one_partner_give_an_enrollment_one_name(database: Database) -> None:
    enrollments = [uuid4() for _ in range(50)]

    async def names(order: list[UUID]) -> dict[UUID, UUID]:
        async with database.transaction() as tx:
            return await aliases(tx, "alpha", order)

    first, second = await asyncio.gather(names(enrollments), names(enrollments[::-1]))

    assert first == second
    assert len(set(first.values())) == 50
    assert not set(first.values()) & set(enrollments)


async def test_the_migration_goes_down_and_up_again(servers: RunningServers) -> None:
    from alembic import command
    from sqlalchemy.ext.asyncio import create_async_engine

    from shared.migrating import config

    url = (await fresh_database(servers, "gateway")).replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)

    def down_and_up(connection: Any) -> None:
        made = config(Path("gateway/migrations").absolute())
        made.attributes["connection"] = connection
        command.downgrade(made, "base")
        command.upgrade(made, "head")

    async with engine.connect() as connection:
        await connection.run_sync(down_and_up)
        await connection.commit()
    await engine.dispose()
    plain = await asyncpg.connect(url.replace("+asyncpg", ""))
    assert await plain.fetchval("SELECT count(*) FROM feed") == 0
    await plain.close()


def test_a_cursor_of_another_list_is_not_ours() -> None:
    from gateway.delivery.routes import _place
    from shared.pagination import decode_cursor

    with pytest.raises(InvalidCursor):
        decode_cursor(encode_cursor(True), _place)
