"""Consuming: every event arrives twice and in the wrong order, and has one effect.

The inbox row is inserted first, in the transaction of the effect; the acknowledgement follows the commit.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar, cast
from uuid import UUID

import httpx
import orjson
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError
from pydantic import ValidationError
from sqlalchemy import BigInteger, DateTime, Integer, Text, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from shared.bus import Bus, Envelope, EventGone
from shared.clock import now
from shared.contracts.event import Event
from shared.database import Database, PlatformBase, is_passing
from shared.http import Owners, OwnerUnavailable
from shared.ids import new_id
from shared.logs import frames, log
from shared.metrics import CONSUMED
from shared.tracing import continue_trace

FETCH = 64
FETCH_SECONDS = 5
"""nats-py's pull subscriptions may fall silent after a server restart; short fetches notice."""
SILENCE_SECONDS = 15
ACK_WAIT_SECONDS = 30
STILL_WORKING_SECONDS = 10
TRIES = 8
LONGEST_BACK_OFF_SECONDS = 60


class InboxRow(PlatformBase):
    """An event that has had its effect here."""

    __tablename__ = "inbox"

    consumer: Mapped[str] = mapped_column(Text, primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class DeadLetter(PlatformBase):
    """An event whose effect failed again and again: where it is and why; never its content."""

    __tablename__ = "dead_letters"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    consumer: Mapped[str] = mapped_column(Text)
    event_id: Mapped[UUID]
    type: Mapped[str] = mapped_column(Text)
    stream: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int] = mapped_column(BigInteger)
    tries: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    trace: Mapped[str] = mapped_column(Text)
    died_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    redriven_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


NOT_THE_EVENTS_FAULT = (OwnerUnavailable, httpx.TransportError, NatsError, OSError)


def is_of_the_surroundings(fault: Exception) -> bool:
    """Whether it says nothing against the event or file that met it, which then waits, however long that takes."""
    return is_passing(fault) or isinstance(fault, NOT_THE_EVENTS_FAULT)


E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Delivery:
    """An event as a consumer receives it, with where it came from."""

    process: str
    """The process that published it, such as `programs-csa`."""
    consumer: str
    """The process that consumes it: this one."""
    event_id: UUID
    recorded_at: datetime
    owners: Owners
    """The other processes, to fetch the record behind the event."""


Handler = Callable[[AsyncSession, Event, Delivery], Awaitable[None]]


class Consumers:
    """The events a service listens to and what it does on each: `consumers.py` of a service fills one."""

    def __init__(self) -> None:
        self.handlers: dict[str, tuple[type[Event], Handler]] = {}

    def on(
        self, event_type: type[E]
    ) -> Callable[[Callable[[AsyncSession, E, Delivery], Awaitable[None]]], Callable[..., Awaitable[None]]]:
        """Register the handler of one event type. It gets the transaction to work in, and never commits it."""

        def register(handler: Callable[[AsyncSession, E, Delivery], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
            self.handlers[event_type.type] = (event_type, cast(Handler, handler))
            return handler

        return register

    def streams(self, processes: list[str]) -> dict[str, list[str]]:
        """Per process that publishes something we listen to: the subjects we want from it."""
        wanted: dict[str, list[str]] = {}
        for process in processes:
            for event_type, _ in self.handlers.values():
                if process.split("-")[0] == event_type.publisher:
                    wanted.setdefault(process, []).append(event_type.subject(process))
        return wanted


@dataclass
class ConsumerState:
    """What /health/status says of one subscription."""

    stream: str
    listening: bool = False
    handled: int = 0
    pending: int = 0
    unacknowledged: int = 0
    last_at: datetime | None = None
    last_fault: str | None = None


@dataclass
class Consuming:
    """One process's consumption of one stream, in order, one event at a time."""

    consumer: str
    stream: str
    subjects: list[str]
    consumers: Consumers
    database: Database
    bus: Bus
    owners: Owners
    state: ConsumerState = field(init=False)

    def __post_init__(self) -> None:
        self.state = ConsumerState(self.stream)

    async def run(self) -> None:
        """Until cancelled; a lost server or a silent subscription is taken up again."""
        while True:
            try:
                await self._consume()
            except Exception as fault:  # whatever it was, the next event must still be handled
                self.state.last_fault = type(fault).__name__
                if is_of_the_surroundings(fault):
                    log.warning("consumer_waits", stream=self.stream, reason=type(fault).__name__)
                else:
                    log.error("consumer_fault", stream=self.stream, exc_info=fault)
            self.bus.forget_streams()
            await asyncio.sleep(1)

    async def _subscribe(self) -> JetStreamContext.PullSubscription:
        jetstream = self.bus.jetstream
        await self.bus.ensure_stream(self.stream)
        config = api.ConsumerConfig(
            durable_name=self.consumer,
            deliver_policy=api.DeliverPolicy.ALL,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=4 * FETCH,
            filter_subjects=self.subjects,
        )
        try:
            known = (await jetstream.consumer_info(self.stream, self.consumer)).config
            # The version before this one may have listened to fewer kinds of events.
            wanted = set(known.filter_subjects or [known.filter_subject]) != set(self.subjects)
        except NotFoundError:
            wanted = True
        if wanted:
            await jetstream.add_consumer(self.stream, config)
        return await jetstream.pull_subscribe_bind(durable=self.consumer, stream=self.stream)

    async def _consume(self) -> None:
        subscription = await self._subscribe()
        try:
            await self._look(subscription)
            heard = asyncio.get_running_loop().time()
            self.state.last_fault, self.state.listening = None, True
            while True:
                try:
                    messages = await subscription.fetch(FETCH, timeout=FETCH_SECONDS)
                except TimeoutError:
                    messages = []
                await self._look(subscription)
                if messages:
                    heard = asyncio.get_running_loop().time()
                    await self._handle_all(messages)
                elif self.state.pending and asyncio.get_running_loop().time() - heard > SILENCE_SECONDS:
                    log.warning("subscription_silent", stream=self.stream, pending=self.state.pending)
                    return
        finally:
            self.state.listening = False
            with contextlib.suppress(NatsError, OSError, TimeoutError):
                await subscription.unsubscribe()

    async def _look(self, subscription: JetStreamContext.PullSubscription) -> None:
        """See what the server holds for us: whoever asks whether all has arrived must know it from the first moment on."""
        info = await subscription.consumer_info()
        self.state.pending, self.state.unacknowledged = info.num_pending or 0, info.num_ack_pending or 0

    async def _handle_all(self, messages: list[Msg]) -> None:
        working = asyncio.create_task(_say_still_working(messages))
        try:
            while messages:
                await self._handle(messages[0])
                messages.pop(0)
        finally:
            working.cancel()
            with contextlib.suppress(NatsError, OSError):  # what was fetched and not handled goes back at once
                for message in messages:
                    await message.nak()

    async def _handle(self, message: Msg) -> None:
        try:
            envelope = Envelope(message.headers)
        except (KeyError, ValueError):  # not published by us; kept waiting, it would hold up every event behind it
            log.error("event_malformed", stream=self.stream, sequence=message.metadata.sequence.stream)
            await message.term()
            return
        continue_trace(envelope.traceparent)
        try:
            await self.apply(envelope, message.data)
        except Exception as fault:
            if is_of_the_surroundings(fault):
                await self._later(message, envelope, fault)
            else:
                await self._failed(message, envelope, fault)
        else:
            await message.ack()
            self.state.handled += 1
            # Not only by the next look at the server, which may be a whole fetch away.
            self.state.unacknowledged = max(self.state.unacknowledged - 1, 0)
            self.state.last_at, self.state.last_fault = now(), None

    async def apply(self, envelope: Envelope, data: bytes) -> bool:
        """Give one event its effect, once; returns False where it had it already."""
        event_type, handler = self.consumers.handlers[envelope.type]
        event = event_type.model_validate(orjson.loads(data))
        async with self.database.transaction() as tx:
            first = await tx.execute(
                insert(InboxRow)
                .values(consumer=self.consumer, event_id=envelope.event_id)
                .on_conflict_do_nothing()
                .returning(InboxRow.event_id)
            )
            if first.first() is None:
                CONSUMED.labels(type=envelope.type, outcome="repeated").inc()
                return False
            await handler(
                tx,
                event,
                Delivery(envelope.process, self.consumer, envelope.event_id, envelope.recorded_at, self.owners),
            )
        CONSUMED.labels(type=envelope.type, outcome="handled").inc()
        return True

    async def _later(self, message: Msg, envelope: Envelope, fault: Exception) -> None:
        self.state.last_fault = type(fault).__name__
        log.warning("event_waits", event_id=str(envelope.event_id), type=envelope.type, reason=type(fault).__name__)
        await message.nak(delay=_back_off(message.metadata.num_delivered or 1))

    async def _failed(self, message: Msg, envelope: Envelope, fault: Exception) -> None:
        tries = message.metadata.num_delivered or 1
        self.state.last_fault = type(fault).__name__
        log.error("event_failed", event_id=str(envelope.event_id), type=envelope.type, tries=tries, exc_info=fault)
        if tries < TRIES and not isinstance(fault, ValidationError | KeyError):
            await message.nak(delay=_back_off(tries))
            return
        CONSUMED.labels(type=envelope.type, outcome="dead").inc()
        async with self.database.transaction() as tx:
            tx.add(
                DeadLetter(
                    id=new_id(),
                    consumer=self.consumer,
                    event_id=envelope.event_id,
                    type=envelope.type,
                    stream=self.stream,
                    sequence=message.metadata.sequence.stream,
                    tries=tries,
                    reason=type(fault).__name__,
                    trace=frames(fault),
                )
            )
        await message.term()

    async def redrive(self, letter_id: UUID) -> bool:
        """Give a dead letter its effect after all; returns False where it is not one of this stream's.

        EventGone where the stream no longer holds the event; the handler's own fault where it fails again.
        """
        async with self.database.transaction() as tx:
            letter = await tx.get(DeadLetter, letter_id)
        if letter is None or letter.stream != self.stream:
            return False
        if letter.redriven_at is not None:
            return True
        envelope, data = await self.bus.stored(self.stream, letter.sequence)
        if envelope.event_id != letter.event_id:  # the stream was lost and numbers its events anew
            raise EventGone
        continue_trace(envelope.traceparent)
        await self.apply(envelope, data)
        async with self.database.transaction() as tx:
            (await tx.get_one(DeadLetter, letter_id)).redriven_at = now()
        return True


def _back_off(tries: int) -> float:
    return float(min(2 ** (tries - 1), LONGEST_BACK_OFF_SECONDS))


async def _say_still_working(messages: list[Msg]) -> None:
    """Keep JetStream from delivering again what is being handled now."""
    while True:
        await asyncio.sleep(STILL_WORKING_SECONDS)
        with contextlib.suppress(NatsError, OSError):
            for message in list(messages):
                await message.in_progress()


async def count_dead_letters(database: Database) -> int:
    """Dead letters that nobody has redriven yet."""
    async with database.transaction() as tx:
        waiting = select(func.count()).select_from(DeadLetter).where(DeadLetter.redriven_at.is_(None))
        return await tx.scalar(waiting) or 0
