"""Data quality: the index by place and source, what the rules find, and runs of the rules."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.registry.commands.quality import request_run
from services.registry.queries import findings as finding
from services.registry.queries import quality as queries
from services.registry.queries.judging import quality_rules
from services.registry.schemas.quality import (
    FindingOut,
    HouseholdQuality,
    QualityOut,
    QualityRulesOut,
    QualityRunOut,
)
from shared.database import Tx
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1/quality", tags=["quality"])
READING = [permitted("quality:read")]
PlaceCode = Annotated[str, Query(max_length=20, description="A wilaya, moughataa or commune, such as MR011.")]


@router.get("", dependencies=READING)
async def get_quality(
    tx: Tx,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    kind: Annotated[Literal["wilaya", "moughataa", "commune"] | None, Query()] = None,
    place: Annotated[
        str | None, Query(max_length=20, description="This place and those within it, such as MR01.")
    ] = None,
    source: Annotated[str | None, Query(max_length=40, description="Records of this source only.")] = None,
) -> QualityOut:
    """The quality index of places, their findings by rule and the age of their surveys, with the runs before.

    The index is 100 where no rule finds anything; how it is reckoned is at `/v1/quality/rules`. Ages are of all
    sources together.
    """
    return await queries.quality(tx, limit, cursor, kind=kind, within=place, source=source)


@router.get("/rules", dependencies=READING)
async def get_quality_rules() -> QualityRulesOut:
    """The rules and thresholds in force, with their labels in Arabic, French and English."""
    return QualityRulesOut.model_validate(quality_rules(), from_attributes=True)


@router.get("/findings", dependencies=[permitted("households:read")])
async def list_findings(
    tx: Tx,
    rule: Annotated[str, Query(max_length=64, description="The rule's code.")],
    place: PlaceCode,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[FindingOut]:
    """The records that a rule finds in a place, as they are now: a record corrected since the last run is gone."""
    return await finding.findings(tx, limit, cursor, rule=rule, place=place)


@router.get("/households/{household_id}", dependencies=[permitted("households:read")])
async def get_household_quality(household_id: UUID, tx: Tx) -> HouseholdQuality:
    """What the rules find now of one household and its members, and how old its survey is."""
    return await finding.household_quality(tx, household_id)


@router.post("/runs", status_code=202, response_model=QualityRunOut)
async def start_run(
    request: Request, once: OnceOnly, tx: Tx, by: Annotated[Caller, permitted("quality:run")]
) -> Response:
    """Have every record looked at now. One run at a time: while one is under way, the answer is that one.

    Follow it at `GET /v1/quality/runs/{id}`; it takes minutes for a whole country. One runs by itself each night.
    """

    async def start() -> QualityRunOut:
        return queries.run_out(await request_run(tx, by=by.name))

    answer = await once.answer(start, status=202)
    request.app.state.platform.wake_after(tx)
    return answer


@router.get("/runs", dependencies=READING)
async def list_runs(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[QualityRunOut]:
    """Runs of the rules, newest first."""
    return await queries.quality_runs(tx, limit, cursor)


@router.get("/runs/{run_id}", dependencies=READING)
async def get_run(run_id: UUID, tx: Tx) -> QualityRunOut:
    """How far a run is."""
    return await queries.quality_run(tx, run_id)
