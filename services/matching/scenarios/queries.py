"""Scenarios and their results, as their owner reads them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import Place
from services.matching.scenarios.commands import own_scenario
from services.matching.scenarios.errors import ScenarioHasNoResult, ScenariosOfDifferentCountries
from services.matching.scenarios.models import Scenario, ScenarioRun
from services.matching.scenarios.schemas import ComparisonOut, NoteOut, ResultOut, RunOut, ScenarioOut
from services.matching.scenarios.telling import NOTES
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language

NEVER = "never run"


async def scenario(tx: AsyncSession, scenario_id: UUID, by: Caller, language: Language) -> ScenarioOut:
    found = await own_scenario(tx, scenario_id, by)
    return _out(found, await tx.get(ScenarioRun, scenario_id), language)


async def scenarios(
    tx: AsyncSession, by: Caller, language: Language, limit: int, cursor: str | None
) -> Page[ScenarioOut]:
    """The caller's scenarios, newest first."""
    rows = (
        select(Scenario, ScenarioRun)
        .outerjoin(ScenarioRun, ScenarioRun.scenario_id == Scenario.id)
        .where(Scenario.owner == by.name)
        .order_by(Scenario.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(Scenario.id < decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    items = [_out(one, run, language) for one, run in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


def _out(found: Scenario, run: ScenarioRun | None, language: Language) -> ScenarioOut:
    told = {name: getattr(found, name) for name in ScenarioOut.model_fields if name != "run"}
    return ScenarioOut.model_validate(told | {"run": None if run is None else _run(run, language)})


def _run(run: ScenarioRun, language: Language) -> RunOut:
    failure = run.failure or {}
    told: dict[str, Any] = {name: getattr(run, name) for name in ("status", "scenario_version", "asked_at", "ended_at")}
    return RunOut(**told, failure_code=failure.get("code"), failure=failure.get(language))


async def result(tx: AsyncSession, scenario_id: UUID, by: Caller, language: Language) -> ResultOut:
    """What the last run found. ScenarioHasNoResult."""
    found = await own_scenario(tx, scenario_id, by)
    run = await tx.get(ScenarioRun, scenario_id)
    if run is None or run.result is None:
        raise ScenarioHasNoResult(status=run.status if run else NEVER)
    return ResultOut.model_validate(
        {
            **run.result,
            "scenario_id": found.id,
            "name": found.name,
            "scenario_version": run.scenario_version,
            "current": run.scenario_version == found.version,
            "ran_at": run.ended_at,
            "notes": [NoteOut(part=part, text=text.in_(language)) for part, text in NOTES.items()],
        }
    )


async def comparison(tx: AsyncSession, ids: Sequence[UUID], by: Caller, language: Language) -> ComparisonOut:
    """Results side by side, in the order asked for. ScenariosOfDifferentCountries."""
    results = [await result(tx, one, by, language) for one in ids]
    if any(one.basis != results[0].basis for one in results):
        raise ScenariosOfDifferentCountries(pointer="/query/ids")
    return ComparisonOut(basis=results[0].basis, scenarios=results)


async def place_names(tx: AsyncSession, language: Language) -> dict[str, str]:
    """What the wilayas are called, by p-code; in French where they have no Arabic name."""
    rows = await tx.execute(select(Place.code, Place.name_fr, Place.name_ar).where(Place.kind == "wilaya"))
    return {code: (arabic or french) if language == "ar" else french for code, french, arabic in rows}
