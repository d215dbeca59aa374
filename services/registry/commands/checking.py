"""What every change of a household or a person refuses first."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import believed_past
from services.registry.errors import (
    AlreadyMember,
    DateInFuture,
    DateTooEarly,
    HeadsAHousehold,
    HouseholdNotActive,
    IndividualNotActive,
    NotAMember,
    UnknownCommune,
)
from services.registry.models import Household, Individual, Membership, Place
from services.registry.models.states import Record
from shared.clock import now


def refuse_future(on: date, pointer: str) -> None:
    if on > now().date():
        raise DateInFuture(pointer=pointer, on=on)


def refuse_day(on: date, *records: Record, pointer: str = "/proposal/on") -> None:
    """A fact holds from a day that has come, and not from before a later one that is known: that would be a correction."""
    refuse_future(on, pointer)
    latest = max((record.true_from for record in records), default=on)
    if on < latest:
        raise DateTooEarly(pointer=pointer, on=on, earliest=latest)


async def refuse_before_known(tx: AsyncSession, on: date, *records: Record, pointer: str = "/proposal/on") -> None:
    """Something happens to people on a day that has come, on which each record is known, whatever is known of later."""
    refuse_future(on, pointer)
    earliest = max([await first_day(tx, record) for record in records])
    if on < earliest:
        raise DateTooEarly(pointer=pointer, on=on, earliest=earliest)


async def first_day(tx: AsyncSession, record: Record) -> date:
    """The first day of which anything is believed of a record."""
    past = await believed_past(tx, [record.id])
    return past[0].true_from if past else record.true_from


def refuse_inactive_household(household: Household) -> None:
    if household.status != "active":
        raise HouseholdNotActive(pointer="/proposal/household_id", status=household.status)


def refuse_inactive_individual(individual: Individual, pointer: str = "/proposal/individual_id") -> None:
    if individual.status != "active":
        raise IndividualNotActive(pointer=pointer, status=individual.status)


async def refuse_unknown_commune(tx: AsyncSession, code: str, pointer: str = "/proposal/commune_code") -> None:
    if await tx.scalar(select(Place.kind).where(Place.code == code)) != "commune":
        raise UnknownCommune(pointer=pointer, commune=code)


def membership_of(memberships: list[Membership], individual: Individual, household: Household, on: date) -> Membership:
    """The open membership of an individual in a household; NotAMember where there is none on that day."""
    for one in memberships:
        if one.individual_id == individual.id:
            refuse_before_membership([one], on)
            return one
    raise NotAMember(pointer="/proposal/individual_id", individual=individual.number, household=household.number)


def refuse_before_membership(memberships: list[Membership], on: date, pointer: str = "/proposal/on") -> None:
    """Nobody leaves a household, or changes role in it, before having joined it."""
    for one in memberships:
        if on < one.from_on:
            raise DateTooEarly(pointer=pointer, on=on, earliest=one.from_on)


def refuse_to_leave(
    memberships: list[Membership], individual: Individual, households: Mapping[UUID, Household], *, joining: Household
) -> None:
    """Who heads a household does not leave it without a successor; who belongs to one does not join it again."""
    for one in memberships:
        if one.household_id == joining.id:
            raise AlreadyMember(pointer="/proposal/individual_id", individual=individual.number)
        if one.relationship == "head":
            raise HeadsAHousehold(
                pointer="/proposal/individual_id",
                individual=individual.number,
                household=households[one.household_id].number,
            )
