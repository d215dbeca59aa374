"""The load of the gateway's benchmarks: what it says of answers that are late, that never come, and of connections that are closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.gateway_load import _Stream

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@asynccontextmanager
async def server(*, first_seconds: float = 0.0, cut_from: int = 10_000, closes: bool = False) -> AsyncIterator[str]:
    """Answers after a while; cuts every connection from that request on; closes those it has answered once."""
    asked, tasks = 0, set[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        tasks.add(asyncio.current_task())
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                asked += 1
                await asyncio.sleep(first_seconds)
                if asked >= cut_from:
                    break
                writer.write(HELLO)
                if closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    opened = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{opened.sockets[0].getsockname()[1]}"
    opened.close()
    await asyncio.gather(*(one for one in tasks if one is not None))


async def load(url: str, **wanted: Any) -> dict[str, Any]:
    stream: dict[str, Any] = {"url": url, "token": "x", "path": "/", "connections": 10, "seconds": 0.5}
    return await _Stream(**stream | wanted).run()


async def test_an_answer_that_is_late_is_waited_for_though_the_server_closed_connections_that_nobody_used() -> None:
    async with server(first_seconds=0.2, closes=True) as url:
        told = await load(url, connections=10, per_s=10.0)

    assert (told["statuses"], told["without_answer"]) == ({200: 5}, 0)
    assert told["closed"] == 5


async def test_a_request_whose_connection_is_cut_has_no_answer() -> None:
    async with server(cut_from=4) as url:
        told = await load(url, connections=10, per_s=10.0)

    assert (told["statuses"], told["without_answer"], told["closed"]) == ({200: 3}, 2, 0)


async def test_each_connection_asks_again_as_soon_as_it_is_answered() -> None:
    async with server(first_seconds=0.05) as url:
        told = await load(url, connections=4, seconds=1.0)

    assert told["without_answer"] == told["closed"] == 0
    assert 20 <= told["statuses"][200] <= 80  # four connections, sixteen rounds in the 0.8 s that count
