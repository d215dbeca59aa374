"""The server the tests start services with, where stopping it could spoil a test that has nothing to do with it."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings

import pytest
import uvicorn

from tests.running import StoppedAtOnce


async def answered_by_nobody(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody asks")


async def accepted_while_stopping(rounds: int) -> None:
    """Stop a server `rounds` of the loop after somebody knocked."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = StoppedAtOnce(uvicorn.Config(answered_by_nobody, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    with socket.create_connection(listening.getsockname()):
        for _ in range(rounds):
            await asyncio.sleep(0)
        server.told.set()
        await task


@pytest.mark.parametrize("rounds", range(5))
def test_a_connection_accepted_while_stopping_is_closed(rounds: int) -> None:
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter("always")
        asyncio.run(accepted_while_stopping(rounds))
        gc.collect()

    assert [str(one.message) for one in left_open] == []
