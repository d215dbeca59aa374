"""Reading the partners' tables."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.partners.models import Credential, PartnerRow
from shared.errors import NotFound

MOST_CREDENTIALS_SHOWN = 200


async def partners(tx: AsyncSession, *, after: str, limit: int) -> Sequence[PartnerRow]:
    """The partners of both kinds by their code, those after `after`."""
    wanted = select(PartnerRow).where(PartnerRow.id > after).order_by(PartnerRow.id).limit(limit)
    return (await tx.scalars(wanted)).all()


async def partner(tx: AsyncSession, partner_id: str) -> PartnerRow:
    """One partner; NotFound."""
    row = await tx.get(PartnerRow, partner_id)
    if row is None:
        raise NotFound
    return row


async def credentials(tx: AsyncSession, partner_id: str) -> Sequence[Credential]:
    """What the partner shows or showed, the newest first."""
    wanted = select(Credential).where(Credential.partner == partner_id)
    return (await tx.scalars(wanted.order_by(Credential.id.desc()).limit(MOST_CREDENTIALS_SHOWN))).all()
