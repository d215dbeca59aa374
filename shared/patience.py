"""uvicorn's HTTP protocol, less patient and in fewer packets: who sends a request's head drop by drop is not waited for, and an
answer's head and body leave together."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""From opening a connection, or from a request's first byte on it, until the head is complete. A head is a few hundred bytes."""

MOST_JOINED_BYTES = 64 << 10
"""What is more goes out at once: whoever sends much must learn from the transport that the reader is slow."""


class _Joined:
    """A transport that sends what is written within one turn of the loop together: uvicorn writes an answer's head, and then its
    body, and each would be a packet of its own that wakes the reader."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._pieces: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MOST_JOINED_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pieces, self._pieces, self._size = self._pieces, [], 0
        if pieces:
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))


class PatientProtocol(HttpToolsProtocol):
    """Closes a connection whose request does not get past its head in time. Bodies have their own bound, in the gateway."""

    _head_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(cast(asyncio.Transport, _Joined(transport, self.loop)))
        self._wait_for_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._head_due is None:  # also from the opening on: bytes that begin no request do not begin the time anew
            self._head_due = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None
