"""Which households are enrolled in which program, kept current with every link, and told to the registry, which gives households
by that under agreements.

A row stays when the enrollment ends, and says so; its version grows with each turn.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import EnrolledHousehold
from services.matching.schemas import EnrolledHouseholdOut
from shared.contracts.matching import EnrolledHouseholdsChanged
from shared.ids import new_id
from shared.outbox import record
from shared.pagination import Page, decode_cursor, encode_cursor

BEGIN = text(
    "INSERT INTO enrolled_households AS held (household_id, program, enrolled, version, batch_id)"
    " SELECT DISTINCT household_id, program, true, 1, CAST(:batch AS uuid) FROM beneficiaries"
    " WHERE household_id = ANY(CAST(:ids AS uuid[])) AND active AND decided_as = 'linked'"
    " ON CONFLICT (household_id, program) DO UPDATE SET enrolled = true, version = held.version + 1,"
    " batch_id = excluded.batch_id WHERE NOT held.enrolled RETURNING 1"
)
CEASE = text(
    "UPDATE enrolled_households AS held SET enrolled = false, version = held.version + 1, batch_id = CAST(:batch AS uuid)"
    " WHERE held.household_id = ANY(CAST(:ids AS uuid[])) AND held.enrolled AND NOT EXISTS ("
    "SELECT 1 FROM beneficiaries AS one WHERE one.household_id = held.household_id AND one.program = held.program"
    " AND one.active AND one.decided_as = 'linked') RETURNING 1"
)
"""What counts is who receives: an enrollment that is active, linked to somebody of the household."""


async def refresh_enrolled(tx: AsyncSession, household_ids: Collection[UUID]) -> None:
    """Bring the rows of these households up to date, and announce how many began and ceased. The caller holds the linking lock."""
    if not household_ids:
        return
    asked = {"ids": sorted(household_ids), "batch": new_id()}
    began, ceased = [len((await tx.execute(statement, asked)).all()) for statement in (BEGIN, CEASE)]
    if began or ceased:
        record(tx, EnrolledHouseholdsChanged(batch_id=asked["batch"], began=began, ceased=ceased))


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
