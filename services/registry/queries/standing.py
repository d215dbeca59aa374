"""Reads of how a record stands now, in ids and codes."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.registry.models import Household, Individual, Membership, Place
from services.registry.rules.succession import Remaining, age, proposed_heads
from services.registry.schemas.standing import (
    Bereaved,
    HouseholdStanding,
    IndividualStanding,
    MergeOut,
    RemainingMember,
)
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor


async def household_standing(tx: AsyncSession, household_id: UUID) -> HouseholdStanding:
    commune, moughataa = aliased(Place), aliased(Place)
    found = (
        await tx.execute(
            select(Household, commune.parent_code, moughataa.parent_code)
            .join(commune, commune.code == Household.commune_code)
            .outerjoin(moughataa, moughataa.code == commune.parent_code)
            .where(Household.id == household_id)
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    household, moughataa_code, wilaya_code = found
    return HouseholdStanding(
        id=household.id,
        version=household.version,
        change_id=household.change_id,
        status=household.status,
        left_reason=household.left_reason,
        merged_into=household.merged_into,
        commune_code=household.commune_code,
        moughataa_code=moughataa_code,
        wilaya_code=wilaya_code,
    )


async def individual_standing(tx: AsyncSession, individual_id: UUID) -> IndividualStanding:
    person = await tx.get(Individual, individual_id)
    if person is None:
        raise NotFound
    return IndividualStanding(
        id=person.id,
        version=person.version,
        change_id=person.change_id,
        status=person.status,
        died_on=person.died_on,
        merged_into=person.merged_into,
        bereaved=await _bereaved(tx, person.id, person.died_on) if person.died_on else [],
    )


async def _bereaved(tx: AsyncSession, individual_id: UUID, died_on: date) -> list[Bereaved]:
    until_death = await tx.execute(
        select(Membership.household_id, Membership.relationship)
        .where(
            Membership.individual_id == individual_id,
            Membership.until_on == died_on,
            Membership.known_until.is_(None),
        )
        .order_by(Membership.household_id)
    )
    roles: dict[UUID, str] = dict(until_death.all())
    remaining = await _remaining(tx, list(roles))
    return [_household(id_, role == "head", remaining.get(id_, []), died_on) for id_, role in roles.items()]


def _household(id_: UUID, was_head: bool, remaining: Sequence[Remaining], died_on: date) -> Bereaved:
    head = next((one.individual_id for one in remaining if one.relationship == "head"), None)
    others = proposed_heads([one for one in remaining if one.individual_id != head], died_on)
    candidates = [*([head] if head else []), *others]
    known = {one.individual_id: one for one in remaining}
    return Bereaved(
        household_id=id_,
        was_head=was_head,
        head_id=head,
        candidates=candidates,
        members=[_member(known[one], died_on) for one in candidates],
    )


def _member(one: Remaining, on: date) -> RemainingMember:
    return RemainingMember(
        individual_id=one.individual_id, relationship=one.relationship, sex=one.sex, age=age(one.birth_date, on)
    )


async def _remaining(tx: AsyncSession, household_ids: Sequence[UUID]) -> dict[UUID, list[Remaining]]:
    rows = await tx.execute(
        select(
            Membership.household_id,
            Membership.individual_id,
            Membership.relationship,
            Individual.birth_date,
            Individual.sex,
        )
        .join(Individual, Individual.id == Membership.individual_id)
        .where(
            Membership.household_id.in_(household_ids),
            Membership.until_on.is_(None),
            Membership.known_until.is_(None),
            Individual.status == "active",
        )
        .order_by(Membership.individual_id)
    )
    found: dict[UUID, list[Remaining]] = {}
    for household_id, individual_id, relationship, birth_date, sex in rows:
        found.setdefault(household_id, []).append(Remaining(individual_id, relationship, birth_date, sex))
    return found


async def merges(tx: AsyncSession, limit: int, cursor: str | None) -> Page[MergeOut]:
    """Records of either kind that are merged now, by id."""
    merged = union_all(
        *(
            select(table.id, table.version, table.merged_into.label("into_id")).where(table.merged_into.is_not(None))
            for table in (Household, Individual)
        )
    ).subquery()
    rows = select(merged).order_by(merged.c.id).limit(limit + 1)
    if cursor:
        rows = rows.where(merged.c.id > decode_cursor(cursor, UUID)[0])
    items = [MergeOut.model_validate(one) for one in await tx.execute(rows)]
    return Page(items=items[:limit], next_cursor=encode_cursor(items[limit - 1].id) if len(items) > limit else None)
