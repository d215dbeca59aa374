"""Work over the whole country: done by one process, given up in words, left waiting where the surroundings fail."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from matching_cases import Projection, household, id_of
from services.matching.country_work import Work, do_next, rows_waiting, worker_of
from services.matching.errors import ProgramUnknown
from services.matching.models import Household


class Counted:
    """Work on households: one waits while its number begins with M."""

    def __init__(self, projection: Projection, fault: Exception | None = None) -> None:
        self.database = projection.database
        self.fault, self.done, self.failed = fault, [], []  # type: ignore[var-annotated]
        self.within = asyncio.Event()
        self.looked = asyncio.Event()
        waiting = select(Household.id, Household.version).where(Household.number.startswith("M")).order_by(Household.id)
        self.work = Work("tests", waiting, self.do, self.give_up)

    async def wait_for_work(self, seconds: float) -> None:
        self.looked.set()
        await asyncio.sleep(seconds)

    async def do(self, platform: Any, tx: AsyncSession, id_: UUID, version: int) -> None:
        self.within.set()
        await asyncio.sleep(0.05)
        if self.fault is not None:
            raise self.fault
        self.done.append((id_, version))
        await self._rename(id_, "D")

    async def give_up(self, tx: AsyncSession, fault: Exception, id_: UUID, version: int) -> None:
        self.failed.append((type(fault), id_, version))
        await tx.execute(text("UPDATE households SET number = 'F' || number WHERE id = :id"), {"id": id_})

    async def _rename(self, id_: UUID, to: str) -> None:
        async with self.database.transaction() as tx:
            await tx.execute(text("UPDATE households SET number = :to || number WHERE id = :id"), {"id": id_, "to": to})


ONE, TWO = sorted((id_of("household 1"), id_of("household 2")))


async def filled(projection: Projection, fault: Exception | None = None) -> Any:
    await projection.households(household(1), household(2))
    return Counted(projection, fault)


async def test_two_processes_do_each_row_once_and_a_worker_goes_on_to_the_last(projection: Projection) -> None:
    platform = await filled(projection)
    assert await rows_waiting(platform, platform.work, platform.work) == 4
    first = asyncio.create_task(do_next(platform, platform.work))
    await platform.within.wait()

    assert not await do_next(platform, platform.work)  # somebody else is at it

    assert await first
    worker = asyncio.ensure_future(worker_of("a_worker", platform.work)(platform))
    await platform.looked.wait()
    worker.cancel()
    assert platform.done == [(ONE, 1), (TWO, 1)]
    assert await rows_waiting(platform, platform.work) == 0


@pytest.mark.parametrize("fault", [ZeroDivisionError(), ProgramUnknown(pointer="/program")])
async def test_what_fails_is_given_up_and_the_next_follows(projection: Projection, fault: Exception) -> None:
    platform = await filled(projection, fault)

    done = [await do_next(platform, platform.work) for _ in range(3)]

    assert done == [True, True, False]
    assert platform.failed == [(type(fault), ONE, 1), (type(fault), TWO, 1)]


async def test_where_the_surroundings_fail_it_waits_for_the_next_time(projection: Projection) -> None:
    platform = await filled(projection, ConnectionRefusedError())

    with pytest.raises(ConnectionRefusedError):
        await do_next(platform, platform.work)

    assert (platform.failed, await rows_waiting(platform, platform.work)) == ([], 2)


async def test_its_transaction_writes_nothing(projection: Projection) -> None:
    platform = await filled(projection)

    async def writes(_: Any, tx: AsyncSession, id_: UUID, version: int) -> None:
        await tx.execute(text("DELETE FROM households"))

    await do_next(platform, Work("tests", platform.work.waiting, writes, platform.give_up))

    assert [one[0].__name__ for one in platform.failed] == ["DBAPIError"]
