"""Rebuild: beneficiaries are compared anew, a program's or all, beside what comes in; persons' decisions stand."""

import asyncio
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.decision_errors import RebuildEnded, RebuildRunning
from services.matching.decision_models import Rebuild
from services.matching.decision_schemas import RebuildOut
from services.matching.errors import ProgramUnknown
from services.matching.models import Beneficiary, LinkStatus, Program
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller
from shared.ids import new_id
from shared.platform import Platform

CHUNK = 1_000
"""Marked at once, and only when fewer than these wait: what comes in is never far behind a rebuild, and to cancel it stops
within seconds."""
LOOK_SECONDS = 0.5
RUNNING, DONE, CANCELLED = "running", "done", "cancelled"


async def start(tx: AsyncSession, program: str | None, *, by: Caller) -> Rebuild:
    """Begin a rebuild. ProgramUnknown; RebuildRunning where one is under way."""
    if program is not None and await tx.get(Program, program) is None:
        raise ProgramUnknown(pointer="/program")
    total = await tx.scalar(select(func.count()).select_from(Beneficiary).where(_of(program))) or 0
    begun = Rebuild(
        id=new_id(), program=program, status=RUNNING, total=total, marked=0, asked_by=by.name, asked_at=now()
    )
    try:
        async with tx.begin_nested():
            tx.add(begun)
    except IntegrityError as taken:
        raise RebuildRunning from taken
    return begun


async def start_over(tx: AsyncSession, *, by: Caller) -> Rebuild:
    """Have everybody compared anew, whatever rebuild is under way: what it compared so far no longer holds."""
    running = await tx.scalar(select(Rebuild.id).where(Rebuild.status == RUNNING))
    if running is not None:
        await cancel(tx, running)
    return await start(tx, None, by=by)


async def cancel(tx: AsyncSession, rebuild_id: UUID) -> Rebuild:
    """Mark no more; who is marked is still compared. NotFound, RebuildEnded."""
    found = await tx.get(Rebuild, rebuild_id, with_for_update=True)
    if found is None:
        raise NotFound
    if found.status != RUNNING:
        raise RebuildEnded
    found.status, found.ended_at = CANCELLED, now()
    await tx.flush()
    return found


async def progress(tx: AsyncSession, rebuild_id: UUID) -> RebuildOut:
    found = await tx.get(Rebuild, rebuild_id)
    if found is None:
        raise NotFound
    waiting = await _waiting(tx, found)
    told = {name: getattr(found, name) for name in RebuildOut.model_fields if name != "compared"}
    return RebuildOut(**told, compared=max(0, found.marked - waiting))


async def _waiting(tx: AsyncSession, rebuild: Rebuild) -> int:
    """Of those marked, how many are not compared yet."""
    if rebuild.reached is None:
        return 0
    rows = (
        select(func.count())
        .select_from(Beneficiary)
        .where(Beneficiary.link_status == LinkStatus.PENDING, _of(rebuild.program), Beneficiary.id <= rebuild.reached)
    )
    return await tx.scalar(rows) or 0


def _of(program: str | None) -> ColumnElement[bool]:
    return true() if program is None else Beneficiary.program == program


async def rebuild_worker(platform: Platform) -> None:
    """The worker: marks what a rebuild wants compared, for ever."""
    while True:
        async with platform.database.transaction() as tx:
            marked = await mark_some(tx)
        if not marked:
            await asyncio.sleep(LOOK_SECONDS)


async def mark_some(tx: AsyncSession) -> int:
    """Mark the next chunk of the running rebuild, or end it; returns how many were marked."""
    running = await tx.scalar(select(Rebuild).where(Rebuild.status == RUNNING).with_for_update())
    if running is None or await _waiting(tx, running):
        return 0
    rows = select(Beneficiary.id).where(_of(running.program)).order_by(Beneficiary.id).limit(CHUNK)
    if running.reached is not None:
        rows = rows.where(Beneficiary.id > running.reached)
    ids = list(await tx.scalars(rows.with_for_update()))
    if not ids:
        running.status, running.ended_at = DONE, now()
        return 0
    await tx.execute(
        update(Beneficiary)
        .where(Beneficiary.id.in_(ids), Beneficiary.link_status != LinkStatus.PENDING)
        .values(link_status=LinkStatus.PENDING)
        .execution_options(synchronize_session=False)
    )
    running.reached, running.marked = ids[-1], running.marked + len(ids)
    return len(ids)


async def marks_left(platform: Platform) -> dict[str, int]:
    """For the health page: beneficiaries a running rebuild has yet to mark."""
    async with platform.database.transaction() as tx:
        left = await tx.scalar(select(Rebuild.total - Rebuild.marked).where(Rebuild.status == RUNNING))
        return {"beneficiaries_to_rebuild": max(0, left or 0)}
