"""A request whose head comes drop by drop, or not at all, holds no connection for long; a slow body is another matter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.shared.patient_server import Receive, Send, serving


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr("shared.patience.HEAD_SECONDS", 0.4)

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"%02d" % size})

    async with serving(app) as port:
        yield port


async def closed_after(port: int, drops: list[bytes], pause: float) -> float:
    """Seconds until the server hangs up on who sends these bytes one by one, with pauses."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()
    end = asyncio.create_task(reader.read())
    for drop in drops:
        if end.done():
            break
        writer.write(drop)
        await asyncio.sleep(pause)
    assert await asyncio.wait_for(end, 5) == b""
    writer.close()
    return time.monotonic() - began


async def test_who_sends_nothing_and_who_sends_a_head_drop_by_drop_is_hung_up_on(port: int) -> None:
    assert 0.3 < await closed_after(port, [], 0) < 2
    head = b"GET / HTTP/1.1\r\nHost: door\r\n" + b"X-Slow: y\r\n" * 400
    assert 0.3 < await closed_after(port, [bytes([one]) for one in head], 0.02) < 2
    assert 0.3 < await closed_after(port, [b"\r\n"] * 200, 0.05) < 2


async def test_a_second_request_on_a_connection_has_its_own_time_and_a_slow_body_takes_its_own(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(b"POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 2\r\n\r\n")
        await asyncio.sleep(0.6)
        writer.write(b"ab")
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n02"), 5)).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.6)  # at rest between requests: uvicorn's keep-alive decides
    writer.close()
