"""The floor of writing rows down: PostgreSQL's COPY of the rows that a measured service left, in the same run."""

from __future__ import annotations

import time
from pathlib import Path

import asyncpg

from benchmarks.service_alone import ServiceAlone


async def copied_again(service: ServiceAlone, table: str, where: str = "true") -> float:
    """Seconds COPY takes for rows of a table into an empty one with the same keys, checks and indexes, and nothing else.

    `where` is a condition on them, written by the benchmark. Triggers and foreign keys are not part of it.
    """
    connection = await asyncpg.connect(service.database_url)
    try:
        return await copy_into_another(connection, table, where, service.folder / table)
    finally:
        await connection.execute(f"DROP TABLE IF EXISTS again_{table}")
        await connection.close()


async def copy_into_another(connection: asyncpg.Connection, table: str, where: str, file: Path) -> float:
    """Copy rows of a table by way of a file into `again_<table>`, and return the seconds of the way in."""
    try:
        await connection.copy_from_query(f"SELECT * FROM {table} WHERE {where}", output=file, format="binary")
        await connection.execute(f"CREATE TABLE again_{table} (LIKE {table} INCLUDING ALL)")
        started = time.monotonic()
        await connection.copy_to_table(f"again_{table}", source=file, format="binary")
        return time.monotonic() - started
    finally:
        file.unlink(missing_ok=True)
