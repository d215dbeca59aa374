"""Events the registry listens to."""

from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.commands import requests
from services.registry.commands.enrolled import take_over_enrolled
from services.registry.commands.listed_remarks import take_over_remarks
from services.registry.commands.requests import Proposing
from services.registry.models import ChangeRequest
from services.registry.rules.proposals import Merge
from shared.consuming import Consumers, Delivery
from shared.contracts.matching import DuplicateProposed, EnrolledHouseholdsChanged, RemarksProposed
from shared.errors import Refusal
from shared.logs import log

consumers = Consumers()

MODEL = "model"
"""In the place of an official, where no person proposes."""


@consumers.on(DuplicateProposed)
async def open_a_request_to_merge(tx: AsyncSession, event: DuplicateProposed, delivery: Delivery) -> None:
    # Proposed as any partner would: officials read it, decide, and can undo what they decided.
    proposal = Merge(
        kind="merge",
        record=cast(Literal["household", "individual"], event.record),
        keep_id=event.keep_id,
        drop_id=event.drop_id,
    )
    reason = f"{event.model_version}: {event.probability:.4f}"
    if await _known(tx, proposal, delivery.process):
        return
    try:
        async with tx.begin_nested():
            await requests.propose(tx, proposal, Proposing(delivery.process, MODEL, reason), None)
    except Refusal as refusal:  # merged by now, gone, or never here: there is nothing to decide
        log.info("duplicate_not_proposed", duplicate=str(event.duplicate_id), reason=refusal.code)


@consumers.on(RemarksProposed)
async def open_requests_of_remarks(tx: AsyncSession, event: RemarksProposed, delivery: Delivery) -> None:
    path = f"/internal/remark-batches/{event.batch_id}"
    told = [one async for one in delivery.owners.items(delivery.process, path)]
    await take_over_remarks(tx, event.batch_id, told, by=event.partner)


@consumers.on(EnrolledHouseholdsChanged)
async def note_enrolled(tx: AsyncSession, event: EnrolledHouseholdsChanged, delivery: Delivery) -> None:
    path = f"/internal/enrolled-household-batches/{event.batch_id}"
    await take_over_enrolled(tx, [one async for one in delivery.owners.items(delivery.process, path)])


async def _known(tx: AsyncSession, proposal: Merge, by: str) -> bool:
    """Whether the same was proposed before, whatever became of it: an official who said no is not asked again."""
    told = select(ChangeRequest.id).where(
        ChangeRequest.subject_id == proposal.keep_id,
        ChangeRequest.kind == "merge",
        ChangeRequest.proposed_by == by,
        ChangeRequest.proposal["drop_id"].astext == str(proposal.drop_id),
    )
    return await tx.scalar(told.limit(1)) is not None
