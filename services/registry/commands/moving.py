"""Where households are and of whom they are made: move, split, removal, return."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.acting import Acting
from services.registry.commands.changing import (
    Changing,
    announce,
    lock_households,
    lock_individuals,
    make_household,
    state_facts,
    touch,
)
from services.registry.commands.checking import (
    membership_of,
    refuse_before_known,
    refuse_before_membership,
    refuse_day,
    refuse_inactive_household,
    refuse_inactive_individual,
    refuse_to_leave,
    refuse_unknown_commune,
)
from services.registry.commands.memberships import (
    begin_membership,
    change_role,
    current_memberships,
    end_membership,
)
from services.registry.errors import (
    HouseholdStillActive,
    MemberTwice,
    NotAMember,
    NothingChanges,
    OneHead,
    SplitLeavesNobody,
    SuccessorNeeded,
)
from services.registry.models import Household, Individual, Membership
from services.registry.models.states import state_of
from services.registry.queries.place_table import place_table
from services.registry.rules.proposals import Move, Removal, Return, Split
from services.registry.rules.succession import Remaining, proposed_heads
from shared.contracts.registry import HouseholdMoved, HouseholdRemoved, HouseholdSplit


async def move(tx: AsyncSession, proposal: Move, acting: Acting) -> Changing:
    """A household lives elsewhere, or one member lives with another household."""
    if proposal.individual_id is not None:
        return await _move_member(tx, proposal, acting)
    household = (await lock_households(tx, [proposal.household_id]))[proposal.household_id]
    refuse_inactive_household(household)
    refuse_day(proposal.on, household)
    assert proposal.commune_code is not None
    await refuse_unknown_commune(tx, proposal.commune_code)
    facts = await _home(tx, proposal.commune_code, proposal.village)
    if (household.commune_code, household.village) == (proposal.commune_code, proposal.village):
        raise NothingChanges(pointer="/proposal/commune_code")

    changing = acting.begin(tx, "move", [household], proposal.on)
    changing.events[household.id] = HouseholdMoved(
        change_id=changing.id,
        household_id=household.id,
        from_commune=household.commune_code,
        to_commune=proposal.commune_code,
    )
    await state_facts(tx, changing, household, facts, from_on=proposal.on)
    announce(tx, changing)
    return changing


async def _home(tx: AsyncSession, commune_code: str, village: str | None) -> dict[str, str | None]:
    """Where a household lives, with the code of its village where the table of places knows it."""
    village_code = (await place_table(tx)).village_code(commune_code, village)
    return {"commune_code": commune_code, "village": village, "village_code": village_code}


async def _move_member(tx: AsyncSession, proposal: Move, acting: Acting) -> Changing:
    assert proposal.individual_id and proposal.to_household_id and proposal.relationship
    households = await lock_households(tx, {proposal.household_id, proposal.to_household_id})
    left, joined = households[proposal.household_id], households[proposal.to_household_id]
    person = (await lock_individuals(tx, [proposal.individual_id]))[proposal.individual_id]
    refuse_inactive_household(joined)
    refuse_inactive_individual(person)
    await refuse_before_known(tx, proposal.on, *households.values(), person)
    if proposal.relationship == "head":
        raise OneHead(pointer="/proposal/relationship")
    memberships = await current_memberships(tx, individual_id=person.id)
    theirs = membership_of([one for one in memberships if one.household_id == left.id], person, left, proposal.on)
    refuse_to_leave([theirs], person, households, joining=joined)

    changing = acting.begin(tx, "move", [*households.values(), person], proposal.on)
    await end_membership(tx, changing, theirs, proposal.on)
    begin_membership(
        tx,
        changing,
        household_id=joined.id,
        individual_id=person.id,
        relationship=proposal.relationship,
        from_on=proposal.on,
    )
    for household in households.values():
        await touch(tx, changing, household)
    announce(tx, changing)
    return changing


async def split(tx: AsyncSession, proposal: Split, acting: Acting) -> Changing:
    """Members make a household of their own; it inherits place, category and score until it is surveyed."""
    household = (await lock_households(tx, [proposal.household_id]))[proposal.household_id]
    refuse_inactive_household(household)
    refuse_day(proposal.on, household)
    leaving = {one.individual_id: one.relationship for one in proposal.members}
    people = await lock_individuals(tx, {*leaving, *filter(None, [proposal.successor_id])})
    memberships = await current_memberships(tx, household_id=household.id)
    _refuse_split(proposal, household, memberships, people)
    if proposal.commune_code:
        await refuse_unknown_commune(tx, proposal.commune_code)
    remaining = [one for one in memberships if one.individual_id not in leaving]
    successor = await _successor(tx, proposal, memberships, remaining)

    changing = acting.begin(tx, "split", [household, *people.values()], proposal.on)
    facts = state_of(household) | {"phones": list(proposal.phones)}
    if proposal.commune_code:
        facts |= await _home(tx, proposal.commune_code, proposal.village)
    made = await make_household(tx, changing, facts, proposal.on)
    for one in memberships:
        if one.individual_id in leaving:
            await end_membership(tx, changing, one, proposal.on)
            begin_membership(
                tx,
                changing,
                household_id=made.id,
                individual_id=one.individual_id,
                relationship=leaving[one.individual_id],
                from_on=proposal.on,
            )
    if successor is not None:
        await change_role(tx, changing, successor, "head", proposal.on)
    changing.events[household.id] = HouseholdSplit(
        change_id=changing.id, household_id=household.id, new_household_id=made.id
    )
    await touch(tx, changing, household)
    announce(tx, changing)
    return changing


def _refuse_split(
    proposal: Split, household: Household, memberships: list[Membership], people: dict[UUID, Individual]
) -> None:
    named: set[UUID] = set()
    for one in proposal.members:
        if one.individual_id in named:
            raise MemberTwice(pointer="/proposal/members", individual=people[one.individual_id].number)
        named.add(one.individual_id)
        membership_of(memberships, people[one.individual_id], household, proposal.on)
    if sum(one.relationship == "head" for one in proposal.members) != 1:
        raise OneHead(pointer="/proposal/members")
    if len(named) == len(memberships):
        raise SplitLeavesNobody(pointer="/proposal/members")


async def _successor(
    tx: AsyncSession, proposal: Split, memberships: list[Membership], remaining: list[Membership]
) -> Membership | None:
    """Who heads the household that remains; None where its head stays."""
    heads = {one.individual_id for one in memberships if one.relationship == "head"}
    if heads & {one.individual_id for one in remaining} or not heads:
        return None
    for one in remaining:
        if one.individual_id == proposal.successor_id:
            refuse_before_membership([one], proposal.on)
            return one
    people = await lock_individuals(tx, [one.individual_id for one in remaining])
    ranked = proposed_heads(
        [
            Remaining(
                one.individual_id, one.relationship, people[one.individual_id].birth_date, people[one.individual_id].sex
            )
            for one in remaining
        ],
        proposal.on,
    )
    raise SuccessorNeeded(pointer="/proposal/successor_id", proposed=ranked[0])


async def remove(tx: AsyncSession, proposal: Removal, acting: Acting) -> Changing:
    """A household leaves the registry. Its members stay its members; its history stays."""
    household = (await lock_households(tx, [proposal.household_id]))[proposal.household_id]
    refuse_inactive_household(household)
    refuse_day(proposal.on, household)
    changing = acting.begin(tx, "removal", [household], proposal.on)
    facts = {"status": "left", "left_reason": proposal.reason}
    await state_facts(tx, changing, household, facts, from_on=proposal.on)
    changing.events[household.id] = HouseholdRemoved(
        change_id=changing.id, household_id=household.id, reason=proposal.reason
    )
    announce(tx, changing)
    return changing


async def bring_back(tx: AsyncSession, proposal: Return, acting: Acting) -> Changing:
    """A household that had left is in the registry again."""
    household = (await lock_households(tx, [proposal.household_id]))[proposal.household_id]
    if household.status == "active":
        raise HouseholdStillActive(pointer="/proposal/household_id")
    if household.status == "merged":
        refuse_inactive_household(household)
    refuse_day(proposal.on, household)
    if not await current_memberships(tx, household_id=household.id):
        raise NotAMember(pointer="/proposal/household_id", individual="-", household=household.number)
    changing = acting.begin(tx, "return", [household], proposal.on)
    await state_facts(tx, changing, household, {"status": "active", "left_reason": None}, from_on=proposal.on)
    announce(tx, changing)
    return changing
