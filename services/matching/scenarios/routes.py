"""HTTP of scenarios: saved, run, read, compared side by side."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.matching.scenarios import commands, queries
from services.matching.scenarios.models import Scenario
from services.matching.scenarios.reporting import report_of
from services.matching.scenarios.schemas import ComparisonOut, CopyIn, ResultOut, ScenarioIn, ScenarioOut
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.importing.asking import AskedLanguage
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.printing.answering import FILES, Format, printed
from shared.text import Language

router = APIRouter(prefix="/v1", tags=["scenarios"])
Reading = Annotated[Caller, permitted("scenarios:read")]
Writing = Annotated[Caller, permitted("scenarios:write")]
MOST_COMPARED = 5
"""As many columns as a page has room for."""
Compared = Annotated[
    list[UUID],
    Query(min_length=1, max_length=MOST_COMPARED, description="Once for each scenario, such as ids=…&ids=…."),
]
ReportLanguage = Annotated[Language | None, Query()]


@router.post("/scenarios", status_code=201, response_model=ScenarioOut)
async def save_scenario(body: ScenarioIn, once: OnceOnly, tx: Tx, by: Writing, language: AskedLanguage) -> Response:
    """Keep named changes over a country: values, criteria, coverage, quotas, programs added, merged or ended.

    Nothing of the programs is changed by it, neither now nor when it is run.
    """

    async def save() -> ScenarioOut:
        return await _shown(tx, await commands.save(tx, body, by=by), by, language)

    return tagged(await once.answer(save, status=201, body=body.model_dump_json().encode()))


@router.get("/scenarios")
async def list_scenarios(
    tx: Tx, by: Reading, language: AskedLanguage, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ScenarioOut]:
    """The caller's scenarios, newest first."""
    return await queries.scenarios(tx, by, language, limit, cursor)


@router.get("/scenarios/{scenario_id}")
async def get_scenario(
    scenario_id: UUID, tx: Tx, by: Reading, language: AskedLanguage, response: Response
) -> ScenarioOut:
    """One scenario, and how its last run stands."""
    found = await queries.scenario(tx, scenario_id, by, language)
    tag(response, found.version)
    return found


@router.put("/scenarios/{scenario_id}", response_model=ScenarioOut)
async def change_scenario(
    scenario_id: UUID, body: ScenarioIn, once: OnceOnly, tx: Tx, by: Writing, language: AskedLanguage, if_match: IfMatch
) -> Response:
    """Put another scenario in the place of this one. The result it has stays until it is run again."""

    async def change() -> ScenarioOut:
        changed = await commands.change(tx, scenario_id, body, by=by, if_match=if_match)
        return await _shown(tx, changed, by, language)

    return tagged(await once.answer(change, status=200, body=body.model_dump_json().encode()))


@router.delete("/scenarios/{scenario_id}", status_code=204)
async def delete_scenario(scenario_id: UUID, tx: Tx, by: Writing, if_match: IfMatch) -> None:
    """Delete a scenario with its result."""
    await commands.remove(tx, scenario_id, by=by, if_match=if_match)


@router.post("/scenarios/{scenario_id}/copy", status_code=201, response_model=ScenarioOut)
async def copy_scenario(
    scenario_id: UUID, body: CopyIn, once: OnceOnly, tx: Tx, by: Writing, language: AskedLanguage
) -> Response:
    """Keep the same changes under another name."""

    async def copy() -> ScenarioOut:
        return await _shown(tx, await commands.copy(tx, scenario_id, body.name, by=by), by, language)

    return tagged(await once.answer(copy, status=201, body=body.model_dump_json().encode()))


@router.post("/scenarios/{scenario_id}/run", status_code=202, response_model=ScenarioOut)
async def run_scenario(
    scenario_id: UUID, once: OnceOnly, tx: Tx, by: Writing, language: AskedLanguage, request: Request
) -> Response:
    """Have it computed: seconds for a country. The result takes the place of the one before."""

    async def run() -> ScenarioOut:
        begun = await commands.run(tx, scenario_id, by=by)
        request.app.state.platform.wake_after(tx)
        return await _shown(tx, begun, by, language)

    return tagged(await once.answer(run, status=202))


@router.post("/scenarios/{scenario_id}/cancel")
async def cancel_scenario(scenario_id: UUID, tx: Tx, by: Writing, language: AskedLanguage) -> ScenarioOut:
    """Keep nothing of the run that is under way."""
    return await _shown(tx, await commands.cancel(tx, scenario_id, by=by), by, language)


@router.get("/scenarios/{scenario_id}/result")
async def get_result(scenario_id: UUID, tx: Tx, by: Reading, language: AskedLanguage) -> ResultOut:
    """What it would change: budget by program and month, who is served, winners and losers by size, category and wilaya."""
    return await queries.result(tx, scenario_id, by, language)


@router.get("/scenarios/{scenario_id}/report", response_class=Response, responses=FILES)
async def report_scenario(
    scenario_id: UUID,
    tx: Tx,
    by: Reading,
    asked: AskedLanguage,
    format: Format = "pdf",
    language: ReportLanguage = None,
) -> Response:
    """The result as a report with charts, to be printed: PDF, or one page of HTML without a script. `language` goes before
    the Accept-Language header."""
    return await _report(tx, [scenario_id], by, language or asked, format)


@router.get("/scenario-comparisons/report", response_class=Response, responses=FILES)
async def report_comparison(
    tx: Tx, by: Reading, asked: AskedLanguage, ids: Compared, format: Format = "pdf", language: ReportLanguage = None
) -> Response:
    """Scenarios side by side as a report with charts, and each by itself after it."""
    return await _report(tx, ids, by, language or asked, format)


@router.get("/scenario-comparisons")
async def compare_scenarios(tx: Tx, by: Reading, language: AskedLanguage, ids: Compared) -> ComparisonOut:
    """Results side by side, of scenarios that were run over the same country."""
    return await queries.comparison(tx, ids, by, language)


async def _shown(tx: Tx, scenario: Scenario, by: Caller, language: Language) -> ScenarioOut:
    return await queries.scenario(tx, scenario.id, by, language)


async def _report(tx: Tx, ids: list[UUID], by: Caller, language: Language, format: Format) -> Response:
    compared = await queries.comparison(tx, ids, by, language)
    report = report_of(compared, await queries.place_names(tx, language), language)
    return await printed(report, format, f"scenario-{compared.basis.day}")
