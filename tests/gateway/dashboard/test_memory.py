"""From look to look: since when, how fast, and that what went in came out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from browser.observations import AT, a_process, a_silent_process, ago, status
from gateway.dashboard.memory import Memory
from gateway.dashboard.observation import (
    NatsState,
    Observation,
    PostgresState,
    Publishing,
    QueueState,
    Receiving,
    StreamState,
)
from gateway.health import ProcessState

POSTGRES = PostgresState(reachable=True, milliseconds=1.0)
NATS_START = datetime(2026, 3, 1, tzinfo=UTC)


def nats(published: int, pending: int = 0, unacknowledged: int = 0, **changes: Any) -> NatsState:
    """NATS with one stream of the registry, to which matching listens."""
    return NatsState(
        reachable=True,
        healthy=True,
        started_at=changes.pop("started_at", NATS_START),
        streams=(StreamState("registry", 1, published, 10),),
        queues=(QueueState("registry", "matching", pending, unacknowledged, published),),
    )


def registry(recorded: int, waiting: int = 0) -> ProcessState:
    outbox = {"recorded": recorded, "waiting": waiting, "oldest_seconds": 0.4 if waiting else 0.0}
    return a_process("registry", status=status("registry", outbox=outbox))


def matching(handled: int, **changes: Any) -> ProcessState:
    consumer = {
        "stream": "registry",
        "handled": handled,
        "pending": 0,
        "unacknowledged": 0,
        "last_at": None,
        "last_fault": None,
    }
    return a_process("matching", status=status("matching", consumers=[consumer], **changes))


def look(
    memory: Memory, seconds: float, processes: Sequence[ProcessState], before: NatsState, after: NatsState | None = None
) -> Observation:
    return memory.observe(ago(-seconds), processes, before, after or before, POSTGRES)


def receiving(seen: Observation) -> Receiving:
    (flow,) = seen.receiving
    return flow


def publishing(seen: Observation) -> Publishing:
    (flow,) = seen.publishing
    return flow


def test_since_when_a_process_is_silent_stays_until_it_answers() -> None:
    memory = Memory()
    look(memory, 0, [matching(5)], nats(5))
    look(memory, 2, [a_silent_process("matching")], nats(5))
    later = look(memory, 4, [a_silent_process("matching")], nats(5))
    back = look(memory, 6, [matching(5)], nats(5))

    assert later.remembered("matching").silent_since == ago(-2)
    assert back.remembered("matching").silent_since is None


def test_another_start_of_a_process_is_a_restart() -> None:
    memory = Memory()
    look(memory, 0, [matching(5)], nats(5))
    again = look(memory, 2, [matching(0, started_at=ago(-1).isoformat())], nats(5))

    assert again.remembered("matching").restarted_at == ago(-1)


def test_a_gateway_younger_than_the_others_knows_that_it_was_restarted() -> None:
    gateway = a_process("gateway", status=status("gateway", started_at=ago(3).isoformat()))

    seen = look(Memory(), 0, [gateway, registry(0)], nats(0))

    assert seen.remembered("gateway").restarted_at == ago(3)
    assert seen.remembered("registry").restarted_at is None


def test_rates_come_from_two_looks() -> None:
    memory = Memory()
    look(memory, 0, [registry(100), matching(100)], nats(100))
    seen = look(memory, 2, [registry(130, waiting=10), matching(112)], nats(118, pending=6), nats(120))

    assert publishing(seen).per_second == 10.0
    assert receiving(seen).per_second == 6.0
    assert seen.history[-1].waiting == 16


def test_what_was_recorded_is_published_or_waits() -> None:
    balanced = publishing(look(Memory(), 0, [registry(130, waiting=10)], nats(118), nats(120)))
    running = publishing(look(Memory(), 0, [registry(130, waiting=10)], nats(118), nats(123)))
    lost = publishing(look(Memory(), 0, [registry(130, waiting=10)], nats(0), nats(0)))

    assert (balanced.missing, balanced.ahead) == (0, 0)
    assert (running.missing, running.ahead) == (0, 3)
    assert (lost.missing, lost.ahead) == (120, 0), "NATS lost its store: 120 events are in the database only"


def test_events_handled_before_we_looked_count_as_handled() -> None:
    memory = Memory()
    look(memory, 0, [matching(40)], nats(100))
    seen = look(memory, 2, [matching(40)], nats(100))

    assert (receiving(seen).handled, receiving(seen).missing) == (100, 0)


def test_an_event_that_vanishes_on_the_way_is_missing() -> None:
    memory = Memory()
    for second in (0, 2):
        look(memory, second, [matching(40)], nats(100))
    moving = look(memory, 4, [matching(45)], nats(110, pending=4, unacknowledged=1))
    vanished = look(memory, 6, [matching(47)], nats(110))

    assert receiving(moving).missing == 0
    assert receiving(moving).handled == 105
    assert receiving(vanished).missing == 3, "110 published, 107 handled, nothing waiting"


def test_an_event_delivered_twice_is_ahead_not_missing() -> None:
    memory = Memory()
    for second in (0, 2):
        look(memory, second, [matching(40)], nats(100))
    seen = look(memory, 4, [matching(42)], nats(101))

    assert (receiving(seen).missing, receiving(seen).ahead) == (0, 1)


def test_a_restarted_process_counts_from_nothing_without_looking_like_a_loss() -> None:
    memory = Memory()
    for second in (0, 2):
        look(memory, second, [matching(40)], nats(100))
    seen = look(memory, 4, [matching(0, started_at=ago(-3).isoformat())], nats(103, pending=2))

    assert (receiving(seen).handled, receiving(seen).missing) == (101, 0)


def test_a_dead_letter_keeps_the_balance_and_so_does_its_redrive() -> None:
    memory = Memory()
    for second in (0, 2):
        look(memory, second, [matching(40)], nats(100))
    dead = look(memory, 4, [matching(40, dead_letters=1)], nats(101))
    redriven = look(memory, 6, [matching(40)], nats(101))

    assert (receiving(dead).dead, receiving(dead).missing) == (1, 0)
    assert (receiving(redriven).handled, receiving(redriven).missing) == (101, 0)


def test_idle_since_begins_when_waiting_events_stop_being_handled() -> None:
    memory = Memory()
    look(memory, 0, [matching(40)], nats(100))
    look(memory, 2, [matching(44)], nats(110, pending=6))
    still = look(memory, 4, [matching(44)], nats(110, pending=6))
    longer = look(memory, 6, [matching(44)], nats(110, pending=6))
    again = look(memory, 8, [matching(45)], nats(110, pending=5))

    assert receiving(still).idle_since == ago(-2)
    assert receiving(longer).idle_since == ago(-2)
    assert receiving(again).idle_since == ago(-8)


def test_the_figures_of_a_silent_process_are_kept_and_marked() -> None:
    memory = Memory()
    for second in (0, 2):
        look(memory, second, [registry(7), matching(40)], nats(100), nats(7))
    away = [a_silent_process("registry"), a_silent_process("matching")]
    seen = look(memory, 4, away, nats(104, pending=4), nats(7))

    assert (publishing(seen).recorded, publishing(seen).fresh) == (7, False)
    flow = receiving(seen)
    assert (flow.handled, flow.pending, flow.fresh, flow.missing) == (100, 4, False, 0)
    assert flow.idle_since == ago(-4)


def test_long_work_is_remembered_by_kind() -> None:
    memory = Memory()
    look(memory, 0, [matching(0, work={"imports": 1})], nats(0))
    seen = look(memory, 2, [matching(0, work={"imports": 3, "exports": 0})], nats(0))

    assert seen.remembered("matching").work_since == {"imports": AT}


def test_a_quarter_of_an_hour_is_kept_and_no_more() -> None:
    memory = Memory()
    for step in range(460):
        seen = look(memory, 2 * step, [registry(1)], nats(1))

    assert len(seen.history) == 450
    assert seen.history[0].at == ago(-20)
