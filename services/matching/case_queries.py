"""Reads of cases of forbidden overlaps, each as its reader may see it, and of complements that are missing."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, cast, distinct, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.case_answering import SETTLES, may_see
from services.matching.case_models import OverlapCase
from services.matching.case_schemas import CaseDetail, CaseOut, CaseSide, CaseSummary, CaseTurn, MissingComplement
from services.matching.household_facts import households_on
from services.matching.matrix import rules_on
from services.matching.matrix_conditions import class_of
from services.matching.models import Beneficiary, Household
from services.matching.overlap_cases import ITSELF, WAITING
from services.matching.referring import is_linked, standing_to
from services.matching.rules.matrix import PairRule, pair_of
from services.matching.rules.overlap_cases import CaseStatus
from services.matching.rules.referring import Standing
from services.matching.rules.suppressing import SMALLEST_CELL, shown, told_by_table
from shared.clock import now
from shared.errors import NotFound
from shared.history import History
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor

OVERDUE = OverlapCase.status.in_(WAITING) & (OverlapCase.due_at < func.now())
PLAIN = (
    "id", "version", "status", "unknown", "opened_at", "times_opened", "due_at", "outcome", "settled_reference",
    "resolved_at", "ended_at", "ended_because",
)  # fmt: skip


async def cases(
    tx: AsyncSession,
    by: Caller,
    limit: int,
    cursor: str | None,
    status: CaseStatus | None,
    program: str | None,
    overdue: bool | None,
) -> Page[CaseOut]:
    """The cases of the caller's programs, oldest first; all of them for whoever settles."""
    rows = select(OverlapCase).where(_of(by)).order_by(OverlapCase.id).limit(limit + 1)
    if status is not None:
        rows = rows.where(OverlapCase.status == status)
    if program is not None:
        rows = rows.where(or_(OverlapCase.program_a == program, OverlapCase.program_b == program))
    if program is not None and not by.may(SETTLES):
        rows = rows.where(_of_programs(by.programs & {program}))
    if overdue is not None:
        rows = rows.where(OVERDUE if overdue else ~OVERDUE)
    if cursor:
        rows = rows.where(OverlapCase.id > decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    items = await _told(tx, found[:limit], by)
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


def _of(by: Caller) -> ColumnElement[bool]:
    return OverlapCase.id.is_not(None) if by.may(SETTLES) else _of_programs(by.programs)


def _of_programs(programs: frozenset[str]) -> ColumnElement[bool]:
    return or_(OverlapCase.program_a.in_(programs), OverlapCase.program_b.in_(programs))


async def case_of(tx: AsyncSession, case_id: UUID, by: Caller) -> CaseDetail:
    """One case with its history. NotFound also where it is none of the caller's."""
    found = await tx.get(OverlapCase, case_id)
    if found is None or not may_see(found, by):
        raise NotFound
    [told] = await _told(tx, [found], by)
    turns = await tx.scalars(select(History).where(History.aggregate_id == case_id).order_by(History.version))
    covered = {found.program_a, found.program_b} <= _known_to(by)
    history = [
        CaseTurn(
            version=one.version,
            at=one.changed_at,
            by=one.changed_by if covered or one.changed_by in (ITSELF, by.name) else None,
            status=one.change["to"],
            what=one.change["what"],
            reason=one.change["reason"] if covered or one.changed_by in (ITSELF, by.name) else None,
        )
        for one in turns
    ]
    return CaseDetail(**told.model_dump(), history=history)


def _known_to(by: Caller) -> frozenset[str]:
    """The programs of which the caller may know whether somebody is in them, beside its own."""
    return by.programs | by.covers


async def _told(tx: AsyncSession, found: Sequence[OverlapCase], by: Caller) -> list[CaseOut]:
    enrolled = await _enrollments(tx, found, by)
    moment = now()
    return [
        CaseOut(
            **{name: getattr(one, name) for name in PLAIN},
            overdue=one.status in WAITING and one.due_at < moment,
            sides=[_side(one, side, by, enrolled) for side in ("a", "b")],
        )
        for one in found
    ]


Enrolled = dict[tuple[UUID, str], list[tuple[UUID, str | None]]]


async def _enrollments(tx: AsyncSession, found: Sequence[OverlapCase], by: Caller) -> Enrolled:
    """Per household and program of the caller's, its enrollments there with the household number of its own list."""
    rows = select(
        Beneficiary.household_id, Beneficiary.program, Beneficiary.id, Beneficiary.listed["household_number"].astext
    ).where(
        Beneficiary.household_id.in_({one.household_id for one in found}),
        Beneficiary.program.in_(by.programs),
        is_linked(),
    )
    enrolled: Enrolled = defaultdict(list)
    for household_id, program, id_, number in await tx.execute(rows.order_by(Beneficiary.id)):
        enrolled[household_id, program].append((id_, number))
    return enrolled


def _side(case: OverlapCase, side: str, by: Caller, enrolled: Enrolled) -> CaseSide:
    program = getattr(case, f"program_{side}")
    mine = program in by.programs
    told = mine or program in by.covers or by.may(SETTLES)
    own = enrolled.get((case.household_id, program), []) if mine else []
    return CaseSide(
        program=program if told else None,
        mine=mine,
        enrollment_ids=[id_ for id_, _ in own],
        household_number=next((number for _, number in own if number), None),
        answer=getattr(case, f"answer_{side}") if told else None,
        legal_reference=getattr(case, f"reference_{side}") if told else None,
        answered_at=getattr(case, f"answered_{side}_at") if told else None,
    )


async def summary(tx: AsyncSession, by: Caller, opened_from: date | None, opened_to: date | None) -> list[CaseSummary]:
    """By pair of programs, of which the caller keeps one and its agreement covers the other; every pair for whoever settles."""
    days = extract("epoch", OverlapCase.resolved_at - OverlapCase.opened_at) / 86_400
    status = OverlapCase.status

    def count(*which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(*which)

    rows: Any = (
        select(
            OverlapCase.program_a,
            OverlapCase.program_b,
            func.count().label("opened"),
            count(OverlapCase.times_opened > 1).label("reopened"),
            count(status.in_(WAITING)).label("waiting"),
            count(status == CaseStatus.DISPUTED).label("disputed"),
            count(OVERDUE).label("overdue"),
            count(status == CaseStatus.RESOLVED).label("resolved"),
            count(status == CaseStatus.CEASED).label("ceased"),
            func.percentile_cont(0.5).within_group(days).label("days"),
        )
        .where(_of(by))
        .group_by(OverlapCase.program_a, OverlapCase.program_b)
        .order_by(OverlapCase.program_a, OverlapCase.program_b)
    )
    if not by.may(SETTLES):
        rows = rows.where(OverlapCase.program_a.in_(_known_to(by)), OverlapCase.program_b.in_(_known_to(by)))
    day = cast(func.timezone("UTC", OverlapCase.opened_at), Date)
    if opened_from is not None:
        rows = rows.where(day >= opened_from)
    if opened_to is not None:
        rows = rows.where(day <= opened_to)
    return [_summary(one) for one in await tx.execute(rows)]


def _summary(row: Row[Any]) -> CaseSummary:
    names = ("opened", "waiting", "resolved", "ceased", "reopened", "disputed", "overdue")
    parts = [("opened", "reopened"), ("waiting", "disputed"), ("waiting", "overdue")]
    counts = {name: getattr(row, name) for name in names}
    tables = [names[:4], names[4:]]
    return CaseSummary(
        program_a=row.program_a,
        program_b=row.program_b,
        # How many are in both programs is told with the overlaps, too.
        **told_by_table(counts, [("opened", ["waiting", "resolved", "ceased"])], parts, tables, fixed=["opened"])
        | {"opened": shown(row.opened)},
        median_days_to_resolved=round(float(row.days), 1) if row.resolved >= SMALLEST_CELL else None,
    )


async def missing_complements(tx: AsyncSession, by: Caller) -> list[MissingComplement]:
    """Per program of the caller's and program its agreement covers that the rules matrix requires with it today."""
    rules = await rules_on(tx, now().date())
    pairs = [
        (program, other, rules[pair_of(program, other)])
        for program in sorted(by.programs)
        for other in sorted(by.covers - {program})
        if pair_of(program, other) in rules and rules[pair_of(program, other)].may_be("required")
    ]
    return [await _missing(tx, *one) for one in pairs]


async def _missing(tx: AsyncSession, program: str, other: str, rule: PairRule) -> MissingComplement:
    mine = (
        select(Beneficiary.household_id, standing_to(other).label("standing"))
        .where(Beneficiary.program == program, Beneficiary.active)
        .cte("mine")
    )
    households = households_on(now().date()).where(Household.id.in_(select(mine.c.household_id)))
    known = households.subquery("known")
    meant = class_of(rule, known) == "required"
    counted = func.count(distinct(mine.c.household_id))
    rows = select(
        counted.filter(meant).label("households"),
        counted.filter(meant, mine.c.standing == Standing.NOT_IN).label("missing"),
        func.count().filter(mine.c.standing == Standing.CANNOT_TELL).label("cannot_tell"),
    ).outerjoin(known, known.c.household_id == mine.c.household_id)
    found = (await tx.execute(rows)).one()
    counts = {"households": found.households, "missing": found.missing}
    told = told_by_table(counts, [], [("households", "missing")], [["households"], ["missing"]])
    return MissingComplement(
        program=program,
        other=other,
        **told,
        cannot_tell=shown(found.cannot_tell),
    )
