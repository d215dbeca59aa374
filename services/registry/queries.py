"""Reads of the registry."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Household, Identifier, Individual, Membership, Place
from services.registry.schemas import ChangeOut, Counts, HouseholdOut, HouseholdSummary, MemberOut, PlaceOut
from shared.errors import NotFound
from shared.history import History
from shared.pagination import Page, decode_cursor, encode_cursor


async def places(tx: AsyncSession, limit: int, cursor: str | None, kind: str | None = None) -> Page[PlaceOut]:
    rows = select(Place).order_by(Place.code).limit(limit + 1)
    if kind:
        rows = rows.where(Place.kind == kind)
    if cursor:
        rows = rows.where(Place.code > decode_cursor(cursor, str)[0])
    found = list((await tx.scalars(rows)).all())
    items = [PlaceOut.model_validate(one, from_attributes=True) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].code) if len(found) > limit else None)


async def household(tx: AsyncSession, household_id: UUID) -> HouseholdOut:
    found = await _with_members(tx, select(Household).where(Household.id == household_id))
    if not found:
        raise NotFound
    return found[0]


async def households(
    tx: AsyncSession, limit: int, cursor: str | None, *, commune: str | None, number: str | None
) -> Page[HouseholdSummary]:
    size = (
        select(func.count())
        .where(Membership.household_id == Household.id, Membership.until_on.is_(None))
        .scalar_subquery()
    )
    rows = select(Household, size).order_by(Household.id).limit(limit + 1)
    if commune:
        rows = rows.where(Household.commune_code == commune)
    if number:
        rows = rows.where(Household.number == number)
    if cursor:
        rows = rows.where(Household.id > decode_cursor(cursor, UUID)[0])
    found = list((await tx.execute(rows)).all())
    items = [
        HouseholdSummary(
            id=one.id,
            number=one.number,
            version=one.version,
            commune_code=one.commune_code,
            vulnerability_category=one.vulnerability_category,
            score=one.score,
            size=members,
        )
        for one, members in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1][0].id) if len(found) > limit else None)


async def batch(tx: AsyncSession, batch_id: UUID, limit: int, cursor: str | None) -> Page[HouseholdOut]:
    """The households of one announcement, as they are now."""
    rows = (
        select(Household)
        .join(History, (History.aggregate_id == Household.id) & (History.batch_id == batch_id))
        .order_by(Household.id)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(Household.id > decode_cursor(cursor, UUID)[0])
    found = await _with_members(tx, rows)
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


async def household_history(tx: AsyncSession, household_id: UUID) -> list[ChangeOut]:
    rows = await tx.scalars(
        select(History).where(History.aggregate_id == household_id).order_by(History.version.desc()).limit(200)
    )
    return [ChangeOut.model_validate(one, from_attributes=True) for one in rows]


async def counts(tx: AsyncSession) -> Counts:
    return Counts(
        households=await tx.scalar(select(func.count()).select_from(Household)) or 0,
        individuals=await tx.scalar(select(func.count()).select_from(Individual)) or 0,
    )


async def _with_members(tx: AsyncSession, rows: Select[Household]) -> list[HouseholdOut]:
    found: Sequence[Household] = list(await tx.scalars(rows))
    members: dict[UUID, list[MemberOut]] = {one.id: [] for one in found}
    nni = (
        select(func.min(Identifier.value))
        .where(Identifier.individual_id == Individual.id, Identifier.type == "NNI")
        .scalar_subquery()
    )
    for membership, individual, number in await tx.execute(
        select(Membership, Individual, nni)
        .join(Individual, Individual.id == Membership.individual_id)
        .where(Membership.household_id.in_(list(members)), Membership.until_on.is_(None))
        .order_by(Individual.number)
    ):
        members[membership.household_id].append(
            MemberOut(
                individual_id=individual.id,
                individual_number=individual.number,
                relationship=membership.relationship,
                name_fr=individual.name_fr,
                name_ar=individual.name_ar,
                sex=individual.sex,
                birth_date=individual.birth_date,
                birth_precision=individual.birth_precision,
                nni=number,
                disability=individual.disability,
            )
        )
    return [
        HouseholdOut.model_validate(
            {column.key: getattr(one, column.key) for column in Household.__table__.columns}
            | {"members": members[one.id]}
        )
        for one in found
    ]
