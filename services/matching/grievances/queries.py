"""Reads of grievances, each for those it concerns."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, and_, cast, extract, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.grievances.commands import OF_REGISTRY, OF_UNIT, may_see
from services.matching.grievances.models import Grievance
from services.matching.grievances.schemas import GrievanceDetail, GrievanceOut, GrievanceSummary, GrievanceTurn
from services.matching.rules.grieving import WAITS_FOR, Category, Desk, GrievanceStatus, Verdict
from services.matching.rules.suppressing import SMALLEST_CELL, told_by_table
from shared.clock import now
from shared.errors import NotFound
from shared.history import History
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor

LATE = and_(Grievance.status.in_(WAITS_FOR), Grievance.due_at < func.now())


def _seen_by(by: Caller) -> ColumnElement[bool]:
    """`may_see`, in SQL."""
    conduct = Grievance.category == Category.CONDUCT
    own = and_(Grievance.opened_by == by.name, or_(~conduct, Grievance.about != by.name))
    unit = Grievance.desk == Desk.UNIT if by.may(OF_UNIT) else false()
    registry = and_(Grievance.desk == Desk.REGISTRY, ~conduct) if by.may(OF_REGISTRY) else false()
    return or_(own, unit, registry, and_(Grievance.program.in_(by.programs), ~conduct))


async def grievances(
    tx: AsyncSession,
    by: Caller,
    limit: int,
    cursor: str | None,
    status: GrievanceStatus | None,
    category: Category | None,
    program: str | None,
    overdue: bool | None,
) -> Page[GrievanceOut]:
    """Oldest first."""
    rows = select(Grievance).where(_seen_by(by)).order_by(Grievance.id).limit(limit + 1)
    for column, wanted in ((Grievance.status, status), (Grievance.category, category), (Grievance.program, program)):
        if wanted is not None:
            rows = rows.where(column == wanted)
    if overdue is not None:
        late = func.coalesce(LATE, false())
        rows = rows.where(late if overdue else ~late)
    if cursor:
        rows = rows.where(Grievance.id > decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    items = [GrievanceOut(**_told(one)) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


def _told(one: Grievance) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in GrievanceOut.model_fields if name != "overdue"}
    return told | {"overdue": one.due_at is not None and one.due_at < now()}


async def detail(tx: AsyncSession, found: Grievance) -> GrievanceDetail:
    turns = await tx.scalars(select(History).where(History.aggregate_id == found.id).order_by(History.version))
    history = [
        GrievanceTurn(
            version=one.version,
            at=one.changed_at,
            by=one.changed_by,
            step=one.change["step"],
            status=one.change["to"],
        )
        for one in turns
    ]
    return GrievanceDetail(**_told(found), history=history)


async def grievance(tx: AsyncSession, grievance_id: UUID, by: Caller) -> GrievanceDetail:
    """One of them. NotFound also where it is none of the caller's."""
    found = await tx.get(Grievance, grievance_id)
    if found is None or not may_see(found, by):
        raise NotFound
    return await detail(tx, found)


async def summary(
    tx: AsyncSession, by: Caller, opened_from: date | None, opened_to: date | None
) -> list[GrievanceSummary]:
    """By whom they go to, and program, of those the caller may see."""
    days = extract("epoch", Grievance.answered_at - Grievance.opened_at) / 86_400
    answered = Grievance.answered_at.is_not(None)

    def count(*which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(*which)

    rows: Any = (
        select(
            Grievance.desk,
            Grievance.program,
            func.count().label("opened"),
            count(Grievance.status.in_(WAITS_FOR)).label("waiting"),
            count(LATE).label("overdue"),
            count(answered).label("answered"),
            count(Grievance.verdict.in_((Verdict.UPHELD, Verdict.PARTLY_UPHELD))).label("upheld"),
            count(Grievance.escalated.is_(True)).label("escalated"),
            count(Grievance.reopened.is_(True)).label("reopened"),
            count(Grievance.status == GrievanceStatus.CLOSED).label("closed"),
            func.percentile_cont(0.5).within_group(days).label("days"),
        )
        .where(_seen_by(by))
        .group_by(Grievance.desk, Grievance.program)
        .order_by(Grievance.desk, Grievance.program)
    )
    day = cast(func.timezone("UTC", Grievance.opened_at), Date)
    if opened_from is not None:
        rows = rows.where(day >= opened_from)
    if opened_to is not None:
        rows = rows.where(day <= opened_to)
    return [_summary(one) for one in await tx.execute(rows)]


def _summary(row: Row[Any]) -> GrievanceSummary:
    names = ("opened", "waiting", "closed", "overdue", "answered", "upheld", "escalated", "reopened")
    counts = {name: getattr(row, name) for name in names} | {"neither": row.opened - row.waiting - row.closed}
    parts = [("waiting", "overdue"), ("answered", "upheld"), *(("opened", one) for one in names[4:] if one != "upheld")]
    tables = [("opened", "waiting", "closed", "neither"), names]
    shown = told_by_table(counts, [("opened", ["waiting", "closed", "neither"])], parts, tables, following=["neither"])
    return GrievanceSummary(
        desk=row.desk,
        program=row.program,
        **{name: shown[name] for name in names},
        median_days_to_answer=round(float(row.days), 1) if row.answered >= SMALLEST_CELL else None,
    )
