"""The connection to NATS JetStream, and the form of our events on it (CloudEvents 1.0, binary mode).

JetStream is a replaceable transport: PostgreSQL keeps every event. Losing NATS costs latency, never an event.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import nats
import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError

from shared.ids import new_id
from shared.logs import log
from shared.outbox import OutboxRow

STREAM_MAX_AGE_SECONDS = 14 * 24 * 3600
"""A consumer may be away for a fortnight; older events are read from the outbox by the operator's replay."""
DUPLICATE_WINDOW_SECONDS = 2 * 3600
STREAM_MAX_BYTES = 128 << 20
"""Events are thin: some 200,000. NATS sets this aside for each stream; when one is full, events wait in the outbox."""
PUBLISH_TIMEOUT_SECONDS = 10
CONNECT_SECONDS = 2
BATCH_HEADERS = ("Nats-Batch-Id", "Nats-Batch-Sequence", "Nats-Batch-Commit")
BATCH_HOLDS_KNOWN_ID = 10201
"""JetStream's error for an atomic batch with a message id it has already stored."""


class EventGone(Exception):
    """The stream no longer holds the event: it aged out, or NATS lost its store."""


class Bus:
    """One process's connection to NATS; reconnects for ever."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self._client = Client()
        self._attempt: asyncio.Task[Client] | None = None
        self._ensured: set[str] = set()
        self.reconnections = 0
        """How often the server was lost and found again; what it holds may have changed each time."""

    @property
    def connected(self) -> bool:
        return self._client.is_connected

    @property
    def jetstream(self) -> JetStreamContext:
        return self._client.jetstream(timeout=PUBLISH_TIMEOUT_SECONDS)

    async def connect(self) -> None:
        """Connect, waiting as long as NATS is not there: a service lives and answers without it."""
        while True:
            # Never cancelled: cut short, nats-py leaves its socket open. `close` waits for the attempt's own end.
            self._attempt = asyncio.create_task(
                nats.connect(
                    self._url,
                    name=self._name,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.5,
                    ping_interval=5,
                    connect_timeout=CONNECT_SECONDS,
                    error_cb=_report,
                    reconnected_cb=self._reconnected,
                )
            )
            try:
                self._client = await asyncio.shield(self._attempt)
                return
            except (OSError, NatsError, TimeoutError) as fault:
                log.warning("nats_unreachable", reason=type(fault).__name__)
                await asyncio.sleep(1)

    async def _reconnected(self) -> None:
        self.reconnections += 1

    async def close(self) -> None:
        """Close what there is; nothing where NATS was never met."""
        if self._attempt is None:
            return
        with contextlib.suppress(NatsError, TimeoutError, OSError):
            client = await asyncio.wait_for(self._attempt, 2 * CONNECT_SECONDS)
            await client.close()

    async def ensure_stream(self, process: str) -> None:
        """Create the stream of `process` where it is not there (also after NATS lost its whole store)."""
        if process in self._ensured:
            return
        wanted = api.StreamConfig(
            name=process,
            subjects=[f"{process}.>"],
            storage=api.StorageType.FILE,
            retention=api.RetentionPolicy.LIMITS,
            discard=api.DiscardPolicy.NEW,
            max_bytes=STREAM_MAX_BYTES,
            max_age=STREAM_MAX_AGE_SECONDS,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
            allow_atomic=True,
            num_replicas=1,
        )
        try:
            await self.jetstream.stream_info(process)
        except NotFoundError:
            await self.jetstream.add_stream(wanted)
        self._ensured.add(process)

    async def stream_stands(self, process: str) -> tuple[datetime, int]:
        """When the stream of `process` was created, and its last sequence."""
        await self.ensure_stream(process)
        info = await self.jetstream.stream_info(process)
        created = info.created
        if created is None:
            raise LookupError(f"NATS does not say when the stream {process} was created")
        return created, info.state.last_seq

    def forget_streams(self) -> None:
        """Look again whether streams exist: NATS may have come back empty."""
        self._ensured.clear()

    async def publish(self, process: str, rows: list[OutboxRow], publisher: str) -> list[int]:
        """Publish outbox rows in order; returns their stream sequences. One fsync where there are many."""
        await self.ensure_stream(process)
        if len(rows) > 1:
            try:
                return await self._publish_batch(process, rows, publisher)
            except APIError as fault:
                if fault.err_code != BATCH_HOLDS_KNOWN_ID:
                    raise
        return [await self._publish_one(process, row, publisher) for row in rows]

    async def stored(self, stream: str, sequence: int) -> tuple["Envelope", bytes]:
        """The event that lies in a stream under a sequence, with its data. EventGone where none does."""
        try:
            found = await self.jetstream.get_msg(stream, sequence)
        except NotFoundError:
            raise EventGone from None
        return Envelope(found.headers), found.data or b""

    async def _publish_one(self, process: str, row: OutboxRow, publisher: str) -> int:
        ack = await self.jetstream.publish(
            process + row.type.removeprefix(publisher), orjson.dumps(row.data), headers=envelope(process, row)
        )
        return ack.seq

    async def _publish_batch(self, process: str, rows: list[OutboxRow], publisher: str) -> list[int]:
        # nats-py has no helper for atomic batches (ADR-50): three headers and one reply, on the last message.
        batch = str(new_id())
        for number, row in enumerate(rows, start=1):
            last = number == len(rows)
            headers = envelope(process, row) | {BATCH_HEADERS[0]: batch, BATCH_HEADERS[1]: str(number)}
            subject, payload = process + row.type.removeprefix(publisher), orjson.dumps(row.data)
            if last:
                headers[BATCH_HEADERS[2]] = "1"
            if last or number == 1:  # the first is asked for, too: a refused batch is known before the rest is sent
                reply = await self._client.request(subject, payload, timeout=PUBLISH_TIMEOUT_SECONDS, headers=headers)
                answer = orjson.loads(reply.data) if reply.data else {}
                if "error" in answer:
                    raise APIError.from_error(answer["error"])
            else:
                await self._client.publish(subject, payload, headers=headers)
        last_sequence = int(answer["seq"])
        return list(range(last_sequence - len(rows) + 1, last_sequence + 1))


async def _report(fault: Exception) -> None:
    log.warning("nats_fault", reason=type(fault).__name__)


def envelope(process: str, row: OutboxRow) -> dict[str, str]:
    """The CloudEvents attributes of an event as NATS headers; the id makes a repeated publish harmless."""
    return {
        "Nats-Msg-Id": str(row.event_id),
        "ce-specversion": "1.0",
        "ce-id": str(row.event_id),
        "ce-type": row.type,
        "ce-source": f"/{process}",
        "ce-subject": str(row.aggregate_id),
        "ce-time": row.recorded_at.astimezone(UTC).isoformat(),
        "ce-dataschema": f"/events/{row.type}.json",
        "ce-sequence": str(row.version),
        "ce-traceparent": row.traceparent,
        "content-type": "application/json",
    }


class Envelope:
    """The attributes of a received event. KeyError or ValueError where the headers are not those of our events."""

    def __init__(self, received: Mapping[str, str] | None) -> None:
        headers = received or {}
        self.event_id = UUID(headers["ce-id"])
        self.type = str(headers["ce-type"])
        self.process = str(headers["ce-source"]).lstrip("/")
        self.traceparent = str(headers.get("ce-traceparent", ""))
        self.recorded_at = datetime.fromisoformat(headers["ce-time"])
