"""From one look to the next: since when, how fast, and whether what went in also came out. No I/O, no clock."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.dashboard.observation import (
    NatsState,
    Observation,
    Point,
    PostgresState,
    ProcessMemory,
    Publishing,
    QueueState,
    Receiving,
)
from gateway.health import ProcessState

POINTS = 450
"""A quarter of an hour at one look every two seconds."""
LATE_START = timedelta(minutes=1)
"""Processes of one start come up within this; a later one was started again."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where counting began for one receiving process, because its own counter begins at each of its starts."""

    key: tuple[object, ...]
    """Starts of the process and of NATS, first sequences: a change of any begins the count again."""
    handled_before: int
    counter: int
    dead: int
    settled: bool
    """False until a look at which nothing moved: only then are NATS's and the process's counts of one moment."""


class Memory:
    """Keeps what the next look needs; everything in it is bounded by the number of processes."""

    def __init__(self) -> None:
        self._last: Observation | None = None
        self._started: dict[str, datetime] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._counters: dict[str, int] = {}
        self._history: deque[Point] = deque(maxlen=POINTS)

    def observe(
        self,
        at: datetime,
        processes: Sequence[ProcessState],
        before: NatsState,
        after: NatsState,
        postgres: PostgresState,
    ) -> Observation:
        """The Observation of one look: NATS `before` the processes were asked, the processes, NATS `after`."""
        last = self._last
        memory = {one.name: self._remember(at, one, processes) for one in processes}
        publishing = tuple(out for one in processes if (out := self._publishing(at, one, after)))
        receiving = tuple(flow for one in processes if (flow := self._receiving(at, one, before)))
        self._history.append(_point(at, publishing, receiving))
        self._last = Observation(
            at=at,
            processes=tuple(processes),
            nats=after,
            postgres=postgres,
            memory=memory,
            nats_away_since=_since(at, after.reachable, last.nats_away_since if last else None),
            postgres_away_since=_since(at, postgres.reachable, last.postgres_away_since if last else None),
            publishing=publishing,
            receiving=receiving,
            history=tuple(self._history),
        )
        return self._last

    def _remember(self, at: datetime, process: ProcessState, all_of_them: Iterable[ProcessState]) -> ProcessMemory:
        last = self._last.remembered(process.name) if self._last else ProcessMemory()
        work = (process.status or {}).get("work") or {}
        return ProcessMemory(
            silent_since=_since(at, process.milliseconds is not None, last.silent_since),
            unready_since=_since(at, process.ready, last.unready_since),
            restarted_at=self._restarted(process, all_of_them) or last.restarted_at,
            work_since={kind: last.work_since.get(kind, at) for kind, count in work.items() if count > 0},
        )

    def _restarted(self, process: ProcessState, all_of_them: Iterable[ProcessState]) -> datetime | None:
        started = _started_at(process)
        if started is None:
            return None
        known = self._started.get(process.name)
        self._started[process.name] = started
        if known is not None:
            return started if known != started else None
        # At our own first look (the gateway may be the one that died) the others' starts are the measure.
        starts = [moment for one in all_of_them if (moment := _started_at(one))]
        return started if started - min(starts) > LATE_START else None

    def _publishing(self, at: datetime, process: ProcessState, nats: NatsState) -> Publishing | None:
        known = self._last.publishing if self._last else ()
        last = next((one for one in known if one.process == process.name), None)
        stream = next((one for one in nats.streams if one.name == process.name), None)
        published = (stream.last_sequence if stream else 0) if nats.reachable else None
        outbox: Json | None = (process.status or {}).get("outbox")
        if outbox is None:
            if last is None:
                return None
            recorded, waiting, oldest = last.recorded, last.waiting, last.oldest_seconds
        else:
            recorded, waiting, oldest = outbox["recorded"], outbox["waiting"], outbox["oldest_seconds"]
        if not recorded and not published:
            return None  # it announces nothing
        rate = self._rate(at, published, last.published if last else None)
        return Publishing(process.name, recorded, published, waiting, oldest, rate, fresh=outbox is not None)

    def _receiving(self, at: datetime, process: ProcessState, nats: NatsState) -> Receiving | None:
        name, known = process.name, self._last.receiving if self._last else ()
        last = next((one for one in known if one.process == name), None)
        said: list[Json] = (process.status or {}).get("consumers") or []
        queues = [one for one in nats.queues if one.consumer == name]
        if not (said or queues or last):
            return None
        counter = sum(one["handled"] for one in said) if said else None
        dead = (process.status or {}).get("dead_letters")
        published = _published(queues) if nats.reachable and queues else None
        pending, unacknowledged = _queued(queues, said, last)
        handled = last.handled if last else None
        if counter is not None and dead is not None and published is not None:
            first = tuple(one.first_sequence for one in nats.streams if one.name in {queue.stream for queue in queues})
            key = (_started_at(process), nats.started_at, first)
            handled = self._handled(name, key, counter, dead, published - pending - unacknowledged - dead)
        previous = self._counters.get(name)
        if counter is not None:
            self._counters[name] = counter
        moved = counter is not None and previous is not None and counter != previous
        waits = pending + unacknowledged > 0
        return Receiving(
            process=name,
            streams=tuple(sorted({one.stream for one in queues} | {one["stream"] for one in said}))
            or (last.streams if last else ()),
            published=published,
            handled=handled,
            pending=pending,
            unacknowledged=unacknowledged,
            dead=dead if dead is not None else (last.dead if last else 0),
            last_at=_latest(said) or (last.last_at if last else None),
            last_fault=next((one["last_fault"] for one in said if one.get("last_fault")), None),
            idle_since=((last.idle_since if last and not moved else None) or at) if waits else None,
            per_second=self._rate(at, counter, previous),
            fresh=counter is not None and dead is not None and published is not None,
        )

    def _handled(self, name: str, key: tuple[object, ...], counter: int, dead: int, by_nats: int) -> int:
        """Events this process has handled: what NATS says it had before we counted, and its own count since."""
        ledger = self._ledgers.get(name)
        # A dead letter fewer is one redriven: it was handled without the queue.
        if ledger is None or ledger.key != key or dead < ledger.dead:
            ledger = Ledger(key, max(0, by_nats), counter, dead, settled=False)
        elif not ledger.settled:
            still = counter == self._counters.get(name)
            ledger = Ledger(key, max(0, by_nats), counter, dead, settled=still)
        else:
            ledger = Ledger(key, ledger.handled_before, ledger.counter, dead, settled=True)
        self._ledgers[name] = ledger
        return ledger.handled_before + counter - ledger.counter

    def _rate(self, at: datetime, count: int | None, before: int | None) -> float | None:
        if count is None or before is None or self._last is None:
            return None
        seconds = (at - self._last.at).total_seconds()
        return max(0, count - before) / seconds if seconds > 0 else None


def _since(at: datetime, fine: bool, before: datetime | None) -> datetime | None:
    return None if fine else before or at


def _started_at(process: ProcessState) -> datetime | None:
    said = (process.status or {}).get("started_at")
    return datetime.fromisoformat(said) if said else None


def _published(queues: Sequence[QueueState]) -> int | None:
    counts = [one.published for one in queues]
    return sum(count for count in counts if count is not None) if None not in counts else None


def _queued(queues: Sequence[QueueState], said: Sequence[Json], last: Receiving | None) -> tuple[int, int]:
    """Pending and unacknowledged: by NATS where it answers, else as the process or the look before had it."""
    if queues:
        return sum(one.pending for one in queues), sum(one.unacknowledged for one in queues)
    if said:
        return sum(one["pending"] for one in said), sum(one["unacknowledged"] for one in said)
    return (last.pending, last.unacknowledged) if last else (0, 0)


def _latest(said: Iterable[Json]) -> datetime | None:
    return max((datetime.fromisoformat(one["last_at"]) for one in said if one.get("last_at")), default=None)


def _point(at: datetime, publishing: Sequence[Publishing], receiving: Sequence[Receiving]) -> Point:
    return Point(
        at=at,
        published=sum(one.per_second or 0.0 for one in publishing),
        handled=sum(one.per_second or 0.0 for one in receiving),
        waiting=sum(one.waiting for one in publishing) + sum(one.waiting for one in receiving),
    )
