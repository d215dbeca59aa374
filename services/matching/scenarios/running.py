"""The worker that computes scenarios: reads the country, lays the changes over it in a thread, and keeps what is told of it."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

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
from services.matching.snapshots.queries import frozen
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.errors import Refusal
from shared.logs import log
from shared.platform import Platform
from shared.text import Text

LOOK_SECONDS = 1.0
CERTAIN = "certain"
LONGEST_COMPUTING = "15min"
"""The transaction that holds the worker's lock waits while a thread computes: hundreds of times as long as a country takes."""
CHANGES: TypeAdapter[list[Change]] = TypeAdapter(list[Change])
BROKEN = Text(
    ar="توقف الحساب بخطأ من جانبنا، وقد سُجّل. أعيدوا المحاولة.",
    fr="Le calcul s'est arrêté sur une erreur de notre côté, enregistrée. Recommencez.",
    en="The computation stopped on a fault of ours, recorded. Try again.",
)


async def run_scenarios(platform: Platform) -> None:
    """The worker: computes what waits, the oldest first, one at a time in all processes, for ever."""
    while True:
        if not await run_next(platform):
            await platform.wait_for_work(LOOK_SECONDS)


async def run_next(platform: Platform) -> bool:
    """Compute the next scenario that waits; whether there was one, and nobody else computes."""
    async with platform.database.transaction() as tx:
        await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        await tx.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST_COMPUTING}'"))
        if not await tx.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('scenario runs'))")):
            return False
        waiting = select(ScenarioRun).where(ScenarioRun.status == WAITING).order_by(ScenarioRun.asked_at).limit(1)
        run = await tx.scalar(waiting)
        if run is None:
            return False
        scenario = await tx.get_one(Scenario, run.scenario_id)
        try:
            ended = {"status": "done", "result": await _result(tx, scenario)}
        except Refusal as refused:
            ended = {"status": "failed", "failure": _told(refused.code, refused.detail)}
        except Exception as fault:
            if is_of_the_surroundings(fault):
                raise  # the worker is started again, and the run with it
            log.error("scenario_failed", scenario_id=str(run.scenario_id), exc_info=fault)
            ended = {"status": "failed", "failure": _told("scenario_failed", BROKEN)}
        await _keep(platform, run, ended)
    return True


async def _result(tx: AsyncSession, scenario: Scenario) -> dict[str, Any]:
    if scenario.snapshot_id is None:
        country = await read_country(tx, now().date())
    else:
        country = await frozen(tx, scenario.snapshot_id)
    changes = CHANGES.validate_python(scenario.changes)
    refuse_unsound(changes, {one.code for one in country.programs})
    return await asyncio.to_thread(computed, country, changes, scenario.snapshot_id, scenario.links)


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


def _told(code: str, why: Text) -> dict[str, str]:
    return {"code": code, "ar": why.ar, "fr": why.fr, "en": why.en}


async def _keep(platform: Platform, run: ScenarioRun, ended: dict[str, Any]) -> None:
    """In a transaction of its own, and only where this run still waits: it may have been cancelled meanwhile."""
    async with platform.database.transaction() as tx:
        still = (ScenarioRun.run_id == run.run_id, ScenarioRun.status == WAITING)
        await tx.execute(update(ScenarioRun).where(*still).values(ended_at=now(), **ended))


async def scenarios_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: scenarios to compute."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).select_from(ScenarioRun).where(ScenarioRun.status == WAITING)
        return {"scenarios_waiting": await tx.scalar(waiting) or 0}
