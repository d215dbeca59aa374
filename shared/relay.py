"""The relay: outbox rows to JetStream, in order, once each, whatever dies in between."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta

from nats.errors import Error as NatsError
from sqlalchemy import func, select, update

from shared.bus import STREAM_MAX_AGE_SECONDS, Bus
from shared.clock import now
from shared.connecting import CONNECTION_FAULTS, connect
from shared.database import Database
from shared.logs import log
from shared.outbox import KnownStream, OutboxRow
from shared.settings import ServiceSettings

LEADER_LOCK = 0x7EC4_0001
"""Advisory lock of the one relay that publishes from a database, however many processes serve it."""
POLL_SECONDS = 1.0
"""PostgreSQL tells of every row, so this is only for a word that was lost: nine processes look, and most have nothing to say."""
BATCH = 500
GATHER_SECONDS = 0.03
"""Between two rounds, so that under load one round publishes what several transactions recorded. After a quiet moment
an event goes out at once."""
RETRY_SECONDS = 1.0
LOOK_FOR_LOSS_SECONDS = 5.0


@dataclass
class RelayState:
    """What /health/status says of the relay."""

    leader: bool = False
    published: int = 0
    last_fault: str | None = None


class Relay:
    """Publishes the outbox of one database while it holds the leader lock."""

    def __init__(self, settings: ServiceSettings, database: Database, bus: Bus) -> None:
        self._settings, self._database, self._bus = settings, database, bus
        self._publisher = settings.name.split("-")[0]
        self._wake = asyncio.Event()
        self._reconnections = 0
        self.state = RelayState()

    async def run(self) -> None:
        """Until cancelled. Any fault is reported and tried again: the rows stay where they are."""
        while True:
            try:
                await self._lead()
            except (*CONNECTION_FAULTS, NatsError) as fault:
                self._report(fault)
            except Exception as fault:  # the relay is the heart of the process; it must not stop beating
                self._report(fault)
                log.error("relay_fault", exc_info=fault)
            self.state.leader = False
            self._bus.forget_streams()
            await asyncio.sleep(RETRY_SECONDS)

    def _report(self, fault: Exception) -> None:
        self.state.last_fault = type(fault).__name__
        log.warning("relay_waits", reason=type(fault).__name__)

    async def _publish_lost_again(self) -> None:
        """Put back in line what NATS no longer has: all of it where the stream is a new one, or its lost tail.

        The inbox of every consumer makes the repetition harmless.
        """
        self._reconnections = self._bus.reconnections
        self._bus.forget_streams()
        created, last = await self._bus.stream_stands(self._settings.name)
        async with self._database.transaction() as tx:
            known = await tx.get(KnownStream, self._settings.name)
            if known is None:
                tx.add(KnownStream(name=self._settings.name, created_at=created))
                return
            lost = OutboxRow.sequence > last
            if known.created_at != created:
                known.created_at = created
                lost = OutboxRow.published_at > now() - timedelta(seconds=STREAM_MAX_AGE_SECONDS)
            again = await tx.scalars(
                update(OutboxRow).where(lost).values(published_at=None, sequence=None).returning(OutboxRow.event_id)
            )
            if count := len(again.all()):
                log.warning("stream_lost_events", stream=self._settings.name, published_again=count)

    async def _lead(self) -> None:
        # A session lock needs a connection of its own, and so does LISTEN.
        connection = await connect(str(self._settings.database_url))
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                await asyncio.sleep(RETRY_SECONDS)
            self.state.leader = True
            await self._publish_lost_again()
            looked = time.monotonic()
            await connection.add_listener("outbox", lambda *_: self._wake.set())
            checked = time.monotonic()
            while True:
                began = time.monotonic()
                while await self._publish_waiting() == BATCH:
                    pass
                self.state.last_fault = None
                if time.monotonic() - checked > RETRY_SECONDS:
                    await connection.fetchval("SELECT 1", timeout=5)  # a lost connection is a lost lock
                    checked = time.monotonic()
                if time.monotonic() - looked > LOOK_FOR_LOSS_SECONDS:
                    await self._publish_lost_again()
                    looked = time.monotonic()
                try:
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
                except TimeoutError:
                    pass
                await asyncio.sleep(began + GATHER_SECONDS - time.monotonic())
                self._wake.clear()
        finally:
            await connection.close(timeout=2)

    async def _publish_waiting(self) -> int:
        """Publish the oldest waiting rows; returns how many.

        The rows are marked after JetStream's acknowledgement: a death in between publishes them again, and
        JetStream drops them by their id.
        """
        async with self._database.transaction() as tx:
            waiting = select(OutboxRow).where(OutboxRow.published_at.is_(None)).order_by(OutboxRow.position)
            rows = list((await tx.scalars(waiting.limit(BATCH))).all())
        if not rows:
            return 0
        if self._reconnections != self._bus.reconnections:
            # A lost tail is looked for before new events take its place, and its numbers.
            await self._publish_lost_again()
            return BATCH
        sequences = await self._bus.publish(self._settings.name, rows, self._publisher)
        async with self._database.transaction() as tx:
            await tx.execute(
                update(OutboxRow),
                [
                    {"event_id": row.event_id, "published_at": now(), "sequence": sequence}
                    for row, sequence in zip(rows, sequences, strict=True)
                ],
            )
        self.state.published += len(rows)
        return len(rows)


@dataclass(frozen=True)
class OutboxFigures:
    """Events recorded here, those still waiting, and the age of the oldest waiting one in seconds."""

    recorded: int
    waiting: int
    oldest_seconds: float


async def outbox_figures(database: Database) -> OutboxFigures:
    async with database.transaction() as tx:
        recorded = await tx.scalar(select(func.count()).select_from(OutboxRow))
        waiting, oldest = (
            await tx.execute(
                select(func.count(), func.min(OutboxRow.recorded_at)).where(OutboxRow.published_at.is_(None))
            )
        ).one()
    age = (now() - oldest).total_seconds() if oldest else 0.0
    return OutboxFigures(recorded or 0, waiting, max(age, 0.0))
