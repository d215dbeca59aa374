"""Individuals as the registry has them, read to be compared or shown."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import HouseholdPhone, Member
from services.matching.projecting import FACTS
from services.matching.rules.facts import IndividualFacts

_COLUMNS = [getattr(Member, name) for name in FACTS]


async def read_people(tx: AsyncSession, members: Collection[int]) -> dict[int, IndividualFacts]:
    """These members, by id, those that are still there; with how many households share each of their phones."""
    if not members:
        return {}
    found = await tx.execute(select(Member.id, *_COLUMNS).where(Member.id == func.any(sorted(members))))
    rows = {id_: dict(zip(FACTS, rest, strict=True)) for id_, *rest in found}
    phones = {phone for row in rows.values() for phone in row["phones"]}
    counted = await tx.execute(
        select(HouseholdPhone.phone, func.count())
        .where(HouseholdPhone.phone == func.any(sorted(phones)))
        .group_by(HouseholdPhone.phone)
    )
    shared: dict[str, int] = dict(counted.all())
    return {id_: _individual(row, shared) for id_, row in rows.items()}


async def person_behind(tx: AsyncSession, household_id: UUID, individual_id: UUID) -> IndividualFacts | None:
    """One individual in one household, if the registry still has them so."""
    member = await tx.scalar(
        select(Member.id).where(Member.household_id == household_id, Member.individual_id == individual_id)
    )
    return None if member is None else (await read_people(tx, [member]))[member]


def _individual(row: dict[str, Any], shared: dict[str, int]) -> IndividualFacts:
    phones = tuple(row["phones"])
    households = tuple(shared.get(phone, 1) for phone in phones)
    return IndividualFacts(**row | {"phones": phones, "phone_households": households})
