"""The workers of connections: each runs by itself, so that one institution's fault holds up no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import func, select

from services.programs.commands.connections import record_run
from services.programs.connections.configured import Configured, Layouts
from services.programs.connections.dropping import Folder
from services.programs.connections.pulling import pull
from services.programs.connections.sources import SqlSource
from services.programs.models import Connection
from services.programs.rules.connections import Drop
from shared.errors import Refusal
from shared.logs import log
from shared.platform import Platform, Waiting, Worker

Run = Callable[[Platform], Awaitable[bool]]
"""Runs once; whether there is more to be had at once."""


def connection_workers(connections: Sequence[Configured], layouts: Layouts) -> list[Worker]:
    return [_worker(one, _run(one, layouts)) for one in connections]


def _run(one: Configured, layouts: Layouts) -> Run:
    if isinstance(said := one.said, Drop):
        folder = Folder(one, said, layouts)

        async def look(platform: Platform) -> bool:
            await folder.look(platform)
            return False

        return look
    source = SqlSource(said)

    async def ask(platform: Platform) -> bool:
        return await pull(platform, one, said, source)

    return ask


def _worker(one: Configured, run: Run) -> Worker:
    async def run_connection(platform: Platform) -> None:
        while True:
            fault, more = None, False
            try:
                more = await run(platform)
            except Refusal as refused:
                fault = refused
                log.warning("connection_failed", connection=one.name, code=fault.code)
            async with platform.database.transaction() as tx:
                await record_run(tx, one.name, fault)
            if not more:
                await asyncio.sleep(one.said.every_seconds)

    return run_connection


def connections_failing(connections: Sequence[Configured]) -> Waiting:
    """For the health page: connections whose last run failed."""
    names = [one.name for one in connections]

    async def failing(platform: Platform) -> dict[str, int]:
        if not names:
            return {}
        async with platform.database.transaction() as tx:
            counted = select(func.count()).where(Connection.name.in_(names), Connection.failures > 0)
            return {"connections_failing": await tx.scalar(counted) or 0}

    return failing
