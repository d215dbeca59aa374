"""Work over the whole country that somebody asked for by a row: the oldest first, one at a time in all processes.

It reads one state of the database, in a transaction that holds its lock while threads compute; what comes of it is kept in another,
where the row still waits for it. One cut by a death is done again from its beginning; one that fails is told so in words.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, text

from shared.consuming import is_of_the_surroundings
from shared.errors import Refusal
from shared.logs import log
from shared.platform import Platform, Worker

LOOK_SECONDS = 1.0
LONGEST = "15min"
"""The transaction that holds the lock waits while a thread computes: many times as long as a country takes."""


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work.

    `waiting`: what tells the rows apart that wait, the oldest first: an id, and a version where the row may be asked anew. Both
    others are given that, too. `do` gets a transaction in which to read, and keeps what comes of it by itself; `give_up` gets one
    in which to say of the row that it failed, where it still waits as it did.
    """

    name: str
    """Of its lock, and in the log."""
    waiting: Select[*tuple[Any, ...]]
    do: Callable[..., Awaitable[None]]
    """Of platform, transaction, and what `waiting` gives."""
    give_up: Callable[..., Awaitable[None]]
    """Of transaction, fault, and what `waiting` gives."""


def worker_of(name: str, *kinds: Work) -> Worker:
    """A worker that does these kinds for ever, a later one where none of an earlier waits."""

    async def work(platform: Platform) -> None:
        while True:
            for one in kinds:
                if await do_next(platform, one):
                    break
            else:
                await platform.wait_for_work(LOOK_SECONDS)

    work.__name__ = name
    return work


async def do_next(platform: Platform, work: Work) -> bool:
    """The next that waits, in this process or none; whether there was one and it was this process's."""
    async with platform.database.transaction() as tx:
        await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        await tx.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST}'"))
        row = (await tx.execute(work.waiting.limit(1))).first()
        if row is None or not await tx.scalar(select(func.pg_try_advisory_xact_lock(func.hashtext(work.name)))):
            return False
        try:
            await work.do(platform, tx, *row)
        except Exception as fault:
            if is_of_the_surroundings(fault):
                raise  # the worker is started again, and does it anew
            if not isinstance(fault, Refusal):  # which is an answer
                log.error("country_work_failed", work=work.name, row=str(row[0]), exc_info=fault)
            async with platform.database.transaction() as end:
                await work.give_up(end, fault, *row)
    return True


async def rows_waiting(platform: Platform, *kinds: Work) -> int:
    """How many rows wait, for the health page."""
    async with platform.database.transaction() as tx:
        counts = [await tx.scalar(select(func.count()).select_from(one.waiting.subquery())) for one in kinds]
        return sum(one or 0 for one in counts)
