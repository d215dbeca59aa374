"""An answer's head and body leave in one packet, and a slow reader still stops who writes."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from shared.patience import PatientProtocol
from tests.shared.patient_server import Receive, Send, serving

Scope = dict[str, Any]
MEBIBYTE = 1 << 20


def start(length: int) -> dict[str, Any]:
    return {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(length).encode())]}


class Written(asyncio.Transport):
    """What a server's protocol writes, write by write: the network would put together what it does not."""

    def __init__(self) -> None:
        super().__init__()
        self._writes: asyncio.Queue[bytes] = asyncio.Queue()

    async def next(self) -> bytes:
        """The next write; nothing where the transport was closed."""
        return await asyncio.wait_for(self._writes.get(), 5)

    def write(self, data: Any) -> None:
        self._writes.put_nowait(bytes(data))

    def close(self) -> None:
        self._writes.put_nowait(b"")

    def is_closing(self) -> bool:
        return False


async def test_head_and_body_are_one_packet_and_a_close_comes_after_them() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(5))
        await send({"type": "http.response.body", "body": b"whole"})

    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    config.load()
    protocol, transport = PatientProtocol(config, ServerState(), {}), Written()
    protocol.connection_made(transport)
    for closes in ("", "Connection: close\r\n"):
        protocol.data_received(f"GET / HTTP/1.1\r\nHost: door\r\n{closes}\r\n".encode())
        answer = await transport.next()
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"\r\n\r\nwhole")
    assert await transport.next() == b""
    protocol.connection_lost(None)


async def test_what_is_ready_leaves_while_the_rest_is_waited_for() -> None:
    told = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start(8))
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await told.wait()
        await send({"type": "http.response.body", "body": b"rest"})

    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: door\r\n\r\n")
        assert (await asyncio.wait_for(reader.readuntil(b"half"), 5)).startswith(b"HTTP/1.1 200")
        told.set()
        assert await asyncio.wait_for(reader.readexactly(4), 5) == b"rest"
        writer.close()


async def test_who_sends_faster_than_the_reader_reads_is_stopped_and_nothing_is_lost_or_exchanged() -> None:
    sent = 0
    pieces = [bytes([place % 251]) * (1 + place * 7919 % 40_000) for place in range(4_000)]
    whole = b"".join(pieces)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(start(len(whole)))
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            sent += len(piece)
        await send({"type": "http.response.body", "body": b""})

    async with serving(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
        writer.write(b"GET / HTTP/1.1\r\nHost: door\r\n\r\n")
        await asyncio.sleep(1)
        assert len(whole) > 60 * MEBIBYTE
        assert sent < 20 * MEBIBYTE  # what lies in the sockets' buffers
        await reader.readuntil(b"\r\n\r\n")
        assert await asyncio.wait_for(reader.readexactly(len(whole)), 30) == whole
        writer.close()
