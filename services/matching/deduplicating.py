"""Who stands twice: in the registry, by a search that looks each member up as if on a list; in a program's list, by the links.

Of the registry the pairs are proposed to it, which decides as on every change: two officials read each request to merge. Of a
list its keeper is told, and decides: nobody is excluded by it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import and_, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.candidates import read_people
from services.matching.decision_errors import DuplicateSearchEnded, DuplicateSearchRunning
from services.matching.decision_models import ClusterMember, DuplicateSearch
from services.matching.decision_schemas import DuplicateSearchOut, ListedTwice
from services.matching.duplicates import Pair, propose_duplicates
from services.matching.errors import IndexBuilding, ProgramUnknown
from services.matching.linking import UNITS, decide_people
from services.matching.models import Beneficiary, LinkStatus, Member, Program
from services.matching.rules.duplicating import as_listed, keep_first, registered_twice
from services.matching.rules.facts import IndividualFacts
from shared.clock import now
from shared.errors import NotFound
from shared.identity import Caller
from shared.ids import new_id
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.platform import Platform

CHUNK = 500
"""Members looked up in one transaction: about a second."""
MOST_PROPOSED = 1_000
"""Proposed by one search: more requests than officials read in a month hide those that matter. The next search goes on."""
LOOK_SECONDS = 1.0
RUNNING, DONE, CANCELLED = "running", "done", "cancelled"


async def start(tx: AsyncSession, *, by: Caller) -> DuplicateSearch:
    """Begin a search. DuplicateSearchRunning where one is under way."""
    total = await tx.scalar(select(func.count()).select_from(Member)) or 0
    begun = DuplicateSearch(
        id=new_id(), status=RUNNING, total=total, done=0, reached=0, proposed=0, asked_by=by.name, asked_at=now()
    )
    try:
        async with tx.begin_nested():
            tx.add(begun)
    except IntegrityError as taken:
        raise DuplicateSearchRunning from taken
    return begun


async def cancel(tx: AsyncSession, search_id: UUID) -> None:
    """Look no further; what was proposed stays. NotFound, DuplicateSearchEnded."""
    found = await tx.get(DuplicateSearch, search_id, with_for_update=True)
    if found is None:
        raise NotFound
    if found.status != RUNNING:
        raise DuplicateSearchEnded
    found.status, found.ended_at = CANCELLED, now()
    await tx.flush()


async def progress(tx: AsyncSession, search_id: UUID) -> DuplicateSearchOut:
    found = await tx.get(DuplicateSearch, search_id)
    if found is None:
        raise NotFound
    return DuplicateSearchOut(**{name: getattr(found, name) for name in DuplicateSearchOut.model_fields})


async def duplicates_worker(platform: Platform) -> None:
    """The worker: looks up the next members of a running search, for ever."""
    while True:
        try:
            async with platform.database.transaction() as tx:
                looked = await look_on(tx)
        except IndexBuilding:
            looked = 0
        if not looked:
            await asyncio.sleep(LOOK_SECONDS)


async def look_on(tx: AsyncSession) -> int:
    """Look up the next chunk of the running search, or end it; returns how many members. IndexBuilding."""
    running = await tx.scalar(select(DuplicateSearch).where(DuplicateSearch.status == RUNNING).with_for_update())
    if running is None:
        return 0
    ids = list(await tx.scalars(select(Member.id).where(Member.id > running.reached).order_by(Member.id).limit(CHUNK)))
    if not ids or running.proposed >= MOST_PROPOSED:
        running.status, running.ended_at = DONE, now()
        return 0
    people = await read_people(tx, ids)
    pairs = [pair for some in await _pairs_of(tx, list(people.values())) for pair in some]
    running.proposed += await propose_duplicates(tx, pairs[: MOST_PROPOSED - running.proposed])
    running.reached, running.done = ids[-1], running.done + len(ids)
    return len(ids)


async def _pairs_of(tx: AsyncSession, people: Sequence[IndividualFacts]) -> Iterator[list[Pair]]:
    """For each of them, whom else the registry calls by another number."""
    decisions = await decide_people(tx, [as_listed(one) for one in people])

    def of(person: IndividualFacts, at: int) -> list[Pair]:
        found = []
        for other in decisions[at].ranked:
            probability = registered_twice(person, other)
            # Of a pair met from both sides, the one whose number comes first proposes it.
            if probability is not None and person.individual_number < other.individual.individual_number:
                keep, drop = keep_first(person, other.individual)
                version = other.comparison.model_version
                found.append(Pair("individual", keep.individual_id, drop.individual_id, probability, version))
        return found

    return (of(person, at) for at, person in enumerate(people))


async def listed_twice(tx: AsyncSession, program: str, by: Caller, limit: int, cursor: str | None) -> Page[ListedTwice]:
    """Active enrollments of the caller's program that are one person, for a program of households one household: linked to
    one record of the registry, or one cluster that the registry does not know. ProgramUnknown, NotFound."""
    if program not in by.programs:
        raise NotFound
    kept = await tx.get(Program, program)
    if kept is None:
        raise ProgramUnknown
    of_households = UNITS[kept.unit] == "household"
    record = Beneficiary.household_id if of_households else Beneficiary.individual_id
    ours = and_(Beneficiary.program == program, Beneficiary.active)
    rows = func.array_agg(aggregate_order_by(Beneficiary.id, Beneficiary.id)).label("enrollments")
    linked = (
        select(literal("household" if of_households else "individual").label("kind"), record.label("id"), rows)
        .where(ours, Beneficiary.link_status == LinkStatus.LINKED)
        .group_by(record)
        .having(func.count() > 1)
    )
    clustered = (
        select(literal("cluster").label("kind"), ClusterMember.cluster_id.label("id"), rows)
        .join(Beneficiary, Beneficiary.id == ClusterMember.enrollment_id)
        .where(ours)
        .group_by(ClusterMember.cluster_id)
        .having(func.count() > 1)
    )
    groups = union_all(linked, clustered).subquery()
    wanted = select(groups).order_by(groups.c.id).limit(limit + 1)
    if cursor:
        wanted = wanted.where(groups.c.id > decode_cursor(cursor, UUID)[0])
    found = (await tx.execute(wanted)).all()
    items = [
        ListedTwice(
            kind=one.kind,
            id=one.id,
            registry_individual_id=one.id if one.kind == "individual" else None,
            registry_household_id=one.id if one.kind == "household" else None,
            enrollment_ids=one.enrollments,
        )
        for one in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)
