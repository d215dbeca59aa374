"""HTTP of analyses of the Cadre Harmonisé, of the rule by which areas trigger, and of triggers.

The table itself is sent as a file: `POST /v1/imports?kind=cadre_harmonise`.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.matching.responses import queries, triggers
from services.matching.responses.schemas import (
    AnalysisOut,
    AreaOut,
    RuleIn,
    RuleOut,
    TriggerIn,
    TriggerOut,
    TriggerRejected,
    TriggerValidated,
)
from services.matching.rules.phases import LONGEST_ROUND
from services.matching.rules.triggering import AnalysisPeriod, TriggerStatus
from shared.database import Tx
from shared.etags import IfMatch, tag, tagged
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["responses"])
Reading = Annotated[Caller, permitted("responses:read")]
Writing = Annotated[Caller, permitted("responses:write")]
Approving = Annotated[Caller, permitted("responses:approve")]
Round = Annotated[str | None, Query(alias="round", max_length=LONGEST_ROUND, description="As the table names it.")]
MOST_PROGRAMS = 50


@router.get("/trigger-rule")
async def get_trigger_rule(tx: Tx, by: Reading, response: Response) -> RuleOut:
    """The rule in force: an area takes the highest phase for which at least this share of its people are in that phase or in a
    worse one (20 % in the standard of the Cadre Harmonisé)."""
    found = await queries.rule(tx)
    tag(response, found.version)
    return found


@router.put("/trigger-rule")
async def decide_trigger_rule(body: RuleIn, tx: Tx, by: Approving, if_match: IfMatch, response: Response) -> RuleOut:
    """Decide another rule. It proposes from the next table on."""
    await triggers.decide_rule(tx, body, by=by, if_match=if_match)
    return await get_trigger_rule(tx, by, response)


@router.get("/trigger-rules")
async def list_trigger_rules(tx: Tx, by: Reading, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[RuleOut]:
    """Every rule that was decided: by whom, when and why; the last first."""
    return await queries.rules(tx, limit, cursor)


@router.get("/analyses")
async def list_analyses(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    round_: Round = None,
    period: AnalysisPeriod | None = None,
) -> Page[AnalysisOut]:
    """Every version of every analysis that was loaded, the last first. The same round and period again is a new version."""
    return await queries.analyses(tx, limit, cursor, round_, period)


@router.get("/analyses/{analysis_id}")
async def get_analysis(analysis_id: UUID, tx: Tx, by: Reading) -> AnalysisOut:
    """One version of an analysis."""
    return await queries.analysis(tx, analysis_id)


@router.get("/analyses/{analysis_id}/areas")
async def list_areas(
    analysis_id: UUID,
    tx: Tx,
    by: Reading,
    program: Annotated[list[str] | None, Query(max_length=MOST_PROGRAMS)] = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[AreaOut]:
    """The areas of an analysis: people by phase, trigger, communes, and the registry's households there, enrolled in any of
    the programs named (those the caller keeps, or its agreement covers; none named: in any program) or in none of them."""
    asked = None if program is None else by.programs.union(by.covers).intersection(program)
    return await queries.areas(tx, analysis_id, asked, limit, cursor)


@router.get("/triggers")
async def list_triggers(
    tx: Tx,
    by: Reading,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    status: TriggerStatus | None = None,
    round_: Round = None,
) -> Page[TriggerOut]:
    """The areas that call for a response, by the rule or by a person's word; oldest first."""
    return await queries.triggers(tx, limit, cursor, status, round_)


@router.post("/triggers", status_code=201, response_model=TriggerOut)
async def raise_trigger(body: TriggerIn, once: OnceOnly, tx: Tx, by: Writing) -> Response:
    """Validate a trigger for an area that the rule did not propose, with the reason."""

    async def made() -> TriggerOut:
        return await queries.trigger(tx, (await triggers.raise_trigger(tx, body, by=by)).id)

    return tagged(await once.answer(made, status=201, body=body.model_dump_json().encode()))


@router.get("/triggers/{trigger_id}")
async def get_trigger(trigger_id: UUID, tx: Tx, by: Reading, response: Response) -> TriggerOut:
    """One trigger."""
    found = await queries.trigger(tx, trigger_id)
    tag(response, found.version)
    return found


@router.post("/triggers/{trigger_id}/validate", response_model=TriggerOut)
async def validate_trigger(
    trigger_id: UUID, body: TriggerValidated, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Validate a proposed trigger, at the rule's phase or at another one with the reason."""

    async def decided() -> TriggerOut:
        await triggers.validate(tx, trigger_id, body, by=by, if_match=if_match)
        await tx.flush()
        return await queries.trigger(tx, trigger_id)

    return tagged(await once.answer(decided, status=200, body=body.model_dump_json().encode()))


@router.post("/triggers/{trigger_id}/reject", response_model=TriggerOut)
async def reject_trigger(
    trigger_id: UUID, body: TriggerRejected, once: OnceOnly, tx: Tx, by: Writing, if_match: IfMatch
) -> Response:
    """Reject a proposed trigger, with the reason."""

    async def decided() -> TriggerOut:
        await triggers.reject(tx, trigger_id, body, by=by, if_match=if_match)
        await tx.flush()
        return await queries.trigger(tx, trigger_id)

    return tagged(await once.answer(decided, status=200, body=body.model_dump_json().encode()))
