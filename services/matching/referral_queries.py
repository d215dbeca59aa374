"""Reads of referrals, and of who of a program lacks another one."""

from dataclasses import asdict
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, cast, distinct, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import (
    Beneficiary,
    HandOver,
    Household,
    LinkStatus,
    Place,
    Program,
    Referral,
    ReferralDeadlines,
)
from services.matching.referring import directory, is_linked, receives, standing_to
from services.matching.reminding import due_of_referrals
from services.matching.rules.referring import UNSET, HandOverOutcome, ReferralStatus, Standing
from services.matching.rules.suppressing import SMALLEST_CELL, shown, told_by_table
from services.matching.schemas import (
    DeadlinesOut,
    HandOverOut,
    ReferralDetail,
    ReferralOut,
    ReferralSummary,
    ReferralTurn,
    ServiceOut,
    WithoutOut,
    WithoutSummary,
)
from shared.clock import now
from shared.errors import NotFound
from shared.history import History
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor

Direction = Literal["received", "sent"]


async def without(
    tx: AsyncSession, program: str, other: str, limit: int, cursor: str | None, standing: Standing | None
) -> Page[WithoutOut]:
    """The active enrollments of `program` that are not in `other`, or of which it cannot be told."""
    told = standing_to(other)
    last = (
        select(Referral.status)
        .where(Referral.enrollment_id == Beneficiary.id, Referral.to_program == other)
        .order_by(Referral.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = (
        select(
            Beneficiary.id,
            Beneficiary.listed["household_number"].astext.label("number"),
            Beneficiary.decided_as,
            told.label("standing"),
            is_linked().label("linked"),
            last.label("referral"),
        )
        .where(Beneficiary.program == program, Beneficiary.active)
        .where(told != Standing.IN if standing is None else told == standing)
        .order_by(Beneficiary.id)
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(Beneficiary.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    items = [_without(one) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


def _without(row: Row[Any]) -> WithoutOut:
    unknown = row.standing == Standing.CANNOT_TELL
    return WithoutOut(
        enrollment_id=row.id,
        household_number=row.number,
        link_status=row.decided_as or LinkStatus.PENDING,
        standing=row.standing,
        because=("no_list" if row.linked else "not_linked") if unknown else None,
        referral=row.referral,
    )


async def without_summary(tx: AsyncSession, program: str, other: str) -> WithoutSummary:
    """How many of `program` are in `other`, are not, or cannot be told."""
    told = (
        select(Beneficiary.household_id, standing_to(other).label("standing"), is_linked().label("linked"))
        .where(Beneficiary.program == program, Beneficiary.active)
        .cte("told")
    )

    def count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(*conditions)

    unknown = told.c.standing == Standing.CANNOT_TELL
    counts = (
        await tx.execute(
            select(
                func.count().label("enrolled"),
                count(told.c.standing == Standing.IN).label("in_other"),
                count(told.c.standing == Standing.NOT_IN).label("not_in"),
                func.count(distinct(told.c.household_id))
                .filter(told.c.standing == Standing.NOT_IN)
                .label("households_not_in"),
                count(unknown, ~told.c.linked).label("not_linked"),
                count(unknown, told.c.linked).label("no_list"),
            )
        )
    ).one()
    others = select(func.count()).where(Beneficiary.program == other, Beneficiary.active, ~is_linked())
    return WithoutSummary(
        program=program, other=other, others_not_linked=shown(await tx.scalar(others) or 0), **counts._mapping
    )


async def referrals(
    tx: AsyncSession,
    by: Caller,
    direction: Direction,
    limit: int,
    cursor: str | None,
    status: ReferralStatus | None,
    program: str | None,
    overdue: bool | None = None,
) -> Page[ReferralOut]:
    """What the caller's programs and services received or sent, oldest first; `program` is the one of the caller's."""
    own = Referral.to_program if direction == "received" else Referral.from_program
    programs = receives(by) if program is None else receives(by) & {program}
    rows = _shown_rows().where(own.in_(programs)).order_by(Referral.id).limit(limit + 1)
    if status is not None:
        rows = rows.where(Referral.status == status)
    if overdue is not None:
        late = func.coalesce(due_of_referrals() < func.now(), False)
        rows = rows.where(late if overdue else ~late)
    if cursor:
        rows = rows.where(Referral.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    items = [ReferralOut(**_seen_by(by, direction, one)) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


async def referral(tx: AsyncSession, referral_id: UUID, by: Caller) -> ReferralDetail:
    """One referral, as the receiver sees it where the caller keeps both programs. NotFound where it keeps neither."""
    found = (await tx.execute(_shown_rows().where(Referral.id == referral_id))).one_or_none()
    if found is None or not receives(by) & {found.Referral.from_program, found.Referral.to_program}:
        raise NotFound
    direction: Direction = "received" if found.Referral.to_program in receives(by) else "sent"
    turns = await tx.scalars(select(History).where(History.aggregate_id == referral_id).order_by(History.version))
    history = [
        ReferralTurn(
            version=one.version,
            at=one.changed_at,
            by=one.changed_by,
            status=one.change["to"],
            reason=one.change["reason"],
        )
        for one in turns
    ]
    return ReferralDetail(**_seen_by(by, direction, found), history=history)


def _shown_rows() -> Any:
    return (
        select(
            Referral,
            Beneficiary.listed["household_number"].astext.label("listed_number"),
            Household.moughataa_code,
            Household.commune_code,
            Place.name_fr,
            Place.name_ar,
            due_of_referrals().label("due_at"),
        )
        .outerjoin(ReferralDeadlines, ReferralDeadlines.receiver == Referral.to_program)
        .join(Beneficiary, Beneficiary.id == Referral.enrollment_id)
        .outerjoin(Household, Household.id == Referral.household_id)
        .outerjoin(Place, Place.code == Household.commune_code)
    )


OF_BOTH = ("id", "version", "sent_by", "to_program", "reason", "status", "refusal")
MOMENTS = tuple(f"{status}_at" for status in ReferralStatus)


def _seen_by(by: Caller, direction: Direction, row: Row[Any]) -> dict[str, Any]:
    """What the reader of a referral needs, and no more: see ReferralOut."""
    one, received = row.Referral, direction == "received"
    told = not received or one.from_program in by.programs | by.covers
    return {name: getattr(one, name) for name in (*OF_BOTH, *MOMENTS)} | {
        "direction": direction,
        "due_at": row.due_at,
        "overdue": row.due_at is not None and row.due_at < now(),
        "from_program": one.from_program if told else None,
        "enrollment_id": None if received else one.enrollment_id,
        "household_number": one.household_number if received else row.listed_number,
        "moughataa_code": row.moughataa_code if received else None,
        "commune_code": row.commune_code if received else None,
        "commune_fr": row.name_fr if received else None,
        "commune_ar": row.name_ar if received else None,
    }


async def hand_overs(
    tx: AsyncSession, by: Caller, limit: int, cursor: str | None, outcome: HandOverOutcome | None
) -> Page[HandOverOut]:
    """The proposals with which the caller's enrollments ended, oldest first, to programs that its agreement covers."""
    rows = (
        select(HandOver, Program.code.label("published"))
        .outerjoin(Program, Program.code == HandOver.to_program)
        .where(HandOver.from_program.in_(by.programs), HandOver.to_program.in_(by.covers))
        .order_by(HandOver.id)
        .limit(limit + 1)
    )
    if outcome is not None:
        rows = rows.where(HandOver.outcome == outcome)
    if cursor:
        rows = rows.where(HandOver.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    items = [_hand_over(one.HandOver, published=one.published is not None) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


def _hand_over(one: HandOver, *, published: bool) -> HandOverOut:
    told = {name: getattr(one, name) for name in HandOverOut.model_fields if name != "because"}
    waits = one.outcome == HandOverOutcome.WAITING
    return HandOverOut(**told, because=("not_linked" if published else "not_published") if waits else None)


async def summary(tx: AsyncSession, by: Caller, sent_from: date | None, sent_to: date | None) -> list[ReferralSummary]:
    """The referrals that the caller's programs sent or received, by pair of programs."""
    steps = [func.count(getattr(Referral, moment)).label(moment) for moment in MOMENTS]
    answered = func.coalesce(Referral.accepted_at, Referral.refused_at)
    rows: Any = (
        select(
            Referral.from_program,
            Referral.to_program,
            *steps,
            func.count(answered).label("answered"),
            func.count().filter(due_of_referrals() < func.now()).label("overdue"),
            _median_days(answered).label("to_answer"),
            _median_days(Referral.served_at).label("to_served"),
        )
        .outerjoin(ReferralDeadlines, ReferralDeadlines.receiver == Referral.to_program)
        .where(or_(Referral.from_program.in_(by.programs), Referral.to_program.in_(receives(by))))
        .group_by(Referral.from_program, Referral.to_program)
        .order_by(Referral.from_program, Referral.to_program)
    )
    day = cast(func.timezone("UTC", Referral.sent_at), Date)
    if sent_from is not None:
        rows = rows.where(day >= sent_from)
    if sent_to is not None:
        rows = rows.where(day <= sent_to)
    return [_summary(one) for one in await tx.execute(rows)]


def _median_days(moment: Any) -> ColumnElement[float | None]:
    """From sent to a moment; who did not come to it counts neither way."""
    days = extract("epoch", moment - Referral.sent_at) / 86_400
    return func.percentile_cont(0.5).within_group(days)


def _summary(row: Row[Any]) -> ReferralSummary:
    counts = {status.value: getattr(row, f"{status}_at") for status in ReferralStatus} | {"overdue": row.overdue}
    tables = [["sent"], list(counts)]
    told = told_by_table(counts, [], [("sent", one) for one in counts if one != "sent"], tables)
    sent, served = told["sent"], told["served"]
    return ReferralSummary(
        from_program=row.from_program,
        to_program=row.to_program,
        **told,
        uptake=round(served / sent, 4) if sent and served is not None else None,
        median_days_to_answer=_rounded(row.to_answer) if row.answered >= SMALLEST_CELL else None,
        median_days_to_served=_rounded(row.to_served) if row.served_at >= SMALLEST_CELL else None,
    )


def _rounded(days: float | None) -> float | None:
    return None if days is None else round(float(days), 1)


def services() -> list[ServiceOut]:
    """The services that take referrals."""
    return [
        ServiceOut(
            code=one.code,
            kind=one.kind,
            names=dict(one.names),
            wilayas=sorted(one.wilayas) if one.wilayas is not None else None,
            partner=one.partner,
        )
        for one in directory().values()
    ]


async def deadlines(tx: AsyncSession, receiver: str) -> DeadlinesOut:
    """The deadlines of referrals to a program or service. NotFound where there is none."""
    if receiver not in directory() and await tx.get(Program, receiver) is None:
        raise NotFound
    found = await tx.get(ReferralDeadlines, receiver)
    if found is None:
        return DeadlinesOut(receiver=receiver, version=0, **asdict(UNSET))
    return DeadlinesOut.model_validate(found)
