"""The worker that computes what a drafted response would do: whom it reaches, for how much, before anybody has a name."""

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.country_work import Work, rows_waiting, worker_of
from services.matching.figures.country import Country
from services.matching.figures.planning import Amount, Membership, Plan, Wanted, plan
from services.matching.models import Household
from services.matching.reading_country import read_country
from services.matching.responses.models import Trigger
from services.matching.responses.plan_errors import ALIGNED_UNKNOWN, PLANNING_FAILED
from services.matching.responses.plan_models import (
    FAILED,
    READY,
    WAITING,
    Response,
    ResponseHousehold,
    ResponseTrigger,
)
from services.matching.responses.planning import remember
from services.matching.rules.responding import ResponseStatus, month_of, quarter_of
from services.matching.rules.targeting import tie_key
from shared.clock import now
from shared.copying import copy_rows
from shared.platform import Platform

CENTS = 100
LEFT = ""
"""In the place of a household's number, where it left the area while the plan was computed."""
COLUMNS = (
    "response_id",
    "position",
    "household_id",
    "household_number",
    "commune_code",
    "category",
    "size",
    "part",
    "monthly",
    "amount",
    "apart",
)


async def _plan(platform: Platform, tx: AsyncSession, response_id: UUID, version: int) -> None:
    found, areas = await tx.get_one(Response, response_id), await areas_of(tx, response_id)
    country = await read_country(tx, now().date())
    computed = await asyncio.to_thread(plan_of, country, found, areas)
    async with platform.database.transaction() as end:
        await keep(end, response_id, version, computed)


async def areas_of(tx: AsyncSession, response_id: UUID) -> list[str]:
    """The moughataas of a response's triggers."""
    rows = (
        select(Trigger.area_code)
        .join(ResponseTrigger, ResponseTrigger.trigger_id == Trigger.id)
        .where(ResponseTrigger.response_id == response_id)
        .distinct()
        .order_by(Trigger.area_code)
    )
    return list(await tx.scalars(rows))


def plan_of(country: Country, response: Response, areas: list[str]) -> Plan:
    """The plan of a response. Households equally poor stand in the order of the lot drawn with it, as on any targeting list."""
    seed = bytes.fromhex(response.lot)
    wanted = wanted_of(response.design, areas, country.day)
    return plan(country, wanted, lambda id_: tie_key(seed, response.id, UUID(id_)))


def wanted_of(design: Mapping[str, Any], areas: list[str], day: date) -> Wanted:
    """What a stored design asks for, on a day."""
    vertical, horizontal = design["vertical"], design["horizontal"]
    return Wanted(
        program=design["program"],
        moughataas=tuple(areas),
        months=design["months"],
        communes=tuple(design["communes"]),
        vertical=tuple(_membership(one, day) for one in vertical["programs"]) if vertical else (),
        top_up=_amount(vertical["amount"]) if vertical else None,
        horizontal=_amount(horizontal["amount"]) if horizontal else None,
        excluding=tuple(_membership(one, day) for one in design["excluding"]),
        budget=_cents(design["budget_mru"]),
        most_households=design["most_households"],
    )


def _membership(one: Mapping[str, str], day: date) -> Membership:
    if one["how"] == "enrolled":
        return Membership(one["program"], "enrolled")
    return Membership(one["program"], "paid", quarter_of(day), month_of(day))


def _amount(said: Mapping[str, Any]) -> Amount:
    return Amount(_cents(said["amount_mru"]) or 0, said["per"], said["most_people"], said["aligned_with"])


def _cents(amount: str | None) -> int | None:
    return None if amount is None else int(Decimal(amount) * CENTS)


async def keep(tx: AsyncSession, response_id: UUID, version: int, computed: Plan) -> None:
    """Keep a plan and its households, unless the draft has moved on meanwhile, or another process was first."""
    found = await tx.get_one(Response, response_id, with_for_update=True)
    if found.version != version or (found.status, found.planning) != (ResponseStatus.DRAFT, WAITING):
        return
    ids = [UUID(one) for one in computed.listed["household_id"]]
    there = select(Household.id, Household.number).where(Household.moughataa_code.in_(await areas_of(tx, response_id)))
    numbers = {one.id: one.number for one in await tx.execute(there)}
    rows = [
        (response_id, position, id_, numbers.get(id_, LEFT), *row[1:])
        for position, (id_, row) in enumerate(zip(ids, computed.listed.iter_rows(), strict=True), 1)
    ]
    await copy_rows(tx, ResponseHousehold.__tablename__, COLUMNS, rows)
    found.planning, found.figures, found.planned_at = READY, computed.figures, now()
    remember(tx, found, found.status, None, None, households=len(rows))


async def _give_up(tx: AsyncSession, fault: Exception, response_id: UUID, version: int) -> None:
    code, reason = "planning_failed", PLANNING_FAILED
    if isinstance(fault, LookupError):
        code, reason = "aligned_value_unknown", ALIGNED_UNKNOWN.format(program=fault.args[0])
    found = await tx.get_one(Response, response_id, with_for_update=True)
    if (found.version, found.planning) != (version, WAITING):
        return
    found.planning = FAILED
    found.failure = {"code": code, "ar": reason.ar, "fr": reason.fr, "en": reason.en}
    remember(tx, found, found.status, None, None, failure=code)


PLANNING = Work(
    "response plans",
    select(Response.id, Response.version)
    .where(Response.planning == WAITING, Response.status == ResponseStatus.DRAFT)
    .order_by(Response.id),
    _plan,
    _give_up,
)
plan_responses = worker_of("plan_responses", PLANNING)


async def plans_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: plans not yet computed."""
    return {"plans_to_compute": await rows_waiting(platform, PLANNING)}
