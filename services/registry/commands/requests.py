"""Change requests: proposed with evidence, tried at once to show what would change, decided by who has the authority."""

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands.acting import Acting
from services.registry.commands.applying import apply
from services.registry.commands.ranking import sources
from services.registry.errors import (
    NobodyDecides,
    NotYourAuthority,
    NotYourRequest,
    RequestDecided,
    SecondPersonNeeded,
)
from services.registry.models import Change, ChangeRequest, Household, Individual, ListedRemark, RequestDecision
from services.registry.models.states import Record
from services.registry.queries.diffs import diff_of
from services.registry.rules.authority import Authority, AuthorityMap
from services.registry.rules.proposals import AnyProposal, Correction, Merge, Undo
from shared.contracts.registry import RemarksAnswered
from shared.errors import NotFound, PreconditionRequired
from shared.etags import refuse_stale
from shared.ids import new_id
from shared.outbox import record

PROPOSALS: TypeAdapter[AnyProposal] = TypeAdapter(AnyProposal)


@cache
def authorities() -> AuthorityMap:
    """The map of authority that ships with this version."""
    return AuthorityMap.read(json.loads((files("services.registry") / "data" / "authority.json").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Proposing:
    """Who proposes: a partner, and its official by the partner's own staff number."""

    by: str
    official: str
    reason: str | None = None
    evidence: list[dict[str, Any]] = field(default_factory=list)


async def propose(
    tx: AsyncSession, proposal: AnyProposal, proposing: Proposing, if_match: str | None, *, approve: bool = False
) -> ChangeRequest:
    """Keep a proposal for those who decide, with what it would change.

    Refused at once where it could not be applied today. With `approve` the proposer decides, too, having the authority:
    then nothing may have changed since the proposer read the subject.
    """
    subject = await _subject(tx, proposal)
    version = 0 if isinstance(subject, Change) else subject.version
    if if_match is not None and version:
        refuse_stale(if_match, version)
    elif approve and version:
        raise PreconditionRequired(pointer="/header/If-Match")
    authority = _authority(proposal)
    request = ChangeRequest(
        id=new_id(),
        kind=proposal.kind,
        subject_id=subject.id,
        subject_version=version,
        proposal=proposal.model_dump(mode="json", exclude_unset=True),
        evidence=proposing.evidence,
        reason=proposing.reason,
        diff=[],
        proposed_by=proposing.by,
        official=proposing.official,
        deciding_sources=sorted(authority.sources),
        persons_needed=authority.persons,
        status="proposed",
        version=1,
    )
    tx.add(request)
    await tx.flush()
    if approve:
        _refuse_others(request, proposing.by)
        _decide(tx, request, "approve", proposing.by, proposing.official, None)
    if approve and authority.persons == 1:
        await _apply(tx, request, proposal, proposing.by)
    else:
        request.diff = await _tried(tx, proposal, Acting(proposing.by, sources().source_of(proposing.by)))
    await tx.flush()
    return request


async def approve_request(
    tx: AsyncSession, request_id: UUID, *, by: str, official: str, if_match: str, reason: str | None = None
) -> ChangeRequest:
    """One official approves; the last one needed applies the change."""
    request = await _open_request(tx, request_id, by)
    proposal = PROPOSALS.validate_python(request.proposal)
    refuse_stale(if_match, await version_of(tx, request))
    _refuse_others(request, by)
    approvals = await _refuse_same_person(tx, request, by, official)
    _decide(tx, request, "approve", by, official, reason)
    if approvals + 1 >= request.persons_needed:
        await _apply(tx, request, proposal, by)
    request.version += 1
    await tx.flush()
    if request.status != "proposed":
        await _tell_remarkers(tx, request_id)
    return request


async def refuse_request(tx: AsyncSession, request_id: UUID, *, by: str, official: str, reason: str) -> ChangeRequest:
    """One official with the authority says no, and why: the request ends."""
    request = await _open_request(tx, request_id, by)
    _refuse_others(request, by)
    await _refuse_same_person(tx, request, by, official)
    _decide(tx, request, "refuse", by, official, reason)
    request.status = "refused"
    request.version += 1
    await tx.flush()
    await _tell_remarkers(tx, request_id)
    return request


async def withdraw_request(tx: AsyncSession, request_id: UUID, *, by: str) -> ChangeRequest:
    """Whoever proposed it takes it back."""
    request = await _open_request(tx, request_id, by)
    if request.proposed_by != by:
        raise NotYourRequest
    request.status = "withdrawn"
    request.version += 1
    await tx.flush()
    await _tell_remarkers(tx, request_id)
    return request


async def _tell_remarkers(tx: AsyncSession, request_id: UUID) -> None:
    """Tell that a request was decided to whoever passed on the remarks from which it came."""
    rows = select(ListedRemark.batch_id, func.count()).where(ListedRemark.request_id == request_id)
    for batch_id, count in await tx.execute(rows.group_by(ListedRemark.batch_id).order_by(ListedRemark.batch_id)):
        record(tx, RemarksAnswered(answer_id=new_id(), batch_id=batch_id, remarks=count))


def may_see(request: ChangeRequest, by: str) -> bool:
    """Whoever proposed a request, and those who may decide it."""
    return request.proposed_by == by or sources().source_of(by) in request.deciding_sources


async def version_of(tx: AsyncSession, request: ChangeRequest) -> str:
    """What an approver must have seen: the request, and its subject as it is now."""
    for table in (Household, Individual):
        version = await tx.scalar(select(table.version).where(table.id == request.subject_id))
        if version is not None:
            return f"{request.version}-{version}"
    return f"{request.version}-0"


async def _open_request(tx: AsyncSession, request_id: UUID, by: str) -> ChangeRequest:
    request = await tx.get(ChangeRequest, request_id, with_for_update=True)
    if request is None or not may_see(request, by):
        raise NotFound
    if request.status != "proposed":
        raise RequestDecided(status=request.status)
    return request


def _refuse_others(request: ChangeRequest, by: str) -> None:
    if sources().source_of(by) not in request.deciding_sources:
        raise NotYourAuthority(sources=", ".join(request.deciding_sources))


async def _refuse_same_person(tx: AsyncSession, request: ChangeRequest, by: str, official: str) -> int:
    """The number of approvals so far; SecondPersonNeeded where this official has decided already."""
    decided = select(RequestDecision).where(RequestDecision.request_id == request.id)
    made = list(await tx.scalars(decided))
    if any((one.decided_by, one.official) == (by, official) for one in made):
        raise SecondPersonNeeded(pointer="/official", persons=request.persons_needed)
    return len(made)


def _decide(
    tx: AsyncSession, request: ChangeRequest, decision: str, by: str, official: str, reason: str | None
) -> None:
    tx.add(RequestDecision(request_id=request.id, decided_by=by, official=official, decision=decision, reason=reason))


async def _apply(tx: AsyncSession, request: ChangeRequest, proposal: AnyProposal, by: str) -> None:
    acting = Acting(by, sources().source_of(by), reason=request.reason, request_id=request.id)
    changing = await apply(tx, proposal, acting)
    request.status, request.change_id = "applied", changing.id
    request.diff = await diff_of(tx, changing)


def _authority(proposal: AnyProposal) -> Authority:
    fields = proposal.fields() if isinstance(proposal, Correction) else ()
    authority = authorities().over(proposal.kind, tuple(fields))
    if not authority.sources:
        raise NobodyDecides(pointer="/proposal")
    return authority


async def _subject(tx: AsyncSession, proposal: AnyProposal) -> Record | Change:
    """The record a proposal is about; of an undo, the change."""
    found: Record | Change | None
    if isinstance(proposal, Undo):
        found = await tx.get(Change, proposal.change_id)
    elif isinstance(proposal, Merge):
        found = await tx.get(Household if proposal.record == "household" else Individual, proposal.keep_id)
    else:
        household_id = getattr(proposal, "household_id", None)
        individual_id = getattr(proposal, "individual_id", None)
        found = await (tx.get(Household, household_id) if household_id else tx.get(Individual, individual_id))
    if found is None:
        raise NotFound
    return found


class _OnlyTried(Exception):
    """Ends the savepoint in which a proposal was tried."""


async def _tried(tx: AsyncSession, proposal: AnyProposal, acting: Acting) -> list[dict[str, Any]]:
    """What a proposal would change, record by record: it is applied in a savepoint, and taken back."""
    diff: list[dict[str, Any]] = []
    try:
        async with tx.begin_nested():
            changing = await apply(tx, proposal, acting)
            diff = await diff_of(tx, changing)
            raise _OnlyTried
    except _OnlyTried:
        pass
    return diff
