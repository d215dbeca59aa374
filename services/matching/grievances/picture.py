"""A household's picture for a grievance agent: how it stands to the programs the agent may ask about, and nothing else; that it
was looked at is recorded with the reading."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.case_models import OverlapCase
from services.matching.grievances.models import Grievance, PictureRead
from services.matching.grievances.schemas import Picture, PictureReadOut, ProgramStanding, Standing
from services.matching.household_facts import spans_held
from services.matching.models import Beneficiary, Household, LinkStatus, Program, Referral
from services.matching.overlap_cases import WAITING
from services.matching.referring import IS_OPEN, is_linked
from services.matching.rules.grieving import Category, GrievanceStatus
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller
from shared.ids import new_id
from shared.pagination import Page, decode_cursor, encode_cursor

OF_STATUS: dict[str, Standing] = {
    "enrolled": "enrolled",
    "suspended": "suspended",
    "applied": "waiting",
    "exited": "left",
}
"""The statuses of an enrollment, in the order in which one stands above another for a household that has several."""


async def picture(tx: AsyncSession, which: str, official: str, reference: str, *, by: Caller) -> Picture:
    """A household by number or id, as the caller's agreement lets it see it. NotFound."""
    household = await _household(tx, which)
    asked = by.programs | by.covers
    programs = list(await tx.scalars(select(Program).where(Program.code.in_(asked)).order_by(Program.code)))
    standings = await _standings(tx, household.id, programs)
    tx.add(
        PictureRead(
            id=new_id(),
            household_id=household.id,
            read_by=by.name,
            official=official,
            reference=reference,
            programs=[one.code for one in programs],
            read_at=now(),
        )
    )
    return Picture(
        household_id=household.id,
        household_number=household.number,
        programs=standings,
        open_cases=await _open_cases(tx, household.id, asked),
        open_grievances=await _open_grievances(tx, household.id, by),
    )


async def _household(tx: AsyncSession, which: str) -> Household:
    try:
        found = await tx.get(Household, UUID(which))
    except ValueError:
        found = await tx.scalar(select(Household).where(Household.number == which))
    if found is None:
        raise NotFound
    return found


async def _standings(tx: AsyncSession, household_id: UUID, programs: Sequence[Program]) -> list[ProgramStanding]:
    codes = [one.code for one in programs]
    rows = select(
        Beneficiary.program,
        Beneficiary.listed["status"].astext.label("status"),
        is_linked().label("linked"),
        spans_held().label("spans"),
    ).where(
        Beneficiary.household_id == household_id,
        Beneficiary.program.in_(codes),
        or_(is_linked(), Beneficiary.decided_as == LinkStatus.TO_ADJUDICATE),
    )
    enrolled: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await tx.execute(rows):
        enrolled[row.program].append(row)
    listed = set(await tx.scalars(select(Beneficiary.program).where(Beneficiary.program.in_(codes)).distinct()))
    referred = select(Referral.to_program, Referral.status).where(Referral.household_id == household_id, IS_OPEN)
    open_referrals = dict((await tx.execute(referred)).all())
    return [
        _standing(one, enrolled.get(one.code, []), open_referrals.get(one.code), listed=one.code in listed)
        for one in programs
    ]


def _standing(program: Program, rows: Sequence[Row[Any]], referral: Any, *, listed: bool) -> ProgramStanding:
    sure = [one for one in rows if one.linked and one.status in OF_STATUS]
    best = min(sure, key=lambda one: list(OF_STATUS).index(one.status), default=None)
    standing: Standing = "not_in" if listed and not rows else "cannot_tell"
    since = None
    if best is not None:
        standing = OF_STATUS[best.status]
        since = _since(best.spans, left=standing == "left") if standing in ("enrolled", "left") else None
    return ProgramStanding(program=program.code, names=program.names, standing=standing, since=since, referral=referral)


def _since(spans: Any, *, left: bool) -> str | None:
    """The month in which the last span began, or in which it ended."""
    days: list[date] = [day for span in spans or () if (day := span.upper if left else span.lower) is not None]
    return max(days).strftime("%Y-%m") if days else None


async def _open_cases(tx: AsyncSession, household_id: UUID, asked: frozenset[str]) -> int:
    rows = select(func.count()).where(
        OverlapCase.household_id == household_id,
        OverlapCase.status.in_(WAITING),
        OverlapCase.program_a.in_(asked),
        OverlapCase.program_b.in_(asked),
    )
    return await tx.scalar(rows) or 0


async def _open_grievances(tx: AsyncSession, household_id: UUID, by: Caller) -> int:
    rows = select(func.count()).where(
        Grievance.household_id == household_id,
        Grievance.opened_by == by.name,
        Grievance.category != Category.CONDUCT,
        Grievance.status != GrievanceStatus.CLOSED,
    )
    return await tx.scalar(rows) or 0


async def reads(tx: AsyncSession, which: str, limit: int, cursor: str | None) -> Page[PictureReadOut]:
    """Who looked at a household's picture, newest first."""
    household = await _household(tx, which)
    rows = select(PictureRead).where(PictureRead.household_id == household.id).order_by(PictureRead.id.desc())
    if cursor:
        rows = rows.where(PictureRead.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows.limit(limit + 1)))
    items = [PictureReadOut.model_validate(one) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)
