"""Rebuild of projections: each is read anew from its owner, page by page, while events go on coming and readers go on reading.

A page is one transaction under its owner's lock: whoever takes over an event of the same owner waits for it, some tenths of a
second, and what the event tells is newer than the page. A rebuild that was interrupted goes on where it was.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.decision_errors import ProjectionRebuildEnded, ProjectionRebuildRunning
from services.matching.locking import hold_owner_lock
from services.matching.projection_models import ProjectionRebuild
from services.matching.projection_schemas import Part, PartCounts, ProjectionRebuildOut
from services.matching.reprojecting import (
    Differences,
    Span,
    Told,
    renew_deliveries,
    renew_enrollments,
    renew_households,
    renew_merges,
    renew_places,
    renew_programs,
    renew_refusals,
    renew_schools,
)
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller
from shared.ids import new_id
from shared.pagination import LARGEST_PAGE
from shared.platform import Platform

LOOK_SECONDS = 1.0
RUNNING, DONE, CANCELLED = "running", "done", "cancelled"
REGISTRY, PROGRAMS = "registry", "programs"
Renew = Callable[[AsyncSession, Told, Span], Awaitable[Differences]]
PARTS: Mapping[Part, tuple[str, str, Renew]] = {
    "places": (REGISTRY, "/internal/places", renew_places),
    "programs": (PROGRAMS, "/internal/programs", renew_programs),
    "schools": (PROGRAMS, "/internal/schools", renew_schools),
    "households": (REGISTRY, "/internal/households", renew_households),
    "merges": (REGISTRY, "/internal/merges", renew_merges),
    "enrollments": (PROGRAMS, "/internal/enrollments", renew_enrollments),
    "refusals": (PROGRAMS, "/internal/link-refusals", renew_refusals),
    "deliveries": (PROGRAMS, "/internal/deliveries", renew_deliveries),
}
"""Of each part whose it is, where it is asked for, and who keeps it; in the order in which one needs the other."""
ID: Mapping[Part, str] = {
    "households": "id",
    "merges": "id",
    "enrollments": "enrollment_id",
    "refusals": "id",
    "deliveries": "delivery_id",
}
"""The key by which an owner lists a part. The others are small, and taken over whole: at once, or not at all."""
KINDS = ("wilaya", "moughataa", "commune")


async def start(tx: AsyncSession, what: list[Part], platform: Platform, *, by: Caller) -> ProjectionRebuild:
    """Begin to read these parts anew; none: all. ProjectionRebuildRunning where one is under way."""
    processes = sorted(platform.settings.service_urls)
    steps = [
        [part, process]
        for part, (owner, _, _) in PARTS.items()
        if not what or part in what
        for process in processes
        if process.partition("-")[0] == owner
    ]
    begun = ProjectionRebuild(
        id=new_id(), status=RUNNING, steps=steps, step=0, counts={}, asked_by=by.name, asked_at=now()
    )
    if not steps:  # nobody here owns such a part
        begun.status, begun.ended_at = DONE, begun.asked_at
    try:
        async with tx.begin_nested():
            tx.add(begun)
    except IntegrityError as taken:
        raise ProjectionRebuildRunning from taken
    return begun


async def cancel(tx: AsyncSession, rebuild_id: UUID) -> None:
    """Read no further; what was read stays. NotFound, ProjectionRebuildEnded."""
    found = await tx.get(ProjectionRebuild, rebuild_id, with_for_update=True)
    if found is None:
        raise NotFound
    if found.status != RUNNING:
        raise ProjectionRebuildEnded
    found.status, found.ended_at = CANCELLED, now()
    await tx.flush()


async def progress(tx: AsyncSession, rebuild_id: UUID) -> ProjectionRebuildOut:
    found = await tx.get(ProjectionRebuild, rebuild_id)
    if found is None:
        raise NotFound
    part, process = found.steps[found.step] if found.status == RUNNING else (None, None)
    return ProjectionRebuildOut(
        id=found.id,
        status=found.status,
        steps=len(found.steps),
        step=found.step,
        part=part,
        process=process,
        parts=[PartCounts(part=name, **found.counts[name]) for name in PARTS if name in found.counts],
        asked_by=found.asked_by,
        asked_at=found.asked_at,
        ended_at=found.ended_at,
    )


async def projections_worker(platform: Platform) -> None:
    """The worker: reads what a rebuild asks for, for ever. An owner that is away is asked again until it answers."""
    while True:
        async with platform.database.transaction() as tx:
            read = await read_some(tx, platform)
        if not read:
            await platform.wait_for_work(LOOK_SECONDS)


async def read_some(tx: AsyncSession, platform: Platform) -> bool:
    """Read and keep the next page of the running rebuild; False where none runs."""
    running = await tx.scalar(select(ProjectionRebuild).where(ProjectionRebuild.status == RUNNING).with_for_update())
    if running is None:
        return False
    named, process = running.steps[running.step]
    part = cast(Part, named)
    await hold_owner_lock(tx, process)
    _, path, renew = PARTS[part]
    told, cursor = await _ask(platform, part, process, path, running.cursor)
    last = UUID(told[-1][ID[part]]) if cursor is not None else None
    differing = await renew(tx, told, Span(process, running.reached, last))
    running.counts = running.counts | {part: _added(running.counts.get(part), len(told), differing)}
    running.cursor, running.reached = cursor, last
    if cursor is None:
        running.step += 1
        if running.step == len(running.steps):
            running.status, running.ended_at = DONE, now()
    return True


async def _ask(
    platform: Platform, part: Part, process: str, path: str, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """The next page, and where the one after it begins; a part without a key whole."""
    kinds = {"kind": KINDS} if part == "places" else {}
    if part not in ID:
        return [one async for one in platform.owners.items(process, path, **kinds)], None
    page = await platform.owners.get(process, path, cursor=cursor, limit=LARGEST_PAGE)
    return page["items"], page.get("next_cursor")


def _added(before: dict[str, int] | None, read: int, differing: Differences) -> dict[str, int]:
    counts = before or {"read": 0, "put": 0, "dropped": 0}
    more = {"read": read, "put": differing.put, "dropped": differing.dropped}
    return {name: counts[name] + more[name] for name in counts}


async def projections_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: how many lists of owners a running rebuild has yet to read to their end."""
    async with platform.database.transaction() as tx:
        running = await tx.scalar(select(ProjectionRebuild).where(ProjectionRebuild.status == RUNNING))
        return {"projections_to_read": len(running.steps) - running.step if running else 0}
