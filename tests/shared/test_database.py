"""Connections to PostgreSQL that end by themselves."""

import asyncio
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy import text

import shared.database
from shared.database import Database
from small_service import Small

AT_ONCE = 3


async def work(database: Database) -> int:
    """The process number of the connection that did it."""
    async with database.transaction() as tx:
        pid: int = await tx.scalar(text("SELECT pg_backend_pid() FROM pg_sleep(0.02)"))
    return pid


async def work_at_once(database: Database) -> set[int]:
    return set(await asyncio.gather(*(work(database) for _ in range(AT_ONCE))))


async def test_connections_that_postgresql_ended_are_replaced_before_they_are_used(small: Small) -> None:
    ended = await work_at_once(small.database)
    outside = await asyncpg.connect(str(small.settings.database_url))
    await outside.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest($1::int[]) AS pid", list(ended))
    await outside.close()
    await asyncio.sleep(0)  # the word that they ended is there; whoever reads it comes first

    begun = await work_at_once(small.database)

    assert len(ended) == len(begun) == AT_ONCE
    assert not ended & begun


class Vanishing:
    """A way to PostgreSQL whose connections can vanish: neither end is told, until one of them says something."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._vanished: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._ways: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return self._to._replace(netloc=f"{self._to.username}:{self._to.password}@127.0.0.1:{port}").geturl()

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    def vanish(self) -> None:
        self._vanished |= self._open

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        there, to = await asyncio.open_connection(self._to.hostname, self._to.port)
        for one in (self._forth(reader, writer, to), self._forth(there, writer, writer)):
            self._ways.add(asyncio.create_task(one))

    async def _forth(
        self, reader: asyncio.StreamReader, caller: asyncio.StreamWriter, to: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65_536):
            if caller in self._vanished:
                caller.transport.abort()
                break
            to.write(data)
        to.close()


async def test_a_rested_connection_that_vanished_silently_is_replaced(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.database, "ASK_AFTER_SECONDS", 0.0)
    way = Vanishing(str(small.settings.database_url))
    async with way as url:
        database = Database(small.settings.model_copy(update={"database_url": url}))
        gone = await work_at_once(database)
        way.vanish()

        begun = await work_at_once(database)

        await database.close()
    assert len(gone) == len(begun) == AT_ONCE
    assert not gone & begun
