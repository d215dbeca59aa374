"""Routes by household: what one household of the registry receives here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request

from services.programs.queries import households
from services.programs.routes.asking import AskedLanguage, institution_of
from services.programs.schemas.households import HouseholdReceives
from shared.database import Tx
from shared.identity import Caller, permitted

router = APIRouter(prefix="/v1", tags=["households"])


@router.get("/households/{household_id}")
async def get_household(
    request: Request,
    household_id: UUID,
    tx: Tx,
    by: Annotated[Caller, permitted("payments:read")],
    language: AskedLanguage,
) -> HouseholdReceives:
    """Everything a household receives in this institution, explained: by the registry's id, in the caller's programs.

    404 where it receives nothing in them, whether or not the registry knows it.
    """
    return await households.household(tx, household_id, by.programs, institution_of(request), language)
