"""What the deliveries of a response's program say of its list: the first payment, how many households, how much."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.deliveries import counts
from services.matching.delivery_models import ProgramDelivery
from services.matching.models import Beneficiary, LinkStatus
from services.matching.responses.plan_models import Response, ResponseHousehold


@dataclass(frozen=True, slots=True)
class Payments:
    """`amount` is in hundredths of an MRU."""

    first_on: date
    households: int
    amount: int


async def payments_of(tx: AsyncSession, response: Response) -> Payments | None:
    """What was handed over to households of the list, which certain links show in the program, from the day of the list to that
    of its closing; None where no delivery says that anything was."""
    if response.listed_at is None:
        return None
    receives = and_(
        Beneficiary.household_id == ResponseHousehold.household_id,
        Beneficiary.program == response.program,
        Beneficiary.decided_as == LinkStatus.LINKED,
    )
    rows = (
        select(
            func.min(ProgramDelivery.delivered_on),
            func.count(ResponseHousehold.household_id.distinct()),
            cast(func.coalesce(func.sum(ProgramDelivery.amount_mru), 0) * 100, BigInteger),
        )
        .select_from(ResponseHousehold)
        .join(Beneficiary, receives)
        .join(ProgramDelivery, ProgramDelivery.enrollment_id == Beneficiary.id)
        .where(
            ResponseHousehold.response_id == response.id,
            ProgramDelivery.delivered_on >= response.listed_at.date(),
            counts(),
        )
    )
    if response.closed_at is not None:
        rows = rows.where(ProgramDelivery.delivered_on <= response.closed_at.date())
    first_on, households, amount = (await tx.execute(rows)).one()
    return Payments(first_on, households, amount) if first_on is not None else None
