"""Households and the villages of the table: who lives in which, once the table knows it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import (
    announce,
    begin_change,
    believed_pieces,
    current_piece,
    keep_pieces,
    lock_households,
    state_facts,
)
from services.registry.commands.ranking import sources
from services.registry.errors.places import TooManyHouseholds
from services.registry.models import Household, Place
from services.registry.queries.place_table import place_table
from services.registry.rules.clocks import Origin, with_facts
from services.registry.schemas.places import HouseholdsSettled
from shared.clock import now
from shared.contracts.registry import HouseholdMoved
from shared.errors import NotFound

MOST_AT_ONCE = 500
"""Households that one transaction changes one by one: seconds, well inside a request's patience."""


async def move_households(
    tx: AsyncSession, village: Place, to_commune: str, from_on: date, *, by: str, reason: str | None
) -> None:
    """The households of a village live in another commune from a day on, because their village lies there."""
    ids = list(await tx.scalars(select(Household.id).where(Household.village_code == village.code)))
    if len(ids) > MOST_AT_ONCE:
        raise TooManyHouseholds(households=len(ids), limit=MOST_AT_ONCE)
    households = await lock_households(tx, ids)
    if not households:
        return
    origin = Origin(sources().source_of(by), from_on)
    changing = begin_change(tx, "move", households.values(), by=by, origin=origin, reason=reason)
    for one in households.values():
        changing.events[one.id] = HouseholdMoved(
            change_id=changing.id, household_id=one.id, from_commune=one.commune_code, to_commune=to_commune
        )
        await state_facts(tx, changing, one, {"commune_code": to_commune}, from_on=from_on)
    announce(tx, changing)


async def settle_households(tx: AsyncSession, code: str, *, by: str, reason: str | None) -> HouseholdsSettled:
    """Let the households of the commune whose village is written like one of this village's names belong to it.

    Files that come later are told the village as they are read; this is for households that were there before it.
    """
    village = await tx.get(Place, code)
    if village is None or village.kind != "village":
        raise NotFound
    ids, waiting = await _of_this_village(tx, village)
    households = await lock_households(tx, ids)
    if households:
        origin = Origin(sources().source_of(by), now().date())
        changing = begin_change(tx, "correction", households.values(), by=by, origin=origin, reason=reason)
        for one in households.values():
            # As true, and as well known, as the village's name that was written.
            here, told_by = one.true_from, current_piece(one).origin_of("village")
            pieces = with_facts(await believed_pieces(tx, one), {"village_code": code}, told_by, here)
            await keep_pieces(tx, changing, one, pieces)
        announce(tx, changing)
    return HouseholdsSettled(settled=len(ids), waiting=waiting)


async def _of_this_village(tx: AsyncSession, village: Place) -> tuple[Sequence[UUID], int]:
    """The first households whose village is written like this one, and how many there are beyond them."""
    unsettled = (Household.commune_code == village.parent_code) & Household.village_code.is_(None)
    table = await place_table(tx)
    spellings = await tx.scalars(select(Household.village).where(unsettled, Household.village.is_not(None)).distinct())
    meant = [one for one in spellings if table.village_code(village.parent_code or "", one) == village.code]
    here = unsettled & Household.village.in_(meant)
    ids = list(await tx.scalars(select(Household.id).where(here).order_by(Household.id).limit(MOST_AT_ONCE)))
    every = await tx.scalar(select(func.count()).select_from(Household).where(here)) or 0
    return ids, every - len(ids)
