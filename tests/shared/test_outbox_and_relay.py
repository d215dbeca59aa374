"""The outbox and its relay: what is committed is announced, in order, once, whatever dies in between."""

import asyncio
from uuid import UUID

import pytest
from nats.js.errors import APIError
from sqlalchemy import text

import shared.bus
from running import until
from shared.ids import new_id
from shared.outbox import record
from shared.relay import Relay, outbox_figures
from shared.tracing import continue_trace, current_trace_id
from small_service import NoteWritten, Small, beside


async def write(small: Small, count: int = 1) -> list[UUID]:
    """Record events in one transaction; returns their notes' ids."""
    notes = [new_id() for _ in range(count)]
    async with small.database.transaction() as tx:
        for note in notes:
            record(tx, NoteWritten(note_id=note))
    return notes


def relay_of(small: Small) -> Relay:
    return Relay(small.settings, small.database, small.bus)


async def nothing_waits(small: Small) -> bool:
    return (await outbox_figures(small.database)).waiting == 0


async def subjects(small: Small) -> list[UUID]:
    """The notes the stream's events speak of, in the stream's order."""
    return [UUID(headers["ce-subject"]) for _, headers in await small.stream()]


async def forget_marks(small: Small, condition: str = "true") -> None:
    """As if the relay had died between JetStream's acknowledgement and its own mark."""
    async with small.database.transaction() as tx:
        await tx.execute(text(f"UPDATE outbox SET published_at = NULL, sequence = NULL WHERE {condition}"))


async def test_a_transaction_rolled_back_announces_nothing(small: Small) -> None:
    with pytest.raises(LookupError):
        async with small.database.transaction() as tx:
            record(tx, NoteWritten(note_id=new_id()))
            await tx.flush()
            raise LookupError
    kept = await write(small)

    async with beside(relay_of(small).run()):
        await until(lambda: nothing_waits(small), what="the outbox to empty")

    assert await subjects(small) == kept


async def test_rows_are_published_in_the_order_they_were_recorded_and_marked_with_their_place(small: Small) -> None:
    written = await write(small, 700) + await write(small) + await write(small, 600)  # more than two batches

    async with beside(relay_of(small).run()):
        await until(lambda: nothing_waits(small), what="the outbox to empty")

    assert await subjects(small) == written
    marks = await small.rows("SELECT aggregate_id, sequence FROM outbox ORDER BY position")
    assert [tuple(mark) for mark in marks] == [(note, place) for place, note in enumerate(written, start=1)]


async def test_an_event_is_a_cloud_event_and_continues_its_trace(small: Small) -> None:
    continue_trace("00-" + "ab" * 16 + "-" + "cd" * 8 + "-01")
    [note] = await write(small)

    async with beside(relay_of(small).run()):
        await until(lambda: nothing_waits(small), what="the outbox to empty")

    [(event_id, headers)] = await small.stream()
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-type"] == "registry.notes.written.v1"
    assert headers["ce-source"] == f"/{small.process}"
    assert headers["ce-subject"] == str(note)
    assert headers["ce-sequence"] == "1"
    assert headers["ce-traceparent"].split("-")[1] == "ab" * 16 == current_trace_id()
    assert headers["Nats-Msg-Id"] == headers["ce-id"] == str(event_id)


@pytest.mark.parametrize("unmarked", ["true", "position = 2", "position = 5"])
async def test_an_event_published_but_not_marked_is_not_stored_twice(small: Small, unmarked: str) -> None:
    written = await write(small, 5)
    async with beside(relay_of(small).run()):
        await until(lambda: nothing_waits(small), what="the outbox to empty")

    await forget_marks(small, unmarked)
    written += await write(small, 3)  # so that a batch holds known ids and new ones
    async with beside(relay_of(small).run()):
        await until(lambda: nothing_waits(small), what="the outbox to empty again")

    assert await subjects(small) == written
    assert await small.rows("SELECT sequence FROM outbox ORDER BY position") == [(n,) for n in range(1, 9)]


async def test_jetstream_refuses_a_batch_with_a_known_id_by_the_code_we_know(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(small, 2)
    async with beside(relay_of(small).run()):
        await until(lambda: nothing_waits(small), what="the outbox to empty")
    await forget_marks(small)
    monkeypatch.setattr(shared.bus, "BATCH_HOLDS_KNOWN_ID", 0)

    with pytest.raises(APIError) as refused:
        await relay_of(small)._publish_waiting()

    assert refused.value.err_code == 10201


async def test_a_stream_lost_with_all_it_held_is_filled_again(small: Small) -> None:
    written = await write(small, 3)
    async with beside(relay_of(small).run()):
        await until(lambda: nothing_waits(small), what="the outbox to empty")
        await small.bus.jetstream.delete_stream(small.process)
        written += await write(small, 2)

        async def all_there() -> bool:
            try:
                return set(await subjects(small)) == set(written)
            except APIError:
                return False

        await until(all_there, what="the new stream to hold every event")
        await until(lambda: nothing_waits(small), what="the outbox to empty")


async def test_of_two_relays_one_leads_and_the_other_takes_over(small: Small) -> None:
    first, second = relay_of(small), relay_of(small)
    async with beside(second.run()):
        async with beside(first.run()):
            await until(lambda: asyncio.sleep(0, first.state.leader or second.state.leader), what="a leader")
            await asyncio.sleep(1.2)  # longer than the other waits before it asks again
            assert [first.state.leader, second.state.leader].count(True) == 1
            leader = first if first.state.leader else second
            written = await write(small, 20)
            await until(lambda: nothing_waits(small), what="the outbox to empty")
            assert leader.state.published == 20
            assert first.state.published + second.state.published == 20
        await until(lambda: asyncio.sleep(0, second.state.leader), what="the second to lead")
        written += await write(small, 5)
        await until(lambda: nothing_waits(small), what="the outbox to empty")

    assert await subjects(small) == written


async def test_a_lower_place_committed_later_is_still_published(small: Small) -> None:
    early, late = new_id(), new_id()
    async with beside(relay_of(small).run()):
        async with small.database.transaction() as slow:
            record(slow, NoteWritten(note_id=early))
            await slow.flush()  # has its place in the outbox, and does not commit yet
            async with small.database.transaction() as quick:
                record(quick, NoteWritten(note_id=late))
            await until(lambda: nothing_waits(small), what="the quick one to be published")
            assert await subjects(small) == [late]
        await until(lambda: nothing_waits(small), what="the slow one to be published")

    assert await small.rows("SELECT aggregate_id FROM outbox ORDER BY position") == [(early,), (late,)]
    assert await subjects(small) == [late, early]


async def test_the_outbox_says_how_many_wait_and_how_long(small: Small) -> None:
    await write(small, 2)
    async with small.database.transaction() as tx:
        await tx.execute(text("UPDATE outbox SET recorded_at = now() - interval '90 s' WHERE position = 1"))
        await tx.execute(text("UPDATE outbox SET published_at = now(), sequence = 1 WHERE position = 2"))

    figures = await outbox_figures(small.database)

    assert (figures.recorded, figures.waiting) == (2, 1)
    assert 90 <= figures.oldest_seconds < 100
