"""Reads of deliveries."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Cycle, Delivery
from services.programs.rules.benefits import Outcome
from services.programs.schemas.deliveries import DeliveryOut, DeliveryPulled
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor


async def deliveries(
    tx: AsyncSession,
    programs: Collection[str],
    limit: int,
    cursor: str | None,
    *,
    finding: str | None = None,
    **wanted: UUID | None,
) -> Page[DeliveryOut]:
    """Deliveries of `programs` in the order in which they were recorded. `wanted` are values of columns."""
    rows = select(Delivery).where(Delivery.program_code.in_(programs)).order_by(Delivery.id).limit(limit + 1)
    for name, value in wanted.items():
        if value is not None:
            rows = rows.where(getattr(Delivery, name) == value)
    if finding is not None:
        rows = rows.where(Delivery.findings.contains([finding]))
    if cursor:
        rows = rows.where(Delivery.id > decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    items = await _shown(tx, found[:limit])
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


async def delivery(tx: AsyncSession, delivery_id: UUID, programs: Collection[str]) -> DeliveryOut:
    """NotFound where it is of another program, as if it did not exist."""
    found = await tx.get(Delivery, delivery_id)
    if found is None or found.program_code not in programs:
        raise NotFound
    return (await _shown(tx, [found]))[0]


async def pulled(
    tx: AsyncSession, limit: int, cursor: str | None, *, batch_id: UUID | None = None
) -> Page[DeliveryPulled]:
    """The deliveries of one announcement, or all, by id. NotFound for an unknown batch."""
    rows = (
        select(
            Delivery.id.label("delivery_id"),
            Delivery.program_code.label("program"),
            Delivery.enrollment_id,
            Delivery.school,
            Delivery.outcome.in_([one for one in Outcome if one.handed_over]).label("handed_over"),
            Delivery.amount_mru,
            Delivery.delivered_on,
            Cycle.starts_on.label("period_on"),
            Delivery.corrects,
        )
        .outerjoin(Cycle, Cycle.id == Delivery.cycle_id)
        .order_by(Delivery.id)
        .limit(limit + 1)
    )
    if batch_id is not None:
        rows = rows.where(Delivery.batch_id == batch_id)
    if cursor:
        rows = rows.where(Delivery.id > decode_cursor(cursor, UUID)[0])
    items = [DeliveryPulled.model_validate(one) for one in await tx.execute(rows)]
    if not items and batch_id is not None and cursor is None:
        raise NotFound
    return Page(
        items=items[:limit], next_cursor=encode_cursor(items[limit - 1].delivery_id) if len(items) > limit else None
    )


async def _shown(tx: AsyncSession, found: Sequence[Delivery]) -> list[DeliveryOut]:
    corrections = select(Delivery.corrects, Delivery.id).where(Delivery.corrects.in_([one.id for one in found]))
    corrected: dict[Any, UUID] = dict((await tx.execute(corrections)).all())
    return [DeliveryOut.model_validate(one.__dict__ | {"corrected_by": corrected.get(one.id)}) for one in found]
