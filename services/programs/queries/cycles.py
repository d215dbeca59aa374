"""Reads of cycles and the periods they are issued for, of entitlements, and of what became of them."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Cycle, CycleStatus, ProgramVersion
from services.programs.queries.programs import program_of, published
from services.programs.rules.calendar import hijri, period_at, periods
from services.programs.rules.explaining import NOTHING_DUE, Worked, explain, why_nothing
from services.programs.rules.program import Program
from services.programs.schemas.benefits import CycleOut, EntitlementOut, LineOut, PeriodOut
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language


async def program_periods(
    tx: AsyncSession, code: str, first: date, last: date, limit: int, cursor: str | None
) -> Page[PeriodOut]:
    """The periods of a program that begin from `first` to `last`, each with the cycle issued for it."""
    program = await published(tx, code)
    after = decode_cursor(cursor, date.fromisoformat)[0] if cursor else None
    found = [one for one in periods(program, first, last) if after is None or one.starts_on > after]
    cycles = select(Cycle.starts_on, Cycle.id).where(
        Cycle.program_code == code,
        Cycle.status != CycleStatus.CANCELLED,
        Cycle.starts_on.in_([one.starts_on for one in found[:limit]]),
    )
    issued = dict((await tx.execute(cycles)).all())
    items = [
        PeriodOut(
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            starts_on_hijri=hijri(one.starts_on),
            ends_on_hijri=hijri(one.ends_on),
            late_after=one.late_after,
            value_from=one.value.from_on,
            amount_mru=one.value.amount_mru,
            per=one.value.per,
            school_days=one.days,
            cycle_id=issued.get(one.starts_on),
        )
        for one in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(items[-1].starts_on) if len(found) > limit else None)


async def cycles(
    tx: AsyncSession,
    programs: Collection[str],
    limit: int,
    cursor: str | None,
    language: Language,
    *,
    status: CycleStatus | None = None,
) -> Page[CycleOut]:
    """Cycles of `programs`, newest first."""
    rows = select(Cycle).where(Cycle.program_code.in_(programs)).order_by(Cycle.id.desc()).limit(limit + 1)
    if status is not None:
        rows = rows.where(Cycle.status == status)
    if cursor:
        rows = rows.where(Cycle.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    items = [cycle_out(one, language) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


async def cycle(tx: AsyncSession, cycle_id: UUID, programs: Collection[str]) -> Cycle:
    """NotFound where it is of another program, as if it did not exist."""
    found = await tx.get(Cycle, cycle_id)
    if found is None or found.program_code not in programs:
        raise NotFound
    return found


def cycle_out(one: Cycle, language: Language) -> CycleOut:
    issuing = one.status == CycleStatus.ISSUING
    done = one.due + one.held
    told = one.status in (CycleStatus.ISSUED, CycleStatus.CLOSED)
    nothing = why_nothing(one.due, one.held, one.skipped) if told else None
    return CycleOut(
        id=one.id,
        program=one.program_code,
        starts_on=one.starts_on,
        ends_on=one.ends_on,
        starts_on_hijri=hijri(one.starts_on),
        late_after=one.late_after,
        status=one.status,
        version=one.version,
        sizes_on=one.sizes_on,
        known_at=one.known_at,
        program_version=one.program_version,
        value_from=one.value_from_on,
        to_issue=one.to_issue,
        due=one.due,
        held=one.held,
        skipped=one.skipped,
        percent=min(99, 100 * done // max(one.to_issue, 1)) if issuing else 100,
        amount_mru=one.amount_mru,
        waiting_code=one.failure["code"] if issuing and one.failure else None,
        waiting=one.failure[language] if issuing and one.failure else None,
        nothing_due_code=nothing,
        nothing_due=NOTHING_DUE[nothing].in_(language) if nothing else None,
        created_at=one.created_at,
        created_by=one.created_by,
        issued_at=one.issued_at,
        closed_at=one.closed_at,
        cancelled_at=one.cancelled_at,
    )


# What deliveries add up to is read from the ledger each time: there is no second place in which it could be otherwise.
HANDED_OVER = """
LEFT JOIN LATERAL (
    SELECT sum(l.amount_mru) AS mru FROM ledger l
    WHERE l.entitlement_id = e.id AND l.kind IN ('delivered', 'corrected')
) h ON true
LEFT JOIN LATERAL (
    SELECT d.outcome FROM deliveries d WHERE d.entitlement_id = e.id ORDER BY d.id DESC LIMIT 1
) d ON true
"""
# Meals are reported by school and day, so what became of one pupil's cannot be told: it stays due.
STATE = """
CASE WHEN e.status <> 'due' THEN e.status
     WHEN e.lines -> 0 ->> 'what' = 'meal' THEN 'due'
     WHEN h.mru > e.amount_mru THEN 'over'
     WHEN h.mru = e.amount_mru AND h.mru > 0 THEN 'delivered'
     WHEN h.mru > 0 THEN 'partly'
     WHEN d.outcome IN ('absent', 'rejected') THEN d.outcome
     WHEN c.status = 'closed' THEN 'missing'
     ELSE 'due' END
"""
_ENTITLEMENTS = f"""
SELECT e.id, e.cycle_id, e.enrollment_id, e.program_code, e.status, e.hold_reason, e.version, e.people, e.people_source,
       e.amount_mru, e.lines, {STATE} AS state, coalesce(h.mru, 0) AS handed_over,
       c.starts_on, c.ends_on, c.sizes_on, c.known_at, c.program_version
FROM entitlements e JOIN cycles c ON c.id = e.cycle_id {HANDED_OVER}
"""  # noqa: S608 - fragments of ours


async def entitlements(
    tx: AsyncSession,
    found: Cycle,
    limit: int,
    cursor: str | None,
    language: Language,
    *,
    state: str | None = None,
    enrollment_id: UUID | None = None,
) -> Page[EntitlementOut]:
    """The entitlements of a cycle in the order of their enrollments."""
    where, given = ["e.cycle_id = :cycle_id"], {"cycle_id": found.id, "limit": limit + 1}
    for name, value, condition in (
        ("state", state, f"{STATE} = :state"),
        ("enrollment_id", enrollment_id, "e.enrollment_id = :enrollment_id"),
        ("after", decode_cursor(cursor, UUID)[0] if cursor else None, "e.enrollment_id > :after"),
    ):
        if value is not None:
            where.append(condition)
            given[name] = value
    statement = f"{_ENTITLEMENTS} WHERE {' AND '.join(where)} ORDER BY e.enrollment_id LIMIT :limit"
    rows = list(await tx.execute(sql(statement), given))
    program = await _program(tx, found.program_code, found.program_version)
    items = [_entitlement_out(row, program, language) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].enrollment_id) if len(rows) > limit else None)


async def entitlement(
    tx: AsyncSession, entitlement_id: UUID, programs: Collection[str], language: Language
) -> EntitlementOut:
    """NotFound where it is of another program, as if it did not exist."""
    row = (await tx.execute(sql(f"{_ENTITLEMENTS} WHERE e.id = :id"), {"id": entitlement_id})).first()
    if row is None or row.program_code not in programs:
        raise NotFound
    return _entitlement_out(row, await _program(tx, row.program_code, row.program_version), language)


NEWEST = 12
"""Entitlements shown of one enrollment: a year of the most frequent calendar."""
_NEWEST = f"""
SELECT * FROM ({_ENTITLEMENTS} WHERE e.enrollment_id = ANY(:ids)) AS every
WHERE (SELECT count(*) FROM entitlements o JOIN cycles oc ON oc.id = o.cycle_id
       WHERE o.enrollment_id = every.enrollment_id AND (oc.starts_on, o.id) > (every.starts_on, every.id)) < :newest
ORDER BY every.enrollment_id, every.starts_on DESC, every.id DESC
"""  # noqa: S608 - fragments of ours


async def newest_entitlements(
    tx: AsyncSession, enrollment_ids: Collection[UUID], language: Language
) -> dict[UUID, list[EntitlementOut]]:
    """By enrollment, those of its latest cycles first."""
    rows = await tx.execute(sql(_NEWEST), {"ids": list(enrollment_ids), "newest": NEWEST})
    found: dict[UUID, list[EntitlementOut]] = {}
    for row in rows:
        program = await _program(tx, row.program_code, row.program_version)
        found.setdefault(row.enrollment_id, []).append(_entitlement_out(row, program, language))
    return found


async def _program(tx: AsyncSession, code: str, version: int) -> Program:
    """The program as it was published when the cycle began: the explanation must not change with it."""
    return program_of((await tx.get_one(ProgramVersion, (code, version))).document)


def _entitlement_out(row: Row[Any], program: Program, language: Language) -> EntitlementOut:
    period = period_at(program, row.starts_on)
    worked = Worked(
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        sizes_on=row.sizes_on,
        known_on=row.known_at.date(),
        hold_reason=row.hold_reason,
        people=row.people,
        people_source=row.people_source,
        amount=row.amount_mru,
        lines=row.lines,
    )
    return EntitlementOut(
        id=row.id,
        cycle_id=row.cycle_id,
        enrollment_id=row.enrollment_id,
        program=row.program_code,
        status=row.status,
        hold_reason=row.hold_reason,
        version=row.version,
        people=row.people,
        people_source=row.people_source,
        amount_mru=row.amount_mru,
        lines=[LineOut.model_validate(one) for one in row.lines] if row.lines is not None else None,
        state=row.state,
        handed_over_mru=row.handed_over,
        explanation=[one.in_(language) for one in explain(period.value, worked)] if period else [],
    )
