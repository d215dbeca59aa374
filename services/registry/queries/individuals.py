"""Reads of individuals: one person with identifiers and households, now or at a moment."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Household, Identifier, Individual, Membership
from services.registry.queries.households import origins_out
from services.registry.queries.moments import NOW, Moment, believed_at, member_at, shown, states
from services.registry.schemas import IdentifierOut, IndividualOut, MembershipOut
from shared.errors import NotFound


async def individual(tx: AsyncSession, individual_id: UUID, moment: Moment = NOW) -> IndividualOut:
    found = await states(tx, Individual, [individual_id], moment)
    if not found:
        raise NotFound
    state = found[individual_id]
    identifiers = await tx.scalars(
        select(Identifier)
        .where(Identifier.individual_id == individual_id, believed_at(Identifier, moment))
        .order_by(Identifier.type, Identifier.value)
    )
    memberships = await tx.execute(
        select(Membership, Household.number)
        .join(Household, Household.id == Membership.household_id)
        .where(Membership.individual_id == individual_id, member_at(moment))
        .order_by(Household.number)
    )
    return IndividualOut.model_validate(
        shown(state.values)
        | {
            "id": state.id,
            "number": state.number,
            "version": state.version,
            "identifiers": [IdentifierOut.model_validate(one, from_attributes=True) for one in identifiers],
            "memberships": [
                MembershipOut(
                    household_id=one.household_id,
                    household_number=number,
                    relationship=one.relationship,
                    member_from=one.from_on,
                )
                for one, number in memberships
            ],
            "origins": origins_out(state),
        }
    )
