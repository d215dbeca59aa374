"""Load for the gateway's benchmarks, in a process of its own: HTTP spoken by hand on uvloop, which costs least.

`python -m benchmarks.gateway_load` reads one JSON list of streams from standard input and prints what each met. A stream is
{url, token, path, headers, connections, seconds, per_s}: with `per_s` requests begin at those moments whether or not answers have come
(a wait for a free connection counts as time); without it each connection asks again as soon as it is answered.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

WARM_SHARE = 0.2
"""Of a stream's time, at its beginning: not counted."""
DRAIN_SECONDS = 10.0


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self._seen = b""
        self._begun = 0.0
        self.under_way = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own, which is no subclass
        self._stream.free(self)

    def ask(self, since: float) -> None:
        self._begun, self.under_way = since, True
        self.transport.write(self._stream.request)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, found, body = self._seen.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().find(b"content-length:")
        if at < 0:
            raise RuntimeError(head.decode("latin-1"))
        if len(body) < int(head[at + 15 :].split(b"\r\n", 1)[0]):
            return
        self._seen, self.under_way = b"", False
        self._stream.note(self._begun, int(head[9:12]))
        self._stream.free(self)

    def connection_lost(self, fault: Exception | None) -> None:
        self._stream.lost(self)


class _Stream:
    """What one partner asks, and what it met."""

    def __init__(
        self,
        url: str,
        token: str,
        path: str,
        connections: int,
        seconds: float,
        per_s: float = 0.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        where = urlsplit(url)
        self._host, self._port = str(where.hostname), int(where.port or 80)
        told = {"Host": where.netloc, "Authorization": f"Bearer {token}", **(headers or {})}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self.request = f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()
        self._connections, self._seconds, self._per_s = connections, seconds, per_s
        self._idle: deque[_Connection] = deque()
        self._due: deque[float] = deque()
        self._took: list[float] = []
        self._statuses: dict[int, int] = {}
        self._under_way = self._unanswered = self._closed = 0
        self._ends = self._counts_from = float("inf")

    async def run(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        made = [
            (await loop.create_connection(lambda: _Connection(self), self._host, self._port))[1]
            for _ in range(self._connections)
        ]
        begun = time.perf_counter()
        self._counts_from, self._ends = begun + self._seconds * WARM_SHARE, begun + self._seconds
        if self._per_s:
            await self._pace(begun)
        else:
            for one in list(self._idle):
                self._idle.remove(one)
                self._ask(one, time.perf_counter())
            await asyncio.sleep(self._seconds)
        deadline = time.perf_counter() + DRAIN_SECONDS
        while (self._under_way or self._due) and time.perf_counter() < deadline:
            await asyncio.sleep(0.01)
        told = self._told()
        for one in made:
            one.transport.close()
        return told

    async def _pace(self, begun: float) -> None:
        for place in range(int(self._seconds * self._per_s)):
            due = begun + place / self._per_s
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            self._due.append(due)
            if self._idle:
                self._ask(self._idle.popleft(), self._due.popleft())

    def _ask(self, connection: _Connection, since: float) -> None:
        self._under_way += 1
        connection.ask(since)

    def free(self, connection: _Connection) -> None:
        now = time.perf_counter()
        if self._due:
            self._ask(connection, self._due.popleft())
        elif not self._per_s and self._counts_from != float("inf") and now < self._ends:
            self._ask(connection, now)
        else:
            self._idle.append(connection)

    def note(self, begun: float, status: int) -> None:
        now = time.perf_counter()
        self._under_way -= 1
        if self._counts_from <= now <= self._ends or self._per_s:
            self._statuses[status] = self._statuses.get(status, 0) + 1
            if status == 200 and begun >= self._counts_from:
                self._took.append((now - begun) * 1000)

    def lost(self, connection: _Connection) -> None:
        """One that was waiting for its answer is a fault; one that nobody used was closed by the server, and is not used again."""
        if connection.under_way:
            self._under_way -= 1
            self._unanswered += 1
        elif connection in self._idle:
            self._idle.remove(connection)
            self._closed += 1

    def _told(self) -> dict[str, Any]:
        ranked = sorted(self._took) or [0.0]
        return {
            "per_s": round(len(self._took) / (self._seconds * (1 - WARM_SHARE)), 1),
            "p50_ms": round(ranked[len(ranked) // 2], 2),
            "p99_ms": round(ranked[len(ranked) * 99 // 100], 2),
            "statuses": self._statuses,
            "without_answer": self._unanswered + self._under_way + len(self._due),
            "closed": self._closed,
        }


async def _all(streams: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(await asyncio.gather(*(_Stream(**one).run() for one in streams)))


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_all(json.load(sys.stdin)))))
