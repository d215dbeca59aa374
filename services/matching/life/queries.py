"""Reads of hand-overs that the life of a household proposes."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.life.models import LifeProposal, NoticedChange
from services.matching.life.schemas import LifeProposalOut
from services.matching.rules.life_changes import Next, ProposalStatus, why
from shared.errors import NotFound
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language


def seen_by(by: Caller) -> Any:
    """Of the programs that the caller keeps, towards programs that its agreement covers: that the other misses the household
    tells of it."""
    return LifeProposal.from_program.in_(by.programs) & LifeProposal.to_program.in_(by.covers)


def _rows() -> Any:
    return select(LifeProposal, NoticedChange.change, NoticedChange.happened_on).join(
        NoticedChange, NoticedChange.id == LifeProposal.life_change_id
    )


async def life_proposals(
    tx: AsyncSession,
    by: Caller,
    limit: int,
    cursor: str | None,
    language: Language,
    *,
    program: str | None,
    status: ProposalStatus | None,
) -> Page[LifeProposalOut]:
    """Oldest first."""
    rows = _rows().where(seen_by(by)).order_by(LifeProposal.id).limit(limit + 1)
    if program is not None:
        rows = rows.where(LifeProposal.from_program == program)
    if status is not None:
        rows = rows.where(LifeProposal.status == status)
    if cursor:
        rows = rows.where(LifeProposal.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(rows)).all()
    items = [_out(one, language) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


async def life_proposal(tx: AsyncSession, proposal_id: UUID, by: Caller, language: Language) -> LifeProposalOut:
    """NotFound also where it is not the caller's to see."""
    found = (await tx.execute(_rows().where(LifeProposal.id == proposal_id, seen_by(by)))).one_or_none()
    if found is None:
        raise NotFound
    return _out(found, language)


def _out(row: Row[Any], language: Language) -> LifeProposalOut:
    one: LifeProposal = row.LifeProposal
    own = {name: getattr(one, name) for name in LifeProposalOut.model_fields if hasattr(one, name)}
    explanation = why(row.change, row.happened_on, Next(one.to_program, one.fit)).in_(language)
    return LifeProposalOut(**own, change=row.change, happened_on=row.happened_on, explanation=explanation)
