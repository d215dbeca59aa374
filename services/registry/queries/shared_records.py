"""Households and individuals under an agreement: of those it reaches, the columns of what it allows and no others."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Label, RowMapping, Select, and_, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.registry.models import EnrolledHousehold, Household, Identifier, Individual, Membership, Place
from services.registry.queries.moments import NOW, believed_at, member_at
from services.registry.rules.shared_records import (
    CATEGORY,
    ENROLLED_IN,
    HOUSEHOLD_COLUMNS,
    PERSON_COLUMNS,
    PLACE,
    Telling,
)
from services.registry.schemas.shared_records import SharedHousehold, SharedIndividual
from shared.agreements import Agreement
from shared.clock import now
from shared.database import any_of
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.sharing import forms_asked, refuse_asked_by


async def household(tx: AsyncSession, household_id: UUID, agreement: Agreement, fields: str | None) -> SharedHousehold:
    """NotFound also where it lies outside of the agreement's population; FieldsNotShared."""
    telling = Telling(forms_asked(agreement, fields), now().date())
    wanted = _households(telling, agreement).where(Household.id == household_id)
    read = (await tx.execute(wanted)).mappings().first()
    if read is None:
        raise NotFound
    heads = await _heads(tx, telling, [household_id])
    members = await _members(tx, telling, household_id) if telling.tells_members() else None
    return SharedHousehold.model_validate(telling.household(read, heads.get(household_id), members))


async def households(
    tx: AsyncSession,
    agreement: Agreement,
    limit: int,
    cursor: str | None,
    *,
    commune: str | None = None,
    number: str | None = None,
    fields: str | None = None,
) -> Page[SharedHousehold]:
    """Those that the agreement reaches, by id, without their members; at most as many as one question may bring.

    FieldsNotShared also where it is asked by what the agreement does not tell in full.
    """
    asked_by = {"commune": commune, "household_number": number}
    refuse_asked_by(agreement, [name for name, value in asked_by.items() if value])
    telling = Telling(forms_asked(agreement, fields), now().date())
    limit = min(limit, agreement.volume_per_query)
    rows = _households(telling, agreement).order_by(Household.id).limit(limit + 1)
    if commune:
        rows = rows.where(Household.commune_code == commune)
    if number:
        rows = rows.where(Household.number == number)
    if cursor:
        rows = rows.where(Household.id > decode_cursor(cursor, UUID)[0])
    read = (await tx.execute(rows)).mappings().all()
    heads = await _heads(tx, telling, [one["id"] for one in read[:limit]])
    told = [telling.household(one, heads.get(one["id"]), None) for one in read[:limit]]
    return Page(
        items=[SharedHousehold.model_validate(one) for one in told],
        next_cursor=encode_cursor(read[limit - 1]["id"]) if len(read) > limit else None,
    )


async def individual(
    tx: AsyncSession, individual_id: UUID, agreement: Agreement, fields: str | None
) -> SharedIndividual:
    """NotFound also where she is in no household that the agreement reaches; FieldsNotShared."""
    telling = Telling(forms_asked(agreement, fields), now().date())
    wanted = select(*_person(telling)).where(Individual.id == individual_id, Individual.status != "merged")
    read = (await tx.execute(wanted)).mappings().first()
    homes = await _homes(tx, individual_id, agreement)
    if read is None or not homes:
        raise NotFound
    return SharedIndividual.model_validate(telling.individual(read, homes))


def _where_from(agreement: Agreement) -> list[Label[Any]]:
    """What the gateway is told of each record; of an agreement limited to programs one of those that reach it."""
    told: list[Label[Any]] = [Household.commune_code.label(PLACE), Household.vulnerability_category.label(CATEGORY)]
    if agreement.enrolled_in:
        one = select(func.min(EnrolledHousehold.program)).where(_enrolled_in(agreement)).correlate(Household)
        told.append(one.scalar_subquery().label(ENROLLED_IN))
    return told


def _enrolled_in(agreement: Agreement) -> ColumnElement[bool]:
    return and_(
        EnrolledHousehold.household_id == Household.id,
        EnrolledHousehold.program.in_(agreement.enrolled_in),
        EnrolledHousehold.enrolled,
    )


def reached(agreement: Agreement) -> ColumnElement[bool]:
    """Households of the agreement's places, categories and programs; one merged into another is that one."""
    commune, moughataa = aliased(Place), aliased(Place)
    named = (commune.code, commune.parent_code, moughataa.parent_code)
    within = (
        select(commune.code)
        .outerjoin(moughataa, moughataa.code == commune.parent_code)
        .where(or_(*(code.in_(agreement.places) for code in named)))
    )
    return and_(
        Household.status != "merged",
        Household.commune_code.in_(within) if agreement.places else true(),
        Household.vulnerability_category.in_(agreement.categories) if agreement.categories else true(),
        exists().where(_enrolled_in(agreement)) if agreement.enrolled_in else true(),
    )


def _households(telling: Telling, agreement: Agreement) -> Select[Any]:
    columns: list[Any] = [Household.__table__.c[name] for name in telling.columns(HOUSEHOLD_COLUMNS)]
    if "size" in telling.forms:
        members = select(func.count()).where(Membership.household_id == Household.id, member_at(NOW))
        columns.append(members.correlate(Household).scalar_subquery().label("size"))
    return select(Household.id, *_where_from(agreement), *columns).where(reached(agreement))


def _person(telling: Telling) -> list[Any]:
    columns: list[Any] = [Individual.id, *(Individual.__table__.c[name] for name in telling.columns(PERSON_COLUMNS))]
    return [*columns, _nni()] if "nni" in telling.forms else columns


def _nni() -> Label[Any]:
    smallest = select(func.min(Identifier.value)).where(
        Identifier.individual_id == Individual.id, Identifier.type == "NNI", believed_at(Identifier, NOW)
    )
    return smallest.correlate(Individual).scalar_subquery().label("nni")


async def _members(tx: AsyncSession, telling: Telling, household_id: UUID) -> Sequence[RowMapping]:
    related = [Membership.relationship] if "relationship" in telling.forms else []
    rows = (
        select(*_person(telling), *related)
        .join(Membership, Membership.individual_id == Individual.id)
        .where(Membership.household_id == household_id, member_at(NOW))
        .order_by(Individual.id)
    )
    return (await tx.execute(rows)).mappings().all()


async def _heads(tx: AsyncSession, telling: Telling, ids: Sequence[UUID]) -> dict[UUID, RowMapping]:
    if "head_name" not in telling.forms or not ids:
        return {}
    rows = (
        select(Membership.household_id, Individual.name_fr, Individual.name_ar)
        .join(Individual, Individual.id == Membership.individual_id)
        .where(Membership.household_id == any_of(ids), Membership.relationship == "head", member_at(NOW))
    )
    return {row["household_id"]: row for row in (await tx.execute(rows)).mappings()}


async def _homes(tx: AsyncSession, individual_id: UUID, agreement: Agreement) -> Sequence[RowMapping]:
    rows = (
        select(Household.id, Household.number, Membership.relationship, *_where_from(agreement))
        .join(Membership, Membership.household_id == Household.id)
        .where(Membership.individual_id == individual_id, member_at(NOW), reached(agreement))
        .order_by(Household.id)
    )
    return (await tx.execute(rows)).mappings().all()
