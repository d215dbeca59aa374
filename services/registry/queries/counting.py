"""How many households and people live in the communes of a place, by category: numbers, and nobody's name."""

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Membership
from services.registry.queries.findings import communes_of
from services.registry.queries.households import summaries
from services.registry.queries.moments import NOW, Moment, member_at
from services.registry.schemas.counting import CommuneCounts, PlaceCounts

FEWEST = 5
"""A cell of fewer could be somebody: it is left out, and so that it cannot be worked out, the sum of its row as well."""


async def place_counts(tx: AsyncSession, place: str, moment: Moment = NOW) -> PlaceCounts:
    """The active households of a place, commune by commune. NotFound where there is no such place."""
    communes = {one.code: one for one in await communes_of(tx, place)}
    found = summaries(moment)
    size = (
        select(Membership.household_id, func.count().label("people"))
        .where(Membership.household_id.in_(select(found.c.id).where(found.c.commune_code.in_(communes))))
        .where(member_at(moment))
        .group_by(Membership.household_id)
        .subquery()
    )
    rows = (
        select(
            found.c.commune_code,
            found.c.vulnerability_category,
            func.count().label("households"),
            func.coalesce(func.sum(size.c.people), 0).label("people"),
        )
        .outerjoin(size, size.c.household_id == found.c.id)
        .where(found.c.commune_code.in_(communes), found.c.status == "active")
        .group_by(found.c.commune_code, found.c.vulnerability_category)
    )
    counted: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for commune, category, households, people in await tx.execute(rows):
        counted[commune][category] = (households, people)
    return PlaceCounts(
        place=place,
        communes=[
            _shown(code, communes[code].name_fr, communes[code].name_ar, counted[code]) for code in sorted(counted)
        ],
    )


def _shown(code: str, name_fr: str, name_ar: str | None, cells: dict[str, tuple[int, int]]) -> CommuneCounts:
    hidden = any(households < FEWEST for households, _ in cells.values())
    return CommuneCounts(
        commune_code=code,
        name_fr=name_fr,
        name_ar=name_ar,
        households=None if hidden and len(cells) > 1 else _told(sum(one for one, _ in cells.values())),
        people=None if hidden else sum(one for _, one in cells.values()),
        households_by_category={category: _told(one) for category, (one, _) in sorted(cells.items())},
    )


def _told(number: int) -> int | None:
    return None if 0 < number < FEWEST else number
