"""Reads of households and their members, now or at a moment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Subquery, cast, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Household, Identifier, Individual, Membership, PastState
from services.registry.queries.moments import (
    NOW,
    Moment,
    State,
    believed_at,
    holds,
    member_at,
    select_states,
    shown,
    state_in,
    states,
)
from services.registry.schemas import Counts, FieldOrigin, HouseholdOut, HouseholdSummary, MemberOut, Origins
from shared.database import any_of
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor


async def household(tx: AsyncSession, household_id: UUID, moment: Moment = NOW) -> HouseholdOut:
    found = await households_of(tx, [household_id], moment)
    if not found:
        raise NotFound
    return found[0]


async def households(
    tx: AsyncSession,
    limit: int,
    cursor: str | None,
    *,
    commune: str | None = None,
    number: str | None = None,
    moment: Moment = NOW,
) -> Page[HouseholdSummary]:
    """Households by id, without their people."""
    found = summaries(moment)
    size = (
        select(func.count())
        .where(Membership.household_id == found.c.id, member_at(moment))
        .correlate(found)
        .scalar_subquery()
    )
    rows = select(found, size.label("size")).order_by(found.c.id).limit(limit + 1)
    if commune:
        rows = rows.where(found.c.commune_code == commune)
    if number:
        rows = rows.where(found.c.number == number)
    if cursor:
        rows = rows.where(found.c.id > decode_cursor(cursor, UUID)[0])
    items = [HouseholdSummary.model_validate(row, from_attributes=True) for row in await tx.execute(rows)]
    return Page(items=items[:limit], next_cursor=encode_cursor(items[limit - 1].id) if len(items) > limit else None)


def summaries(moment: Moment) -> Subquery:
    columns = ("commune_code", "vulnerability_category", "score", "status")
    current = select(Household.id, Household.number, Household.version, *(getattr(Household, name) for name in columns))
    if moment.is_now:
        return current.subquery("found")
    then = (
        select(
            Household.id,
            Household.number,
            PastState.version,
            *(cast(PastState.state[name].astext, Household.__table__.c[name].type).label(name) for name in columns),
        )
        .join(PastState, PastState.record_id == Household.id)
        .where(PastState.kind == "household", holds(PastState, moment))
    )
    held = current.where(Household.true_from <= moment.day, Household.known_from <= moment.known)
    return union_all(held, then).subquery("found")


async def batch(tx: AsyncSession, batch_id: UUID, limit: int, cursor: str | None) -> Page[HouseholdOut]:
    """The households of one announcement, as they are now."""
    touched = union_all(
        select(Household.id).where(Household.change_id == batch_id),
        select(PastState.record_id).where(PastState.change_id == batch_id, PastState.kind == "household"),
    ).subquery()
    rows = select(touched.c.id).distinct().order_by(touched.c.id).limit(limit + 1)
    if cursor:
        rows = rows.where(touched.c.id > decode_cursor(cursor, UUID)[0])
    ids = list(await tx.scalars(rows))
    items = await households_of(tx, ids[:limit])
    return Page(items=items, next_cursor=encode_cursor(ids[limit - 1]) if len(ids) > limit else None)


async def every_active(tx: AsyncSession, limit: int, cursor: str | None) -> Page[HouseholdOut]:
    """The active households by id, as they are now."""
    rows = select(Household.id).where(Household.status == "active").order_by(Household.id).limit(limit + 1)
    if cursor:
        rows = rows.where(Household.id > decode_cursor(cursor, UUID)[0])
    ids = list(await tx.scalars(rows))
    items = await households_of(tx, ids[:limit])
    return Page(items=items, next_cursor=encode_cursor(ids[limit - 1]) if len(ids) > limit else None)


async def counts(tx: AsyncSession) -> Counts:
    return Counts(
        households=await tx.scalar(select(func.count()).select_from(Household)) or 0,
        individuals=await tx.scalar(select(func.count()).select_from(Individual)) or 0,
    )


async def households_of(tx: AsyncSession, ids: Sequence[UUID], moment: Moment = NOW) -> list[HouseholdOut]:
    """Households with their members at a moment, in the order of their ids; those not known then are left out."""
    found = await states(tx, Household, ids, moment)
    members = await _members(tx, list(found), moment)
    return [household_out(found[id_], members[id_]) for id_ in sorted(found)]


async def _members(tx: AsyncSession, ids: Sequence[UUID], moment: Moment) -> dict[UUID, list[MemberOut]]:
    nni = (  # the smallest, where there are several
        select(func.min(Identifier.value))
        .where(Identifier.individual_id == Individual.id, Identifier.type == "NNI", believed_at(Identifier, moment))
        .scalar_subquery()
    )
    membership = (Membership.household_id, Membership.relationship, Membership.from_on)
    rows = (
        select_states(Individual, moment)
        .add_columns(*membership, nni)
        .join(Membership, Membership.individual_id == Individual.id)
        .where(Membership.household_id == any_of(ids), member_at(moment))
    )
    members: dict[UUID, list[MemberOut]] = defaultdict(list)
    for row in await tx.execute(rows) if ids else ():
        person = state_in(Individual, row, moment)
        if person is not None:
            household_id, *stay = row[-4:]
            members[household_id].append(_member_out(person, *stay))
    for found in members.values():
        found.sort(key=lambda member: member.individual_number)
    return members


def _member_out(person: State, relationship: str, member_from: date, nni: str | None) -> MemberOut:
    return MemberOut(
        **shown(person.values),
        individual_id=person.id,
        individual_number=person.number,
        relationship=relationship,
        member_from=member_from,
        nni=nni,
    )


def household_out(state: State, members: list[MemberOut]) -> HouseholdOut:
    return HouseholdOut.model_validate(
        shown(state.values)
        | {
            "id": state.id,
            "number": state.number,
            "version": state.version,
            "members": members,
            "origins": origins_out(state),
        }
    )


def origins_out(state: State) -> Origins:
    return Origins(
        true_from=state.true_from,
        known_from=state.known_from,
        source=state.source,
        source_on=state.source_on,
        fields={name: FieldOrigin(source=source, on=on) for name, (source, on) in state.sources.items()},
    )
