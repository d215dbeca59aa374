"""Quotas are set by decree, and their use is watched; nobody is refused because of one."""

import asyncio
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.errors import PlaceWithoutQuotas, QuotaEndsBeforeItBegins, QuotasOverlap
from services.registry.models import Household, Place, Quota
from services.registry.queries.quotas import with_use
from services.registry.schemas.quotas import QuotaIn
from shared.clock import now
from shared.contracts.registry import QuotaExceeded
from shared.errors import NotFound, PreconditionFailed, PreconditionRequired
from shared.etags import refuse_stale
from shared.history import History
from shared.ids import new_id
from shared.importing.importer import Issue
from shared.outbox import record
from shared.platform import Platform
from shared.text import Text

WATCH_SECONDS = 60.0
"""Moves, returns and new categories are seen this late at most; imports see theirs at once."""
WATCHED_AT_ONCE = 200
EXCEEDED = Text(
    ar="تجاوز المكان {place} حصته وهي {quota} أسرة ({reference}). سُجلت الأسر، والقرار للمسؤول.",
    fr="Le lieu {place} dépasse son quota de {quota} ménages ({reference}). Les ménages sont inscrits ; une personne décide.",
    en="{place} is over its quota of {quota} households ({reference}). They are registered; a person decides.",
)


async def put_quota(
    tx: AsyncSession, place_code: str, period: str, body: QuotaIn, *, if_match: str | None, by: str
) -> Quota:
    """Set a place's quota for a period, or change it where the caller has seen it as it is."""
    if body.valid_until <= body.valid_from:
        raise QuotaEndsBeforeItBegins(pointer="/valid_until")
    place = await tx.scalar(select(Place).where(Place.code == place_code).with_for_update(key_share=True))
    if place is None:
        raise NotFound
    if place.kind not in ("commune", "village"):
        raise PlaceWithoutQuotas(pointer="/path/place_code")
    others = list(await tx.scalars(select(Quota).where(Quota.place_code == place_code)))
    held = next((one for one in others if one.period == period), None)
    _refuse_unseen(held, if_match)
    for one in others:
        if one is not held and one.valid_from < body.valid_until and body.valid_from < one.valid_until:
            raise QuotasOverlap(pointer="/valid_from", period=one.period, start=one.valid_from, end=one.valid_until)

    if held is None:
        held = Quota(id=new_id(), place_code=place_code, period=period, version=0, crossings=0)
        tx.add(held)
    said = body.model_dump()
    for name, value in said.items():
        setattr(held, name, value)
    held.version += 1
    held.changed_at, held.changed_by = now(), by
    tx.add(
        History(
            aggregate_id=held.id,
            version=held.version,
            batch_id=new_id(),
            changed_at=held.changed_at,
            changed_by=by,
            change=body.model_dump(mode="json"),
        )
    )
    await tx.flush()
    await note_use(tx, [place_code])
    return held


def _refuse_unseen(held: Quota | None, if_match: str | None) -> None:
    if held is not None and if_match is None:
        raise PreconditionRequired(pointer="/header/If-Match")
    if held is None and if_match is not None:
        raise PreconditionFailed(pointer="/header/If-Match")
    if held is not None and if_match is not None:
        refuse_stale(if_match, held.version)


async def note_use(tx: AsyncSession, places: Collection[str], *, skip_locked: bool = False) -> list[Quota]:
    """Look at the quotas in force of these places, and announce those newly exceeded; returns them."""
    today = now().date()
    rows = with_use().where(Quota.place_code.in_(places), Quota.valid_from <= today, Quota.valid_until > today)
    newly: list[Quota] = []
    for found, _, used in await tx.execute(rows.order_by(Quota.id).with_for_update(of=Quota, skip_locked=skip_locked)):
        quota: Quota = found
        if used <= quota.households:
            quota.exceeded_at = None
        elif quota.exceeded_at is None:
            quota.exceeded_at = now()
            quota.crossings += 1
            newly.append(quota)
            record(tx, _exceeded(quota, used))
    return newly


def _exceeded(quota: Quota, used: int) -> QuotaExceeded:
    return QuotaExceeded(
        version=quota.crossings,
        quota_id=quota.id,
        place_code=quota.place_code,
        period=quota.period,
        quota=quota.households,
        used=used,
    )


async def over_quota(tx: AsyncSession, numbers: Collection[str], line: int) -> list[Issue]:
    """A warning for each place that an import's households (by number) have brought over its quota."""
    rows = select(Household.commune_code, Household.village_code).where(Household.number.in_(numbers))
    places = {code for row in await tx.execute(rows) for code in row if code is not None}
    return [
        Issue(
            line,
            "commune_code",
            quota.place_code,
            "warning",
            "quota_exceeded",
            EXCEEDED.format(place=quota.place_code, quota=quota.households, reference=quota.legal_reference),
        )
        for quota in await note_use(tx, places)
    ]


async def quota_watch(platform: Platform) -> None:
    """Looks at the use of every quota in force, for ever."""
    while True:
        async with platform.database.transaction() as tx:
            today = now().date()
            in_force = select(Quota.place_code).where(Quota.valid_from <= today, Quota.valid_until > today)
            places = list(await tx.scalars(in_force.order_by(Quota.place_code)))
        for start in range(0, len(places), WATCHED_AT_ONCE):
            async with platform.database.transaction() as tx:
                await note_use(tx, places[start : start + WATCHED_AT_ONCE], skip_locked=True)
        await asyncio.sleep(WATCH_SECONDS)
