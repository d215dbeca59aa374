"""The steps of a shock response: proposed, approved by a second person, listed, paid, closed; or rejected, or withdrawn."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.responses.announcing import announce
from services.matching.responses.computing import CENTS, areas_of
from services.matching.responses.plan_errors import (
    FirstPaymentRefused,
    OwnResponse,
    PaidBeyondList,
    ResponseNotPlanned,
    ResponseReachesNobody,
    ResponseStepRefused,
)
from services.matching.responses.plan_models import READY, Response
from services.matching.responses.plan_schemas import ByOfficialIn, ClosedIn, PaidIn, ReasonIn, SharingIn
from services.matching.responses.planning import own_response, remember
from services.matching.responses.sharing import grant
from services.matching.rules.responding import ResponseStatus, is_an_author, may_become
from shared.clock import now
from shared.contracts.matching import ResponseStatus as Announced
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.identity import Caller

ANNOUNCED: Mapping[ResponseStatus, Announced] = {
    ResponseStatus.PROPOSED: "proposed",
    ResponseStatus.APPROVED: "approved",
    ResponseStatus.LISTED: "listed",
    ResponseStatus.PAYING: "paid",
    ResponseStatus.CLOSED: "closed",
}


async def propose(tx: AsyncSession, id_: UUID, said: ByOfficialIn, *, by: Caller, if_match: str) -> None:
    """Put a computed plan before a second person. Its list is frozen from here on. ResponseNotPlanned, ResponseReachesNobody."""
    found = await _mine(tx, id_, ResponseStatus.PROPOSED, by, if_match)
    if found.planning != READY:
        raise ResponseNotPlanned(planning=found.planning)
    if not (await figures_of(tx, found.id))["households"]:
        raise ResponseReachesNobody
    found.authors = sorted({*found.authors, said.official})
    await _turn(tx, found, ResponseStatus.PROPOSED, said.official, by)


async def approve(tx: AsyncSession, id_: UUID, said: ByOfficialIn, *, by: Caller, if_match: str) -> None:
    """Approve a proposed plan, whose institution it may be; but by no official who had a hand in it. OwnResponse."""
    found = await _anyones(tx, id_, ResponseStatus.APPROVED, if_match)
    if is_an_author(said.official, found.authors):
        raise OwnResponse(pointer="/official")
    found.approved_by, found.approved_official, found.approved_at = by.name, said.official, now()
    await _turn(tx, found, ResponseStatus.APPROVED, said.official, by)


async def reject(tx: AsyncSession, id_: UUID, said: ReasonIn, *, by: Caller, if_match: str) -> None:
    found = await _anyones(tx, id_, ResponseStatus.REJECTED, if_match)
    found.reason = said.reason
    await _turn(tx, found, ResponseStatus.REJECTED, said.official, by, reason=said.reason)


async def withdraw(tx: AsyncSession, id_: UUID, said: ReasonIn, *, by: Caller, if_match: str) -> None:
    """Take back what has no list yet. Of a draft it also ends the computing of its plan."""
    found = await _mine(tx, id_, ResponseStatus.WITHDRAWN, by, if_match)
    found.reason = said.reason
    await _turn(tx, found, ResponseStatus.WITHDRAWN, said.official, by, reason=said.reason)


async def release_list(tx: AsyncSession, id_: UUID, said: SharingIn, *, by: Caller, if_match: str) -> None:
    """Release the list of an approved response to its first recipient."""
    found = await _mine(tx, id_, ResponseStatus.LISTED, by, if_match)
    found.listed_at = now()
    grant(tx, found, said, by)
    await _turn(tx, found, ResponseStatus.LISTED, said.official, by)


async def note_first_payment(tx: AsyncSession, id_: UUID, said: PaidIn, *, by: Caller, if_match: str) -> None:
    """FirstPaymentRefused where the day is before the list's, or to come."""
    found = await _mine(tx, id_, ResponseStatus.PAYING, by, if_match)
    listed = found.listed_at.date() if found.listed_at else None
    if listed is None or not listed <= said.first_paid_on <= now().date():
        raise FirstPaymentRefused(pointer="/first_paid_on", day=said.first_paid_on, listed=listed)
    found.first_paid_on = said.first_paid_on
    await _turn(tx, found, ResponseStatus.PAYING, said.official, by)


async def close(tx: AsyncSession, id_: UUID, said: ClosedIn, *, by: Caller, if_match: str) -> None:
    """Close a response with what was paid. PaidBeyondList."""
    found = await _mine(tx, id_, ResponseStatus.CLOSED, by, if_match)
    listed = (await figures_of(tx, found.id))["households"]
    if said.households_paid > listed:
        raise PaidBeyondList(pointer="/households_paid", paid=said.households_paid, listed=listed)
    found.households_paid, found.amount_paid = said.households_paid, int(said.amount_paid_mru * Decimal(CENTS))
    found.closed_at = now()
    await _turn(tx, found, ResponseStatus.CLOSED, said.official, by)


async def figures_of(tx: AsyncSession, response_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] | None = await tx.scalar(select(Response.figures).filter_by(id=response_id))
    return found or {}


async def _mine(tx: AsyncSession, id_: UUID, wanted: ResponseStatus, by: Caller, if_match: str) -> Response:
    """NotFound, ResponseNotYours, PreconditionFailed, ResponseStepRefused."""
    return _may(await own_response(tx, id_, by, if_match), wanted)


async def _anyones(tx: AsyncSession, id_: UUID, wanted: ResponseStatus, if_match: str) -> Response:
    """NotFound, PreconditionFailed, ResponseStepRefused."""
    found = await tx.get(Response, id_, with_for_update=True)
    if found is None:
        raise NotFound
    refuse_stale(if_match, found.version)
    return _may(found, wanted)


def _may(found: Response, wanted: ResponseStatus) -> Response:
    if not may_become(found.status, wanted):
        raise ResponseStepRefused(found.status, wanted)
    return found


async def _turn(
    tx: AsyncSession, response: Response, to: ResponseStatus, official: str, by: Caller, **more: Any
) -> None:
    before, response.status = response.status, to
    remember(tx, response, before, official, by, **more)
    if to in ANNOUNCED:
        areas, households = len(await areas_of(tx, response.id)), (await figures_of(tx, response.id))["households"]
        announce(tx, response.id, response.version, ANNOUNCED[to], areas=areas, households=households)
    await tx.flush()
