"""Whose directory and overview somebody asks for, and what she may see there."""

from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.directory.counts import Counts
from gateway.directory.overview import (
    ALL_OF_ONES_OWN,
    Sections,
    overview,
    sections_of_partner,
    sections_of_person,
)
from gateway.directory.schemas import OverviewOut
from gateway.operators.models import Operator
from gateway.operators.roles import PERSON
from gateway.partners import queries
from gateway.partners.file import Partner, Partners
from gateway.partners.models import PartnerRow
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller
from shared.platform import Platform


@dataclass(frozen=True, slots=True)
class Seen:
    """A partner as somebody may see it. `permissions`: those whose operations she is shown."""

    row: PartnerRow
    partner: Partner
    permissions: frozenset[str]
    sections: Sections


async def own_partner(request: Request, tx: AsyncSession, by: Caller) -> Seen:
    """The caller's own: a partner by its token, a partner viewer by whose pages she sees. NotFound for anybody else."""
    partners: Partners = request.app.state.partners
    if by.name.startswith(PERSON):
        return await any_partner(request, tx, await viewed_by(tx, by) or "", None)
    if (partner := partners.get(by.name)) is None:
        raise NotFound
    return Seen(await queries.partner(tx, partner.id), partner, by.permissions, sections_of_partner(by))


async def any_partner(request: Request, tx: AsyncSession, partner_id: str, by: Caller | None) -> Seen:
    """A partner of this kind of gateway (real or sandbox), as a person may see it by her role; as its own for `by` None. NotFound."""
    partners: Partners = request.app.state.partners
    partner = partners.get(partner_id)
    if partner is None:
        raise NotFound
    row = await queries.partner(tx, partner_id)
    return Seen(row, partner, frozenset(partner.permissions), ALL_OF_ONES_OWN if by is None else sections_of_person(by))


async def viewed_by(tx: AsyncSession, by: Caller) -> str | None:
    """Whose pages a person sees who is a partner viewer; None for every other role."""
    operator = await tx.get(Operator, by.name.removeprefix(PERSON))
    return operator.partner if operator is not None else None


async def told_of(request: Request, seen: Seen, seed: Partner | None) -> OverviewOut:
    """The overview of a partner that was looked up. No transaction is open before it is counted."""
    state = request.app.state
    platform: Platform = state.platform
    counts: Counts = state.counts
    numbers = await counts.of(platform, seen.row.id)
    async with platform.database.transaction() as tx:
        return await overview(tx, seen.row, now(), seen.sections, seed, numbers)
