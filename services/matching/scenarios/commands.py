"""Scenarios saved, changed, copied, deleted, and asked to be run. What they say of programs changes nothing of theirs."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import Program
from services.matching.scenarios.checking import refuse_unsound
from services.matching.scenarios.errors import (
    ScenarioNameTaken,
    ScenarioNotRunning,
    ScenarioRunning,
    TooManyScenarios,
)
from services.matching.scenarios.models import Scenario, ScenarioRun
from services.matching.scenarios.schemas import ScenarioIn
from services.matching.snapshots import commands as snapshots
from shared.clock import now
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.identity import Caller
from shared.ids import new_id

MOST_SCENARIOS = 200
"""Of one owner: more than anybody compares, and their results stay small beside the registry."""
WAITING = "waiting"
USE = "scenario"
"""What a snapshot is told that it is used for."""


async def save(tx: AsyncSession, asked: ScenarioIn, *, by: Caller) -> Scenario:
    """Keep a scenario. What `refuse_unsound` refuses, TooManyScenarios, ScenarioNameTaken."""
    await _refuse_unsound(tx, asked)
    kept = await tx.scalar(select(func.count()).select_from(Scenario).where(Scenario.owner == by.name)) or 0
    if kept >= MOST_SCENARIOS:
        raise TooManyScenarios(most=MOST_SCENARIOS)
    at = now()
    made = Scenario(id=new_id(), owner=by.name, version=1, made_at=at, changed_at=at, **_values(asked))
    tx.add(made)
    await _flush(tx)
    await _rest_on(tx, made)
    return made


async def change(tx: AsyncSession, scenario_id: UUID, asked: ScenarioIn, *, by: Caller, if_match: str) -> Scenario:
    """Put a scenario in another's place. The result of its last run stays, and says that it is of the one before."""
    found = await own_scenario(tx, scenario_id, by, lock=True)
    refuse_stale(if_match, found.version)
    await _refuse_unsound(tx, asked)
    for name, value in _values(asked).items():
        setattr(found, name, value)
    found.version, found.changed_at = found.version + 1, now()
    await _flush(tx)
    await _rest_on(tx, found)
    return found


async def copy(tx: AsyncSession, scenario_id: UUID, name: str, *, by: Caller) -> Scenario:
    """The same changes under another name, to be changed in their turn."""
    found = await own_scenario(tx, scenario_id, by)
    told = {one: getattr(found, one) for one in ("note", "snapshot_id", "links", "changes")}
    return await save(tx, ScenarioIn.model_validate(told | {"name": name}), by=by)


async def remove(tx: AsyncSession, scenario_id: UUID, *, by: Caller, if_match: str) -> None:
    """The scenario, and its result with it. ScenarioRunning while it is computed."""
    found = await own_scenario(tx, scenario_id, by, lock=True)
    refuse_stale(if_match, found.version)
    await _refuse_running(tx, scenario_id)
    await snapshots.release(tx, USE, scenario_id)
    await tx.execute(delete(Scenario).where(Scenario.id == scenario_id))


async def run(tx: AsyncSession, scenario_id: UUID, *, by: Caller) -> Scenario:
    """Have the scenario computed by the worker, in place of the result it has. ScenarioRunning, and what `save` refuses."""
    found = await own_scenario(tx, scenario_id, by, lock=True)
    await _refuse_running(tx, scenario_id)
    await tx.execute(delete(ScenarioRun).where(ScenarioRun.scenario_id == scenario_id))
    tx.add(
        ScenarioRun(
            scenario_id=found.id, run_id=new_id(), scenario_version=found.version, status=WAITING, asked_at=now()
        )
    )
    await tx.flush()
    return found


async def cancel(tx: AsyncSession, scenario_id: UUID, *, by: Caller) -> Scenario:
    """Compute it no further: what comes of it is not kept. ScenarioNotRunning."""
    found = await own_scenario(tx, scenario_id, by)
    running = await tx.get(ScenarioRun, scenario_id, with_for_update=True)
    if running is None or running.status != WAITING:
        raise ScenarioNotRunning
    running.status, running.ended_at = "cancelled", now()
    await tx.flush()
    return found


async def _rest_on(tx: AsyncSession, scenario: Scenario) -> None:
    """Its snapshot is not deleted while it is there. NotFound, SnapshotNotMade."""
    await snapshots.release(tx, USE, scenario.id)
    if scenario.snapshot_id is not None:
        await snapshots.use(tx, scenario.snapshot_id, USE, scenario.id)


async def own_scenario(tx: AsyncSession, scenario_id: UUID, by: Caller, *, lock: bool = False) -> Scenario:
    """The caller's scenario; another's does not exist for it."""
    found = await tx.get(Scenario, scenario_id, with_for_update=lock or None)
    if found is None or found.owner != by.name:
        raise NotFound
    return found


def _values(asked: ScenarioIn) -> dict[str, Any]:
    return {
        "name": asked.name,
        "note": asked.note,
        "snapshot_id": asked.snapshot_id,
        "links": asked.links,
        "changes": [one.model_dump(mode="json") for one in asked.changes],
    }


async def _refuse_unsound(tx: AsyncSession, asked: ScenarioIn) -> None:
    refuse_unsound(asked.changes, set(await tx.scalars(select(Program.code))))


async def _refuse_running(tx: AsyncSession, scenario_id: UUID) -> None:
    status = await tx.scalar(select(ScenarioRun.status).where(ScenarioRun.scenario_id == scenario_id))
    if status == WAITING:
        raise ScenarioRunning


async def _flush(tx: AsyncSession) -> None:
    """ScenarioNameTaken where the database knows the name."""
    try:
        async with tx.begin_nested():
            await tx.flush()
    except IntegrityError as taken:
        raise ScenarioNameTaken(pointer="/name") from taken
