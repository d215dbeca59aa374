"""A service as small as one can be, on a fresh database: for the tests of what every service shares."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import httpx
from fastapi import FastAPI
from nats.js.errors import NotFoundError
from sqlalchemy import Integer, MetaData, Text, UniqueConstraint, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import shared.consuming
import shared.history
import shared.idempotency
import shared.outbox  # noqa: F401 - the imports define tables
from servers import RunningServers
from shared.bus import Bus
from shared.clock import now
from shared.contracts.event import Event, Publisher
from shared.database import NAMING, Database, PlatformBase
from shared.http import Owners
from shared.identity import Caller, InternalKey
from shared.ids import new_id
from shared.importing.models import ImportsBase
from shared.migrating import OUTBOX_TRIGGER, OUTBOX_WAKES_RELAY
from shared.outbox import OutboxRow
from shared.settings import ServiceSettings
from shared.tracing import current_traceparent

REVISION = """
revision = "0001"
down_revision = None

def upgrade() -> None:
    pass
"""


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


class Note(Base):
    """Two notes with one text are refused, but only at the commit."""

    __tablename__ = "notes"
    __table_args__ = (UniqueConstraint("text", deferrable=True, initially="DEFERRED"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, default=1)


class NoteWritten(Event):
    type: ClassVar[str] = "registry.notes.written.v1"
    publisher: ClassVar[Publisher] = "registry"

    note_id: UUID

    def aggregate_id(self) -> UUID:
        return self.note_id


_free: dict[str, list[str]] = {}
"""Databases that a test has given back, by server: emptying one is ten times faster than making one."""


async def small_database(servers: RunningServers) -> str:
    """The URL of an empty database with every shared table and `notes`."""
    free = _free.setdefault(servers.postgres_url, [])
    if free:
        return free.pop()
    name = f"small_{secrets.token_hex(8)}"
    connection = await asyncpg.connect(servers.postgres_url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    await _make_tables(servers.database_url(name))
    return servers.database_url(name)


async def _empty(url: str) -> None:
    tables = [*PlatformBase.metadata.tables, *ImportsBase.metadata.tables, *Base.metadata.tables]
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY")
    finally:
        await connection.close()


async def _make_tables(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as connection:
        for metadata in (PlatformBase.metadata, ImportsBase.metadata, Base.metadata):
            await connection.run_sync(metadata.create_all)
        for statement in (
            OUTBOX_WAKES_RELAY,
            OUTBOX_TRIGGER,
            "CREATE TABLE alembic_version (version_num text)",
            "INSERT INTO alembic_version VALUES ('0001')",
        ):
            await connection.execute(text(statement))
    await engine.dispose()


@dataclass
class Small:
    """What a small service stands on. `process` is its own, so that no other test's stream is in the way."""

    servers: RunningServers
    folder: Path
    database_url: str
    process: str = field(default_factory=lambda: f"registry-{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        self.key_file = self.folder / "internal.key"
        self.key_file.write_bytes(secrets.token_hex(32).encode())
        self.key = InternalKey(self.key_file)
        self.migrations = self.folder / "migrations"
        (self.migrations / "versions").mkdir(parents=True)
        (self.migrations / "versions" / "0001_first.py").write_text(REVISION)
        self.settings = self.settings_of(self.process)
        self.database = Database(self.settings)
        self.bus = Bus(self.servers.nats_url, self.process)
        self.owners = Owners(self.settings, self.key)

    def settings_of(self, process: str, **extra: Any) -> ServiceSettings:
        values: dict[str, Any] = {
            "name": process,
            "DATABASE_URL": self.database_url,
            "NATS_URL": self.servers.nats_url,
            "internal_key_file": self.key_file,
            "service_urls": {self.process: "http://127.0.0.1:1"},
            "database_connections": 4,
        }
        return ServiceSettings(**{**values, **extra})

    def headers(self, *permissions: str, name: str = "tester") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key.token(Caller(name, frozenset(permissions)))}"}

    async def announce(self, event: Event) -> OutboxRow:
        """Publish an event as a relay would, without an outbox."""
        row = OutboxRow(
            event_id=new_id(),
            type=event.type,
            aggregate_id=event.aggregate_id(),
            version=event.version,
            data=event.model_dump(mode="json"),
            traceparent=current_traceparent(),
            recorded_at=now(),
        )
        await self.bus.publish(self.process, [row], "registry")
        return row

    async def stream(self) -> list[tuple[UUID, dict[str, str]]]:
        """Id and headers of every event in this process's stream, in order."""
        info = await self.bus.jetstream.stream_info(self.process)
        stored = [await self.bus.jetstream.get_msg(self.process, n + 1) for n in range(info.state.last_seq)]
        return [(UUID((one.headers or {})["ce-id"]), one.headers or {}) for one in stored]

    async def rows(self, statement: str) -> list[Any]:
        async with self.database.transaction() as tx:
            return list((await tx.execute(text(statement))).all())

    async def execute(self, statement: str) -> None:
        async with self.database.transaction() as tx:
            await tx.execute(text(statement))

    async def close(self) -> None:
        with contextlib.suppress(NotFoundError):  # each stream reserves a gibibyte
            await self.bus.jetstream.delete_stream(self.process)
        await self.owners.close()
        await self.bus.close()
        await self.database.close()
        await _empty(self.database_url)
        _free[self.servers.postgres_url].append(self.database_url)


@contextlib.asynccontextmanager
async def beside(*work: Awaitable[None]) -> AsyncIterator[None]:
    """Run work beside the test and end it with the block."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def serving(app: FastAPI, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """The app with its lifespan, and a client that speaks to it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://small", headers=headers) as client,
    ):
        yield client
