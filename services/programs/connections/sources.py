"""Where rows are pulled from: the interface of a source, and the one that asks another database over SQL."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Protocol

from sqlalchemy import BigInteger, Date, DateTime, Text, bindparam, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeEngine

from services.programs.errors.connections import CursorNotUsable, CursorTied, QueryFailed, SourceUnreachable
from services.programs.rules.connections import Cursor, Pull

CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Pulled:
    """Rows of cells under their headers, in the order of the cursor. `more`: there were others behind."""

    headers: Sequence[str]
    rows: Sequence[Sequence[Any]]
    after: Cursor
    """The cursor of the last row; what was asked with, where there is none."""
    more: bool


class Source(Protocol):
    """Rows of an institution's own system since a cursor.

    Asked again with the same cursor it gives the same rows, or these and newer ones. Raises a Refusal of
    errors.connections where it cannot.
    """

    async def rows_after(self, after: Cursor, most: int) -> Pulled: ...


class SqlSource:
    """Asks a database by one query, in a transaction that may only read, for at most `timeout_seconds`."""

    def __init__(self, said: Pull) -> None:
        self._said = said

    async def rows_after(self, after: Cursor, most: int) -> Pulled:
        engine = create_async_engine(
            _url(self._said), poolclass=NullPool, connect_args=_bounds(self._said), hide_parameters=True
        )
        try:
            async with asyncio.timeout(self._said.timeout_seconds + CONNECT_SECONDS):
                headers, rows = await self._asked(engine, after, most + 1)
        except TimeoutError as fault:
            raise SourceUnreachable(reason=type(fault).__name__) from fault
        finally:
            await engine.dispose()
        return cut(headers, rows, self._said.cursor, after, most)

    async def _asked(self, engine: AsyncEngine, after: Cursor, most: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        # Each driver has faults of its own; what matters is whether it failed before the query or with it.
        try:
            connection = await engine.connect()
        except Exception as fault:
            raise SourceUnreachable(reason=_name_of(fault)) from fault
        try:
            asked = text(self._said.query).bindparams(bindparam("after", after, _type_of(after)))
            found = await connection.stream(asked)
            rows: list[tuple[Any, ...]] = []
            async for row in found:
                rows.append(tuple(row))
                if len(rows) == most:
                    break
            return list(found.keys()), rows
        except Exception as fault:
            raise QueryFailed(reason=_name_of(fault)) from fault
        finally:
            await connection.close()


def _type_of(cursor: Cursor) -> TypeEngine[Any]:
    if isinstance(cursor, datetime):
        return DateTime(timezone=cursor.tzinfo is not None)
    if isinstance(cursor, date):
        return Date()
    return BigInteger() if isinstance(cursor, int) else Text()


def _url(said: Pull) -> URL:
    password = os.environ[said.password_env] if said.password_env else None
    return make_url(said.url).set(password=password)


def _bounds(said: Pull) -> dict[str, Any]:
    """PostgreSQL refuses every write, and ends a statement that takes too long. Elsewhere the account must do so."""
    if make_url(said.url).get_driver_name() != "asyncpg":
        return {}
    settings = {
        "application_name": "tekamoul",
        "default_transaction_read_only": "on",
        "statement_timeout": str(int(said.timeout_seconds * 1000)),
    }
    return {"timeout": CONNECT_SECONDS, "server_settings": settings}


def _name_of(fault: Exception) -> str:
    """PostgreSQL's code of the fault where it has one: a message may quote a row."""
    code = getattr(fault, "sqlstate", None) or getattr(getattr(fault, "orig", None), "sqlstate", None)
    return str(code or type(fault).__name__)


def cut(headers: Sequence[str], rows: Sequence[Sequence[Any]], column: str, after: Cursor, most: int) -> Pulled:
    """At most `most` of the rows, ended where the cursor changes: the next pull goes on behind it.

    CursorNotUsable where the column is missing, empty or falls, CursorTied where it does not change in so many rows.
    """
    if column not in headers:
        raise CursorNotUsable(column=column)
    place = headers.index(column)
    values = [row[place] for row in rows]
    try:
        # How texts are sorted is the database's own matter.
        rising = all(isinstance(one, str) or one <= other for one, other in pairwise(values))
    except TypeError:
        rising = False
    if not rising or None in values:
        raise CursorNotUsable(column=column)
    kept = len(rows)
    if kept > most:
        kept = most
        while kept and values[kept - 1] == values[most]:
            kept -= 1
        if kept == 0:
            raise CursorTied(column=column, most=most)
    return Pulled(headers, rows[:kept], values[kept - 1] if kept else after, more=len(rows) > most)
