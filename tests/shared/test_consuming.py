"""Consuming: every event arrives twice and in the wrong order, and has one effect; a failing one is never lost."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import orjson
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

import shared.consuming
from running import until
from shared.bus import EventGone, envelope
from shared.consuming import Consumers, Consuming, DeadLetter, Delivery, _back_off, count_dead_letters
from shared.http import OwnerUnavailable
from shared.ids import new_id
from shared.outbox import OutboxRow, record
from shared.service import create_service
from shared.tracing import continue_trace, current_trace_id
from small_service import Note, NoteWritten, Small, beside, serving

SECRET = "Zahra mint Sample 9912345678"


def consuming_of(small: Small, consumers: Consumers) -> Consuming:
    [(stream, subjects)] = consumers.streams([small.process]).items()
    return Consuming("matching", stream, subjects, consumers, small.database, small.bus, small.owners)


class Sometimes:
    """A handler that notes what it is given, after failing `fault()` the first `failures` times."""

    def __init__(self, fault: Callable[[], Exception] | None = None, failures: int = 0) -> None:
        self.consumers = Consumers()
        self.called_at: list[float] = []
        self.traces: list[str] = []
        self.fault, self.failures = fault, failures
        self.consumers.on(NoteWritten)(self.handle)

    async def handle(self, tx: AsyncSession, event: NoteWritten, delivery: Delivery) -> None:
        self.called_at.append(time.monotonic())
        self.traces.append(current_trace_id())
        tx.add(Note(id=event.note_id, text=str(event.note_id), version=event.version))
        await tx.flush()
        if self.fault is not None and len(self.called_at) <= self.failures:
            raise self.fault()


async def notes(small: Small) -> list[UUID]:
    return [row.id for row in await small.rows("SELECT id FROM notes ORDER BY id")]


async def letters(small: Small) -> list[dict[str, object]]:
    return [dict(row._mapping) for row in await small.rows("SELECT * FROM dead_letters")]


async def publish_again(small: Small, row: OutboxRow) -> None:
    """The same event once more, as after a lost acknowledgement: JetStream cannot know it without its id."""
    headers = {name: value for name, value in envelope(small.process, row).items() if name != "Nats-Msg-Id"}
    await small.bus.jetstream.publish(f"{small.process}.notes.written.v1", orjson.dumps(row.data), headers=headers)


async def test_the_same_event_twice_has_one_effect(small: Small) -> None:
    handler = Sometimes()
    consuming = consuming_of(small, handler.consumers)
    row = await small.announce(NoteWritten(note_id=new_id()))
    await publish_again(small, row)

    async with beside(consuming.run()):
        await until(lambda: asyncio.sleep(0, consuming.state.handled == 2), what="both deliveries")

    assert len(handler.called_at) == 1
    assert await notes(small) == [row.aggregate_id]
    assert await small.rows("SELECT consumer, event_id FROM inbox") == [("matching", row.event_id)]


async def test_an_older_version_that_arrives_late_changes_nothing(small: Small) -> None:
    consumers, note = Consumers(), new_id()

    @consumers.on(NoteWritten)
    async def keep_newest(tx: AsyncSession, event: NoteWritten, _: Delivery) -> None:
        made = insert(Note).values(id=event.note_id, text="kept", version=event.version)
        newer = {"version": made.excluded.version}
        await tx.execute(
            made.on_conflict_do_update(index_elements=["id"], set_=newer, where=Note.version < made.excluded.version)
        )

    consuming = consuming_of(small, consumers)
    for version in (3, 1, 2):
        await small.announce(NoteWritten(note_id=note, version=version))

    async with beside(consuming.run()):
        await until(lambda: asyncio.sleep(0, consuming.state.handled == 3), what="all three")

    assert await small.rows("SELECT version FROM notes") == [(3,)]


async def test_a_failing_event_is_tried_again_with_growing_pauses_and_then_laid_aside_without_its_content(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.consuming, "TRIES", 3)
    handler = Sometimes(lambda: ValueError(SECRET), failures=3)
    consuming = consuming_of(small, handler.consumers)
    failing = await small.announce(NoteWritten(note_id=new_id()))

    async with beside(consuming.run()):
        await until(lambda: letters(small), what="the dead letter")
        behind = await small.announce(NoteWritten(note_id=new_id()))
        await until(lambda: notes(small), what="the event behind it to have its effect")

    first, second, third = handler.called_at[:3]
    assert 0.9 < second - first < 1.9
    assert 1.9 < third - second < 3.9
    assert await notes(small) == [behind.aggregate_id]
    [letter] = await letters(small)
    assert letter["event_id"] == failing.event_id
    assert (letter["stream"], letter["sequence"], letter["tries"]) == (small.process, 1, 3)
    assert (letter["reason"], letter["consumer"]) == ("ValueError", "matching")
    assert "handle (test_consuming.py:" in str(letter["trace"])
    assert "9912345678" not in str(letter) and str(failing.aggregate_id) not in str(letter)
    assert await small.rows("SELECT event_id FROM inbox") == [(behind.event_id,)]


def test_pauses_double_from_a_second_to_a_minute() -> None:
    assert [_back_off(tries) for tries in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_an_owner_that_is_away_never_makes_a_dead_letter(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.consuming, "TRIES", 1)
    handler = Sometimes(lambda: OwnerUnavailable("registry"), failures=2)
    consuming = consuming_of(small, handler.consumers)
    row = await small.announce(NoteWritten(note_id=new_id()))

    async with beside(consuming.run()):
        await until(lambda: notes(small), what="the effect")

    assert len(handler.called_at) == 3
    assert await notes(small) == [row.aggregate_id]
    assert await letters(small) == []


async def test_an_event_whose_commit_fails_comes_again(small: Small) -> None:
    taken, event = new_id(), NoteWritten(note_id=new_id())
    async with small.database.transaction() as tx:
        tx.add(Note(id=taken, text=str(event.note_id)))
    handler = Sometimes()
    consuming = consuming_of(small, handler.consumers)
    await small.announce(event)

    async with beside(consuming.run()):
        await until(lambda: asyncio.sleep(0, consuming.state.last_fault == "IntegrityError"), what="the commit to fail")
        assert await small.rows("SELECT * FROM inbox") == []
        async with small.database.transaction() as tx:
            await tx.execute(text("DELETE FROM notes"))
        await until(lambda: notes(small), what="the effect")

    assert len(handler.called_at) == 2
    assert await notes(small) == [event.note_id]


async def test_a_payload_that_is_not_the_event_is_laid_aside_at_once(small: Small) -> None:
    consuming = consuming_of(small, Sometimes().consumers)
    row = OutboxRow(
        event_id=new_id(),
        type=NoteWritten.type,
        aggregate_id=new_id(),
        version=1,
        data={"name": SECRET},
        traceparent="",
    )
    row.recorded_at = (await small.rows("SELECT now()"))[0][0]
    await small.bus.publish(small.process, [row], "registry")

    async with beside(consuming.run()):
        await until(lambda: letters(small), what="the dead letter")

    [letter] = await letters(small)
    assert (letter["reason"], letter["tries"]) == ("ValidationError", 1)
    assert "9912345678" not in str(letter)


async def test_a_message_that_is_no_event_of_ours_holds_nothing_up(small: Small) -> None:
    handler = Sometimes()
    consuming = consuming_of(small, handler.consumers)
    await small.bus.ensure_stream(small.process)
    await small.bus.jetstream.publish(f"{small.process}.notes.written.v1", b"hello")
    await small.bus.jetstream.publish(
        f"{small.process}.notes.written.v1", b"hello", headers={"ce-id": "x", "ce-type": "y", "ce-source": "z"}
    )
    row = await small.announce(NoteWritten(note_id=new_id()))

    async with beside(consuming.run()):
        await until(lambda: notes(small), what="the event behind them", seconds=5)

        async def none_waits() -> bool:
            info = await small.bus.jetstream.consumer_info(small.process, "matching")
            return (info.num_pending, info.num_ack_pending) == (0, 0)

        await until(none_waits, what="nothing to be pending")

    assert await notes(small) == [row.aggregate_id]


async def test_the_publishers_trace_goes_on_in_the_consumer_and_into_what_it_announces(small: Small) -> None:
    handler = Sometimes()
    consumers = Consumers()

    @consumers.on(NoteWritten)
    async def announce_more(tx: AsyncSession, event: NoteWritten, delivery: Delivery) -> None:
        await handler.handle(tx, event, delivery)
        record(tx, NoteWritten(note_id=event.note_id, version=event.version + 1))

    continue_trace("00-" + "12" * 16 + "-" + "34" * 8 + "-01")
    await small.announce(NoteWritten(note_id=new_id()))
    continue_trace(None)

    async with beside(consuming_of(small, consumers).run()):
        await until(lambda: notes(small), what="the effect")

    assert handler.traces == ["12" * 16]
    [(traceparent,)] = await small.rows("SELECT traceparent FROM outbox")
    assert traceparent.split("-")[1] == "12" * 16
    assert traceparent.split("-")[2] != "34" * 8


# Dead letters: what an operator does with them


def service_of(small: Small, consumers: Consumers) -> FastAPI:
    return create_service(
        small.settings_of("matching"),
        title="Small",
        description="",
        routers=[],
        migrations=small.migrations,
        consumers=consumers,
    )


async def dead_letter_of(small: Small, sequence: int = 1, **other: object) -> DeadLetter:
    """A letter of the event at `sequence` of the stream."""
    event_id = (await small.stream())[sequence - 1][0]
    letter = DeadLetter(
        id=new_id(),
        consumer="matching",
        event_id=event_id,
        type=NoteWritten.type,
        stream=small.process,
        sequence=sequence,
        tries=8,
        reason="ValueError",
        trace="handle (x.py:1)",
    )
    for name, value in other.items():
        setattr(letter, name, value)
    async with small.database.transaction() as tx:
        tx.add(letter)
    return letter


async def test_a_redriven_letter_has_its_effect_once(small: Small) -> None:
    handler = Sometimes()
    consuming = consuming_of(small, handler.consumers)
    row = await small.announce(NoteWritten(note_id=new_id()))
    letter = await dead_letter_of(small)
    assert await count_dead_letters(small.database) == 1

    assert [await consuming.redrive(letter.id), await consuming.redrive(letter.id)] == [True, True]

    assert await notes(small) == [row.aggregate_id]
    assert len(handler.called_at) == 1
    assert await count_dead_letters(small.database) == 0
    assert await consuming.redrive(new_id()) is False


async def test_a_letter_whose_event_is_gone_stays(small: Small) -> None:
    handler = Sometimes()
    consuming = consuming_of(small, handler.consumers)
    await small.announce(NoteWritten(note_id=new_id()))
    gone = await dead_letter_of(small)
    await small.bus.jetstream.delete_msg(small.process, 1)

    with pytest.raises(EventGone):
        await consuming.redrive(gone.id)

    assert handler.called_at == []
    assert await count_dead_letters(small.database) == 1


async def test_a_letter_never_gets_another_events_effect(small: Small) -> None:
    """A stream that was lost and filled again numbers its events anew."""
    handler = Sometimes()
    await small.announce(NoteWritten(note_id=new_id()))
    letter = await dead_letter_of(small, event_id=new_id())

    with pytest.raises(EventGone):
        await consuming_of(small, handler.consumers).redrive(letter.id)

    assert handler.called_at == []
    assert await count_dead_letters(small.database) == 1


async def test_an_operator_lists_letters_page_by_page_and_redrives_them(small: Small) -> None:
    handler = Sometimes()
    written = [await small.announce(NoteWritten(note_id=new_id())) for _ in range(3)]
    made = [await dead_letter_of(small, sequence) for sequence in (1, 2, 3)]
    app = service_of(small, Consumers())  # does not consume by itself ...
    app.state.platform.consuming = [consuming_of(small, handler.consumers)]
    await small.bus.jetstream.delete_msg(small.process, 3)

    async with serving(app, **small.headers("internal")) as client:
        first = (await client.get("/internal/dead-letters", params={"limit": 2})).json()
        rest = (await client.get("/internal/dead-letters", params={"cursor": first["next_cursor"]})).json()
        answers = [await client.post(f"/internal/dead-letters/{one.id}/redrive") for one in made]
        left = (await client.get("/internal/dead-letters")).json()["items"]
        unknown = await client.post(f"/internal/dead-letters/{new_id()}/redrive")

    assert [one["id"] for one in first["items"] + rest["items"]] == [str(one.id) for one in made]
    assert rest["next_cursor"] is None
    assert set(first["items"][0]) == {
        "id", "consumer", "event_id", "type", "stream", "sequence", "tries", "reason", "trace", "died_at",
    }  # fmt: skip
    assert [answer.status_code for answer in answers] == [204, 204, 409]
    assert answers[2].json()["code"] == "dead_letter_event_gone"
    assert [one["id"] for one in left] == [str(made[2].id)]
    assert unknown.status_code == 404
    assert await notes(small) == sorted(one.aggregate_id for one in written[:2])


async def test_a_letter_that_fails_again_says_why_and_stays(small: Small) -> None:
    handler = Sometimes(lambda: ValueError(SECRET), failures=1)
    await small.announce(NoteWritten(note_id=new_id()))
    letter = await dead_letter_of(small)
    app = service_of(small, Consumers())
    app.state.platform.consuming = [consuming_of(small, handler.consumers)]

    async with serving(app, **small.headers("internal")) as client:
        failed = await client.post(f"/internal/dead-letters/{letter.id}/redrive", headers={"Accept-Language": "en"})
        assert await count_dead_letters(small.database) == 1
        again = await client.post(f"/internal/dead-letters/{letter.id}/redrive")

    assert failed.status_code == 409
    assert failed.json()["code"] == "redrive_failed"
    assert "ValueError" in failed.json()["title"]
    assert "9912345678" not in failed.text
    assert again.status_code == 204
    assert await count_dead_letters(small.database) == 0


async def test_letters_are_for_services_and_operators_only(small: Small) -> None:
    async with serving(service_of(small, Consumers())) as client:
        assert (await client.get("/internal/dead-letters")).status_code == 401
        partner = small.headers("imports:write", "enrollments:read")
        assert (await client.get("/internal/dead-letters", headers=partner)).status_code == 403
        assert (await client.post(f"/internal/dead-letters/{new_id()}/redrive", headers=partner)).status_code == 403


async def test_a_kind_of_event_that_a_new_version_listens_to_reaches_the_subscription_of_the_version_before(
    small: Small,
) -> None:
    handler = Sometimes()
    consuming = consuming_of(small, handler.consumers)
    before = Consuming(
        "matching",
        consuming.stream,
        [f"{small.process}.pages.turned.v1"],
        Consumers(),
        small.database,
        small.bus,
        small.owners,
    )
    async with beside(before.run()):
        await until(lambda: asyncio.sleep(0, before.state.listening), what="the version before to listen")

    async with beside(consuming.run()):
        # Sooner than its first fetch of nothing ends: whoever waits for rest need not wait for that.
        await until(lambda: asyncio.sleep(0, consuming.state.listening), what="the new version to listen", seconds=4)
        row = await small.announce(NoteWritten(note_id=new_id()))
        await until(lambda: asyncio.sleep(0, consuming.state.handled == 1), what="the new kind of event", seconds=10)

    assert await notes(small) == [row.aggregate_id]
