"""What tests are started with, where it could spoil one that has nothing to do with it, or hide that one failed."""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings

import pytest
import uvicorn

from in_turn import in_turn
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


async def test_cases_in_turn_are_all_met_and_the_one_that_fails_is_named() -> None:
    met: list[tuple[int, str, int]] = []

    @in_turn(("number", "word"), [(1, "one"), (2, "two"), (3, "four"), (4, "four")])
    async def each(fixture: int, number: int, word: str) -> None:
        met.append((fixture, number, word))
        assert word != "four"

    with pytest.raises(AssertionError) as fault:
        await each(fixture=7)

    assert met == [(7, 1, "one"), (7, 2, "two"), (7, 3, "four")]
    assert fault.value.__notes__[-1] == "with {'number': 3, 'word': 'four'}"
