"""Events in: what the registry and the programs announce."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching import projecting
from services.matching.models import Place
from shared.clock import now
from shared.consuming import Consumers, Delivery
from shared.contracts.programs import EnrollmentsChanged, ProgramPublished
from shared.contracts.registry import (
    HouseholdChanged,
    HouseholdEvent,
    HouseholdMerged,
    HouseholdMoved,
    HouseholdRemoved,
    HouseholdSplit,
    HouseholdsRegistered,
    PlacesPublished,
)

consumers = Consumers()


@consumers.on(PlacesPublished)
async def take_over_places(tx: AsyncSession, event: PlacesPublished, delivery: Delivery) -> None:
    places = [place async for place in delivery.owners.items("registry", "/internal/places")]
    await projecting.replace_places(tx, places)


@consumers.on(HouseholdsRegistered)
async def take_over_households(tx: AsyncSession, event: HouseholdsRegistered, delivery: Delivery) -> None:
    await _take_over_change(tx, event.batch_id, delivery)


# One change announces several events, one for each household it touched: the first to come brings them all, and the
# others find nothing newer. A person's change touches the households that show the person.
@consumers.on(HouseholdChanged)
@consumers.on(HouseholdMoved)
@consumers.on(HouseholdSplit)
@consumers.on(HouseholdMerged)
@consumers.on(HouseholdRemoved)
async def take_over_household(tx: AsyncSession, event: HouseholdEvent, delivery: Delivery) -> None:
    await _take_over_change(tx, event.change_id, delivery)


async def _take_over_change(tx: AsyncSession, change_id: UUID, delivery: Delivery) -> None:
    # Places come first in the registry's stream, but an event may come late: without them no household has a wilaya.
    if not await tx.scalar(select(func.count()).select_from(Place)):
        await projecting.replace_places(
            tx, [one async for one in delivery.owners.items("registry", "/internal/places")]
        )
    path = f"/internal/household-batches/{change_id}"
    households = [household async for household in delivery.owners.items("registry", path)]
    await projecting.put_households(tx, households, now().date())


@consumers.on(EnrollmentsChanged)
async def take_over_enrollments(tx: AsyncSession, event: EnrollmentsChanged, delivery: Delivery) -> None:
    path = f"/internal/enrollment-batches/{event.batch_id}"
    changes = [change async for change in delivery.owners.items(delivery.process, path)]
    await projecting.put_beneficiaries(tx, event.institution, changes)


@consumers.on(ProgramPublished)
async def take_over_program(tx: AsyncSession, event: ProgramPublished, delivery: Delivery) -> None:
    program = await delivery.owners.get(delivery.process, f"/internal/programs/{event.program}")
    await projecting.put_program(tx, program)
