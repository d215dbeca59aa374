"""Grievances: opened, routed, answered, accepted or escalated, closed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.case_models import OverlapCase
from services.matching.errors import ProgramUnknown
from services.matching.grievances.errors import (
    AnswerInAnotherLanguage,
    ConductOfWhom,
    DisputedUnknown,
    GrievanceNotYours,
    GrievanceStepRefused,
    HouseholdNumberUnknown,
)
from services.matching.grievances.models import Grievance
from services.matching.grievances.schemas import AnswerIn, Disputed, GrievanceIn
from services.matching.models import Beneficiary, Household, Program, Referral
from services.matching.rules.grieving import (
    LEADS,
    OF_DESK,
    STATUS_WORDS,
    WAITS_FOR,
    Category,
    Desk,
    GrievanceStatus,
    GrievanceStep,
    desk_of,
    may_take,
    refuse_of_nobody,
)
from shared.clock import now
from shared.contracts.matching import GrievanceChanged
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.history import History
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import record

OF_UNIT, OF_REGISTRY = "grievances:unit", "grievances:registry"
NOBODY = "anonymous"


async def open_grievance(tx: AsyncSession, asked: GrievanceIn, *, by: Caller) -> Grievance:
    """Take a grievance down, and send it to whom it concerns.

    GrievanceNeedsProgram, GrievanceNotAnonymous, GrievanceOfNobody, ConductOfWhom, ProgramUnknown, HouseholdNumberUnknown,
    DisputedUnknown.
    """
    of_somebody = asked.household_number is not None or asked.contact is not None
    refuse_of_nobody(asked.category, anonymous=asked.anonymous, of_somebody=of_somebody)
    if (asked.category is Category.CONDUCT) != (asked.about is not None):
        raise ConductOfWhom(pointer="/about")
    desk = desk_of(asked.category, asked.program)
    if asked.program is not None and await tx.get(Program, asked.program) is None:
        raise ProgramUnknown(pointer="/program")
    household = None if asked.anonymous else await _household(tx, asked.household_number)
    at = now()
    opened = Grievance(
        id=new_id(),
        version=0,
        category=asked.category,
        desk=desk,
        program=asked.program,
        about=asked.about,
        household_id=household.id if household else None,
        household_number=household.number if household else None,
        contact=None if asked.anonymous else asked.contact,
        text=asked.text,
        language=asked.language,
        disputes=[await _disputed(tx, one, number, by) for number, one in enumerate(asked.disputes)],
        opened_by=None if asked.anonymous else by.name,
        official=None if asked.anonymous else asked.official,
        opened_at=at,
        escalated=False,
        reopened=False,
    )
    tx.add(opened)
    _turn(tx, opened, GrievanceStatus.OPENED, "open", at)
    await tx.flush()
    return opened


async def _household(tx: AsyncSession, number: str | None) -> Household | None:
    if number is None:
        return None
    found = await tx.scalar(select(Household).where(Household.number == number))
    if found is None:
        raise HouseholdNumberUnknown(pointer="/household_number")
    return found


async def _disputed(tx: AsyncSession, one: Disputed, number: int, by: Caller) -> dict[str, Any]:
    """What is disputed, with the address of its evidence; DisputedUnknown where the caller may not ask about it."""
    programs, evidence = await _evidence(tx, one)
    if evidence is None or not programs & (by.programs | by.covers):
        raise DisputedUnknown(pointer=f"/disputes/{number}")
    return {"kind": one.kind, "id": str(one.id) if one.id else None, "program": one.program, "evidence": evidence}


async def _evidence(tx: AsyncSession, one: Disputed) -> tuple[set[str], str | None]:
    """The programs that a disputed decision is about, and where its evidence is read."""
    if one.kind in ("eligibility", "entitlement"):
        program = await tx.get(Program, one.program) if one.program else None
        if program is None or (one.kind == "entitlement" and one.id is None):
            return set(), None
        owner = f"/programs/{program.institution}/v1/entitlements/{one.id}"
        rule = f"/matching/v1/programs/{program.code}/eligibility"
        return {program.code}, owner if one.kind == "entitlement" else rule
    if one.id is None:
        return set(), None
    if one.kind == "link":
        enrollment = await tx.get(Beneficiary, one.id)
        return ({enrollment.program}, f"/matching/v1/links/{one.id}") if enrollment else (set(), None)
    if one.kind == "referral":
        referral = await tx.get(Referral, one.id)
        told = {referral.from_program, referral.to_program} if referral else set()
        return told, f"/matching/v1/referrals/{one.id}"
    case = await tx.get(OverlapCase, one.id)
    return ({case.program_a, case.program_b} if case else set()), f"/matching/v1/overlap-cases/{one.id}"


async def take_step(
    tx: AsyncSession,
    grievance_id: UUID,
    step: GrievanceStep,
    *,
    by: Caller,
    if_match: str,
    said: AnswerIn | None = None,
) -> Grievance:
    """Take a step; `said` with an answer.

    NotFound, PreconditionFailed, GrievanceNotYours, GrievanceStepRefused, AnswerInAnotherLanguage.
    """
    found = await tx.get(Grievance, grievance_id, with_for_update=True)
    if found is None or not may_see(found, by):
        raise NotFound
    if not (answers(found, by) if step in OF_DESK else found.opened_by == by.name):
        raise GrievanceNotYours
    refuse_stale(if_match, found.version)
    at = now()
    # Nobody can accept the answer to a grievance without a name.
    late = found.opened_by is None or (found.due_at is not None and found.due_at < at)
    if not may_take(step, found.status, escalated=found.escalated, reopened=found.reopened, late=late):
        raise GrievanceStepRefused(status=STATUS_WORDS[found.status])
    if said is not None:
        _answer(found, said, by, at)
    elif step is GrievanceStep.ESCALATE:
        found.escalated, found.desk = True, Desk.UNIT
    elif step is GrievanceStep.REOPEN:
        found.reopened = True
    _turn(tx, found, LEADS[step][1], step, at, by)
    await tx.flush()
    return found


def _answer(found: Grievance, said: AnswerIn, by: Caller, at: datetime) -> None:
    if said.language != found.language:
        raise AnswerInAnotherLanguage(pointer="/language", language=found.language)
    found.answer, found.verdict = said.text, said.verdict
    found.answered_by, found.answered_at = by.name, at


def _turn(
    tx: AsyncSession, found: Grievance, status: GrievanceStatus, step: str, at: datetime, by: Caller | None = None
) -> None:
    """A version of a grievance, with its deadline, history and event; of what was said, nothing."""
    change = {"from": found.status, "to": str(status), "step": str(step)}
    found.status, found.version = status, found.version + 1
    wait = WAITS_FOR.get(status)
    found.due_at = at + wait if wait else None
    who = by.name if by else found.opened_by or NOBODY
    tx.add(History(aggregate_id=found.id, version=found.version, batch_id=new_id(), changed_by=who, change=change))
    confidential = found.category is Category.CONDUCT
    record(
        tx,
        GrievanceChanged(
            version=found.version,
            grievance_id=found.id,
            desk=found.desk,
            program=None if confidential else found.program,
            status=status,
        ),
    )


def may_see(found: Grievance, by: Caller) -> bool:
    """Whoever opened it and whom it goes to, or went to first. Of conduct never the institution it is about, though it may be
    the one that took it down; the unit reads by a permission of its own."""
    if by.may(OF_UNIT) and found.desk == Desk.UNIT:
        return True
    if found.category == Category.CONDUCT:
        return found.opened_by == by.name and found.about != by.name
    return found.opened_by == by.name or found.program in by.programs or answers(found, by)


def answers(found: Grievance, by: Caller) -> bool:
    """Whether the grievance goes to the caller."""
    if found.desk == Desk.PROGRAM:
        return found.program in by.programs
    return by.may(OF_UNIT if found.desk == Desk.UNIT else OF_REGISTRY)
