"""What happens to people: birth, death, succession, marriage."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.acting import Acting
from services.registry.commands.changing import (
    Changing,
    announce,
    lock_households,
    lock_individuals,
    make_individual,
    state_facts,
    touch,
)
from services.registry.commands.checking import (
    first_day,
    membership_of,
    refuse_before_known,
    refuse_before_membership,
    refuse_future,
    refuse_inactive_household,
    refuse_inactive_individual,
    refuse_to_leave,
)
from services.registry.commands.correcting import lock_homes
from services.registry.commands.memberships import (
    add_nni,
    begin_membership,
    change_role,
    current_memberships,
    end_membership,
)
from services.registry.errors import AlreadyHead, NotAMember, OneHead
from services.registry.models import Household, Individual, Membership
from services.registry.rules.proposals import Birth, Death, Marriage, Succession
from shared.contracts.registry import HouseholdRemoved, IndividualDeceased

LAST_MEMBER = "last_member_gone"


async def register_birth(tx: AsyncSession, proposal: Birth, acting: Acting) -> Changing:
    """A child enters the registry and the household on the day it was born."""
    household = (await lock_households(tx, [proposal.household_id]))[proposal.household_id]
    refuse_inactive_household(household)
    person = proposal.individual
    refuse_future(person.birth_date, "/proposal/individual/birth_date")
    if proposal.relationship == "head":
        raise OneHead(pointer="/proposal/relationship")
    since = max(person.birth_date, await first_day(tx, household))

    changing = acting.begin(tx, "birth", [household], person.birth_date)
    made = await make_individual(tx, changing, person.model_dump(mode="json", exclude={"nni"}), since)
    begin_membership(
        tx,
        changing,
        household_id=household.id,
        individual_id=made.id,
        relationship=proposal.relationship,
        from_on=since,
    )
    if person.nni:
        add_nni(tx, changing, made.id, person.nni)
    await touch(tx, changing, household)
    announce(tx, changing)
    return changing


async def register_death(tx: AsyncSession, proposal: Death, acting: Acting) -> Changing:
    """A person died: the memberships end, and where a successor is named, he or she heads the household.

    A household of nobody else leaves the registry. One whose head has no successor yet waits for a succession.
    """
    households = await lock_homes(tx, proposal.individual_id)
    people = await lock_individuals(tx, {proposal.individual_id, *proposal.successors.values()})
    person = people[proposal.individual_id]
    refuse_inactive_individual(person)
    memberships = await current_memberships(tx, individual_id=person.id)
    await refuse_before_known(tx, proposal.died_on, person, pointer="/proposal/died_on")
    refuse_before_membership(memberships, proposal.died_on, "/proposal/died_on")
    remaining = {one: await _others(tx, one, person.id) for one in households}
    for household_id, successor_id in proposal.successors.items():
        _refuse_successor(proposal, households, remaining.get(household_id, []), household_id, people[successor_id])

    changing = acting.begin(tx, "death", [*people.values(), *households.values()], proposal.died_on)
    facts = {"status": "deceased", "died_on": proposal.died_on.isoformat()}
    await state_facts(tx, changing, person, facts, from_on=proposal.died_on)
    changing.events[person.id] = IndividualDeceased(change_id=changing.id, individual_id=person.id)
    for membership in memberships:
        household = households[membership.household_id]
        await end_membership(tx, changing, membership, proposal.died_on)
        successor = proposal.successors.get(household.id)
        if not remaining[household.id]:
            await _leave_empty(tx, changing, household, proposal)
            continue
        if membership.relationship == "head" and successor is not None:
            theirs = next(one for one in remaining[household.id] if one.individual_id == successor)
            await change_role(tx, changing, theirs, "head", proposal.died_on)
        await touch(tx, changing, household)
    announce(tx, changing)
    return changing


async def _others(tx: AsyncSession, household_id: UUID, individual_id: UUID) -> list[Membership]:
    found = await current_memberships(tx, household_id=household_id)
    return [one for one in found if one.individual_id != individual_id]


def _refuse_successor(
    proposal: Death,
    households: dict[UUID, Household],
    remaining: list[Membership],
    household_id: UUID,
    successor: Individual,
) -> None:
    refuse_inactive_individual(successor, "/proposal/successors")
    theirs = [one for one in remaining if one.individual_id == successor.id]
    if not theirs:
        number = households[household_id].number if household_id in households else household_id
        raise NotAMember(pointer="/proposal/successors", individual=successor.number, household=number)
    refuse_before_membership(theirs, proposal.died_on, "/proposal/died_on")


async def _leave_empty(tx: AsyncSession, changing: Changing, household: Household, proposal: Death) -> None:
    await state_facts(tx, changing, household, {"status": "left", "left_reason": LAST_MEMBER}, from_on=proposal.died_on)
    changing.events[household.id] = HouseholdRemoved(
        change_id=changing.id, household_id=household.id, reason=LAST_MEMBER
    )


async def succeed(tx: AsyncSession, proposal: Succession, acting: Acting) -> Changing:
    """Another member heads the household; the head before, if still there, becomes another relative."""
    household = (await lock_households(tx, [proposal.household_id]))[proposal.household_id]
    person = (await lock_individuals(tx, [proposal.individual_id]))[proposal.individual_id]
    refuse_inactive_household(household)
    refuse_inactive_individual(person)
    await refuse_before_known(tx, proposal.on, household)
    memberships = await current_memberships(tx, household_id=household.id)
    theirs = membership_of(memberships, person, household, proposal.on)
    refuse_before_membership([one for one in memberships if one.relationship == "head"], proposal.on)
    if theirs.relationship == "head":
        raise AlreadyHead(pointer="/proposal/individual_id", individual=person.number)

    changing = acting.begin(tx, "succession", [household, person], proposal.on)
    for one in memberships:
        if one.relationship == "head":
            await change_role(tx, changing, one, "other", proposal.on)
    await change_role(tx, changing, theirs, "head", proposal.on)
    await touch(tx, changing, household)
    announce(tx, changing)
    return changing


async def register_marriage(tx: AsyncSession, proposal: Marriage, acting: Acting) -> Changing:
    """A person joins a household as spouse of its head, and leaves the one they belonged to."""
    before = await current_memberships(tx, individual_id=proposal.individual_id)
    households = await lock_households(tx, {proposal.household_id, *(one.household_id for one in before)})
    person = (await lock_individuals(tx, [proposal.individual_id]))[proposal.individual_id]
    household = households[proposal.household_id]
    refuse_inactive_household(household)
    refuse_inactive_individual(person)
    await refuse_before_known(tx, proposal.on, household, person)
    refuse_to_leave(before, person, households, joining=household)
    refuse_before_membership(before, proposal.on)

    changing = acting.begin(tx, "marriage", [person, *households.values()], proposal.on)
    for one in before:
        await end_membership(tx, changing, one, proposal.on)
    begin_membership(
        tx, changing, household_id=household.id, individual_id=person.id, relationship="spouse", from_on=proposal.on
    )
    for one_household in households.values():
        await touch(tx, changing, one_household)
    announce(tx, changing)
    return changing
