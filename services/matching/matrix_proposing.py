"""Decisions of the rules matrix: one official proposes, another approves or rejects. Decisions are added; none is changed
or removed."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.errors import ProposalDecided, ProposalOpen, ProposerApproves
from services.matching.matrix import cell, decisions, in_force, refuse_unknown, rules_on
from services.matching.matrix_models import MatrixDecision, MatrixProposal
from services.matching.matrix_schemas import DecisionDraft, DecisionIn, MatrixCell
from services.matching.rules.matrix import (
    Pair,
    PairRule,
    ProposalStatus,
    pair_of,
    refuse_contradiction,
    refuse_too_early,
)
from shared.clock import now
from shared.contracts.matching import MatrixChanged
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import record

MATRIX_LOCK = 0x7EC4_0102
"""Held while a decision is looked at beside the others: two that contradict one another are not approved at once."""
SAID = ("overlap_class", "exemptions", "legal_text", "language", "valid_from")


async def propose(
    tx: AsyncSession, one: str, other: str, asked: DecisionIn, *, by: Caller, if_match: str
) -> MatrixCell:
    """Propose a decision for two programs; one that says what the last one says proposes nothing.

    PreconditionFailed, ProposalOpen, and what `refuse_unsound` refuses.
    """
    pair = pair_of(one, other)
    # Whoever decides for the same pair waits here, also where it has no decision yet.
    await refuse_unknown(tx, one, other, locked=True)
    last = await tx.scalar(decisions(pair).limit(1))
    refuse_stale(if_match, last.version if last else 0)
    draft = DecisionDraft.model_validate(asked.model_dump(exclude={"official"}))
    if last is None or DecisionDraft.model_validate(last, from_attributes=True, extra="ignore") != draft:
        await refuse_unsound(tx, pair, draft.rule, draft.valid_from)
        await _add_proposal(tx, pair, draft, by, asked.official)
    return await cell(tx, *pair, now().date())


async def _add_proposal(tx: AsyncSession, pair: Pair, draft: DecisionDraft, by: Caller, official: str) -> None:
    added = MatrixProposal(
        id=new_id(),
        version=1,
        program_a=pair[0],
        program_b=pair[1],
        status=ProposalStatus.OPEN,
        proposed_at=now(),
        proposed_by=by.name,
        proposed_official=official,
        **draft.model_dump(),
    )
    try:
        async with tx.begin_nested():
            tx.add(added)
    except IntegrityError as taken:
        raise ProposalOpen from taken


async def refuse_unsound(tx: AsyncSession, pair: Pair, rule: PairRule, valid_from: date) -> None:
    """MatrixDayTooEarly, ConditionUnsound, MatrixContradiction on any day on which the rule would be in force."""
    held = await tx.scalar(in_force(now().date(), [pair]))
    refuse_too_early(valid_from, held.valid_from if held else None)
    await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MATRIX_LOCK})
    begins = select(MatrixDecision.valid_from).where(MatrixDecision.valid_from > valid_from)
    for day in sorted({valid_from, *await tx.scalars(begins)}):
        rules: Mapping[Pair, PairRule] = await rules_on(tx, day) | {pair: rule}
        refuse_contradiction(pair, rules)


async def approve(tx: AsyncSession, proposal_id: UUID, official: str, *, by: Caller, if_match: str) -> MatrixProposal:
    """Approve what another official proposed: from its day on it is in force.

    NotFound, PreconditionFailed, ProposalDecided, ProposerApproves, and what `refuse_unsound` refuses by now.
    """
    found = await _open_proposal(tx, proposal_id, if_match)
    if is_proposer(found, by, official):
        raise ProposerApproves(pointer="/official")
    pair = (found.program_a, found.program_b)
    await refuse_unknown(tx, *pair, locked=True)
    await refuse_unsound(tx, pair, found.rule, found.valid_from)
    _end(found, ProposalStatus.APPROVED, by, official)
    await tx.flush()
    await _add_decision(tx, found)
    return found


async def reject(
    tx: AsyncSession, proposal_id: UUID, official: str, because: str, *, by: Caller, if_match: str
) -> MatrixProposal:
    """Reject a proposal, or withdraw one's own. NotFound, PreconditionFailed, ProposalDecided."""
    found = await _open_proposal(tx, proposal_id, if_match)
    own = is_proposer(found, by, official)
    _end(found, ProposalStatus.WITHDRAWN if own else ProposalStatus.REJECTED, by, official)
    found.because = because
    await tx.flush()
    return found


def is_proposer(proposal: MatrixProposal, by: Caller, official: str) -> bool:
    """Whether it is the same person: a staff number is one person's, however it is written."""
    return (proposal.proposed_by, proposal.proposed_official.casefold()) == (by.name, official.casefold())


async def _open_proposal(tx: AsyncSession, proposal_id: UUID, if_match: str) -> MatrixProposal:
    found = await tx.get(MatrixProposal, proposal_id, with_for_update=True)
    if found is None:
        raise NotFound
    if found.status != ProposalStatus.OPEN:
        raise ProposalDecided
    refuse_stale(if_match, found.version)
    return found


def _end(found: MatrixProposal, status: ProposalStatus, by: Caller, official: str) -> None:
    found.status, found.version = status, found.version + 1
    found.decided_at, found.decided_by, found.decided_official = now(), by.name, official


async def _add_decision(tx: AsyncSession, proposal: MatrixProposal) -> None:
    last = await tx.scalar(decisions((proposal.program_a, proposal.program_b)).limit(1))
    added = MatrixDecision(
        cell_id=last.cell_id if last else new_id(),
        version=last.version + 1 if last else 1,
        program_a=proposal.program_a,
        program_b=proposal.program_b,
        decided_at=proposal.decided_at,
        decided_by=proposal.decided_by,
        official=proposal.decided_official,
        proposal_id=proposal.id,
        **{name: getattr(proposal, name) for name in SAID},
    )
    tx.add(added)
    await tx.flush()
    record(
        tx,
        MatrixChanged(
            version=added.version,
            cell_id=added.cell_id,
            program_a=added.program_a,
            program_b=added.program_b,
            overlap_class=added.overlap_class,
        ),
    )
