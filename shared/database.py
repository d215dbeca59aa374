"""Sessions and tables: one PostgreSQL database per process, one transaction per request or event."""

import errno
import math
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Request
from sqlalchemy import ARRAY, MetaData, Uuid, any_, bindparam, event, text
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

from shared.clock import now
from shared.connecting import attempts_ended, connect
from shared.copying import flush_rows
from shared.logs import log
from shared.settings import ServiceSettings

STATEMENT_TIMEOUT_MS = 30_000
"""No single statement of ours needs longer; one that does holds locks others wait for."""
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
POOL_WAIT_SECONDS = 10
ASK_AFTER_SECONDS = 1.0
RETURNED_AT = "returned_at"
CLOSE_SECONDS = 1.0
PARAMETERS_PER_STATEMENT = 32_767
"""PostgreSQL's protocol counts parameters in 16 bits."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


DATABASE_AWAY = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    # While a connection is being made, the driver's own faults come as they are: refused, shutting down, starting up.
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    TimeoutError,
)
DISK_FULL = "53100"
PASSING = frozenset({"40001", "40P01", DISK_FULL, "53300", "55P03", "57P01", "57P02", "57P03"})
"""PostgreSQL's words for a transaction that met another one (serialization, deadlock, a lock held too long), for a full disk, for
too many connections, and for a server that stops or starts."""
LOOK_FOR_ROOM = "CREATE TEMPORARY TABLE room ON COMMIT DROP AS SELECT repeat('.', 1000) FROM generate_series(1, 2000)"
"""Two megabytes on PostgreSQL's disk, gone with the transaction."""


def is_passing(fault: Exception) -> bool:
    """Whether the same again later may succeed: the database was away, or busy with another transaction."""
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    return isinstance(fault, DATABASE_AWAY) or sqlstate_of(fault) in PASSING


def is_full(fault: BaseException) -> bool:
    """Whether there was no room on a disk: PostgreSQL's, or our own."""
    if isinstance(fault, OSError):
        return fault.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(fault, Exception) and sqlstate_of(fault) == DISK_FULL


def any_of(values: Collection[Any], kind: TypeEngine[Any] | None = None) -> Any:
    """`ANY` of an array (of ids, where no `kind` is given): one parameter, however many values there are."""
    return any_(bindparam(None, list(values), ARRAY(kind or Uuid())))


def sqlstate_of(fault: Exception) -> str | None:
    """PostgreSQL's word for a fault, whether SQLAlchemy passed it on or it came from the driver itself."""
    return getattr(fault.orig if isinstance(fault, DBAPIError) else fault, "sqlstate", None)


class PlatformBase(DeclarativeBase):
    """Tables that every process has: outbox, inbox, dead letters, idempotency keys, history."""

    metadata = MetaData(naming_convention=NAMING)


def _server_settings(process: str) -> dict[str, str]:
    return {
        "application_name": process,
        "timezone": "UTC",
        "jit": "off",
        "statement_timeout": str(STATEMENT_TIMEOUT_MS),
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
    }


def _replace_lost_connections(engine: AsyncEngine) -> None:
    """Give nobody a connection that PostgreSQL has ended: a restart of PostgreSQL fails no later request.

    The driver notices by itself when the other end closes. Where that end vanished silently only a question tells, and
    it costs three exchanges, as much as a small request: it is asked of a connection that has rested for a while.
    """

    def taken(connection: Any, record: Any, _: Any) -> None:
        rested = time.monotonic() - record.info.get(RETURNED_AT, math.inf)
        try:
            if connection.driver_connection.is_closed():
                raise InvalidatePoolError
            if ASK_AFTER_SECONDS < rested < math.inf:
                connection.ping()
        except engine.dialect.loaded_dbapi.Error as fault:
            raise InvalidatePoolError from fault

    def returned(_: Any, record: Any) -> None:
        record.info[RETURNED_AT] = time.monotonic()

    event.listen(engine.sync_engine, "checkout", taken)
    event.listen(engine.sync_engine, "checkin", returned)


class Database:
    """The engine and sessions of one process."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.engine: AsyncEngine = create_async_engine(
            settings.sqlalchemy_url(),
            pool_size=settings.database_connections,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            hide_parameters=True,  # a statement quoted in a log must not quote a person
            async_creator=lambda: connect(str(settings.database_url), server_settings=_server_settings(settings.name)),
        )
        _replace_lost_connections(self.engine)
        self.full_since: datetime | None = None
        """Since when PostgreSQL finds no room on its disk for what this process writes; None where it does."""
        event.listen(self.engine.sync_engine, "handle_error", lambda told: self.note(told.original_exception))
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end of the block, or rolls back on any exception."""
        async with self._sessions() as session, session.begin():
            yield session
            await flush_rows(session, last=True)

    def note(self, fault: BaseException) -> None:
        """Keep in mind that the disk is full, where that is what a statement failed with."""
        if self.full_since is None and is_full(fault):
            self.full_since = now()
            log.error("database_disk_full")

    async def look_for_room(self) -> None:
        """See whether a disk that was full has room again."""
        if self.full_since is None:
            return
        try:
            async with self.transaction() as tx:
                await tx.execute(text(LOOK_FOR_ROOM))
        except DBAPIError as fault:
            if not is_full(fault):
                raise
        else:
            log.info("database_disk_has_room", full_since=self.full_since.isoformat())
            self.full_since = None

    async def answers(self) -> None:
        """Raise unless the database answers."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()
        await attempts_ended(CLOSE_SECONDS)


async def _transaction(request: Request) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.platform.database
    async with database.transaction() as tx:
        yield tx


# scope="function": the commit happens before the answer leaves. FastAPI's default scope would answer 200 first
# and commit after, so that a failed commit would look like success to the caller.
Tx = Annotated[AsyncSession, Depends(_transaction, scope="function")]
