"""Reading the traffic record."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.traffic.models import Traffic


async def traffic(tx: AsyncSession, partner: str, *, before: int | None, limit: int) -> Sequence[Traffic]:
    """A partner's requests, newest first, from before a position."""
    wanted = select(Traffic).where(Traffic.client_member_code == partner).order_by(Traffic.position.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(Traffic.position < before)
    return (await tx.scalars(wanted)).all()


async def summary(tx: AsyncSession, partner: str) -> tuple[int, int, float, float]:
    """Of the last hour: requests, faults, and, of those that went to a service, the 95th percentiles of its time and of ours, in
    milliseconds."""
    theirs = func.extract("epoch", Traffic.response_in_at - Traffic.request_out_at) * 1000
    ours = func.extract("epoch", Traffic.response_out_at - Traffic.request_in_at) * 1000 - func.coalesce(theirs, 0)
    asked = Traffic.request_out_at.is_not(None)
    recent = Traffic.request_in_at > func.now() - func.make_interval(0, 0, 0, 0, 1)
    row = (
        await tx.execute(
            select(
                func.count(),
                func.count().filter(~Traffic.succeeded),
                func.coalesce(func.percentile_cont(0.95).within_group(theirs), 0),
                func.coalesce(func.percentile_cont(0.95).within_group(ours).filter(asked), 0),
            ).where(Traffic.client_member_code == partner, recent)
        )
    ).one()
    return int(row[0]), int(row[1]), float(row[2]), float(row[3])
