"""Events a programs service listens to."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands import news
from services.programs.commands.links import Link, links_lost, set_links
from services.programs.commands.places import replace_places
from services.programs.rules.status import LinkStatus
from services.programs.schemas.registry import HouseholdStanding, IndividualStanding
from shared.consuming import Consumers, Delivery
from shared.contracts.matching import LinksChanged
from shared.contracts.registry import (
    HouseholdChanged,
    HouseholdEvent,
    HouseholdMerged,
    HouseholdMoved,
    HouseholdRemoved,
    HouseholdSplit,
    HouseholdsRegistered,
    IndividualChanged,
    IndividualDeceased,
    IndividualMerged,
    PlaceChanged,
    PlacesPublished,
)

consumers = Consumers()
PLACE_KINDS = ("wilaya", "moughataa", "commune")


@consumers.on(PlacesPublished)
async def take_over_places(tx: AsyncSession, event: PlacesPublished, delivery: Delivery) -> None:
    await _take_over_places(tx, delivery)


@consumers.on(PlaceChanged)
async def take_over_place(tx: AsyncSession, event: PlaceChanged, delivery: Delivery) -> None:
    await _take_over_places(tx, delivery)


async def _take_over_places(tx: AsyncSession, delivery: Delivery) -> None:
    items = delivery.owners.items("registry", "/internal/places", kind=PLACE_KINDS)
    await replace_places(tx, [place async for place in items])


@consumers.on(LinksChanged)
async def keep_links(tx: AsyncSession, event: LinksChanged, delivery: Delivery) -> None:
    # The stream holds every institution's batches; only ours are about our enrollments.
    if delivery.consumer != f"programs-{event.institution}":
        return
    path = f"/internal/link-batches/{event.batch_id}"
    links = [_link(item) async for item in delivery.owners.items(delivery.process, path)]
    # Matching may have heard of a death, and let go of who died, before we have: then this is how we hear of it.
    lost = await links_lost(tx, links)
    for individual_id in lost.individuals:
        person = await _individual(delivery, individual_id)
        await news.look_at_individual(tx, person, person.change_id, fresh=True)
    for household_id in lost.households:
        household = await _household(delivery, household_id)
        await news.look_at_household(tx, household, household.change_id, fresh=True)
    await set_links(tx, links)


@consumers.on(IndividualDeceased)
async def hear_of_a_death(tx: AsyncSession, event: IndividualDeceased, delivery: Delivery) -> None:
    # Which households the person headed, the registry alone knows.
    person = await _individual(delivery, event.individual_id)
    await news.look_at_individual(tx, person, event.change_id, fresh=True)


@consumers.on(IndividualMerged)
async def hear_of_one_person_in_two(tx: AsyncSession, event: IndividualMerged, delivery: Delivery) -> None:
    if await news.concerns_us(tx, event.individual_id, event.into_individual_id):
        person = await _individual(delivery, event.individual_id)
        await news.look_at_individual(tx, person, event.change_id, fresh=True)


@consumers.on(IndividualChanged)
async def look_again_at_a_person(tx: AsyncSession, event: IndividualChanged, delivery: Delivery) -> None:
    # An undo is announced as a change: what was opened may have to be lifted, or opened again.
    if await news.under_review(tx, event.individual_id):
        person = await _individual(delivery, event.individual_id)
        await news.look_at_individual(tx, person, event.change_id, fresh=False)


@consumers.on(HouseholdMerged)
@consumers.on(HouseholdMoved)
@consumers.on(HouseholdRemoved)
async def hear_of_a_household(tx: AsyncSession, event: HouseholdEvent, delivery: Delivery) -> None:
    others = [event.into_household_id] if isinstance(event, HouseholdMerged) else []
    if await news.concerns_us(tx, event.household_id, *others):
        household = await _household(delivery, event.household_id)
        moved = isinstance(event, HouseholdMoved) and event.from_commune != event.to_commune
        await news.look_at_household(tx, household, event.change_id, fresh=True, moved=moved)


@consumers.on(HouseholdsRegistered)
async def hear_of_moves_by_file(tx: AsyncSession, event: HouseholdsRegistered, delivery: Delivery) -> None:
    for household_id in await news.of_concern(tx, event.moved):
        household = await _household(delivery, household_id)
        await news.look_at_household(tx, household, event.batch_id, fresh=True, moved=True)


@consumers.on(HouseholdSplit)
async def hear_of_a_split(tx: AsyncSession, event: HouseholdSplit, delivery: Delivery) -> None:
    if await news.concerns_us(tx, event.household_id):
        made = await _household(delivery, event.new_household_id)
        await news.look_at_split(tx, made, event.household_id, event.change_id, fresh=True)


@consumers.on(HouseholdChanged)
async def look_again_at_a_household(tx: AsyncSession, event: HouseholdChanged, delivery: Delivery) -> None:
    if await news.under_review(tx, event.household_id):
        household = await _household(delivery, event.household_id)
        await news.look_at_household(tx, household, event.change_id, fresh=False)
        await news.look_at_split(tx, household, None, event.change_id, fresh=False)


async def _household(delivery: Delivery, household_id: UUID) -> HouseholdStanding:
    path = f"/internal/households/{household_id}/standing"
    return HouseholdStanding.model_validate(await delivery.owners.get("registry", path))


async def _individual(delivery: Delivery, individual_id: UUID) -> IndividualStanding:
    path = f"/internal/individuals/{individual_id}/standing"
    return IndividualStanding.model_validate(await delivery.owners.get("registry", path))


def _link(item: dict[str, Any]) -> Link:
    probability = item["probability"]
    return Link(
        enrollment_id=UUID(item["enrollment_id"]),
        version=int(item["link_version"]),
        status=LinkStatus(item["status"]),
        individual_id=_id(item["individual_id"]),
        household_id=_id(item["household_id"]),
        probability=None if probability is None else Decimal(str(probability)),
    )


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
