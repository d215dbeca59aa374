"""Events in: what the registry and the programs announce."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching import deliveries, handing_over, holding, projecting
from services.matching.life import noticing
from services.matching.locking import hold_owner_lock
from services.matching.models import Place
from services.matching.targeting import remarks
from shared.clock import now
from shared.consuming import Consumers, Delivery
from shared.contracts.programs import (
    DeliveriesRecorded,
    EnrollmentsChanged,
    LinkRefused,
    ProgramPublished,
    SchoolsChanged,
    ValuesChanged,
)
from shared.contracts.registry import (
    HouseholdChanged,
    HouseholdEvent,
    HouseholdMerged,
    HouseholdMoved,
    HouseholdRemoved,
    HouseholdSplit,
    HouseholdsRegistered,
    IndividualMerged,
    PlaceChanged,
    PlacesPublished,
    RemarksAnswered,
)

consumers = Consumers()

PLACE_KINDS = ("wilaya", "moughataa", "commune")
"""Villages are not compared: a list names them too freely to tell people apart by."""


@consumers.on(PlacesPublished)
async def take_over_places(tx: AsyncSession, event: PlacesPublished, delivery: Delivery) -> None:
    await _take_over_places(tx, delivery)


@consumers.on(PlaceChanged)
async def take_over_place(tx: AsyncSession, event: PlaceChanged, delivery: Delivery) -> None:
    # The whole table as it is now: two events late, twice or in the wrong order end in the same table.
    await _take_over_places(tx, delivery)


async def _take_over_places(tx: AsyncSession, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    items = delivery.owners.items("registry", "/internal/places", kind=PLACE_KINDS)
    await projecting.replace_places(tx, [place async for place in items])


@consumers.on(HouseholdsRegistered)
async def take_over_households(tx: AsyncSession, event: HouseholdsRegistered, delivery: Delivery) -> None:
    await _take_over_change(tx, event.batch_id, delivery)


# One change announces several events, one for each household it touched: the first to come brings them all, and the
# others find nothing newer. A person's change touches the households that show the person.
@consumers.on(HouseholdChanged)
@consumers.on(HouseholdMoved)
@consumers.on(HouseholdSplit)
@consumers.on(HouseholdRemoved)
async def take_over_household(tx: AsyncSession, event: HouseholdEvent, delivery: Delivery) -> None:
    await _take_over_change(tx, event.change_id, delivery)


@consumers.on(HouseholdMerged)
async def take_over_merged_household(tx: AsyncSession, event: HouseholdMerged, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    # The merge first: whoever was decided to be of the one household is then looked for in the other.
    await holding.put_merge(tx, event.household_id, event.version, event.into_household_id)
    await _take_over_change(tx, event.change_id, delivery)


@consumers.on(IndividualMerged)
async def take_over_merged_individual(tx: AsyncSession, event: IndividualMerged, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    # An undo is no news here: whoever is a member again is itself again.
    await holding.put_merge(tx, event.individual_id, event.version, event.into_individual_id)
    await _take_over_change(tx, event.change_id, delivery)


async def _take_over_change(tx: AsyncSession, change_id: UUID, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    # Places come first in the registry's stream, but an event may come late: without them no household has a wilaya.
    if not await tx.scalar(select(func.count()).select_from(Place)):
        await _take_over_places(tx, delivery)
    path = f"/internal/household-batches/{change_id}"
    households = [household async for household in delivery.owners.items("registry", path)]
    decided = await holding.decided_members(tx, [UUID(one["id"]) for one in households])
    disabled = await noticing.disabilities_held(tx, households)
    await projecting.put_households(tx, households, now().date())
    await noticing.notice_disabilities(tx, disabled, households, now().date())
    # Whom a person decided on may have left by a merge whose own event comes later: then the link follows at once.
    for individual_id in await holding.gone(tx, decided):
        standing = await delivery.owners.get("registry", f"/internal/individuals/{individual_id}/standing")
        if standing["merged_into"] is not None:
            await holding.put_merge(tx, individual_id, standing["version"], UUID(standing["merged_into"]))


@consumers.on(EnrollmentsChanged)
async def take_over_enrollments(tx: AsyncSession, event: EnrollmentsChanged, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    path = f"/internal/enrollment-batches/{event.batch_id}"
    changes = [change async for change in delivery.owners.items(delivery.process, path)]
    await projecting.put_beneficiaries(tx, event.institution, changes)
    await handing_over.take_over_proposals(tx, changes)
    await noticing.notice_exits(tx, changes)


@consumers.on(ValuesChanged)
async def take_over_values(tx: AsyncSession, event: ValuesChanged, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    asked = {"program": event.program, "first": str(event.first_id), "last": str(event.last_id)}
    items = delivery.owners.items(delivery.process, "/internal/monthly-values", **asked)
    await projecting.put_values(tx, [one async for one in items])


@consumers.on(DeliveriesRecorded)
async def take_over_deliveries(tx: AsyncSession, event: DeliveriesRecorded, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    # By the page: a report may hold a hundred thousand, and to put them all at once would hold up every request.
    async for page in delivery.owners.pages(delivery.process, f"/internal/delivery-batches/{event.batch_id}"):
        await deliveries.put_deliveries(tx, event.institution, page)


@consumers.on(LinkRefused)
async def take_over_refusal(tx: AsyncSession, event: LinkRefused, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    await projecting.put_refusal(
        tx, await delivery.owners.get(delivery.process, f"/internal/link-refusals/{event.refusal_id}")
    )


@consumers.on(ProgramPublished)
async def take_over_program(tx: AsyncSession, event: ProgramPublished, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    program = await delivery.owners.get(delivery.process, f"/internal/programs/{event.program}")
    await projecting.put_program(tx, program)
    await handing_over.settle_waiting(tx, event.program)


@consumers.on(SchoolsChanged)
async def take_over_schools(tx: AsyncSession, event: SchoolsChanged, delivery: Delivery) -> None:
    await hold_owner_lock(tx, delivery.process)
    schools = [one async for one in delivery.owners.items(delivery.process, "/internal/schools")]
    await projecting.replace_schools(tx, event.institution, schools)


@consumers.on(RemarksAnswered)
async def take_over_answers(tx: AsyncSession, event: RemarksAnswered, delivery: Delivery) -> None:
    # What became of the whole batch as it is now: an answer late, twice or before another ends in the same.
    path = f"/internal/remark-batches/{event.batch_id}"
    await remarks.take_over_answers(tx, [one async for one in delivery.owners.items("registry", path)])
