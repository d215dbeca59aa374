"""An application behind our HTTP protocol, on a free port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from running import StoppedAtOnce
from shared.patience import PatientProtocol

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[int]:
    """The port at which `app` answers."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(16)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", http=PatientProtocol)
    server = StoppedAtOnce(config)
    task = asyncio.create_task(server.serve(sockets=[made]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield made.getsockname()[1]
    server.told.set()
    await task
    made.close()
