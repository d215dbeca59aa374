"""Hand-overs: who leaves a program with a proposal to another institution's is referred there, and the other hears of it.

A proposal waits until it is surely known which household it is, and the other program is published here; whatever makes one
of these true looks again. Where the exit is undone, what was sent and not yet accepted is taken back.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.matching.locking import hold_linking_lock
from services.matching.models import Beneficiary, HandOver, Household, Program, Referral
from services.matching.referring import Step, announce_referrals, is_in, is_linked, turn_referral
from services.matching.rules.referring import HandOverOutcome, ReferralReason, ReferralRefusal, ReferralStatus
from shared.clock import now
from shared.history import History
from shared.ids import new_id

TAKEN_BACK = (ReferralStatus.SENT, ReferralStatus.SEEN)
"""Steps from which an undone exit takes a referral back; one that was accepted is the receiver's to decide."""


async def take_over_proposals(tx: AsyncSession, changes: Sequence[dict[str, Any]]) -> None:
    """Keep the proposals among some changes of enrollments, and refer whom they are about; late or twice does nothing more."""
    rows = [
        {
            "id": new_id(),
            "enrollment_id": UUID(one["enrollment_id"]),
            "version": one["version"],
            "from_program": one["program"],
            "to_program": one["hand_over_to"],
            "handed_over_by": one["by"],
            "handed_over_at": datetime.fromisoformat(one["at"]),
            "outcome": HandOverOutcome.WAITING,
        }
        for one in changes
        if one.get("hand_over_to")
    ]
    if rows:
        await tx.execute(insert(HandOver).on_conflict_do_nothing(), rows)
    await settle_hand_overs(tx, HandOver.enrollment_id.in_({UUID(one["enrollment_id"]) for one in changes}))


async def settle_waiting(tx: AsyncSession, program: str) -> None:
    """Look again at those that wait for a program."""
    await settle_hand_overs(tx, HandOver.to_program == program)


async def settle_linked(tx: AsyncSession, enrollment_ids: Collection[UUID]) -> None:
    """Look again at those whose household may have become known."""
    await settle_hand_overs(tx, HandOver.enrollment_id.in_(enrollment_ids))


async def settle_hand_overs(tx: AsyncSession, which: ColumnElement[bool]) -> None:
    unsettled = HandOver.outcome.in_((HandOverOutcome.WAITING, HandOverOutcome.REFERRED))
    if not await tx.scalar(select(exists().where(which, unsettled))):
        return
    await hold_linking_lock(tx)  # neither the linker nor whoever refers may do the same meanwhile
    theirs = aliased(Beneficiary)
    rows = (
        select(
            HandOver,
            Beneficiary.version.label("version_now"),
            Beneficiary.institution,
            Beneficiary.household_id,
            Household.number,
            Program.institution.label("receiver"),
            exists()
            .where(is_in(theirs, HandOver.to_program), theirs.household_id == Beneficiary.household_id)
            .label("is_in"),
        )
        .join(Beneficiary, Beneficiary.id == HandOver.enrollment_id)
        .outerjoin(Household, and_(Household.id == Beneficiary.household_id, is_linked()))
        .outerjoin(Program, Program.code == HandOver.to_program)
        .where(which, unsettled)
        .order_by(HandOver.id)
    )
    for row in (await tx.execute(rows)).all():
        if row.version_now > row.HandOver.version:
            await _withdraw(tx, row.HandOver)
        elif row.HandOver.outcome == HandOverOutcome.WAITING and row.receiver is not None:
            await _settle(tx, row)
    await tx.flush()


async def _settle(tx: AsyncSession, row: Any) -> None:
    proposal: HandOver = row.HandOver
    if row.receiver == row.institution:
        await tx.delete(proposal)  # the institution has made the application itself
    elif row.number is None:
        return
    elif row.is_in:
        proposal.outcome = HandOverOutcome.IN_PROGRAM
    else:
        proposal.referral_id = await refer_on(
            tx,
            proposal.enrollment_id,
            (proposal.from_program, proposal.to_program),
            row,
            ReferralReason.LEFT_PROGRAM,
            by=proposal.handed_over_by,
        )
        sent = proposal.referral_id is not None
        proposal.outcome = HandOverOutcome.REFERRED if sent else HandOverOutcome.REFERRED_ALREADY


async def refer_on(
    tx: AsyncSession, enrollment_id: UUID, programs: tuple[str, str], home: Any, reason: ReferralReason, *, by: str
) -> UUID | None:
    """Refer the household of an enrollment from one program to another; None where it has an open referral there.

    `home` has the registry's `household_id` and `number`. The linking lock is held.
    """
    from_program, to_program = programs
    sent = insert(Referral).values(
        id=new_id(),
        version=1,
        from_program=from_program,
        enrollment_id=enrollment_id,
        to_program=to_program,
        household_id=home.household_id,
        household_number=home.number,
        reason=reason,
        status=ReferralStatus.SENT,
        sent_by=by,
        sent_at=now(),
    )
    id_: UUID | None = await tx.scalar(sent.on_conflict_do_nothing().returning(Referral.id))
    if id_ is None:
        return None
    batch_id = new_id()
    change = {"from": None, "to": ReferralStatus.SENT.value, "reason": reason.value}
    tx.add(History(aggregate_id=id_, version=1, batch_id=batch_id, changed_by=by, change=change))
    announce_referrals(tx, batch_id, from_program, to_program, Counter({ReferralStatus.SENT: 1}))
    return id_


async def _withdraw(tx: AsyncSession, proposal: HandOver) -> None:
    proposal.outcome = HandOverOutcome.WITHDRAWN
    if proposal.referral_id is None:
        return
    referral = await tx.get_one(Referral, proposal.referral_id, with_for_update=True)
    if referral.status in TAKEN_BACK:
        batch_id = new_id()
        step = Step(ReferralStatus.REFUSED, ReferralRefusal.SENT_IN_ERROR)
        turn_referral(tx, referral, step, batch_id, proposal.handed_over_by, now())
        counts = Counter({ReferralStatus.REFUSED: 1})
        announce_referrals(tx, batch_id, referral.from_program, referral.to_program, counts)
