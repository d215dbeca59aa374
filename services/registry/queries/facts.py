"""The country as it was on a day and known at a moment, household by household, without names."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Household
from services.registry.queries.households import households_of
from services.registry.queries.moments import Moment
from services.registry.schemas import HouseholdOut
from services.registry.schemas.facts import HouseholdFactsOut, MemberFacts
from shared.pagination import Page, decode_cursor, encode_cursor


async def household_facts(tx: AsyncSession, limit: int, cursor: str | None, moment: Moment) -> Page[HouseholdFactsOut]:
    """The active households by id; a page may hold fewer than `limit`, because it goes by all that were ever known."""
    rows = select(Household.id).order_by(Household.id).limit(limit + 1)
    if cursor:
        rows = rows.where(Household.id > decode_cursor(cursor, UUID)[0])
    ids = list(await tx.scalars(rows))
    found = await households_of(tx, ids[:limit], moment)
    items = [_facts(one) for one in found if one.status == "active"]
    return Page(items=items, next_cursor=encode_cursor(ids[limit - 1]) if len(ids) > limit else None)


def _facts(household: HouseholdOut) -> HouseholdFactsOut:
    return HouseholdFactsOut(
        household_id=household.id,
        commune_code=household.commune_code,
        vulnerability_category=household.vulnerability_category,
        score=household.score,
        members=[MemberFacts.model_validate(one, from_attributes=True) for one in household.members],
    )
