"""What persons do with a case: each institution answers for its program, and a third person settles what they dispute."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.case_errors import (
    CaseClosed,
    CaseNotDisputed,
    CaseSettledByAParty,
    ReferenceMissing,
    SideNotYours,
)
from services.matching.case_models import OverlapCase
from services.matching.overlap_cases import WAITING, Turns
from services.matching.rules.overlap_cases import CaseAnswer, CaseOutcome, CaseStatus, after_answers, may_settle
from shared.clock import now
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.identity import Caller

SETTLES = "overlap-cases:settle"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, for which program, by whom."""

    answer: CaseAnswer
    program: str | None
    reference: str | None
    official: str


def may_see(case: OverlapCase, by: Caller) -> bool:
    """The keepers of its programs, and whoever settles cases."""
    return bool(by.programs & {case.program_a, case.program_b}) or by.may(SETTLES)


async def answer(tx: AsyncSession, case_id: UUID, said: Said, *, by: Caller, if_match: str) -> OverlapCase:
    """Answer for one's program; an answer may be changed until both are there and agree.

    NotFound, PreconditionFailed, CaseClosed, SideNotYours, ReferenceMissing.
    """
    case = await _waiting(tx, case_id, by, if_match)
    side = _side(case, said, by)
    if said.answer is CaseAnswer.EXCEPTION and said.reference is None:
        raise ReferenceMissing(pointer="/legal_reference")
    turns = Turns((case.program_a, case.program_b), now())
    who = person(by, said.official)
    setattr(case, f"answer_{side}", said.answer)
    setattr(case, f"reference_{side}", said.reference)
    setattr(case, f"answered_{side}_at", turns.at)
    setattr(case, f"answered_{side}_by", who)
    status, outcome = after_answers(case.answer_a, case.answer_b)
    if status is CaseStatus.RESOLVED:
        case.outcome, case.resolved_at = outcome, turns.at
    what = "answered" if status is CaseStatus.OPEN else str(status)
    turns.turn(tx, case, status, what, by.name, reason=f"{getattr(case, f'program_{side}')}: {said.answer}")
    turns.announce(tx)
    await tx.flush()
    return case


def _side(case: OverlapCase, said: Said, by: Caller) -> str:
    mine = {side: code for side, code in (("a", case.program_a), ("b", case.program_b)) if code in by.programs}
    wanted = [side for side, code in mine.items() if said.program in (None, code)]
    if len(wanted) != 1:
        raise SideNotYours(pointer="/program", programs=", ".join(mine.values()) or "—")
    return wanted[0]


async def settle(
    tx: AsyncSession, case_id: UUID, outcome: CaseOutcome, reference: str, official: str, *, by: Caller, if_match: str
) -> OverlapCase:
    """Settle what two institutions dispute, or what one has not answered in time.

    NotFound, PreconditionFailed, CaseClosed, CaseNotDisputed, CaseSettledByAParty.
    """
    case = await _waiting(tx, case_id, by, if_match)
    turns = Turns((case.program_a, case.program_b), now())
    if not may_settle(case.status, case.due_at, turns.at):
        raise CaseNotDisputed(day=case.due_at.date())
    who = person(by, official)
    if who in (case.answered_a_by, case.answered_b_by):
        raise CaseSettledByAParty(pointer="/official")
    case.outcome, case.settled_reference, case.settled_by = outcome, reference, who
    case.resolved_at = turns.at
    turns.turn(tx, case, CaseStatus.RESOLVED, "resolved", by.name, reason=f"settled: {outcome}")
    turns.announce(tx)
    await tx.flush()
    return case


def person(by: Caller, official: str) -> str:
    """A partner's official as one word: a staff number is one person's, however it is written."""
    return f"{by.name}/{official.casefold()}"


async def _waiting(tx: AsyncSession, case_id: UUID, by: Caller, if_match: str) -> OverlapCase:
    case = await tx.get(OverlapCase, case_id, with_for_update=True)
    if case is None or not may_see(case, by):
        raise NotFound
    refuse_stale(if_match, case.version)
    if case.status not in WAITING:
        raise CaseClosed
    return case
