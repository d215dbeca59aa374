"""Access in an emergency: opened with a reason, for an hour, and reviewed by a second person within a day."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosures import errors
from gateway.disclosures.acts import Person, note
from gateway.disclosures.oversight_models import BreakGlass
from shared.clock import now
from shared.errors import NotFound
from shared.ids import new_id

LASTS = timedelta(minutes=60)
REVIEWED_WITHIN = timedelta(hours=24)
MOST_UNREVIEWED = 5
"""Of one person; more is no emergency any more."""
ROUTE = "/v1/break-glass"
POINTER = "/header/Tekamoul-Break-Glass"


async def open_it(tx: AsyncSession, reason: str, subject: str | None, by: Person) -> BreakGlass:
    """Open one; `subject` bounds it to answers about that one alone. TooManyOpen."""
    mine = (BreakGlass.partner == by.partner, BreakGlass.official == by.official, BreakGlass.reviewed_at.is_(None))
    unreviewed = await tx.scalar(select(func.count()).select_from(BreakGlass).where(*mine)) or 0
    if unreviewed >= MOST_UNREVIEWED:
        raise errors.TooManyOpen(count=unreviewed)
    at = now()
    made = BreakGlass(
        id=new_id(), partner=by.partner, official=by.official, reason=reason, subject=subject, opened_at=at,
        ends_at=at + LASTS,
    )  # fmt: skip
    tx.add(made)
    await note(tx, by, "opened", f"POST {ROUTE}", break_glass=str(made.id), subjects=0)
    return made


async def in_force(tx: AsyncSession, break_glass_id: UUID, by: Person) -> BreakGlass:
    """The one that this person opened, while it lasts. BreakGlassUnknown, BreakGlassEnded."""
    found = await tx.get(BreakGlass, break_glass_id)
    if found is None or (found.partner, found.official) != (by.partner, by.official):
        raise errors.BreakGlassUnknown(pointer=POINTER)
    if now() >= found.ends_at:
        raise errors.BreakGlassEnded(time=f"{found.ends_at:%Y-%m-%d %H:%M}", pointer=POINTER)
    return found


async def review(tx: AsyncSession, break_glass_id: UUID, by: Person, *, justified: bool, remark: str) -> BreakGlass:
    """A second person says whether it was an emergency; it ends with that. NotFound, SamePerson, AlreadyDecided."""
    found = await tx.get(BreakGlass, break_glass_id, with_for_update=True)
    if found is None:
        raise NotFound
    if found.reviewed_at is not None:
        raise errors.AlreadyDecided(day=f"{found.reviewed_at:%Y-%m-%d}")
    if (found.partner, found.official) == (by.partner, by.official):
        raise errors.SamePerson
    found.reviewed_by, found.reviewed_at, found.justified, found.remark = str(by), now(), justified, remark
    found.ends_at = min(found.ends_at, found.reviewed_at)
    await note(tx, by, "reviewed", f"POST {ROUTE}/{{break_glass_id}}/review", break_glass=str(found.id), subjects=0)
    return found
