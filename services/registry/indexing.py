"""The worker that lets search know what has changed, within a second or two of it."""

import asyncio
import gc
import time

from sqlalchemy import func, select, text

from services.registry.commands.indexing import index_changes
from services.registry.models import Change
from services.registry.queries.name_words import NameWords
from shared.importing.applying import imports_waiting
from shared.platform import Platform, Worker

LOOK_SECONDS = 0.5
SHARE_BESIDE_IMPORTS = 0.03
"""Of the time, while a file is applied: both need the same processor, and names can be searched a little later."""

LONGEST_COUNTING = "5min"
MANY_ROUNDS = 20
"""Behind for so many in a row, it has read a whole file."""


def index_worker(words: NameWords) -> Worker:
    async def index_names(platform: Platform) -> None:
        rounds_behind = 0
        while True:
            started = time.monotonic()
            async with platform.database.transaction() as tx:
                done = await index_changes(tx)
            words.take(done.words)
            async with platform.database.transaction() as tx:
                await words.refresh(tx)
            took = time.monotonic() - started
            if rounds_behind >= MANY_ROUNDS and not done.more:
                # The names it has read stay in caches. Each collection of garbage would walk through them again, and
                # nobody is answered meanwhile: a second, after a country.
                gc.collect()
                gc.freeze()
                await _tell_the_planner(platform)
            rounds_behind = rounds_behind + 1 if done.more else 0
            # Caught up, it lets changes gather: a round after each single one costs more than the change itself.
            rest = 0.0 if done.more else LOOK_SECONDS
            if done.changes and any((await imports_waiting(platform)).values()):
                rest = max(rest, took * (1 / SHARE_BESIDE_IMPORTS - 1))
            await asyncio.sleep(rest)

    return index_names


async def _tell_the_planner(platform: Platform) -> None:
    """Count the keys anew and put what waits into their index: which keys a crowd has is read from the statistics."""
    async with platform.database.transaction() as tx:
        await tx.execute(text(f"SET LOCAL statement_timeout = '{LONGEST_COUNTING}'"))
        await tx.execute(text("SELECT gin_clean_pending_list('ix_name_keys_keys')"))
        await tx.execute(text("ANALYZE name_keys"))


async def changes_to_index(platform: Platform) -> dict[str, int]:
    """Changes whose names search does not know yet."""
    async with platform.database.transaction() as tx:
        return {"changes_to_index": await tx.scalar(select(func.count()).where(~Change.searchable)) or 0}
