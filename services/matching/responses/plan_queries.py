"""Reads of shock responses: their plans, and what they reached."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.matching import matrix
from services.matching.models import Beneficiary
from services.matching.referring import is_in, is_linked
from services.matching.responses.computing import areas_of
from services.matching.responses.deciding import figures_of
from services.matching.responses.models import Trigger
from services.matching.responses.payments import Payments, payments_of
from services.matching.responses.plan_models import Response, ResponseHousehold, ResponseSharing, ResponseTrigger
from services.matching.responses.plan_schemas import (
    AfterAction,
    OverlapOut,
    PaymentsFrom,
    ReportCommune,
    ResponseDetail,
    ResponseOut,
    TimelinessOut,
)
from services.matching.responses.queries import names_of
from services.matching.responses.schemas import PlaceName
from services.matching.responses.showing import exclusions_out, figures_out, mru, named, overlaps_out
from services.matching.rules.responding import ResponseStatus, days_between
from services.matching.rules.suppressing import Sum, shown, told_by_table
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor

REACHING = (ResponseStatus.PROPOSED, ResponseStatus.APPROVED, ResponseStatus.LISTED, ResponseStatus.PAYING)
SEES_ALL = ("responses:write", "responses:approve")
"""Who holds one of these sees every response; who only reads, those whose list was shared with it."""


async def responses(
    tx: AsyncSession, limit: int, cursor: str | None, status: ResponseStatus | None, *, by: Caller
) -> Page[ResponseOut]:
    """Responses, the last drafted first."""
    rows = select(Response).where(_seen_by(by)).order_by(Response.id.desc()).limit(limit + 1)
    if status is not None:
        rows = rows.where(Response.status == status)
    if cursor:
        rows = rows.where(Response.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[ResponseOut(**_told(one)) for one in found[:limit]], next_cursor=more)


def _seen_by(by: Caller) -> Any:
    if any(by.may(one) for one in SEES_ALL):
        return True
    return exists().where(ResponseSharing.response_id == Response.id, ResponseSharing.recipient == by.name)


async def response(tx: AsyncSession, response_id: UUID, *, by: Caller) -> ResponseDetail:
    found = await _found(tx, response_id, by)
    areas = await areas_of(tx, found.id)
    names = await names_of(tx, areas)
    figures = await figures_of(tx, found.id)
    return ResponseDetail(
        **_told(found),
        design=found.design,
        lot=found.lot if found.listed_at else None,
        areas=[named(names, code) for code in areas],
        failure=found.failure,
        figures=figures_out(figures, names) if figures else None,
        in_other_responses=shown(await _in_other_responses(tx, found.id)),
        timeliness=await _timeliness(tx, found, await payments_of(tx, found)),
    )


async def _found(tx: AsyncSession, response_id: UUID, by: Caller) -> Response:
    """NotFound also for whom it is not to be seen."""
    found: Response | None = await tx.scalar(select(Response).where(Response.id == response_id, _seen_by(by)))
    if found is None:
        raise NotFound
    await tx.refresh(found)
    return found


def _told(one: Response) -> dict[str, Any]:
    own = {name: getattr(one, name) for name in ResponseOut.model_fields if name != "amount_paid_mru"}
    return own | {"amount_paid_mru": mru(one.amount_paid)}


async def _in_other_responses(tx: AsyncSession, response_id: UUID) -> int:
    """Households of a plan that another response means to reach as well, or reaches now: nobody is left out by it, it is shown."""
    other = aliased(ResponseHousehold)
    same = and_(other.household_id == ResponseHousehold.household_id, other.response_id != response_id)
    rows = (
        select(func.count(ResponseHousehold.household_id.distinct()))
        .join(other, same)
        .join(Response, Response.id == other.response_id)
        .where(ResponseHousehold.response_id == response_id, Response.status.in_(REACHING))
    )
    return await tx.scalar(rows) or 0


async def _timeliness(tx: AsyncSession, one: Response, delivered: Payments | None) -> TimelinessOut:
    rows = select(func.min(Trigger.decided_at)).join(ResponseTrigger, ResponseTrigger.trigger_id == Trigger.id)
    triggered = await tx.scalar(rows.where(ResponseTrigger.response_id == one.id))
    assert triggered is not None, "a response is opened by validated triggers alone"
    first_paid_on = delivered.first_on if delivered else one.first_paid_on
    return TimelinessOut(
        triggered_at=triggered,
        days_to_list=days_between(triggered, one.listed_at),
        first_paid_on=first_paid_on,
        first_payment_from=_from(delivered, first_paid_on),
        days_to_first_payment=days_between(triggered, first_paid_on),
    )


def _from(delivered: Payments | None, told: object) -> PaymentsFrom | None:
    """Who says it: the program's deliveries before the institution's word; nobody where neither does."""
    if delivered is not None:
        return "deliveries"
    return "institution" if told is not None else None


# ---- what it reached -------------------------------------------------------------------------------------


async def after_action(tx: AsyncSession, response_id: UUID, *, by: Caller) -> AfterAction:
    """What a response reached so far. NotFound also while it has no plan."""
    found = await _found(tx, response_id, by)
    figures = await figures_of(tx, found.id)
    if not figures:
        raise NotFound
    areas = await areas_of(tx, found.id)
    names = await names_of(tx, areas)
    listed_yet = found.listed_at is not None
    by_commune = await _by_commune(tx, found)
    (listed, enrolled), communes = _reached(by_commune, names)
    delivered = await payments_of(tx, found)
    paid, amount = found.households_paid, found.amount_paid
    if delivered is not None:
        paid, amount = delivered.households, delivered.amount if shown(delivered.households) is not None else None
    return AfterAction(
        response_id=found.id,
        title=found.title,
        status=found.status,
        program=found.program,
        areas=[named(names, code) for code in areas],
        planned=shown(figures["households"]),
        listed=listed if listed_yet else None,
        enrolled=enrolled if listed_yet else None,
        paid=shown(paid),
        paid_from=_from(delivered, paid),
        planned_mru=mru(figures["spent"]) if shown(figures["households"]) is not None else None,
        paid_mru=mru(amount),
        budget_mru=mru(figures["budget"]),
        remainder_mru=mru(figures["remainder"]) if shown(figures["households"]) is not None else None,
        unpaid_mru=None if amount is None else mru(figures["spent"] - amount),
        timeliness=await _timeliness(tx, found, delivered),
        overlaps=await _overlaps(tx, found, sum(one[1] for one in by_commune)) if listed_yet else [],
        exclusions=exclusions_out(figures["exclusions"]),
        by_commune=communes if listed_yet else [],
    )


async def _by_commune(tx: AsyncSession, one: Response) -> list[tuple[str, int, int]]:
    """Households listed, and of them those in the response's program now, by certain links."""
    mine = aliased(Beneficiary)
    enrolled = exists().where(mine.household_id == ResponseHousehold.household_id, is_in(mine, one.program))
    rows = (
        select(ResponseHousehold.commune_code, func.count(), func.count().filter(enrolled))
        .where(ResponseHousehold.response_id == one.id)
        .group_by(ResponseHousehold.commune_code)
        .order_by(ResponseHousehold.commune_code)
    )
    return [(commune, listed, has) for commune, listed, has in await tx.execute(rows)]


def _reached(
    rows: Sequence[tuple[str, int, int]], names: dict[str, PlaceName]
) -> tuple[tuple[int | None, int | None], list[ReportCommune]]:
    """Households listed and enrolled, in all and by commune, as they may be shown."""
    every = [("", sum(one[1] for one in rows), sum(one[2] for one in rows)), *rows]
    counts = {
        (one[0], name): count for one in every for name, count in zip(("listed", "enrolled"), one[1:], strict=True)
    }
    parts = [((one[0], "listed"), (one[0], "enrolled")) for one in every]
    adding: list[Sum[tuple[str, str]]] = [
        (("", name), [(one[0], name) for one in rows]) for name in ("listed", "enrolled") if rows
    ]
    # How long the list is, whoever reads it knows.
    tables = [[cell for cell in counts if not cell[0]], list(counts)]
    shown = told_by_table(counts, adding, parts, tables, fixed=[("", "listed")])
    return (shown["", "listed"], shown["", "enrolled"]), [
        ReportCommune(commune=named(names, one[0]), listed=shown[one[0], "listed"], enrolled=shown[one[0], "enrolled"])
        for one in rows
    ]


async def _overlaps(tx: AsyncSession, one: Response, listed: int) -> list[OverlapOut]:
    """Of the households listed, those in each other program today, surely or perhaps."""
    same = and_(Beneficiary.household_id == ResponseHousehold.household_id, Beneficiary.active)
    households = func.count(ResponseHousehold.household_id.distinct())
    rows = await tx.execute(
        select(Beneficiary.program, households.filter(is_linked()), households)
        .join(ResponseHousehold, same)
        .where(ResponseHousehold.response_id == one.id, Beneficiary.program != one.program)
        .group_by(Beneficiary.program)
        .order_by(Beneficiary.program)
    )
    classes = await matrix.classes(tx, now().date())
    return overlaps_out(
        [
            {
                "program": program,
                "households": sure,
                "doubtful": every - sure,
                "overlap_class": classes.get((min(program, one.program), max(program, one.program))),
            }
            for program, sure, every in rows
        ],
        of=listed,
    )
