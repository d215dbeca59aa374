"""Memberships and identifiers as a change states them. What is learnt later is another row; the old one is marked."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import Changing
from services.registry.models import Identifier, Membership
from shared.ids import new_id
from shared.values import nni_check_holds

NNI_ISSUER = "ANRPTS"
STATED = ("household_id", "individual_id", "relationship", "from_on", "until_on")
"""What a membership says."""


async def current_memberships(
    tx: AsyncSession, *, household_id: UUID | None = None, individual_id: UUID | None = None
) -> list[Membership]:
    """The open memberships of a household, or of an individual, by id."""
    rows = select(Membership).where(Membership.until_on.is_(None), Membership.known_until.is_(None))
    if household_id is not None:
        rows = rows.where(Membership.household_id == household_id)
    if individual_id is not None:
        rows = rows.where(Membership.individual_id == individual_id)
    return list(await tx.scalars(rows.order_by(Membership.id)))


def begin_membership(
    tx: AsyncSession,
    changing: Changing,
    *,
    household_id: UUID,
    individual_id: UUID,
    relationship: str,
    from_on: date,
    until_on: date | None = None,
) -> Membership:
    """An individual belongs to a household from a day on. Touch both records, too."""
    made = Membership(
        id=new_id(),
        household_id=household_id,
        individual_id=individual_id,
        relationship=relationship,
        from_on=from_on,
        until_on=until_on,
        known_from=changing.at,
        change_id=changing.id,
    )
    tx.add(made)
    return made


def restate_membership(tx: AsyncSession, changing: Changing, membership: Membership, **changed: Any) -> Membership:
    """A membership as it was stated, but for what is `changed`. Withdraw the one before."""
    told = {name: getattr(membership, name) for name in STATED}
    return begin_membership(tx, changing, **(told | changed))


async def end_membership(tx: AsyncSession, changing: Changing, membership: Membership, on: date) -> None:
    """A membership ends on a day (its first day without it). Ended before it began, it never was."""
    await withdraw_membership(tx, changing, membership)
    if on > membership.from_on:
        restate_membership(tx, changing, membership, until_on=on)


async def withdraw_membership(tx: AsyncSession, changing: Changing, membership: Membership) -> None:
    """A membership as it was stated is no longer believed."""
    membership.known_until, membership.ended_by = changing.at, changing.id
    await tx.flush()


async def change_role(
    tx: AsyncSession, changing: Changing, membership: Membership, relationship: str, on: date
) -> Membership:
    """The member has another role in the household from a day on."""
    await end_membership(tx, changing, membership, on)
    since = max(on, membership.from_on)
    return restate_membership(tx, changing, membership, relationship=relationship, from_on=since)


def add_identifier(
    tx: AsyncSession, changing: Changing, individual_id: UUID, *, type_: str, value: str, issuer: str, grade: str
) -> None:
    """A number somebody gave an individual. Touch the individual, too."""
    tx.add(
        Identifier(
            id=new_id(),
            individual_id=individual_id,
            type=type_,
            value=value,
            issuer=issuer,
            grade=grade,
            known_from=changing.at,
            change_id=changing.id,
        )
    )


def add_nni(tx: AsyncSession, changing: Changing, individual_id: UUID, nni: str) -> None:
    """A national id, graded by its check. Touch the individual, too."""
    grade = "check_holds" if nni_check_holds(nni) else "check_failed"
    add_identifier(tx, changing, individual_id, type_="NNI", value=nni, issuer=NNI_ISSUER, grade=grade)


async def withdraw_identifiers(tx: AsyncSession, changing: Changing, individual_id: UUID, type_: str) -> None:
    """The numbers of a type that an individual has are no longer believed to be theirs."""
    await tx.execute(
        update(Identifier)
        .where(Identifier.individual_id == individual_id, Identifier.type == type_, Identifier.known_until.is_(None))
        .values(known_until=changing.at, ended_by=changing.id)
    )
