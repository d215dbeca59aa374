"""Clusters: rows of several programs that are one person whom the registry does not know. A worker keeps them."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.decision_models import ClusterMember, ClusterQueue
from services.matching.decision_schemas import ClusterDetail, ClusterOut, ClusterRow
from services.matching.linking import Places, facts_of
from services.matching.modeling import models_in_force
from services.matching.models import Beneficiary, LinkStatus
from services.matching.rules.clustering import components
from services.matching.rules.facts import BeneficiaryFacts
from services.matching.weighing import Rows
from shared.database import any_of
from shared.errors import NotFound
from shared.identity import Caller
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.platform import Platform

CHUNK = 200
"""Rows whose clusters are found in one transaction."""
MOST_SHARING = 20
"""A number on more rows than these is no person's: whoever typed the list put it there."""
ROUNDS = 6
"""How far a cluster is followed from row to row: beyond, what is one person is a chain of mistakes."""
LOOK_SECONDS = 0.5

SHARING = text(
    "SELECT wanted.key, block.rows FROM unnest(CAST(:keys AS bigint[])) AS wanted(key)"
    " CROSS JOIN LATERAL (SELECT array_agg(beneficiary_id) AS rows FROM (SELECT beneficiary_id FROM beneficiary_keys"
    " WHERE beneficiary_keys.key = wanted.key LIMIT :most) AS few) AS block WHERE block.rows IS NOT NULL"
)


async def cluster_worker(platform: Platform) -> None:
    """The worker: finds the clusters of rows that wait, for ever."""
    places = Places()
    while True:
        async with platform.database.transaction() as tx:
            done = await cluster_some(tx, places)
        if not done:
            await asyncio.sleep(LOOK_SECONDS)


async def clusters_waiting(platform: Platform) -> dict[str, int]:
    async with platform.database.transaction() as tx:
        return {"rows_to_cluster": await tx.scalar(select(func.count()).select_from(ClusterQueue)) or 0}


async def cluster_some(tx: AsyncSession, places: Places) -> int:
    """Find the clusters of the rows that wait longest, and of those they were with; returns how many waited."""
    waiting = select(ClusterQueue.enrollment_id).order_by(ClusterQueue.enrollment_id).limit(CHUNK)
    ids = list(await tx.scalars(waiting.with_for_update(skip_locked=True)))
    if not ids:
        return 0
    await tx.execute(delete(ClusterQueue).where(ClusterQueue.enrollment_id == any_of(ids)))
    were = select(ClusterMember.cluster_id).where(ClusterMember.enrollment_id == any_of(ids))
    seeds = {*ids, *await tx.scalars(select(ClusterMember.enrollment_id).where(ClusterMember.cluster_id.in_(were)))}
    rows, beside = await _around(tx, places, seeds)
    models = await models_in_force(tx)
    found = await asyncio.to_thread(lambda: components(rows, beside, Rows(rows, models).same_person))
    await tx.execute(delete(ClusterMember).where(ClusterMember.enrollment_id == any_of({*seeds, *rows})))
    if found:
        programs = dict(
            (
                await tx.execute(
                    select(Beneficiary.id, Beneficiary.program).where(Beneficiary.id == any_of(found.keys()))
                )
            ).all()
        )
        members = [
            {"enrollment_id": id_, "cluster_id": cluster, "program": programs[id_]} for id_, cluster in found.items()
        ]
        await tx.execute(insert(ClusterMember), members)
    return len(ids)


async def _around(
    tx: AsyncSession, places: Places, seeds: Collection[UUID]
) -> tuple[dict[UUID, BeneficiaryFacts], dict[UUID, set[UUID]]]:
    """The rows without an anchor that are reached from these by a shared number, and who shares one with whom."""
    index, models = await places.index(tx), await models_in_force(tx)
    rows, beside = dict[UUID, BeneficiaryFacts](), defaultdict[UUID, set[UUID]](set)
    last = set(seeds)
    for _ in range(ROUNDS):
        unanchored = select(Beneficiary).where(
            Beneficiary.id == any_of(last), Beneficiary.decided_as == LinkStatus.UNMATCHED, Beneficiary.active
        )
        new = {one.id: facts_of(one, index) for one in await tx.scalars(unanchored)}
        if not new:
            break
        rows |= new
        keys = await asyncio.to_thread(lambda rows: Rows(rows, models).number_keys(), new)
        found = await tx.execute(SHARING, {"keys": sorted(keys), "most": MOST_SHARING + 1})
        last = set()
        for _, sharing in found:
            if len(sharing) > MOST_SHARING:
                continue
            for id_ in sharing:
                beside[id_] |= set(sharing)
            last |= set(sharing) - rows.keys()
    return rows, beside


async def clusters(tx: AsyncSession, by: Caller, min_programs: int, limit: int, cursor: str | None) -> Page[ClusterOut]:
    """Clusters with a row of the caller's, those over most programs first."""
    programs, size = func.count(func.distinct(ClusterMember.program)), func.count()
    mine = func.bool_or(ClusterMember.program.in_(by.programs))
    rows = (
        select(ClusterMember.cluster_id, programs.label("programs"), size.label("size"))
        .group_by(ClusterMember.cluster_id)
        .having(programs >= min_programs, mine)
        .order_by(programs.desc(), ClusterMember.cluster_id)
        .limit(limit + 1)
    )
    if cursor:
        most, after = decode_cursor(cursor, int, UUID)
        further: ColumnElement[bool] = or_(programs < most, and_(programs == most, ClusterMember.cluster_id > after))
        rows = rows.having(further)
    found = (await tx.execute(rows)).all()
    shown = [one.cluster_id for one in found[:limit]]
    told = await _programs(tx, shown)
    items = [
        ClusterOut(
            id=one.cluster_id,
            rows=one.size,
            programs=one.programs,
            own_rows=sum(count for code, count in told[one.cluster_id].items() if code in by.programs),
            known_programs=sorted(told[one.cluster_id].keys() & (by.programs | by.covers)),
        )
        for one in found[:limit]
    ]
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.programs, last.cluster_id) if last else None)


async def _programs(tx: AsyncSession, cluster_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    rows = await tx.execute(
        select(ClusterMember.cluster_id, ClusterMember.program, func.count())
        .where(ClusterMember.cluster_id == any_of(cluster_ids))
        .group_by(ClusterMember.cluster_id, ClusterMember.program)
    )
    found = defaultdict[UUID, dict[str, int]](dict)
    for id_, program, count in rows:
        found[id_][program] = count
    return found


async def cluster(tx: AsyncSession, cluster_id: UUID, by: Caller) -> ClusterDetail:
    """A cluster with the caller's own rows in it. NotFound where none is the caller's."""
    told = (await _programs(tx, [cluster_id])).get(cluster_id, {})
    if not told.keys() & by.programs:
        raise NotFound
    own = await tx.scalars(
        select(Beneficiary)
        .join(ClusterMember, ClusterMember.enrollment_id == Beneficiary.id)
        .where(ClusterMember.cluster_id == cluster_id, Beneficiary.program.in_(by.programs))
        .order_by(Beneficiary.id)
    )
    return ClusterDetail(
        id=cluster_id,
        rows=sum(told.values()),
        programs=len(told),
        own_rows=sum(count for code, count in told.items() if code in by.programs),
        known_programs=sorted(told.keys() & (by.programs | by.covers)),
        own=[_row(one) for one in own],
    )


def _row(one: Beneficiary) -> ClusterRow:
    listed: dict[str, Any] = one.listed
    return ClusterRow(
        enrollment_id=one.id,
        program=one.program,
        source_line=one.source_line,
        name=listed["name"],
        household_number=listed["household_number"],
        commune=listed["commune"],
    )
