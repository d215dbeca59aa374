"""Propose hand-overs at what happens in the life of households: a worker, once a day, when it is known who is meant that day."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.eligible import documents
from services.matching.gap_models import EligibleHousehold, GapSweep
from services.matching.household_facts import households_on
from services.matching.life.models import LifeLook, LifeProposal, NoticedChange
from services.matching.life.noticing import notice_birthdays
from services.matching.matrix import rules_on
from services.matching.models import Beneficiary, Household, Referral
from services.matching.referring import IS_OPEN, is_linked
from services.matching.rules.life_changes import REMEMBERED_DAYS, LifeChange, ProposalStatus, next_program
from services.matching.rules.matrix import PairRule
from shared.clock import now
from shared.database import any_of
from shared.ids import new_id
from shared.platform import Platform

HOUSEHOLDS = 10_000
"""Of one step through the birthdays: 300,000 households are thirty steps."""
CHANGES = 500
"""Changes of one step of proposing."""
LOOK_SECONDS = 5.0


async def propose_hand_overs(platform: Platform) -> None:
    """The worker: looks through birthdays and open changes once a day, for ever."""
    while True:
        async with platform.database.transaction() as tx:
            moved = await look_once(tx, now().date())
        if not moved:
            await asyncio.sleep(LOOK_SECONDS)


async def look_once(tx: AsyncSession, day: date, households: int = HOUSEHOLDS, changes: int = CHANGES) -> bool:
    """One step; False where nothing is left for the day. Before it is known who is meant on the day, nothing is proposed."""
    return await _birthdays(tx, day, households) or await _proposals(tx, day, changes)


async def changes_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: changes in the life of households that are to be looked at today."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).select_from(NoticedChange).where(*_to_look_at(now().date()))
        return {"life_changes": await tx.scalar(waiting) or 0}


async def _birthdays(tx: AsyncSession, day: date, households: int) -> bool:
    await tx.execute(insert(LifeLook).values(id=1, day=date.min, ended=True).on_conflict_do_nothing())
    look = await tx.get_one(LifeLook, 1, with_for_update=True)
    if look.day >= day and look.ended:
        return False
    if look.day != day:
        look.day, look.reached, look.ended = day, None, False
    after = Household.id > look.reached if look.reached is not None else true()
    ids = list(await tx.scalars(select(Household.id).where(after).order_by(Household.id).limit(households)))
    await notice_birthdays(tx, ids, day)
    look.reached, look.ended = (ids[-1] if ids else look.reached), len(ids) < households
    return True


def _to_look_at(day: date) -> tuple[Any, ...]:
    return ~NoticedChange.settled, or_(NoticedChange.looked_on.is_(None), NoticedChange.looked_on < day)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a step needs to know of the households of its changes."""

    day: date
    enrollments: Mapping[UUID, Sequence[Any]]
    """By household, its active enrollments of which it is surely known whose they are."""
    missed_by: Mapping[UUID, set[str]]
    households: Mapping[UUID, Mapping[str, Any]]
    complements: Mapping[str, Sequence[str]]
    rules: Mapping[tuple[str, str], PairRule]


async def _proposals(tx: AsyncSession, day: date, changes: int) -> bool:
    swept = await tx.get(GapSweep, 1)
    if swept is None or swept.day != day or swept.ended_at is None:
        return False
    rows = select(NoticedChange).where(*_to_look_at(day)).order_by(NoticedChange.id).limit(changes)
    found = list(await tx.scalars(rows.with_for_update(skip_locked=True)))
    if not found:
        return False
    exited = await _exited(tx, [one.subject_id for one in found if one.change == LifeChange.LEFT_SCHOOL_LIST])
    homes = {one.id: one.household_id or exited.get(one.subject_id, (None, None))[0] for one in found}
    known = await _known(tx, {home for home in homes.values() if home is not None}, day)
    made = [row for one in found if (home := homes[one.id]) is not None for row in _of(one, home, exited, known)]
    if made:
        await tx.execute(insert(LifeProposal).on_conflict_do_nothing(), made)
    proposing = {row["life_change_id"] for row in made}
    for one in found:
        one.looked_on = day
        one.settled = one.id in proposing or one.happened_on < day - timedelta(days=REMEMBERED_DAYS)
    await tx.flush()
    return True


async def _exited(tx: AsyncSession, enrollment_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID | None, str]]:
    """Of enrollments that left a list and are still out of it: the household, where it is surely known, and the program."""
    rows = select(Beneficiary.id, Beneficiary.household_id, Beneficiary.program).where(
        Beneficiary.id == any_of(list(enrollment_ids)), is_linked(), ~Beneficiary.active
    )
    return {id_: (home, program) for id_, home, program in await tx.execute(rows)}


async def _known(tx: AsyncSession, homes: set[UUID], day: date) -> _Known:
    ids = sorted(homes)
    enrollments: dict[UUID, list[Any]] = defaultdict(list)
    mine = select(Beneficiary.household_id, Beneficiary.id, Beneficiary.program).where(
        Beneficiary.household_id == any_of(ids), Beneficiary.active, is_linked()
    )
    for row in await tx.execute(mine.order_by(Beneficiary.id)):
        enrollments[row.household_id].append(row)
    gap = EligibleHousehold
    missed: dict[UUID, set[str]] = defaultdict(set)
    gaps = select(gap.household_id, gap.program).where(
        gap.household_id == any_of(ids), gap.eligible.is_(True), gap.reason.is_not(None)
    )
    for home, program in await tx.execute(gaps):
        missed[home].add(program)
    referred = select(Referral.household_id, Referral.to_program).where(Referral.household_id == any_of(ids), IS_OPEN)
    for home, program in await tx.execute(referred):
        missed[home].discard(program)
    facts = (await tx.execute(households_on(day).where(Household.id == any_of(ids)))).mappings()
    published = await documents(tx)
    return _Known(
        day=day,
        enrollments=enrollments,
        missed_by=missed,
        households={one["household_id"]: one for one in facts},
        complements={one["code"]: one.get("complements") or () for one in published},
        rules=await rules_on(tx, day),
    )


def _of(
    change: NoticedChange, home: UUID, exited: Mapping[UUID, tuple[UUID | None, str]], known: _Known
) -> Iterator[dict[str, Any]]:
    """A proposal to the keeper of each program that the household is in; of a pupil who left, to the keeper of that list."""
    if home not in known.households:
        return
    if change.change == LifeChange.LEFT_SCHOOL_LIST:
        programs = {exited[change.subject_id][1]: change.subject_id}
    else:
        programs = {one.program: one.id for one in reversed(known.enrollments.get(home, ()))}
    for program, enrollment_id in sorted(programs.items()):
        found = next_program(
            program,
            known.missed_by.get(home, set()),
            known.complements.get(program, ()),
            known.rules,
            known.households[home],
        )
        if found is not None:
            yield {
                "id": new_id(),
                "version": 1,
                "life_change_id": change.id,
                "household_id": home,
                "enrollment_id": enrollment_id,
                "from_program": program,
                "to_program": found.program,
                "fit": found.fit,
                "status": ProposalStatus.OPEN,
                "proposed_at": now(),
            }
