"""Correcting one delivery, as a person asked: another delivery in its place, and entries that take the earlier back."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.commands.deliveries import Source, one_after_another, record_deliveries
from services.programs.errors.benefits import DeliveryAlreadyCorrected, DeliveryNotAccepted
from services.programs.models import Cycle, Delivery
from services.programs.queries.programs import published
from services.programs.rules.benefits import Outcome
from services.programs.rules.reconciling import NOTHING, Reported
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller


async def correct_delivery(
    tx: AsyncSession,
    delivery_id: UUID,
    *,
    outcome: Outcome,
    amount: Decimal | None,
    goods: Mapping[str, Decimal],
    delivered_on: date | None,
    reason: str,
    by: Caller,
    institution: str,
) -> UUID:
    """Say what was really handed over; the id of the delivery that says it. DeliveryNotAccepted where it cannot be."""
    known = await tx.get(Delivery, delivery_id)
    if known is None or known.program_code not in by.programs:
        raise NotFound
    await one_after_another(tx, known.program_code)
    if await tx.scalar(select(Delivery.id).where(Delivery.corrects == delivery_id)) is not None:
        raise DeliveryAlreadyCorrected
    cycle = await tx.get(Cycle, known.cycle_id) if known.cycle_id else None
    said = Reported(
        line=1,
        as_sent={"reason": reason},
        enrollment_id=known.enrollment_id,
        school=known.school,
        outcome=outcome,
        amount=(amount or NOTHING) if outcome.handed_over else NOTHING,
        goods=goods if outcome.handed_over else {},
        delivered_on=delivered_on or known.delivered_on,
        # It stays with the period it was laid to, unless the day itself was wrong.
        period_on=cycle.starts_on if cycle and delivered_on in (None, known.delivered_on) else None,
        channel=known.channel,
        agent=known.agent,
        reference=known.reference,
    )
    source = Source(institution=institution, by=by.name, day=now().date(), corrects=delivery_id)
    results = await record_deliveries(tx, await published(tx, known.program_code), [said], source)
    made = results[0].delivery_id
    if made is None:
        raise DeliveryNotAccepted("/", results[0].said[0].text)
    return made
