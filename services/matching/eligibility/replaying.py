"""Replays: a worker asks the owners what was known at a moment of a day, and evaluates that day's rule over it.

One transaction holds the households of some pages and how far the registry has been read: after a death the next worker goes on
there. While an owner is away the replay waits.
"""

import asyncio
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import httpx
import polars as pl
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.eligibility.errors import ReplayEnded, ReplayOfTheFuture
from services.matching.eligibility.models import EligibilityReplay, ReplayPart, ReplayStatus
from services.matching.errors import ProgramUnknown
from services.matching.models import Place, Program
from services.matching.rules.eligibility import Group, eligible, rule_on
from services.matching.rules.household import attributes_on
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.errors import NotFound
from shared.http import OwnerUnavailable
from shared.identity import Caller
from shared.ids import new_id
from shared.logs import log
from shared.pagination import LARGEST_PAGE
from shared.platform import Platform

PAGES = 20
"""Pages of the registry that one step reads: some seconds, so that to cancel stops soon."""
LOOK_SECONDS = 0.5
KINDS: Mapping[str, Any] = {
    "household_id": pl.String,
    **dict.fromkeys(("wilaya", "moughataa", "commune", "category", "score", "head_sex"), pl.String),
    **dict.fromkeys(("size", "disabled", "under_2", "under_5", "school_age", "aged_60", "women_15_49"), pl.Int32),
}
"""A score as text, so that no digit of it is lost."""
SAID = {True: "eligible", False: "not_eligible", None: "cannot_tell"}
NOT_FOUND = 404


async def start(
    tx: AsyncSession, program: str, as_of: date, known_at: datetime | None, *, by: Caller
) -> EligibilityReplay:
    """Begin a replay. ProgramUnknown; ReplayOfTheFuture for a day, or a moment, that has not come."""
    if await tx.get(Program, program) is None:
        raise ProgramUnknown(pointer="/program")
    moment = now()
    for pointer, is_future in (("/as_of", as_of > moment.date()), ("/known_at", (known_at or moment) > moment)):
        if is_future:
            raise ReplayOfTheFuture(pointer=pointer)
    begun = EligibilityReplay(
        id=new_id(),
        program=program,
        as_of=as_of,
        known_at=known_at or moment,
        status=ReplayStatus.RUNNING,
        households=0,
        counts={},
        asked_by=by.name,
        asked_at=moment,
    )
    tx.add(begun)
    await tx.flush()
    return begun


async def cancel(tx: AsyncSession, replay_id: UUID) -> EligibilityReplay:
    """Read no further. NotFound, ReplayEnded."""
    found = await tx.get(EligibilityReplay, replay_id, with_for_update=True)
    if found is None:
        raise NotFound
    if found.status != ReplayStatus.RUNNING:
        raise ReplayEnded
    _end(found, ReplayStatus.CANCELLED)
    await tx.flush()
    return found


def _end(replay: EligibilityReplay, status: ReplayStatus, failure: str | None = None) -> None:
    replay.status, replay.failure, replay.ended_at = status, failure, now()


async def replay_worker(platform: Platform) -> None:
    """The worker: goes on with the oldest replay, for ever."""
    while True:
        try:
            moved = await step(platform)
        except OwnerUnavailable:
            moved = False
        if not moved:
            await asyncio.sleep(LOOK_SECONDS)


async def replays_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: replays under way."""
    async with platform.database.transaction() as tx:
        running = await tx.scalars(select(EligibilityReplay.id).where(EligibilityReplay.status == ReplayStatus.RUNNING))
        return {"eligibility_replays_running": len(running.all())}


async def step(platform: Platform, pages: int = PAGES) -> bool:
    """Some pages of the oldest running replay; False where there is none."""
    async with platform.database.transaction() as tx:
        running = select(EligibilityReplay).where(EligibilityReplay.status == ReplayStatus.RUNNING)
        replay = await tx.scalar(running.order_by(EligibilityReplay.asked_at, EligibilityReplay.id).limit(1))
        if replay is None:
            return False
        institution = (await tx.get_one(Program, replay.program)).institution
        places = dict((await tx.execute(select(Place.code, Place.parent_code))).all())
    try:
        document = replay.rule or await _published(platform, institution, replay)
        rule = rule_on(document, replay.as_of) if document else None
        if document is None or rule is None:
            await _fail(platform, replay.id, "program_not_by_household" if document else "program_not_published_then")
            return True
        facts, cursor = await _facts(platform, replay, pages)
        rows = [_row(one, places, replay.as_of) for one in facts]
        await _store(platform, replay, document, rule.version, rule.group, rows, cursor)
    except Exception as fault:
        if isinstance(fault, OwnerUnavailable) or is_of_the_surroundings(fault):
            raise
        log.error("replay_failed", replay=str(replay.id), exc_info=fault)
        await _fail(platform, replay.id, "replay_failed")
    return True


async def _published(platform: Platform, institution: str, replay: EligibilityReplay) -> Mapping[str, Any] | None:
    """The program as it was published at the end of the day of the moment; None where it was not yet."""
    try:
        found: Mapping[str, Any] = await platform.owners.get(
            f"programs-{institution}", f"/internal/programs/{replay.program}", as_of=str(replay.known_at.date())
        )
    except httpx.HTTPStatusError as refused:
        if refused.response.status_code == NOT_FOUND:
            return None
        raise
    return found


async def _facts(platform: Platform, replay: EligibilityReplay, pages: int) -> tuple[list[dict[str, Any]], str | None]:
    """The households of the next pages, and where to go on; None: they were the last."""
    found: list[dict[str, Any]] = []
    cursor = replay.cursor
    asked = {"as_of": str(replay.as_of), "known_at": replay.known_at.isoformat(), "limit": LARGEST_PAGE}
    for _ in range(pages):
        page = await platform.owners.get("registry", "/internal/household-facts", cursor=cursor, **asked)
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return found, cursor


def _row(facts: Mapping[str, Any], places: Mapping[str, str | None], day: date) -> dict[str, Any]:
    moughataa = places.get(facts["commune_code"])
    attributes = attributes_on(facts, places.get(moughataa or ""), moughataa, day)
    return {"household_id": facts["household_id"], **attributes}


async def _store(
    platform: Platform,
    replay: EligibilityReplay,
    document: Mapping[str, Any],
    version: int,
    group: Group,
    rows: Sequence[dict[str, Any]],
    cursor: str | None,
) -> None:
    counted = await asyncio.to_thread(_counted, group, rows)
    content = await asyncio.to_thread(written, rows) if rows else None
    async with platform.database.transaction() as tx:
        held = await tx.get(EligibilityReplay, replay.id, with_for_update=True, populate_existing=True)
        if held is None or held.status != ReplayStatus.RUNNING or held.cursor != replay.cursor:
            return  # cancelled meanwhile, or somebody else was there first
        if content is not None:
            first, last = UUID(rows[0]["household_id"]), UUID(rows[-1]["household_id"])
            tx.add(ReplayPart(replay_id=held.id, first_id=first, last_id=last, content=content))
        held.rule, held.rule_version, held.cursor = dict(document), version, cursor
        held.households += len(rows)
        held.counts = _added(held.counts, counted)
        if cursor is None:
            _end(held, ReplayStatus.DONE)


def _counted(group: Group, rows: Sequence[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for row in rows:
        found.setdefault(row["wilaya"] or "", Counter())[SAID[eligible(group, row)]] += 1
    return found


def _added(counts: Mapping[str, Mapping[str, int]], more: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    wilayas = sorted({*counts, *more})
    return {one: dict(Counter(counts.get(one, {})) + more.get(one, Counter())) for one in wilayas}


def written(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Households with their attributes as Parquet."""
    as_text = [{**row, "score": str(row["score"]) if row["score"] is not None else None} for row in rows]
    file = io.BytesIO()
    pl.DataFrame(as_text, KINDS).write_parquet(file, compression="zstd")
    return file.getvalue()


async def _fail(platform: Platform, replay_id: UUID, failure: str) -> None:
    async with platform.database.transaction() as tx:
        replay = await tx.get_one(EligibilityReplay, replay_id, with_for_update=True)
        if replay.status == ReplayStatus.RUNNING:
            _end(replay, ReplayStatus.FAILED, failure)
