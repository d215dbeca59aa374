"""What a person decides on a hand-over that the life of a household proposes."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.handing_over import refer_on
from services.matching.life.errors import LifeProposalDecided, LifeProposalOutdated
from services.matching.life.models import LifeProposal
from services.matching.life.queries import seen_by
from services.matching.life.schemas import Body, Declined
from services.matching.locking import hold_linking_lock
from services.matching.models import Beneficiary, Household
from services.matching.referring import is_in, is_linked
from services.matching.rules.life_changes import ProposalStatus
from services.matching.rules.referring import ReferralReason
from shared.clock import now
from shared.errors import NotFound
from shared.etags import refuse_stale
from shared.identity import Caller


async def refer_proposed(tx: AsyncSession, proposal_id: UUID, body: Body, *, by: Caller, if_match: str) -> None:
    """Refer the household as proposed. NotFound, PreconditionFailed, LifeProposalDecided, LifeProposalOutdated."""
    await hold_linking_lock(tx)  # neither the linker nor whoever refers may do the same meanwhile
    found = await _open(tx, proposal_id, by, if_match)
    found.referral_id = await _refer(tx, found, by)
    _decide(found, ProposalStatus.REFERRED, body, by)


async def decline(tx: AsyncSession, proposal_id: UUID, body: Declined, *, by: Caller, if_match: str) -> None:
    """Leave it, with the reason. NotFound, PreconditionFailed, LifeProposalDecided."""
    found = await _open(tx, proposal_id, by, if_match)
    found.reason = body.reason
    _decide(found, ProposalStatus.DECLINED, body, by)


async def _open(tx: AsyncSession, proposal_id: UUID, by: Caller, if_match: str) -> LifeProposal:
    rows = select(LifeProposal).where(LifeProposal.id == proposal_id, seen_by(by)).with_for_update()
    found: LifeProposal | None = await tx.scalar(rows)
    if found is None:
        raise NotFound
    refuse_stale(if_match, found.version)
    if found.status != ProposalStatus.OPEN:
        raise LifeProposalDecided
    return found


def _decide(found: LifeProposal, status: ProposalStatus, body: Body, by: Caller) -> None:
    found.status, found.version = status, found.version + 1
    found.decided_by, found.official, found.decided_at = by.name, body.official, now()


async def _refer(tx: AsyncSession, proposal: LifeProposal, by: Caller) -> UUID:
    theirs = Beneficiary
    home = (
        await tx.execute(
            select(Beneficiary.household_id, Household.number)
            .join(Household, Household.id == Beneficiary.household_id)
            .where(Beneficiary.id == proposal.enrollment_id, is_linked())
        )
    ).one_or_none()
    if home is None:
        raise LifeProposalOutdated
    served = exists().where(is_in(theirs, proposal.to_program), theirs.household_id == home.household_id)
    if await tx.scalar(select(served)):
        raise LifeProposalOutdated
    programs = (proposal.from_program, proposal.to_program)
    sent = await refer_on(tx, proposal.enrollment_id, programs, home, ReferralReason.SITUATION_CHANGED, by=by.name)
    if sent is None:
        raise LifeProposalOutdated
    return sent
