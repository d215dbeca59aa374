"""The worker that counts what was asked for: who would stand on a list, before anybody has a name."""

import asyncio
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.country_work import Work, rows_waiting, worker_of
from services.matching.figures.choosing import Choice, choose
from services.matching.figures.country import Country
from services.matching.reading_country import read_country
from services.matching.rules.targeting import ListStatus, tie_key, tie_seed
from services.matching.targeting.commands import ITSELF, turn
from services.matching.targeting.models import TargetingList
from services.matching.targeting.terms import wanted_of
from shared.clock import now
from shared.copying import copy_rows
from shared.platform import Platform

COUNTING_FAILED = "counting_failed"
"""In the place of a reason, where a fault of ours kept a list from being counted: it is rejected, and recorded."""


async def _count(platform: Platform, tx: AsyncSession, list_id: UUID, version: int) -> None:
    found = await tx.get_one(TargetingList, list_id)
    country = await read_country(tx, now().date())
    choice = await asyncio.to_thread(_chosen, country, found)
    async with platform.database.transaction() as end:
        await keep(end, list_id, version, choice)


def _chosen(country: Country, found: TargetingList) -> Choice:
    seed = tie_seed(found.seed)
    return choose(country, wanted_of(found.terms), lambda household: tie_key(seed, found.id, household))


async def keep(tx: AsyncSession, list_id: UUID, version: int, choice: Choice) -> None:
    """Keep who was chosen, unless the list has moved on meanwhile: narrowed, withdrawn, or counted by another process."""
    found = await tx.get_one(TargetingList, list_id, with_for_update=True)
    if (found.version, found.status) != (version, ListStatus.REQUESTED):
        return
    rows = [(list_id, place, UUID(id_), top_up) for place, (id_, top_up) in enumerate(choice.chosen.iter_rows(), 1)]
    await copy_rows(tx, "targeted_households", ("list_id", "position", "household_id", "top_up"), rows)
    found.counts, found.counted_at = choice.counts, now()
    turn(tx, found, ListStatus.COUNTED, by=ITSELF)


async def _give_up(tx: AsyncSession, _: Exception, list_id: UUID, version: int) -> None:
    found = await tx.get_one(TargetingList, list_id, with_for_update=True)
    if (found.version, found.status) == (version, ListStatus.REQUESTED):
        turn(tx, found, ListStatus.REJECTED, by=ITSELF, reason=COUNTING_FAILED)


COUNTING = Work(
    "list counts",
    select(TargetingList.id, TargetingList.version)
    .where(TargetingList.status == ListStatus.REQUESTED)
    .order_by(TargetingList.id),
    _count,
    _give_up,
)
count_lists = worker_of("count_lists", COUNTING)


async def lists_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: lists not yet counted."""
    return {"lists_to_count": await rows_waiting(platform, COUNTING)}
