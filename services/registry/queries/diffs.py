"""What one change did: the fields and members of every record it touched, before and after."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.changing import Changing
from services.registry.models import Individual, Membership, PastState
from services.registry.models.states import kind_of, state_of


async def diff_of(tx: AsyncSession, changing: Changing) -> list[dict[str, Any]]:
    """One entry for each record: `fields` {name: [before, after]}, and of a household `members` [before, after].

    `before` is the state that was open until the change; a fact corrected in the past alone shows in the history.
    """
    before = await _states_ended(tx, changing)
    members = await _members(tx, changing)
    return [
        {
            "record": kind_of(record),
            "id": str(id_),
            "number": record.number,
            "is_new": id_ in changing.made,
            "fields": differing(before.get(id_, {}), state_of(record)),
            "members": members.get(id_, [[], []]),
        }
        for id_, record in sorted(changing.touched.items())
    ]


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """`{field: [before, after]}` for the fields that differ."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


async def _states_ended(tx: AsyncSession, changing: Changing) -> dict[UUID, Mapping[str, Any]]:
    rows = await tx.scalars(
        select(PastState).where(
            PastState.record_id.in_(list(changing.touched)),
            PastState.ended_by == changing.id,
            PastState.true_until.is_(None),
        )
    )
    return {row.record_id: row.state for row in rows}


async def _members(tx: AsyncSession, changing: Changing) -> dict[UUID, list[list[dict[str, Any]]]]:
    """The memberships that a change withdrew and stated, by household."""
    rows = await tx.execute(
        select(Membership, Individual.number)
        .join(Individual, Individual.id == Membership.individual_id)
        .where(
            Membership.household_id.in_(list(changing.touched)),
            (Membership.change_id == changing.id) | (Membership.ended_by == changing.id),
        )
        .order_by(Individual.number, Membership.from_on)
    )
    found: dict[UUID, list[list[dict[str, Any]]]] = defaultdict(lambda: [[], []])
    for one, number in rows:
        if one.change_id == one.ended_by:
            continue  # said and taken back within the change
        found[one.household_id][one.change_id == changing.id].append(
            {
                "individual_number": number,
                "relationship": one.relationship,
                "from_on": one.from_on.isoformat(),
                "until_on": one.until_on.isoformat() if one.until_on else None,
            }
        )
    return found
