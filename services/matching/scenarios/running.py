"""The worker that computes scenarios: reads the country, lays the changes over it in a thread, and keeps what is told of it."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.country_work import Work, rows_waiting, worker_of
from services.matching.figures.country import Country
from services.matching.figures.full_year import full_year
from services.matching.figures.scenario_indicators import Cells, beside, scenario_cells
from services.matching.figures.scenarios import compare, sure_links_only
from services.matching.reading_country import read_country
from services.matching.rules.changes import Change
from services.matching.scenarios.checking import refuse_unsound
from services.matching.scenarios.commands import WAITING
from services.matching.scenarios.models import Scenario, ScenarioRun
from services.matching.scenarios.telling import told
from services.matching.snapshots.queries import frozen, made
from shared.clock import now
from shared.errors import Refusal
from shared.platform import Platform
from shared.text import Text

CERTAIN = "certain"
CHANGES: TypeAdapter[list[Change]] = TypeAdapter(list[Change])
BROKEN = Text(
    ar="توقف الحساب بخطأ من جانبنا، وقد سُجّل. أعيدوا المحاولة.",
    fr="Le calcul s'est arrêté sur une erreur de notre côté, enregistrée. Recommencez.",
    en="The computation stopped on a fault of ours, recorded. Try again.",
)


async def _run(platform: Platform, tx: AsyncSession, scenario_id: UUID, run_id: UUID) -> None:
    result = await _result(tx, await tx.get_one(Scenario, scenario_id))
    async with platform.database.transaction() as end:
        await _keep(end, run_id, status="done", result=result)


async def _give_up(tx: AsyncSession, fault: Exception, _: UUID, run_id: UUID) -> None:
    code, why = (fault.code, fault.detail) if isinstance(fault, Refusal) else ("scenario_failed", BROKEN)
    await _keep(tx, run_id, status="failed", failure={"code": code, "ar": why.ar, "fr": why.fr, "en": why.en})


async def _keep(tx: AsyncSession, run_id: UUID, **ended: Any) -> None:
    """Only where this run still waits: it may have been cancelled meanwhile."""
    still = (ScenarioRun.run_id == run_id, ScenarioRun.status == WAITING)
    await tx.execute(update(ScenarioRun).where(*still).values(ended_at=now(), **ended))


RUNNING = Work(
    "scenario runs",
    select(ScenarioRun.scenario_id, ScenarioRun.run_id)
    .where(ScenarioRun.status == WAITING)
    .order_by(ScenarioRun.asked_at),
    _run,
    _give_up,
)
run_scenarios = worker_of("run_scenarios", RUNNING)


async def scenarios_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: scenarios to compute."""
    return {"scenarios_waiting": await rows_waiting(platform, RUNNING)}


async def _result(tx: AsyncSession, scenario: Scenario) -> dict[str, Any]:
    known_on = now().date()
    if scenario.snapshot_id is None:
        country = await read_country(tx, known_on)
    else:
        country = await frozen(tx, scenario.snapshot_id)
        known_on = (await made(tx, scenario.snapshot_id)).known_on
    changes = CHANGES.validate_python(scenario.changes)
    refuse_unsound(changes, {one.code for one in country.programs})
    result = await asyncio.to_thread(computed, country, changes, scenario.snapshot_id, scenario.links)
    result["basis"]["known_on"] = known_on.isoformat()
    return result


def computed(country: Country, changes: Sequence[Change], snapshot_id: UUID | None, links: str) -> dict[str, Any]:
    """What is told of a scenario over a full year of a country."""
    counted = full_year(sure_links_only(country) if links == CERTAIN else country)
    comparison = compare(counted, changes)
    before = _before(counted, snapshot_id, links)
    after = scenario_cells(comparison.after, probable=links != CERTAIN)
    return told(comparison, beside(before, after), snapshot_id, links)


_known: dict[tuple[UUID, str], Cells] = {}


def _before(country: Country, snapshot_id: UUID | None, links: str) -> Cells:
    """The figures of a snapshot are the same for ever: those of the last one that was asked about are kept."""
    key = None if snapshot_id is None else (snapshot_id, links)
    if key is None or key not in _known:
        found = scenario_cells(country, probable=links != CERTAIN)
        if key is None:
            return found
        _known.clear()
        _known[key] = found
    return _known[key]
