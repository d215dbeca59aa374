"""The connections to the services: HTTP/1.1 on the loop's own transports, kept open from one request to the next.

A general client took longer for a request than all else the door does with it (docs/decisions). This one speaks to our own services
alone: it knows no redirect, cookie or encoding, and takes no answer that does not say how long it is.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from typing import cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from gateway.asgi import Body, Headers

CONNECT_SECONDS = 3.0
KEPT_SECONDS = 3.0
"""Shorter than the services' own (uvicorn: 5 s): a connection they are just closing would lose a request."""
CONNECTIONS_PER_SERVICE = 100
MOST_HELD_BYTES = 256 << 10
"""Of an answer that its reader takes slower than the service sends; then the service waits."""
LARGEST_HEAD_BYTES = 64 << 10
WITHOUT_BODY = frozenset({204, 304})
SAY_NO_LENGTH = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods whose requests have no body where they do not speak of one."""


class NotReached(Exception):
    """No connection to the service in time."""


class Cut(Exception):
    """The service refused the connection, ended it before its answer was whole, or answered in a form we do not take."""


class ServiceAnswer:
    """A service's answer as it comes in: `status` and `headers` (names in lower case), then the body by `pieces`.

    Whoever was given one calls `close` when done with it.
    """

    def __init__(self, connection: _Connection, places: asyncio.Semaphore, method: str, seconds: float) -> None:
        self.status = 0
        self.headers: Headers = []
        self.ended = False
        self._connection, self._places, self._seconds = connection, places, seconds
        self._of_head = method == "HEAD"
        self._begun = self._stays = False
        self._pieces: list[bytes] = []
        self._held = self._head_size = 0
        self._fault: BaseException | None = None
        self._sending: asyncio.Task[None] | None = None
        self._news: asyncio.Future[None] | None = None
        self._silent_since = math.inf
        self._watch = connection.loop.call_later(seconds, self._look)

    async def begin(self) -> None:
        """Return once status and headers are there. Cut, TimeoutError, or what the request's own body ended with."""
        while not self._begun:
            await self._more()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes. Cut, TimeoutError."""
        while True:
            if self._pieces:
                yield self.taken()
            elif self.ended:
                return
            else:
                await self._more()

    def taken(self) -> bytes:
        """What of the body has come and was not taken before: all of it, where the answer has ended."""
        taken = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        self._connection.go_on()
        return taken

    def close(self) -> None:
        """Let the connection have another request; it ends where either side was not done."""
        self._watch.cancel()
        sent = True
        if self._sending is not None:
            sent = self._sending.done() and not self._sending.cancelled() and self._sending.exception() is None
            self._sending.cancel()
        self._connection.done(stays=sent and self.ended and self._stays and self._fault is None)
        self._places.release()

    def send(self, head: bytes, body: Body, *, chunked: bool) -> None:
        """Write the request; a body that is not held goes on as it comes."""
        if body.held is not None or not body.is_there:
            self._connection.transport.write(head + (body.held or b""))
            self._silent_since = self._connection.loop.time()
            return
        self._connection.transport.write(head)
        self._sending = asyncio.create_task(self._send_body(body, chunked=chunked))
        self._sending.add_done_callback(self._sent)

    async def _send_body(self, body: Body, *, chunked: bool) -> None:
        async for piece in body.pieces():
            self._connection.transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await self._connection.written(self._seconds)
        if chunked:
            self._connection.transport.write(b"0\r\n\r\n")

    def _sent(self, sending: asyncio.Task[None]) -> None:
        if not sending.cancelled() and (fault := sending.exception()) is not None:
            self.fail(fault)
        self._silent_since = self._connection.loop.time()  # from here on its silence is the service's

    async def _more(self) -> None:
        """Return once something new has come."""
        if self._fault is not None:
            raise self._fault
        self._silent_since = max(self._silent_since, self._connection.loop.time())
        self._news = self._connection.loop.create_future()
        await self._news

    def _look(self) -> None:
        """Has the service been silent for too long, while somebody waits for it?"""
        waits = self._news is not None and not self._news.done()
        left = self._seconds - (self._connection.loop.time() - self._silent_since) if waits else self._seconds
        if left <= 0:
            self.fail(TimeoutError())
        else:
            self._watch = self._connection.loop.call_later(min(left, self._seconds), self._look)

    def tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def fail(self, fault: BaseException) -> None:
        if self._fault is None:
            self._fault = fault
        self.tell()

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.ended:
            self.fail(Cut("more"))  # what is here goes out; the connection does not stay

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > LARGEST_HEAD_BYTES:
            self.fail(Cut("head"))
        elif not self._begun:  # those that come after a body say nothing that was asked for
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._begun or self._fault is not None:
            return
        parser = self._connection.parser
        status = parser.get_status_code()
        if status < 200:  # it goes on to work
            self.headers.clear()
            return
        said = dict(self.headers)
        bounded = b"content-length" in said or said.get(b"transfer-encoding", b"").lower() == b"chunked"
        if not bounded and not self._of_head and status not in WITHOUT_BODY:
            self.fail(Cut("length"))  # cut in the middle it would look whole
            return
        self.status, self._begun, self._stays = status, True, parser.should_keep_alive()
        if self._of_head:
            self.ended = True

    def on_body(self, piece: bytes) -> None:
        if self.ended:
            self.fail(Cut("body"))
            return
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > MOST_HELD_BYTES:
            self._connection.wait()

    def on_message_complete(self) -> None:
        self.ended = self._begun


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, pool: _Pool) -> None:
        self.loop = asyncio.get_running_loop()
        self.free_since = 0.0
        self.transport: asyncio.Transport
        self.parser: HttpResponseParser
        self._pool = pool
        self._answer: ServiceAnswer | None = None
        self._reads = True
        self._writable: asyncio.Future[None] | None = None

    def expect(self, answer: ServiceAnswer) -> None:
        """What comes from now on is this answer."""
        self._answer, self.parser = answer, HttpResponseParser(answer)

    def done(self, *, stays: bool) -> None:
        self._answer = None
        if stays and not self.transport.is_closing():
            self.go_on()
            self.free_since = self.loop.time()
            self._pool.free.append(self)
        else:
            self.transport.abort()

    def wait(self) -> None:
        self._reads = False
        self.transport.pause_reading()

    def go_on(self) -> None:
        if not self._reads:
            self._reads = True
            self.transport.resume_reading()

    async def written(self, seconds: float) -> None:
        """Return once the service has taken enough of what was sent; TimeoutError, Cut."""
        if self.transport.is_closing():
            raise Cut
        if self._writable is not None:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._writable)

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own, which is no subclass

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:  # nobody asked: whose answer would it be?
            self.transport.abort()
            return
        try:
            self.parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            answer.fail(Cut("form"))
        answer.tell()

    def connection_lost(self, fault: Exception | None) -> None:
        if self._answer is not None and not self._answer.ended:
            self._answer.fail(Cut("end"))
        if self in self._pool.free:
            self._pool.free.remove(self)
        self.resume_writing()

    def pause_writing(self) -> None:
        self._writable = self.loop.create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None


class _Pool:
    """The connections to one address: those nobody uses, and how many more there may be."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._by_tls = where.scheme == "https"
        self._host, self._port = str(where.hostname), where.port or (443 if self._by_tls else 80)
        self.host, self.before = where.netloc.encode("ascii"), where.path.rstrip("/").encode("ascii")
        self.free: list[_Connection] = []
        self.places = asyncio.Semaphore(CONNECTIONS_PER_SERVICE)

    async def take(self, seconds: float) -> _Connection:
        """A connection and one of the places, for which it waits so long. NotReached, Cut."""
        if self.places.locked():
            try:
                async with asyncio.timeout(seconds):
                    await self.places.acquire()
            except TimeoutError as fault:
                raise NotReached from fault
        else:
            await self.places.acquire()
        try:
            return self._kept() or await self._made()
        except BaseException:
            self.places.release()
            raise

    def _kept(self) -> _Connection | None:
        """The one that was used last; the older ones go, where even that is too old."""
        loop = asyncio.get_running_loop()
        while self.free:
            kept = self.free.pop()
            if loop.time() - kept.free_since < KEPT_SECONDS and not kept.transport.is_closing():
                return kept
            kept.transport.abort()
        return None

    async def _made(self) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                made = await loop.create_connection(
                    lambda: _Connection(self), self._host, self._port, ssl=self._by_tls or None
                )
        except TimeoutError as fault:
            raise NotReached from fault
        except OSError as fault:
            raise Cut("connection") from fault
        return made[1]


class Connections:
    """To all services. `seconds` bound each silence of theirs while they are waited for; a long upload has no bound."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pools: dict[str, _Pool] = {}

    async def ask(self, url: str, method: str, target: bytes, headers: Headers, body: Body) -> ServiceAnswer:
        """The answer, once it has begun. `target`: path and query as they go out; `headers` do not speak of host or length.

        NotReached, Cut, TimeoutError; and what the body ended with.
        """
        pool = self._pools.get(url)
        if pool is None:
            pool = self._pools[url] = _Pool(url)
        chunked = body.held is None and body.is_there and not body.length
        head = _head(method, pool, target, headers, body, chunked=chunked)
        connection = await pool.take(self._seconds)
        answer = ServiceAnswer(connection, pool.places, method, self._seconds)
        connection.expect(answer)
        try:
            answer.send(head, body, chunked=chunked)
            await answer.begin()
        except BaseException:
            answer.close()
            raise
        return answer

    def close(self) -> None:
        for pool in self._pools.values():
            for connection in pool.free:
                connection.transport.close()


def _head(method: str, pool: _Pool, target: bytes, headers: Headers, body: Body, *, chunked: bool) -> bytes:
    """ValueError where a line would hold the end of one."""
    lines = [b"%b %b%b HTTP/1.1" % (method.encode("ascii"), pool.before, target), b"host: " + pool.host]
    lines += [name + b": " + value for name, value in headers]
    if chunked:
        lines.append(b"transfer-encoding: chunked")
    elif body.held is not None:
        lines.append(b"content-length: %d" % len(body.held))
    elif body.length is not None or method not in SAY_NO_LENGTH:
        lines.append(b"content-length: %d" % (body.length or 0))
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    if head.count(b"\r") != len(lines) + 1 or head.count(b"\n") != len(lines) + 1:
        raise ValueError("an end of line within a line")
    return head
