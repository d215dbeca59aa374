"""Merges: two records of one household, or of one person, become one. `undo` takes one back exactly."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.acting import Acting
from services.registry.commands.changing import (
    AnyRecord,
    Changing,
    announce,
    lock_households,
    lock_individuals,
    state_facts,
    touch,
)
from services.registry.commands.memberships import add_identifier, restate_membership, withdraw_membership
from services.registry.errors import AlreadyMerged, IndividualNotActive, MergeWithItself
from services.registry.models import Identifier, Individual, Membership
from services.registry.rules.proposals import Merge
from shared.clock import now
from shared.contracts.registry import HouseholdMerged, IndividualMerged


async def merge(tx: AsyncSession, proposal: Merge, acting: Acting) -> Changing:
    """The record that remains takes over everything of the other, which says where it went."""
    if proposal.keep_id == proposal.drop_id:
        raise MergeWithItself(pointer="/proposal/drop_id")
    if proposal.record == "household":
        return await _merge_households(tx, proposal, acting)
    return await _merge_individuals(tx, proposal, acting)


def _both(proposal: Merge, records: dict[UUID, AnyRecord]) -> tuple[AnyRecord, AnyRecord]:
    """The record that remains and the other; neither may be merged already, so that merges never go in a circle."""
    for name, id_ in (("keep_id", proposal.keep_id), ("drop_id", proposal.drop_id)):
        if records[id_].status == "merged":
            raise AlreadyMerged(pointer=f"/proposal/{name}", into=records[id_].merged_into)
    return records[proposal.keep_id], records[proposal.drop_id]


async def _merge_households(tx: AsyncSession, proposal: Merge, acting: Acting) -> Changing:
    """Their members are together from the first day each belonged to either; the dropped head becomes another relative."""
    kept, dropped = _both(proposal, await lock_households(tx, [proposal.keep_id, proposal.drop_id]))
    theirs = await _memberships(tx, household_id=dropped.id)
    present = {one.individual_id for one in await _memberships(tx, household_id=kept.id) if one.until_on is None}

    changing = acting.begin(tx, "merge", [kept, dropped], now().date())
    for one in theirs:
        await withdraw_membership(tx, changing, one)
        if one.individual_id not in present or one.until_on is not None:
            role = "other" if one.relationship == "head" else one.relationship
            restate_membership(tx, changing, one, household_id=kept.id, relationship=role)
    phones = list(dict.fromkeys([*kept.phones, *dropped.phones]))
    if phones != kept.phones:
        await state_facts(tx, changing, kept, {"phones": phones}, from_on=kept.true_from)
    else:
        await touch(tx, changing, kept)
    await state_facts(tx, changing, dropped, {"status": "merged", "left_reason": None, "merged_into": str(kept.id)})
    changing.events[dropped.id] = HouseholdMerged(
        change_id=changing.id, household_id=dropped.id, into_household_id=kept.id
    )
    announce(tx, changing)
    return changing


async def _merge_individuals(tx: AsyncSession, proposal: Merge, acting: Acting) -> Changing:
    """The person who remains takes over memberships and identifiers; of two facts the kept record's stands."""
    ids = [proposal.keep_id, proposal.drop_id]
    homes = select(Membership.household_id).where(Membership.individual_id.in_(ids), Membership.known_until.is_(None))
    households = await lock_households(tx, await tx.scalars(homes))
    kept, dropped = _both(proposal, await lock_individuals(tx, ids))
    if kept.status != dropped.status:  # one of two says that the person died: which, is to be corrected first
        name, ended = ("keep_id", kept) if kept.status != "active" else ("drop_id", dropped)
        raise IndividualNotActive(pointer=f"/proposal/{name}", status=ended.status)
    present = {one.household_id for one in await _memberships(tx, individual_id=kept.id) if one.until_on is None}

    changing = acting.begin(tx, "merge", [kept, dropped, *households.values()], now().date())
    touched = set()
    for one in await _memberships(tx, individual_id=dropped.id):
        touched.add(one.household_id)
        await withdraw_membership(tx, changing, one)
        if one.household_id not in present or one.until_on is not None:
            restate_membership(tx, changing, one, individual_id=kept.id)
    await _take_over_identifiers(tx, changing, kept, dropped)
    await touch(tx, changing, kept)
    facts = {"status": "merged", "died_on": None, "merged_into": str(kept.id)}
    await state_facts(tx, changing, dropped, facts)
    changing.events[dropped.id] = IndividualMerged(
        change_id=changing.id, individual_id=dropped.id, into_individual_id=kept.id
    )
    for household_id in touched | present:
        await touch(tx, changing, households[household_id])
    announce(tx, changing)
    return changing


async def _memberships(
    tx: AsyncSession, *, household_id: UUID | None = None, individual_id: UUID | None = None
) -> list[Membership]:
    """The memberships that are believed, ended or not."""
    about = Membership.household_id == household_id if household_id else Membership.individual_id == individual_id
    return list(
        await tx.scalars(select(Membership).where(about, Membership.known_until.is_(None)).order_by(Membership.id))
    )


async def _take_over_identifiers(tx: AsyncSession, changing: Changing, kept: Individual, dropped: Individual) -> None:
    believed = select(Identifier).where(Identifier.known_until.is_(None)).order_by(Identifier.id)
    known = {(one.type, one.value) for one in await tx.scalars(believed.where(Identifier.individual_id == kept.id))}
    for one in await tx.scalars(believed.where(Identifier.individual_id == dropped.id)):
        one.known_until, one.ended_by = changing.at, changing.id
        if (one.type, one.value) not in known:
            add_identifier(tx, changing, kept.id, type_=one.type, value=one.value, issuer=one.issuer, grade=one.grade)
    await tx.flush()
