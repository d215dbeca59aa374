"""Reads of eligibility replays."""

import asyncio
import io
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.eligibility.errors import REPLAY_FAILURES, ReplayNotDone
from services.matching.eligibility.models import EligibilityReplay, ReplayPart, ReplayStatus
from services.matching.eligibility.queries import explained
from services.matching.eligibility.schemas import EligibilityCount, EligibilityOut, ReplayOut
from services.matching.models import Place
from services.matching.rules.eligibility import rule_on
from services.matching.rules.suppressing import SMALLEST_CELL, shown
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.text import Language


async def replay(tx: AsyncSession, replay_id: UUID, language: Language) -> ReplayOut:
    return (await _shown(tx, [await _found(tx, replay_id)], language))[0]


async def replays(tx: AsyncSession, limit: int, cursor: str | None, language: Language) -> Page[ReplayOut]:
    rows = select(EligibilityReplay).order_by(EligibilityReplay.id.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(EligibilityReplay.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    after = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=await _shown(tx, found[:limit], language), next_cursor=after)


async def replayed_household(
    tx: AsyncSession, replay_id: UUID, household_id: UUID, language: Language
) -> EligibilityOut:
    """NotFound also for a household that was not in the registry then; ReplayNotDone."""
    found = await _found(tx, replay_id)
    if found.status != ReplayStatus.DONE or found.rule is None:
        raise ReplayNotDone
    part = select(ReplayPart.content).where(
        ReplayPart.replay_id == replay_id, ReplayPart.first_id <= household_id, ReplayPart.last_id >= household_id
    )
    content = await tx.scalar(part)
    household = await asyncio.to_thread(_household, content, household_id) if content is not None else None
    rule = rule_on(found.rule, found.as_of)
    if household is None or rule is None:
        raise NotFound
    return explained(household_id, found.program, rule, (found.as_of, found.known_at.date()), household, language)


def _household(content: bytes, household_id: UUID) -> dict[str, Any] | None:
    rows = pl.read_parquet(io.BytesIO(content)).filter(household_id=str(household_id)).to_dicts()
    return {**rows[0], "score": Decimal(score) if (score := rows[0]["score"]) is not None else None} if rows else None


async def _found(tx: AsyncSession, replay_id: UUID) -> EligibilityReplay:
    found = await tx.get(EligibilityReplay, replay_id)
    if found is None:
        raise NotFound
    return found


async def _shown(tx: AsyncSession, found: list[EligibilityReplay], language: Language) -> list[ReplayOut]:
    wilayas = await tx.execute(select(Place.code, Place.name_fr, Place.name_ar).where(Place.kind == "wilaya"))
    names = {code: (name_fr, name_ar) for code, name_fr, name_ar in wilayas}
    return [_out(one, names, language) for one in found]


def _out(one: EligibilityReplay, names: dict[str, tuple[str, str | None]], language: Language) -> ReplayOut:
    told = {name: getattr(one, name) for name in ReplayOut.model_fields if hasattr(one, name)}
    failure = REPLAY_FAILURES[one.failure].in_(language) if one.failure else None
    wilayas = [
        EligibilityCount(
            wilaya_code=code or None,
            wilaya_fr=names.get(code, (None, None))[0],
            wilaya_ar=names.get(code, (None, None))[1],
            eligible=shown(counts.get("eligible", 0)),
            cannot_tell=shown(counts.get("cannot_tell", 0)),
        )
        for code, counts in sorted(one.counts.items())
    ]
    return ReplayOut(**told | {"failure": failure}, wilayas=wilayas, suppressed_below=SMALLEST_CELL)
