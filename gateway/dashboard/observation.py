"""What the dashboard knows at one moment: plain, immutable values. No I/O and no clock here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.health import ProcessState


@dataclass(frozen=True, slots=True)
class StreamState:
    """A JetStream stream as NATS describes it. `last_sequence` counts every event it ever stored."""

    name: str
    first_sequence: int
    last_sequence: int
    bytes: int


@dataclass(frozen=True, slots=True)
class QueueState:
    """A durable consumer as NATS describes it: not yet delivered, delivered but not yet acknowledged."""

    stream: str
    consumer: str
    pending: int
    unacknowledged: int
    published: int | None = None
    """Events in the stream of the subjects it listens to; None where NATS did not say."""


@dataclass(frozen=True, slots=True)
class NatsState:
    """`healthy` is the word of its own /healthz; `fault` says in NATS's words what is wrong."""

    reachable: bool
    healthy: bool = False
    fault: str | None = None
    milliseconds: float | None = None
    started_at: datetime | None = None
    connections: int = 0
    store_bytes: int = 0
    store_limit: int | None = None
    streams: tuple[StreamState, ...] = ()
    queues: tuple[QueueState, ...] = ()


@dataclass(frozen=True, slots=True)
class PostgresState:
    """`bytes` is the size of all databases we may connect to."""

    reachable: bool
    milliseconds: float | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """What earlier looks add to what a process says of itself now."""

    silent_since: datetime | None = None
    """When it stopped answering; None where it answers."""
    unready_since: datetime | None = None
    """When it stopped being ready, or when we first looked where it never was."""
    restarted_at: datetime | None = None
    """When its present process started, where we saw another one before it."""
    work_since: Mapping[str, datetime] = field(default_factory=dict)
    """Since when each kind of its work has not been finished."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """One process's way into NATS. Conservation: recorded = published + waiting.

    Its process is asked before NATS is, and marks an event after NATS has it: `published + waiting` may run ahead
    of `recorded` while events move, and can never fall behind it unless events are missing from the stream.
    """

    process: str
    recorded: int
    published: int | None
    """None where NATS did not say."""
    waiting: int
    oldest_seconds: float
    per_second: float | None
    fresh: bool = True
    """False where the process is away and its figures are the last it gave."""

    @property
    def missing(self) -> int:
        return max(0, self.recorded - self.published - self.waiting) if self.published is not None else 0

    @property
    def ahead(self) -> int:
        return max(0, self.published + self.waiting - self.recorded) if self.published is not None else 0


@dataclass(frozen=True, slots=True)
class Receiving:
    """One process's way out of NATS, over all streams it listens to.

    Conservation: published = handled + pending + unacknowledged + dead. NATS is asked before the process is, so
    the right side may run ahead while events move (or where an event came twice), and never falls behind it
    unless an event was lost on the way.
    """

    process: str
    streams: tuple[str, ...]
    published: int | None
    """Events in those streams that are meant for it; None where NATS did not say."""
    handled: int | None
    pending: int
    unacknowledged: int
    dead: int
    last_at: datetime | None
    last_fault: str | None
    idle_since: datetime | None
    """Since when events wait and none was handled; None where nothing waits."""
    per_second: float | None
    fresh: bool = True

    @property
    def waiting(self) -> int:
        return self.pending + self.unacknowledged

    @property
    def missing(self) -> int:
        if self.published is None or self.handled is None or not self.fresh:
            return 0
        return max(0, self.published - self.handled - self.waiting - self.dead)

    @property
    def ahead(self) -> int:
        if self.published is None or self.handled is None or not self.fresh:
            return 0
        return max(0, self.handled + self.waiting + self.dead - self.published)


@dataclass(frozen=True, slots=True)
class Point:
    """A few numbers of one moment, kept for the chart."""

    at: datetime
    published: float
    """Events a second into NATS since the point before."""
    handled: float
    waiting: int
    """In outboxes and in queues together."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at everything."""

    at: datetime
    processes: tuple[ProcessState, ...]
    nats: NatsState
    postgres: PostgresState
    memory: Mapping[str, ProcessMemory] = field(default_factory=dict)
    nats_away_since: datetime | None = None
    postgres_away_since: datetime | None = None
    publishing: tuple[Publishing, ...] = ()
    receiving: tuple[Receiving, ...] = ()
    history: tuple[Point, ...] = ()

    def remembered(self, process: str) -> ProcessMemory:
        return self.memory.get(process, ProcessMemory())

    def age(self, at: datetime) -> timedelta:
        return max(at - self.at, timedelta())

    def waiting(self) -> int:
        """Events on their way: in outboxes and in queues together."""
        return sum(one.waiting for one in self.publishing) + sum(one.waiting for one in self.receiving)

    def ready(self) -> int:
        return sum(1 for one in self.processes if one.ready)
