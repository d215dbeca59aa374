"""The fast ways in for rows: all of a command's by one statement, with the commit; and COPY where they are many."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from asyncpg import UniqueViolationError
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase

from shared.errors import Refusal

FEW_ROWS = 100
"""COPY asks the server for the table's types first and ends with two more exchanges; more rows than these outweigh it."""
WAITING, TAKEN = "rows that wait", "what to say where a key is taken"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows on their way into a table, their JSON as text. No column of theirs is an array."""

    table: type[DeclarativeBase]
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def add_rows(tx: AsyncSession, *tables: Rows, taken: Refusal | None = None) -> None:
    """Rows that go in when the transaction commits, or with `flush_rows`; rows that others refer to come first.

    Where nothing else is written they are one statement, which PostgreSQL takes whole or not at all: it needs neither
    a beginning nor a commit, each of which costs an exchange. `taken` is raised where somebody else has just entered
    what a unique key allows once.
    """
    tx.info.setdefault(WAITING, []).extend(one for one in tables if one.rows)
    if taken is not None:
        tx.info[TAKEN] = taken


async def flush_rows(tx: AsyncSession, *, last: bool = False) -> None:
    """Put in what waits, after what waits in the session; `last` where the transaction's commit is all that follows."""
    waiting: list[Rows] = tx.info.pop(WAITING, [])
    taken: Refusal | None = tx.info.pop(TAKEN, None)
    if not waiting:
        return
    await tx.flush()
    try:
        if any(len(one.rows) > FEW_ROWS for one in waiting):
            for one in waiting:
                await copy_ready_rows(tx, one.table.__tablename__, one.columns, one.rows)
        else:
            columns = [list(column) for one in waiting for column in zip(*one.rows, strict=True)]
            statement = _insert_all(tuple((one.table, one.columns) for one in waiting))
            await (await driver_of(tx, begun=not last)).execute(statement, *columns)
    except UniqueViolationError as fault:
        raise taken or fault from fault


@cache
def _insert_all(tables: tuple[tuple[type[DeclarativeBase], tuple[str, ...]], ...]) -> str:
    """Every column is one parameter, an array: the same statement for any number of rows."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    parts, place = [], 0
    for number, (table, columns) in enumerate(tables):
        arrays = []
        for name in columns:
            place += 1
            arrays.append(f"${place}::{table.__table__.c[name].type.compile(dialect)}[]")
        into = f"{table.__tablename__} ({', '.join(columns)})"
        parts.append(f"rows_{number} AS (INSERT INTO {into} SELECT * FROM unnest({', '.join(arrays)}))")  # noqa: S608 - names of ours
    return f"WITH {', '.join(parts)} SELECT"


async def copy_rows(tx: AsyncSession, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Copy rows into a table; dicts and lists become JSON. 180,000 rows/s and more, where INSERT makes 20,000."""
    ready = [tuple(orjson.dumps(v).decode() if isinstance(v, dict | list) else v for v in row) for row in rows]
    await copy_ready_rows(tx, table, columns, ready)


async def copy_ready_rows(
    tx: AsyncSession, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Copy rows in which JSON is text already."""
    if not rows:
        return
    driver = await driver_of(tx, begun=True)
    await driver.copy_records_to_table(table, columns=list(columns), records=rows)


async def driver_of(tx: AsyncSession, *, begun: bool = False) -> Any:
    """The session's own connection as the driver has it.

    PostgreSQL is told that the transaction begins when the session first says something to it, or here where it must
    have `begun`; until then every statement is seen, and stays, by itself.
    """
    connection = await tx.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if begun and not driver.is_in_transaction():
        await connection.exec_driver_sql("SELECT 1")
    return driver
