"""What institutions handed over, kept as they announce it, and read by household: who was paid, and when."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, and_, cast, exists, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.matching.delivery_models import ProgramDelivery
from services.matching.models import Beneficiary, LinkStatus, Program


async def put_deliveries(tx: AsyncSession, institution: str, deliveries: Sequence[dict[str, Any]]) -> None:
    """Take over deliveries as a programs service gives them. One that is held already is the same: it never changes."""
    rows = [delivery_row(institution, one) for one in deliveries]
    if rows:
        await tx.execute(upsert(ProgramDelivery).on_conflict_do_nothing(), rows)


def delivery_row(institution: str, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": UUID(one["delivery_id"]),
        "institution": institution,
        "program": one["program"],
        "enrollment_id": UUID(id_) if (id_ := one["enrollment_id"]) else None,
        "school": one["school"],
        "handed_over": one["handed_over"],
        "amount_mru": Decimal(amount) if (amount := one["amount_mru"]) is not None else None,
        "delivered_on": date.fromisoformat(one["delivered_on"]),
        "period_on": date.fromisoformat(day) if (day := one["period_on"]) else None,
        "corrects": UUID(id_) if (id_ := one["corrects"]) else None,
    }


async def reporting(tx: AsyncSession) -> frozenset[str]:
    """The programs that report what they hand over to whom: those of which one delivery to an enrollment is held."""
    some = exists().where(ProgramDelivery.program == Program.code, ProgramDelivery.enrollment_id.is_not(None))
    return frozenset(await tx.scalars(select(Program.code).where(some)))


def counts() -> ColumnElement[bool]:
    """Of a ProgramDelivery: something was handed over, and no later word of the institution takes it back."""
    later = aliased(ProgramDelivery)
    return and_(ProgramDelivery.handed_over, ~exists().where(later.corrects == ProgramDelivery.id))


def paid_households(first: date, last: date) -> Select[Any]:
    """Household, program and the first day of each month on a day of which, from `first` to `last`, something was handed over;
    `certain` where a link is, and false where a person is still to decide it."""
    month = cast(func.date_trunc("month", ProgramDelivery.delivered_on), Date)
    return (
        select(
            Beneficiary.household_id,
            ProgramDelivery.program,
            month.label("month"),
            func.bool_or(Beneficiary.decided_as == LinkStatus.LINKED).label("certain"),
        )
        .join(Beneficiary, Beneficiary.id == ProgramDelivery.enrollment_id)
        .where(
            ProgramDelivery.delivered_on.between(first, last),
            counts(),
            Beneficiary.household_id.is_not(None),
            Beneficiary.decided_as.in_((LinkStatus.LINKED, LinkStatus.TO_ADJUDICATE)),
        )
        .group_by(Beneficiary.household_id, ProgramDelivery.program, month)
    )
