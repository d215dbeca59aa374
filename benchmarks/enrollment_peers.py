"""What the programs service is held against, enrollment by enrollment: PostgreSQL asked and written to by bare asyncpg.

The same questions and the same rows, with no HTTP, no token, no check and no rule before them: floors, not rivals.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

import asyncpg

from services.programs.queries.checking import BY

TABLES = ("enrollments", "history", "outbox")
"""What one enrollment writes. Its Idempotency-Key is a fourth row, which the peer is spared."""
LEFT = """
SELECT e.id AS enrollment_id, h.batch_id FROM enrollments e JOIN history h ON h.aggregate_id = e.id AND h.version = 1
ORDER BY e.id LIMIT $1
"""
DRAIN_SECONDS, LOOK_SECONDS = 300, 0.2
Writing = tuple[asyncpg.Record, ...]
"""One row for each of `TABLES`: what one transaction writes."""


async def ask_bare(
    url: str, questions: Sequence[dict[str, Any]], warm: int
) -> tuple[list[float], list[asyncpg.Record | None]]:
    """Milliseconds of each question by a prepared SELECT on one connection, and the columns that the service answers with.

    `questions` are bodies of `POST /v1/enrolled`; the first `warm` are asked twice and count once.
    """
    connection = await asyncpg.connect(url)
    try:
        prepared = {name: await connection.prepare(_select(column)) for name, column in BY.items()}
        took, found = [], []
        for question in chain(questions[:warm], questions):
            (name,) = question.keys() - {"program"}
            value = UUID(question[name]) if name.endswith("_id") else question[name]
            started = time.perf_counter()
            found.append(await prepared[name].fetchrow(question["program"], value))
            took.append((time.perf_counter() - started) * 1000)
        return took[warm:], found[warm:]
    finally:
        await connection.close()


def _select(column: str) -> str:
    return (
        "SELECT id, status, applied_on, enrolled_on, exited_on FROM enrollments"
        f" WHERE program_code = $1 AND {column} = $2 LIMIT 1"
    )


async def insert_bare(url: str, clients: int, writes: int) -> tuple[list[float], float]:
    """The milliseconds of each transaction, and the seconds of all: the rows the service left, written by three INSERTs each.

    They go into empty tables with the same keys, checks and indexes. RuntimeError where the server does not flush each commit.
    """
    async with asyncpg.create_pool(url, min_size=clients, max_size=clients) as pool:
        await _must_flush(pool)
        await _drained(pool)
        rows = await _left(pool, writes)
        for table in TABLES:
            await pool.execute(f"CREATE TABLE again_{table} (LIKE {table} INCLUDING ALL)")
        shared, started = iter(rows), time.perf_counter()
        each = await asyncio.gather(*(_insert(pool, shared) for _ in range(clients)))
        return list(chain.from_iterable(each)), time.perf_counter() - started


async def _insert(pool: asyncpg.Pool, rows: Iterator[Writing]) -> list[float]:
    took = []
    async with pool.acquire() as connection:
        for writing in rows:
            started = time.perf_counter()
            async with connection.transaction():
                for table, row in zip(TABLES, writing, strict=True):
                    await connection.execute(_insertion(table, row), *row.values())
            took.append((time.perf_counter() - started) * 1000)
    return took


def _insertion(table: str, row: asyncpg.Record) -> str:
    places = ", ".join(f"${at}" for at in range(1, len(row) + 1))
    return f"INSERT INTO again_{table} ({', '.join(row.keys())}) VALUES ({places})"


async def _left(pool: asyncpg.Pool, writes: int) -> list[Writing]:
    """The rows of so many enrollments, as the service wrote them."""
    left = await pool.fetch(LEFT, writes)
    if len(left) < writes:
        raise RuntimeError(f"{len(left)} of {writes} enrollments have a history")
    ids, batches = [one["enrollment_id"] for one in left], [one["batch_id"] for one in left]
    enrollments = await pool.fetch("SELECT * FROM enrollments WHERE id = ANY($1)", ids)
    history = await pool.fetch("SELECT * FROM history WHERE aggregate_id = ANY($1) AND version = 1", ids)
    outbox = await pool.fetch("SELECT * FROM outbox WHERE aggregate_id = ANY($1)", batches)
    rows = {one["id"]: one for one in enrollments}
    pasts = {one["aggregate_id"]: one for one in history}
    announced = {one["aggregate_id"]: one for one in outbox}
    return [(rows[id_], pasts[id_], announced[batch]) for id_, batch in zip(ids, batches, strict=True)]


async def _must_flush(pool: asyncpg.Pool) -> None:
    for setting in ("fsync", "synchronous_commit"):
        if (told := await pool.fetchval(f"SHOW {setting}")) != "on":
            raise RuntimeError(f"{setting} is {told}")


async def _drained(pool: asyncpg.Pool) -> None:
    """Wait until the service has published what it wrote: its relay must not disturb the peer."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while await pool.fetchval("SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"):
        if time.monotonic() > deadline:
            raise TimeoutError("the outbox was not published in time")
        await asyncio.sleep(LOOK_SECONDS)
