"""Names leave the log: of one subject because two persons decided it, of all by age. The chain stays as it is."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import LargeBinary, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosures import queries
from gateway.disclosures.acts import THE_PLATFORM, Person, note
from gateway.disclosures.errors import AlreadyDecided, SamePerson
from gateway.disclosures.models import DisclosureParty, DisclosureRow, DisclosureSeal
from gateway.disclosures.oversight_models import BreakGlass, Erasure, ReadingAlert
from shared.clock import now
from shared.database import any_of
from shared.errors import NotFound
from shared.ids import new_id
from shared.logs import log
from shared.platform import Platform, Worker

LOOK_SECONDS = 3_600.0
DROPPED_AT_ONCE = 10_000
DECIDED = "POST /v1/erasures/{erasure_id}/approve"


async def is_named(tx: AsyncSession, subject: str) -> bool:
    """Whether the log names somebody by this id or number."""
    return bool(await queries.commitments_of(tx, [subject]))


async def ask(tx: AsyncSession, subject: str, reason: str, by: Person) -> Erasure:
    """Ask for a subject's names to be erased; where somebody has asked already, that."""
    asked: Erasure | None = await tx.scalar(
        select(Erasure).where(Erasure.subject == subject, Erasure.decided_at.is_(None))
    )
    if asked is None:
        asked = Erasure(id=new_id(), subject=subject, reason=reason, asked_by=str(by), asked_at=now())
        tx.add(asked)
        await tx.flush()
    return asked


async def undecided(tx: AsyncSession, erasure_id: UUID, by: Person) -> tuple[Erasure, str]:
    """An erasure that this person may decide, and whom it is about; nobody else decides it meanwhile. NotFound, SamePerson,
    AlreadyDecided."""
    found = await tx.get(Erasure, erasure_id, with_for_update=True)
    if found is None:
        raise NotFound
    if found.decided_at is not None or found.subject is None:
        raise AlreadyDecided(day=f"{found.decided_at:%Y-%m-%d}")
    if found.asked_by == str(by):
        raise SamePerson
    return found, found.subject


async def decide(tx: AsyncSession, found: Erasure, subject: str, by: Person, *, erase: bool) -> Erasure:
    """Erase what was asked for, or refuse it; either way it names the subject no longer. `found`, `subject`: see `undecided`."""
    found.subject = None
    found.decided_by, found.decided_at = str(by), now()
    if erase:
        found.erased = await _erase(tx, subject, by)
    return found


async def _erase(tx: AsyncSession, subject: str, by: Person) -> int:
    # The row of the act first: it holds the chain's end, so that from there on nobody writes under a name that goes now.
    await note(tx, by, "erased", DECIDED, subjects=0)
    held = any_of(await queries.commitments_of(tx, [subject]), LargeBinary())
    gone = delete(DisclosureParty).where(DisclosureParty.commitment == held)
    names = (await tx.execute(gone.returning(DisclosureParty.reference, DisclosureParty.number))).all()
    known = {name for one in names for name in one if name}
    await tx.execute(update(BreakGlass).where(BreakGlass.subject.in_(known)).values(subject=None))
    return len(names)


def first_kept(today: date, days: int) -> date:
    """The first month whose names are kept: every day of those before it is older than so many days."""
    return (today - timedelta(days=days)).replace(day=1)


async def drop_old_names(tx: AsyncSession, before: date) -> int:
    """Drop some names of the months before `before`, once all their rows are sealed; returns how many went, 0 when none is left."""
    sealed = await tx.scalar(select(func.max(DisclosureSeal.last))) or 0
    start = datetime(before.year, before.month, 1, tzinfo=UTC)
    old = select(DisclosureRow.position).where(DisclosureRow.at < start)
    last = await tx.scalar(old.order_by(DisclosureRow.at.desc(), DisclosureRow.position.desc()).limit(1)) or 0
    if last > sealed:
        return 0
    some = select(DisclosureParty.commitment).where(DisclosureParty.month < before).limit(DROPPED_AT_ONCE)
    which = delete(DisclosureParty).where(DisclosureParty.commitment.in_(some))
    count = len((await tx.execute(which.returning(DisclosureParty.commitment))).all())
    # These name officials, and reasons may name anybody; that it happened stands in the chain.
    await tx.execute(delete(BreakGlass).where(BreakGlass.reviewed_at < start))
    await tx.execute(delete(Erasure).where(Erasure.decided_at < start))
    await tx.execute(delete(ReadingAlert).where(ReadingAlert.reviewed_at < start))
    if count:  # last, because whoever discloses waits from here to the commit
        await note(tx, THE_PLATFORM, "dropped", "retention", subjects=count)
        log.info("disclosure_names_dropped", before=before.isoformat(), count=count)
    return count


def retention(days: int) -> Worker:
    """A worker: drops names older than so many days."""

    async def drop_names_by_age(platform: Platform) -> None:
        while True:
            async with platform.database.transaction() as tx:
                dropped = await drop_old_names(tx, first_kept(now().date(), days))
            await asyncio.sleep(0 if dropped else LOOK_SECONDS)

    return drop_names_by_age
