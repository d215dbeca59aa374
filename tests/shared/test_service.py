"""The process that serves."""

from __future__ import annotations

import asyncio
import gc
import socket

import uvicorn

from shared.service import YOUNG_OBJECTS, _Server


async def answered_by_nobody(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody asks")


async def test_once_it_has_started_the_collector_does_not_look_at_what_was_there() -> None:
    gc.unfreeze()  # the test session's own
    gc.disable()  # as `python -m <service>` starts
    before, listening = gc.get_threshold(), socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = _Server(uvicorn.Config(answered_by_nobody, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started:
            await asyncio.sleep(0.01)

        assert gc.get_freeze_count() > 10 * len(gc.get_objects())
        assert gc.get_threshold() == (YOUNG_OBJECTS, *before[1:])
        assert gc.isenabled()
    finally:
        server.should_exit = True
        await serving
        gc.enable()
        gc.set_threshold(*before)
