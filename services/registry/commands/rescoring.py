"""Scorings: a whole area is given its score anew by a worker, a chunk at a time.

One transaction holds a chunk's scores, its event, and the household reached: after a death the next worker goes on there.
A dry run does the same without the scores, so that the movement between categories is seen before anything moves.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.registry.commands.acting import Acting
from services.registry.commands.changing import lock_households, state_facts_of_all
from services.registry.commands.ranking import sources
from services.registry.commands.scoring import Decided, decide, formula_named, lock_inputs
from services.registry.errors.scores import ScoringEnded, UnknownArea
from services.registry.models import Household, Individual, Place, Scoring
from services.registry.queries.moments import Moment
from services.registry.queries.scores import facts_of
from services.registry.rules.scoring import Formula, HouseholdFacts
from shared.clock import now
from shared.consuming import is_of_the_surroundings
from shared.contracts.registry import HouseholdsRegistered
from shared.errors import NotFound
from shared.ids import new_id
from shared.logs import log
from shared.outbox import record as announce
from shared.platform import Platform

CHUNK_HOUSEHOLDS = 100
"""Scored in one transaction and announced by one event: what a subscriber takes over in one transaction."""
LOOK_SECONDS = 1.0
AREAS = ("wilaya", "moughataa", "commune")
OPEN = ("received", "running")


async def begin_scoring(
    tx: AsyncSession, *, version: str, place: str, dry_run: bool, reason: str | None, by: str
) -> Scoring:
    """Leave a scoring for the worker."""
    formula = formula_named(version)
    area = await tx.get(Place, place)
    if area is None or area.kind not in AREAS:
        raise UnknownArea(pointer="/place", place=place)
    living = select(func.count()).select_from(Household).where(_living_in(place))
    made = Scoring(
        id=new_id(),
        formula_version=formula.version,
        place_code=place,
        dry_run=dry_run,
        scored_on=now().date(),
        status="received",
        made_by=by,
        reason=reason,
        households=await tx.scalar(living),
        movement={},
        missing={},
    )
    tx.add(made)
    await tx.flush()
    await tx.refresh(made)
    return made


async def cancel_scoring(tx: AsyncSession, scoring_id: UUID) -> Scoring:
    """Stop a scoring. Households it has scored keep their scores: each was announced."""
    scoring = await tx.get(Scoring, scoring_id, with_for_update=True)
    if scoring is None:
        raise NotFound
    if scoring.status not in OPEN:
        raise ScoringEnded(status=scoring.status)
    scoring.status, scoring.completed_at = "cancelled", now()
    return scoring


async def scoring_worker(platform: Platform) -> None:
    """Works off what waits, oldest first, for ever."""
    while True:
        async with platform.database.transaction() as tx:
            scoring = await tx.scalar(_next_scoring())
            if scoring is not None:
                await _score_or_fail(tx, scoring)
        if scoring is None:
            await asyncio.sleep(LOOK_SECONDS)


async def scorings_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: scorings begun and not yet ended."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).select_from(Scoring).where(Scoring.status.in_(OPEN))
        return {"scorings_waiting": await tx.scalar(waiting) or 0}


def _next_scoring() -> Select[Scoring]:
    # Another process's scoring is passed over: it is locked while a chunk of it is worked off.
    waiting = select(Scoring).where(Scoring.status.in_(OPEN)).order_by(Scoring.id).limit(1)
    return waiting.with_for_update(skip_locked=True)


async def _score_or_fail(tx: AsyncSession, scoring: Scoring) -> None:
    """One chunk; a scoring whose chunk fails by its own fault ends, so that it does not keep the others waiting."""
    scoring_id = scoring.id  # after a rollback the row must be read again before it is asked
    try:
        async with tx.begin_nested():
            await score_chunk(tx, scoring)
    except Exception as fault:
        if is_of_the_surroundings(fault):
            raise
        log.error("scoring_failed", scoring=str(scoring_id), exc_info=fault)
        await tx.refresh(scoring)
        scoring.status, scoring.completed_at = "failed", now()


async def score_chunk(tx: AsyncSession, scoring: Scoring) -> None:
    """The next households of a locked scoring; it is completed when there are none."""
    rows = select(Household.id).where(_living_in(scoring.place_code)).order_by(Household.id).limit(CHUNK_HOUSEHOLDS)
    if scoring.last_household is not None:
        rows = rows.where(Household.id > scoring.last_household)
    ids = list(await tx.scalars(rows))
    if not ids:
        scoring.status, scoring.completed_at = "completed", now()
        return
    formula, households = formula_named(scoring.formula_version), await _households(tx, scoring, ids)
    members, moment = list[Individual](), Moment(scoring.scored_on)
    if not scoring.dry_run:
        members, moment = await lock_inputs(tx, households, scoring.scored_on)
    decided = _decisions(scoring, formula, households, await facts_of(tx, households, moment))
    if decided and not scoring.dry_run:
        await _state(tx, scoring, [*households.values(), *members], decided)
    scoring.status, scoring.last_household = "running", ids[-1]


async def _households(tx: AsyncSession, scoring: Scoring, ids: list[UUID]) -> Mapping[UUID, Household]:
    if scoring.dry_run:
        return {one.id: one for one in await tx.scalars(select(Household).where(Household.id.in_(ids)))}
    return await lock_households(tx, ids)


def _decisions(
    scoring: Scoring, formula: Formula, households: Mapping[UUID, Household], facts: Mapping[UUID, HouseholdFacts]
) -> dict[UUID, Decided]:
    """The scores that are new, after counting what becomes of each household."""
    movement = {before: Counter(after) for before, after in scoring.movement.items()}
    missing, decided = Counter(scoring.missing), dict[UUID, Decided]()
    for id_, household in households.items():
        if household.status != "active" or id_ not in facts or household.true_from > scoring.scored_on:
            scoring.unchanged += 1
            continue
        one = decide(formula, facts[id_], scoring.scored_on)
        if not isinstance(one, Decided):
            scoring.incomplete += 1
            missing.update(each.name for each in one.missing)
        elif one.is_held_by(household):
            scoring.unchanged += 1
        else:
            decided[id_] = one
            movement.setdefault(household.vulnerability_category, Counter())[one.scored.category] += 1
    scoring.scored += len(decided)
    scoring.movement = {before: dict(after) for before, after in movement.items()}
    scoring.missing = dict(missing)
    return decided


async def _state(
    tx: AsyncSession, scoring: Scoring, records: Sequence[Household | Individual], decided: Mapping[UUID, Decided]
) -> None:
    acting = Acting(scoring.made_by, sources().source_of(scoring.made_by), scoring.reason)
    changing = acting.begin(tx, "scoring", records, scoring.scored_on)
    stated = [(one, decided[one.id].facts()) for one in records if one.id in decided]
    await state_facts_of_all(tx, changing, stated, from_on=scoring.scored_on)
    announce(tx, HouseholdsRegistered(batch_id=changing.id, households=len(decided), individuals=0))


def _living_in(place: str) -> ColumnElement[bool]:
    """Households that live in a wilaya, a moughataa or a commune."""
    above = aliased(Place)
    communes = (
        select(Place.code)
        .join(above, above.code == Place.parent_code)
        .where(Place.kind == "commune", or_(Place.code == place, above.code == place, above.parent_code == place))
    )
    return (Household.status == "active") & Household.commune_code.in_(communes)
