"""HTTP of eligibility and gaps."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.matching.eligibility import queries
from services.matching.eligibility.schemas import EligibilityCounts, EligibilityOut, HouseholdGap
from services.matching.gap_models import GapReason
from shared.clock import now
from shared.database import Tx
from shared.errors import NotFound
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of

router = APIRouter(prefix="/v1", tags=["eligibility"])
Reading = Annotated[Caller, permitted("eligibility:read")]
Code = Annotated[str, Path(max_length=64)]
AsOf = Annotated[date | None, Query(description="Ages and rules of this day; today where it is not given.")]


@router.get("/households/{household_id}/eligibility")
async def get_household_eligibility(
    request: Request,
    household_id: UUID,
    tx: Tx,
    by: Reading,
    program: Annotated[str, Query(max_length=64)],
    as_of: AsOf = None,
) -> EligibilityOut:
    """Whether a program's rule means a household, criterion by criterion, in the caller's language. Of programs that the
    caller keeps or its agreement covers. Nothing that the registry knows of the household is shown."""
    if program not in by.programs | by.covers:
        raise NotFound(pointer="/query/program")
    language = language_of(request.headers.get("accept-language"))
    return await queries.household_eligibility(tx, household_id, program, as_of or now().date(), language)


@router.get("/programs/{program}/eligibility", dependencies=[permitted("eligibility:read")])
async def get_program_eligibility(program: Code, tx: Tx, as_of: AsOf = None) -> EligibilityCounts:
    """How many households a program's rule means, and of how many that cannot be told, by wilaya; 1 to 4 are not shown."""
    return await queries.counts(tx, program, as_of or now().date())


@router.get("/programs/{program}/gaps")
async def list_program_gaps(
    program: Code,
    tx: Tx,
    by: Annotated[Caller, permitted("gaps:read")],
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    reason: GapReason | None = None,
    told: Annotated[
        Literal["gap", "cannot_tell"], Query(description="Those it misses, or those of whom it cannot be told.")
    ] = "gap",
) -> Page[HouseholdGap]:
    """The households that one of the caller's programs means and misses, by the registry's number: in neither it nor a
    substitute, with the reason. They are to be visited by persons; nobody is enrolled by standing here."""
    if program not in by.programs:
        raise NotFound(pointer="/path/program")
    return await queries.gaps(tx, program, limit, cursor, reason=reason, told=told)
