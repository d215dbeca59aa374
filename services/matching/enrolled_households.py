"""Which households are enrolled in which program, kept current with every link, and told to the registry, which gives households
by that under agreements.

A row stays when the enrollment ends, and says so. Its version is the moment of its last turn in milliseconds, or one more than
before: it grows also where this database was restored from an older copy.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import EnrolledHousehold
from services.matching.schemas import EnrolledHouseholdOut
from shared.clock import now
from shared.contracts.matching import EnrolledHouseholdsChanged
from shared.ids import new_id
from shared.outbox import record
from shared.pagination import Page, decode_cursor, encode_cursor

BEGIN = text(
    "INSERT INTO enrolled_households AS held (household_id, program, enrolled, version, batch_id)"
    " SELECT DISTINCT household_id, program, true, CAST(:moment AS bigint), CAST(:batch AS uuid) FROM beneficiaries"
    " WHERE household_id = ANY(CAST(:ids AS uuid[])) AND active AND decided_as = 'linked'"
    " ON CONFLICT (household_id, program) DO UPDATE SET enrolled = true,"
    " version = GREATEST(held.version + 1, excluded.version), batch_id = excluded.batch_id WHERE NOT held.enrolled RETURNING 1"
)
CEASE = text(
    "UPDATE enrolled_households AS held SET enrolled = false,"
    " version = GREATEST(held.version + 1, CAST(:moment AS bigint)), batch_id = CAST(:batch AS uuid)"
    " WHERE held.household_id = ANY(CAST(:ids AS uuid[])) AND held.enrolled AND NOT EXISTS ("
    "SELECT 1 FROM beneficiaries AS one WHERE one.household_id = held.household_id AND one.program = held.program"
    " AND one.active AND one.decided_as = 'linked') RETURNING 1"
)
AGAIN = text(
    "UPDATE enrolled_households SET version = GREATEST(version + 1, CAST(:moment AS bigint)), batch_id = CAST(:batch AS uuid)"
    " WHERE household_id = ANY(CAST(:ids AS uuid[])) RETURNING 1"
)
"""What counts is who receives: an enrollment that is active, linked to somebody of the household."""


async def refresh_enrolled(tx: AsyncSession, household_ids: Collection[UUID]) -> None:
    """Bring the rows of these households up to date, and announce how many began and ceased. The caller holds the linking lock."""
    if not household_ids:
        return
    asked = _asked(household_ids)
    began, ceased = [len((await tx.execute(statement, asked)).all()) for statement in (BEGIN, CEASE)]
    if began or ceased:
        record(tx, EnrolledHouseholdsChanged(batch_id=asked["batch"], began=began, ceased=ceased))


async def tell_again(tx: AsyncSession, household_ids: Collection[UUID]) -> None:
    """Announce these households once more, whatever the registry holds of them: it may have been restored from an older copy."""
    if household_ids:
        asked = _asked(household_ids)
        if (await tx.execute(AGAIN, asked)).first() is not None:
            record(tx, EnrolledHouseholdsChanged(batch_id=asked["batch"], began=0, ceased=0))


def _asked(household_ids: Collection[UUID]) -> dict[str, Any]:
    return {"ids": sorted(household_ids), "batch": new_id(), "moment": int(now().timestamp() * 1000)}


async def told_of(tx: AsyncSession, batch_id: UUID, limit: int, cursor: str | None) -> Page[EnrolledHouseholdOut]:
    """What one announcement is about, as it is now; what has turned again since is in a later one."""
    key = tuple_(EnrolledHousehold.household_id, EnrolledHousehold.program)
    rows = select(EnrolledHousehold).where(EnrolledHousehold.batch_id == batch_id).order_by(*key.clauses)
    if cursor:
        rows = rows.where(key > tuple(decode_cursor(cursor, UUID, str)))
    found = list(await tx.scalars(rows.limit(limit + 1)))
    items = [EnrolledHouseholdOut.model_validate(one, from_attributes=True) for one in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.household_id, last.program) if last else None)
