"""Which faults speak against an event, and which only make it wait: an event given up is a change lost."""

import httpx
import pytest
from asyncpg import CannotConnectNowError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from servers import RunningServers
from shared.consuming import is_of_the_surroundings
from shared.http import OwnerUnavailable


@pytest.mark.parametrize(
    "fault",
    [
        OwnerUnavailable("registry"),
        httpx.ConnectError("refused"),
        ConnectionResetError(),
        CannotConnectNowError("starting up"),
    ],
)
def test_what_others_fail_at_makes_an_event_wait(fault: Exception) -> None:
    assert is_of_the_surroundings(fault)


@pytest.mark.parametrize("fault", [KeyError("field"), ValueError("no number"), ZeroDivisionError()])
def test_what_an_event_says_speaks_against_it(fault: Exception) -> None:
    assert not is_of_the_surroundings(fault)


async def test_a_lock_held_too_long_makes_an_event_wait(servers: RunningServers) -> None:
    """Linking holds its lock for longer than another waits, on a machine that has too much to do."""
    assert is_of_the_surroundings(await refused(servers, "SET lock_timeout = '50ms'", "SELECT pg_advisory_lock(7)"))


async def test_a_full_disk_makes_an_event_wait(servers: RunningServers) -> None:
    full = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    assert is_of_the_surroundings(await refused(servers, "SELECT 1", full))


async def test_a_statement_that_cannot_be_right_speaks_against_the_event(servers: RunningServers) -> None:
    assert not is_of_the_surroundings(await refused(servers, "SELECT 1", "SELECT 1 / 0"))


async def refused(servers: RunningServers, before: str, statement: str) -> DBAPIError:
    """What a statement fails with while another connection holds advisory lock 7."""
    engine = create_async_engine(servers.postgres_url.replace("postgresql://", "postgresql+asyncpg://"))
    try:
        async with engine.connect() as holder, engine.connect() as other:
            await holder.execute(text("SELECT pg_advisory_lock(7)"))
            await other.execute(text(before))
            with pytest.raises(DBAPIError) as fault:
                await other.execute(text(statement))
            await other.rollback()
            return fault.value
    finally:
        await engine.dispose()
