"""Drafts of shock responses: written over validated triggers, and changed until they are proposed."""

import secrets
from collections.abc import Collection
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import Household, Place, Program
from services.matching.responses.models import AnalysisArea, Trigger
from services.matching.responses.plan_errors import (
    AmountUnclear,
    AreaWithoutHouseholds,
    AreaWithoutTrigger,
    BudgetNotPositive,
    MonthsOutsidePeriod,
    PlanProgramUnknown,
    PlanWithoutPart,
    ProgramOnBothSides,
    ResponseNotDraft,
    ResponseNotYours,
)
from services.matching.responses.plan_models import WAITING, Response, ResponseHousehold, ResponseTrigger
from services.matching.responses.plan_schemas import AmountIn, DesignIn
from services.matching.responses.queries import AREA_KEY
from services.matching.rules.responding import ResponseStatus, covers
from services.matching.rules.triggering import TriggerStatus
from shared.clock import now
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.history import History
from shared.identity import Caller
from shared.ids import new_id

LOT_BYTES = 16


async def draft(tx: AsyncSession, said: DesignIn, *, by: Caller) -> Response:
    """Write a draft; its plan is computed by the worker. See `refuse_design`."""
    await refuse_design(tx, said, by)
    made = Response(
        id=new_id(),
        version=0,
        status=ResponseStatus.DRAFT,
        requested_by=by.name,
        authors=[said.official],
        created_at=now(),
        lot=secrets.token_hex(LOT_BYTES),
    )
    _design(made, said)
    remember(tx, made, None, said.official, by)
    tx.add(made)
    await tx.flush()
    tx.add_all(ResponseTrigger(response_id=made.id, trigger_id=one) for one in dict.fromkeys(said.trigger_ids))
    return made


async def change(tx: AsyncSession, response_id: UUID, said: DesignIn, *, by: Caller, if_match: str) -> Response:
    """Write a draft anew: its plan is computed again, with the lot it was drawn. NotFound, ResponseNotYours,
    PreconditionFailed, ResponseNotDraft; see `refuse_design`."""
    found = await own_response(tx, response_id, by, if_match)
    if found.status != ResponseStatus.DRAFT:
        raise ResponseNotDraft
    await refuse_design(tx, said, by)
    _design(found, said)
    found.authors = sorted({*found.authors, said.official})
    remember(tx, found, found.status, said.official, by)
    for table in (ResponseTrigger, ResponseHousehold):
        await tx.execute(delete(table).where(table.response_id == found.id))
    tx.add_all(ResponseTrigger(response_id=found.id, trigger_id=one) for one in dict.fromkeys(said.trigger_ids))
    await tx.flush()
    return found


def _design(response: Response, said: DesignIn) -> None:
    response.title, response.program = said.title, said.program
    response.design = said.model_dump(mode="json", exclude={"title", "official"})
    response.planning, response.figures, response.failure, response.planned_at = WAITING, None, None, None


async def own_response(tx: AsyncSession, response_id: UUID, by: Caller, if_match: str) -> Response:
    """A response of the caller's, as it was seen. NotFound, ResponseNotYours, PreconditionFailed."""
    found = await tx.get(Response, response_id, with_for_update=True)
    if found is None:
        raise NotFound
    if found.requested_by != by.name:
        raise ResponseNotYours(partner=found.requested_by)
    refuse_stale(if_match, found.version)
    return found


def remember(
    tx: AsyncSession,
    response: Response,
    before: ResponseStatus | None,
    official: str | None,
    by: Caller | None,
    **more: Any,
) -> None:
    """A new version of a response, with who made it."""
    response.version += 1
    change_ = {"from": before, "to": response.status, "planning": response.planning, "official": official, **more}
    row = History(
        aggregate_id=response.id,
        version=response.version,
        batch_id=new_id(),
        changed_by=by.name if by else "matching",
        change=change_,
    )
    tx.add(row)


# ---- what a design may say -------------------------------------------------------------------------------


async def refuse_design(tx: AsyncSession, said: DesignIn, by: Caller) -> None:
    """BudgetNotPositive, PlanWithoutPart, AmountUnclear, PlanProgramUnknown, ProgramOnBothSides, AreaWithoutTrigger,
    MonthsOutsidePeriod or AreaWithoutHouseholds, whichever comes first."""
    if said.budget_mru is not None and said.budget_mru <= 0:
        raise BudgetNotPositive(pointer="/budget_mru", budget=said.budget_mru)
    if said.vertical is None and said.horizontal is None:
        raise PlanWithoutPart(pointer="/horizontal")
    _refuse_amounts(said)
    await _refuse_programs(tx, said, by)
    areas = await _refuse_triggers(tx, said)
    await _refuse_places(tx, said, areas)


def _refuse_amounts(said: DesignIn) -> None:
    for name in ("vertical", "horizontal"):
        part = getattr(said, name)
        if part is not None and _is_unclear(part.amount):
            raise AmountUnclear(pointer=f"/{name}/amount")


def _is_unclear(amount: AmountIn) -> bool:
    if (amount.amount_mru is None) == (amount.aligned_with is None):
        return True
    return amount.amount_mru is not None and amount.amount_mru <= Decimal(0)


async def _refuse_programs(tx: AsyncSession, said: DesignIn, by: Caller) -> None:
    topped = [one.program for one in said.vertical.programs] if said.vertical else []
    excluding = [one.program for one in said.excluding]
    parts = (said.vertical, said.horizontal)
    aligned = [part.amount.aligned_with for part in parts if part is not None and part.amount.aligned_with]
    named = [*topped, *excluding, *aligned]
    known = set(await tx.scalars(select(Program.code).where(Program.code.in_({said.program, *named}))))
    may_name = by.programs | by.covers
    if said.program not in known & by.programs:
        raise PlanProgramUnknown(pointer="/program", program=said.program)
    for pointer, programs in (
        ("/vertical/programs", topped),
        ("/excluding", excluding),
        ("/horizontal/amount/aligned_with", aligned),
    ):
        for program in programs:
            if program not in known & may_name:
                raise PlanProgramUnknown(pointer=pointer, program=program)
    for program in sorted(set(topped) & set(excluding)):
        raise ProgramOnBothSides(pointer="/excluding", program=program)


async def _refuse_triggers(tx: AsyncSession, said: DesignIn) -> list[str]:
    """The areas of the triggers named, all of which are validated."""
    same = and_(*(getattr(AnalysisArea, name) == getattr(Trigger, name) for name in AREA_KEY))
    rows = await tx.execute(
        select(Trigger, AnalysisArea.from_on, AnalysisArea.to_on)
        .join(AnalysisArea, same)
        .where(Trigger.id.in_(said.trigger_ids), Trigger.status == TriggerStatus.VALIDATED)
    )
    found = {one.Trigger.id: one for one in rows}
    for trigger_id in said.trigger_ids:
        if trigger_id not in found:
            raise AreaWithoutTrigger(pointer="/trigger_ids", area=trigger_id)
    for one in found.values():
        if not covers(one.from_on, one.to_on, said.first_month, said.months):
            raise MonthsOutsidePeriod(pointer="/months", from_on=one.from_on, to_on=one.to_on)
    return [one.Trigger.area_code for one in found.values()]


async def _refuse_places(tx: AsyncSession, said: DesignIn, areas: Collection[str]) -> None:
    within = set(
        await tx.scalars(select(Place.code).where(Place.code.in_(said.communes), Place.parent_code.in_(areas)))
    )
    for commune in said.communes:
        if commune not in within:
            raise AreaWithoutTrigger(pointer="/communes", area=commune)
    there = select(func.count()).select_from(Household).where(Household.moughataa_code.in_(areas))
    if said.communes:
        there = there.where(Household.commune_code.in_(said.communes))
    if not await tx.scalar(there):
        raise AreaWithoutHouseholds(pointer="/communes" if said.communes else "/trigger_ids")
