"""Runs of the quality rules over the whole registry: one inhabited commune at a time, each its own transaction.

A death loses at most the places under way; whoever comes next goes on after the last one committed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.standings import announce_crossings
from services.registry.models import Household, Place, QualityAge, QualityCount, QualityFinding, QualityRun
from services.registry.queries.judging import quality_rules
from services.registry.rules.quality import counting
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.ids import new_id
from shared.logs import log
from shared.platform import Platform

LOOK_SECONDS = 2.0
NIGHTLY_HOUR = 2
"""UTC, which is Mauritania's own time: nobody works then."""
KEPT_RUNS = 400
"""A little more than a year of nights, so that a season compares with the same one before."""
AFTER_FAULT_SECONDS = 60.0
SCHEDULE = "schedule"
ASSESSED = ("commune", "moughataa", "wilaya")
"""In this order: only communes are looked at record by record."""
AT_ONCE = 50
"""Places that one transaction may take, of which one is an inhabited commune at the most."""


async def request_run(tx: AsyncSession, *, by: str) -> QualityRun:
    """A run that will look at every record; the one under way where there is one."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('quality_runs'))"))
    under_way = await tx.scalar(select(QualityRun).where(QualityRun.open))
    if under_way is not None:
        return under_way
    at = now()
    made = QualityRun(
        id=new_id(),
        status="waiting",
        open=True,
        requested_by=by,
        requested_at=at,
        on_day=at.date(),
        edition=quality_rules().edition,
        places=await tx.scalar(select(func.count()).where(Place.kind.in_(ASSESSED))) or 0,
        places_done=0,
        reached="",
    )
    tx.add(made)
    await tx.flush()
    return made


async def quality_worker(platform: Platform) -> None:
    """Does the runs asked for, and asks for one each night."""
    while True:
        async with platform.database.transaction() as tx:
            if await _is_due(tx, now()):
                await request_run(tx, by=SCHEDULE)
            waiting = await tx.scalar(select(QualityRun.id).where(QualityRun.open))
        if waiting is not None:
            await _run(platform, waiting)
        await platform.wait_for_work(LOOK_SECONDS)


async def _is_due(tx: AsyncSession, at: datetime) -> bool:
    """Whether no run has been asked for since the last night, and there was something to look at then."""
    night = last_night(at)
    asked = await tx.scalar(select(QualityRun.requested_at).order_by(QualityRun.id.desc()).limit(1))
    if asked is not None and asked >= night:
        return False
    # Ids are in the order of time: the first household is the oldest.
    oldest = await tx.scalar(select(Household.registered_at).order_by(Household.id).limit(1))
    return oldest is not None and oldest < night


def last_night(at: datetime) -> datetime:
    """The last moment at which a nightly run was due."""
    tonight = at.replace(hour=NIGHTLY_HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight <= at else tonight - timedelta(days=1)


async def _run(platform: Platform, run_id: UUID) -> None:
    log.info("quality_run_started", run_id=str(run_id))
    try:
        while await _advance(platform, run_id):
            pass
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise  # the worker is started again, and goes on after the last committed place
        log.error("quality_run_stuck", run_id=str(run_id), exc_info=fault)
        await asyncio.sleep(AFTER_FAULT_SECONDS)


async def _advance(platform: Platform, run_id: UUID) -> bool:
    """Assess the next places of a run, or end the run; whether there is more to do for this process."""
    async with platform.database.transaction() as tx:
        mine = select(QualityRun).where(QualityRun.id == run_id, QualityRun.open).with_for_update(skip_locked=True)
        run = await tx.scalar(mine)
        if run is None:  # ended, or another process is at it
            return False
        places = await _next_places(tx, run.reached)
        if not places:
            await _complete(tx, run)
            return False
        for place, inhabited in places:
            if inhabited:
                await _assess(tx, run, place)
        run.status, run.reached = "running", _step(places[-1][0])
        run.places_done += len(places)
    return True


def _step(place: Place) -> str:
    """Where a place comes in a run: the order of this text is the order of the work."""
    return f"{ASSESSED.index(place.kind)}{place.code}"


async def _next_places(tx: AsyncSession, reached: str) -> list[tuple[Place, bool]]:
    """The next places of one kind, each with whether anybody is registered there: of communes up to the first that is
    inhabited, because that one is work enough."""
    rank, code = int(reached[:1] or 0), reached[1:]
    for kind in ASSESSED[rank:]:
        inhabited = select(Household.id).where(Household.commune_code == Place.code).exists()
        rows = select(Place, inhabited if kind == "commune" else true()).where(Place.kind == kind)
        if kind == ASSESSED[rank]:
            rows = rows.where(Place.code > code)
        taken: list[tuple[Place, bool]] = []
        for place, lived_in in await tx.execute(rows.order_by(Place.code).limit(AT_ONCE)):
            taken.append((place, lived_in))
            if kind == "commune" and lived_in:
                break
        if taken:
            return taken
    return []


async def _assess(tx: AsyncSession, run: QualityRun, place: Place) -> None:
    if place.kind == "commune":
        await _count(tx, run, place.code)
    await _reckon_age(tx, run, place)


async def _count(tx: AsyncSession, run: QualityRun, commune: str) -> None:
    """Judge every record of a commune, and keep the figures by source."""
    rules = quality_rules()
    records: dict[str, int] = {}
    faults: dict[str, Decimal] = {}
    findings: dict[tuple[str, str], int] = {}
    for kind in ("household", "individual"):
        for row in await tx.execute(text(counting(rules, kind)), {"commune": commune, "today": run.on_day}):
            figures: Mapping[str, Any] = row._asdict()
            source = figures["source"]
            records[source] = records.get(source, 0) + figures["records"]
            faults[source] = faults.get(source, Decimal(0)) + figures["faults"]
            for rule in rules.of_kind(kind):
                findings[source, rule.code] = figures[rule.code]
            for rule in rules.of_kind("commune") if kind == "household" else ():
                # The commune is a record of its own, as each source knows it.
                records[source] += 1
                faults[source] += rules.weights[rule.severity] if figures[rule.code] else Decimal(0)
                findings[source, rule.code] = int(figures[rule.code])
    about = {"run_id": run.id, "commune_code": commune}
    await _insert(
        tx, QualityCount, [about | {"source": s, "records": n, "faults": faults[s]} for s, n in records.items()]
    )
    found = [about | {"source": s, "rule": rule, "findings": n} for (s, rule), n in findings.items() if n]
    await _insert(tx, QualityFinding, found)


async def _reckon_age(tx: AsyncSession, run: QualityRun, place: Place) -> None:
    """How old the surveys of a place's households are: a median of parts says nothing of the whole, so each is reckoned."""
    within = select(Place.code).where(Place.code == place.code)
    for _ in range(ASSESSED.index(place.kind)):
        within = select(Place.code).where(Place.parent_code.in_(within))
    age = run.on_day - Household.surveyed_on
    stale = func.count().filter(age > quality_rules().stale_after_days)
    figures = await tx.execute(
        select(func.count(), stale, func.percentile_cont(0.5).within_group(age)).where(
            Household.commune_code.in_(within), Household.status == "active"
        )
    )
    households, old, median = figures.one()
    if households:
        row = {"run_id": run.id, "place_code": place.code, "households": households, "stale": old}
        await _insert(tx, QualityAge, [row | {"median_days": Decimal(str(median))}])


async def _insert(tx: AsyncSession, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await tx.execute(insert(table), rows)


async def _complete(tx: AsyncSession, run: QualityRun) -> None:
    run.status, run.open, run.completed_at = "completed", False, now()
    await tx.flush()
    await announce_crossings(tx, run)
    kept = select(QualityRun.id).order_by(QualityRun.id.desc()).limit(KEPT_RUNS)
    await tx.execute(delete(QualityRun).where(QualityRun.id.not_in(kept)))
    log.info("quality_run_ended", run_id=str(run.id), places=run.places_done)
