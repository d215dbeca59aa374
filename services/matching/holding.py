"""What persons decided about beneficiaries, as the linker needs it: who is refused, and whom a held decision leads to.

A merge of the registry is followed: a record that is no longer held leads to the one that took it over.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.decision_models import HeldLink, MergedRecord, PersonStep
from services.matching.locking import hold_linking_lock
from services.matching.models import Beneficiary, Household, LinkRefusal, LinkStatus, Member
from services.matching.rules.deciding import Refused
from services.matching.rules.persons import Held, Said, Stands, Step, UnlinkReason, what_stands
from shared.database import any_of

LONGEST_CHAIN = 20
"""Merges followed from one record; the registry refuses to merge what is merged, so that a chain is short and has an end."""


NOBODY = Refused()
NO_MEMBERS = frozenset[int]()


@dataclass(frozen=True, slots=True)
class Decided:
    """What persons decided about one beneficiary; `members` are the memberships of the individual it was decided to be."""

    refused: Refused = NOBODY
    held: Held | None = None
    members: frozenset[int] = NO_MEMBERS


NOTHING = Decided()


def person_version(beneficiary: Beneficiary) -> int:
    """Which of the persons who received under this enrollment receives now; a decision is about one of them."""
    version: int = beneficiary.listed.get("person_version", 1)
    return version


async def decided_about(
    tx: AsyncSession, beneficiaries: Collection[Beneficiary], *, but: Collection[UUID] = ()
) -> dict[UUID, Decided]:
    """By enrollment, where anything was decided; to be read once the beneficiaries are locked. `but`: refusals left out.

    What was decided of a person holds for whoever received then, and not for another who receives now.
    """
    receiving = {one.id: person_version(one) for one in beneficiaries}
    ids = any_of(receiving)
    rows = await tx.scalars(select(LinkRefusal).where(LinkRefusal.enrollment_id == ids))
    refusals = [one for one in rows if one.id not in but]
    decisions = await tx.scalars(select(HeldLink).where(HeldLink.enrollment_id == ids))
    held = [one for one in decisions if one.person_version == receiving[one.enrollment_id]]
    if not refusals and not held:
        return {}
    about: list[HeldLink | LinkRefusal] = [*refusals, *held]
    people = {one.individual_id for one in about if one.individual_id}
    leads = await leads_to(tx, people, {one.household_id for one in about if one.household_id})
    refused = _refused(refusals, receiving, leads)
    members = await _memberships(tx, {leads[one.individual_id] for one in held if one.individual_id})
    stands = {one.enrollment_id: _held(one, leads) for one in held}
    return {
        id_: Decided(
            refused.get(id_, NOBODY),
            one := stands.get(id_),
            members.get(one.individual_id, NO_MEMBERS) if one and one.individual_id else NO_MEMBERS,
        )
        for id_ in refused.keys() | stands.keys()
    }


def _held(row: HeldLink, leads: Mapping[UUID, UUID]) -> Held:
    return Held(
        leads[row.individual_id] if row.individual_id else None, leads[row.household_id] if row.household_id else None
    )


def _refused(
    refusals: Iterable[LinkRefusal], receiving: Mapping[UUID, int], leads: Mapping[UUID, UUID]
) -> dict[UUID, Refused]:
    individuals, households = defaultdict[UUID, set[UUID]](set), defaultdict[UUID, set[UUID]](set)
    for one in refusals:
        if one.individual_id and one.person_version == receiving[one.enrollment_id]:
            individuals[one.enrollment_id] |= {one.individual_id, leads[one.individual_id]}
        if one.household_id:
            households[one.enrollment_id] |= {one.household_id, leads[one.household_id]}
    return {
        id_: Refused(frozenset(individuals[id_]), frozenset(households[id_]))
        for id_ in individuals.keys() | households.keys()
    }


async def _memberships(tx: AsyncSession, individuals: Collection[UUID]) -> dict[UUID, frozenset[int]]:
    rows = await tx.execute(select(Member.individual_id, Member.id).where(Member.individual_id == any_of(individuals)))
    found = defaultdict[UUID, set[int]](set)
    for individual_id, id_ in rows:
        found[individual_id].add(id_)
    return {individual: frozenset(ids) for individual, ids in found.items()}


async def leads_to(
    tx: AsyncSession, individuals: Collection[UUID], households: Collection[UUID] = ()
) -> dict[UUID, UUID]:
    """For each record, the one it is by now: itself while it is held here, else whom it was merged into."""
    leads = {id_: id_ for id_ in (*individuals, *households)}
    waiting = set(leads.values())
    for _ in range(LONGEST_CHAIN):
        waiting -= set(await tx.scalars(select(Member.individual_id).where(Member.individual_id == any_of(waiting))))
        waiting -= set(await tx.scalars(select(Household.id).where(Household.id == any_of(waiting))))
        if not waiting:
            break
        rows = await tx.execute(select(MergedRecord.id, MergedRecord.into_id).where(MergedRecord.id == any_of(waiting)))
        into: dict[UUID, UUID] = dict(rows.all())
        leads = {id_: into.get(now, now) for id_, now in leads.items()}
        waiting = set(into.values())
    return leads


async def put_merge(tx: AsyncSession, record_id: UUID, version: int, into_id: UUID) -> None:
    """Take over a merge of the registry; beneficiaries about whom the merged record was decided are compared again."""
    await hold_linking_lock(tx)
    statement = upsert(MergedRecord).values(id=record_id, version=version, into_id=into_id)
    stored = await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={"version": version, "into_id": into_id},
            where=MergedRecord.version < version,
        ).returning(MergedRecord.id)
    )
    if stored.scalar() is not None:
        await _compare_again(tx, await _leading_to(tx, record_id))


async def _leading_to(tx: AsyncSession, record_id: UUID) -> set[UUID]:
    found, last = {record_id}, {record_id}
    for _ in range(LONGEST_CHAIN):
        last = set(await tx.scalars(select(MergedRecord.id).where(MergedRecord.into_id == any_of(last)))) - found
        if not last:
            break
        found |= last
    return found


async def _compare_again(tx: AsyncSession, records: Collection[UUID]) -> None:
    here = any_of(records)
    held = select(HeldLink.enrollment_id).where(HeldLink.individual_id == here)
    refused = select(LinkRefusal.enrollment_id).where(
        or_(LinkRefusal.individual_id == here, LinkRefusal.household_id == here)
    )
    await tx.execute(
        update(Beneficiary)
        .where(Beneficiary.id.in_(union(held, refused)), Beneficiary.link_status != LinkStatus.PENDING)
        .values(link_status=LinkStatus.PENDING)
        .execution_options(synchronize_session=False)
    )


async def compare_decided_again(tx: AsyncSession, individuals: Collection[UUID]) -> None:
    """Individuals came, left or moved: beneficiaries decided to be one of them are compared again.

    They may share no key with the individual: a person decided it for reasons no list tells.
    """
    if individuals:
        chained = set[UUID]()
        for one in await tx.scalars(select(MergedRecord.id).where(MergedRecord.into_id == any_of(individuals))):
            chained |= await _leading_to(tx, one)
        await _compare_again(tx, {*individuals, *chained})


async def decided_members(tx: AsyncSession, household_ids: Collection[UUID]) -> set[UUID]:
    """The members of these households about whom a person has decided: that a beneficiary is, or is not, one of them."""
    here = select(Member.individual_id).where(Member.household_id == any_of(household_ids))
    found = set(await tx.scalars(select(HeldLink.individual_id).where(HeldLink.individual_id.in_(here))))
    found |= set(await tx.scalars(select(LinkRefusal.individual_id).where(LinkRefusal.individual_id.in_(here))))
    return {one for one in found if one is not None}


async def gone(tx: AsyncSession, individuals: Collection[UUID]) -> set[UUID]:
    """Those of them who are members of no household by now."""
    if not individuals:
        return set()
    rows = await tx.scalars(select(Member.individual_id).where(Member.individual_id == any_of(individuals)))
    return set(individuals) - set(rows)


async def steps_of(tx: AsyncSession, beneficiary: Beneficiary) -> list[PersonStep]:
    """Every step taken on whoever receives now, oldest first, also those undone."""
    return list(
        await tx.scalars(
            select(PersonStep)
            .where(PersonStep.enrollment_id == beneficiary.id, PersonStep.person_version == person_version(beneficiary))
            .order_by(PersonStep.number)
        )
    )


def standing(steps: Sequence[PersonStep]) -> Stands:
    return what_stands(
        Step(
            id=one.id,
            said=Said(one.said),
            by=(one.decided_by, one.official),
            individual_id=one.individual_id,
            household_id=one.household_id,
            reason=UnlinkReason(one.reason) if one.reason else None,
            needs_second=one.needs_second,
        )
        for one in steps
        if one.undone_at is None
    )


async def put_standing(tx: AsyncSession, beneficiary: Beneficiary, steps: Sequence[PersonStep]) -> Stands:
    """Keep what stands of the steps where the linker reads it: the held decision, and refusals beside the institution's."""
    stands, who = standing(steps), {"enrollment_id": beneficiary.id, "person_version": person_version(beneficiary)}
    await tx.execute(delete(HeldLink).filter_by(**who))
    if stands.held is not None:
        held = stands.held
        tx.add(HeldLink(individual_id=held.individual_id, household_id=held.household_id, **who))
    await tx.execute(delete(LinkRefusal).where(LinkRefusal.id.in_([one.id for one in steps])))
    tx.add_all(
        LinkRefusal(id=one.id, individual_id=one.individual_id, household_id=one.household_id, **who)
        for one in stands.refusals
    )
    await tx.flush()
    return stands
