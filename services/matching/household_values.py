"""What households receive in a month, by the one model of values (docs/values.md): as in figures, for those asked about."""

import asyncio
from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.matching.models import Beneficiary, Household, Place
from services.matching.queries import RECEIVES
from services.matching.reading_country import monthly_values
from services.matching.schemas import HouseholdValue, ProgramValue
from shared.clock import now
from shared.errors import NotFound


async def household_values(tx: AsyncSession, household_id: UUID | None, limit: int) -> list[HouseholdValue]:
    """One household, or those reached by most programs. NotFound.

    By certain links, of those enrolled today: what a month is worth in which the program gives.
    """
    chosen = (
        select(Beneficiary.household_id)
        .where(RECEIVES, Beneficiary.household_id.is_not(None))
        .group_by(Beneficiary.household_id)
        .order_by(func.count(func.distinct(Beneficiary.program)).desc(), Beneficiary.household_id)
        .limit(limit)
    )
    ids = [household_id] if household_id else [id_ for id_ in await tx.scalars(chosen) if id_ is not None]
    wilaya = aliased(Place)
    households = await tx.execute(
        select(Household, wilaya.name_fr, wilaya.name_ar)
        .outerjoin(wilaya, wilaya.code == Household.wilaya_code)
        .where(Household.id.in_(ids))
    )
    given: dict[UUID, list[ProgramValue]] = defaultdict(list)
    read = await monthly_values(tx, ids, now().date())
    for id_, program, hundredths in await asyncio.to_thread(read):
        given[id_].append(ProgramValue(program=program, monthly_value_mru=Decimal(hundredths).scaleb(-2)))
    shown = {
        one.id: HouseholdValue(
            household_id=one.id,
            number=one.number,
            wilaya_fr=name_fr,
            wilaya_ar=name_ar,
            vulnerability_category=one.vulnerability_category,
            size=one.size,
            programs=given[one.id],
            monthly_value_mru=sum((program.monthly_value_mru for program in given[one.id]), Decimal(0)),
        )
        for one, name_fr, name_ar in households
    }
    if household_id is not None and household_id not in shown:
        raise NotFound
    return [shown[id_] for id_ in ids if id_ in shown]
