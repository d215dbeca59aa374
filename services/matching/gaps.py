"""Gaps: households that a program means and that are in neither it nor a substitute, kept current with every change.

Whoever changes a household, an enrollment or a link brings the rows of the households it touched up to date in the same
transaction. What changes by itself, the day, and what touches everybody, a program's rule, is swept by a worker.
"""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, Text, and_, case, delete, exists, func, literal, or_, select, text, true, union_all
from sqlalchemy import values as rows_of
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.expression import CTE, column

from services.matching.eligible import Chosen, chosen_on, documents, eligible_in
from services.matching.enrolled_households import refresh_enrolled
from services.matching.gap_models import EligibleHousehold, GapSweep
from services.matching.household_facts import households_on
from services.matching.locking import hold_linking_lock
from services.matching.models import Beneficiary, Household, LinkStatus, Program
from services.matching.rules.gap_reasons import GapReason
from shared.clock import now
from shared.contracts.matching import GapsChanged
from shared.copying import driver_of
from shared.database import any_of
from shared.ids import new_id
from shared.outbox import record
from shared.platform import Platform

CHUNK = 1_000
"""Households of one step of a sweep: well under a second, so that the linker never waits long."""
LOOK_SECONDS = 0.5
ASKED: Any = text("ANY($1::uuid[])")
"""The households that are looked at."""
PUT = text(
    "INSERT INTO eligible_households (household_id, program, eligible, reason, since)"
    " SELECT new.*, CAST(:moment AS timestamptz) FROM unnest(CAST(:ids AS uuid[]), CAST(:programs AS text[]),"
    " CAST(:eligible AS boolean[]), CAST(:reasons AS text[])) AS new"
    " ON CONFLICT (household_id, program)"
    " DO UPDATE SET eligible = excluded.eligible, reason = excluded.reason, since = excluded.since"
)
DROP = text(
    "DELETE FROM eligible_households USING unnest(CAST(:ids AS uuid[]), CAST(:programs AS text[])) AS gone(id, program)"
    " WHERE household_id = gone.id AND eligible_households.program = gone.program"
)
"""One statement for a chunk, as the linker's."""
Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row says of a household and a program."""

    eligible: bool | None
    reason: str | None

    @property
    def is_gap(self) -> bool:
        return bool(self.eligible) and self.reason is not None


async def refresh_gaps(tx: AsyncSession, household_ids: Collection[UUID]) -> None:
    """Bring the gaps of these households up to date, and announce how many began and ceased."""
    if household_ids:
        today = now().date()
        await _refresh(tx, household_ids, chosen_on(await documents(tx), today), today)


async def _refresh(tx: AsyncSession, household_ids: Collection[UUID], chosen: Sequence[Chosen], day: date) -> None:
    ids = sorted(household_ids)
    now_so = await _as_it_is(tx, ids, chosen, day)
    held = await _as_held(tx, ids)
    moment = now()
    changed = {key: said for key, said in now_so.items() if held.get(key) != said}
    await _put(tx, changed, moment)
    await _drop(tx, held.keys() - now_so.keys())
    gaps, were = _gaps(now_so), _gaps(held)
    if gaps != were:
        record(tx, GapsChanged(batch_id=new_id(), began=len(gaps - were), ceased=len(were - gaps)))


def _gaps(said: Mapping[Key, _Said]) -> set[Key]:
    return {key for key, one in said.items() if one.is_gap}


async def _as_held(tx: AsyncSession, ids: Sequence[UUID]) -> dict[Key, _Said]:
    row = EligibleHousehold
    rows = select(row.household_id, row.program, row.eligible, row.reason).where(row.household_id == any_of(ids))
    return {(id_, program): _Said(eligible, reason) for id_, program, eligible, reason in await tx.execute(rows)}


async def _as_it_is(tx: AsyncSession, ids: Sequence[UUID], chosen: Sequence[Chosen], day: date) -> dict[Key, _Said]:
    if not chosen:
        return {}
    await tx.flush()
    rows = await (await driver_of(tx, begun=True)).fetch(_statement(tuple(chosen), day), ids)
    return {(id_, program): _Said(eligible, reason) for id_, program, eligible, reason in rows}


@lru_cache(maxsize=4)
def _statement(chosen: tuple[Chosen, ...], day: date) -> str:
    """`_standing` as PostgreSQL reads it, made once for a day and its rules: to make it costs as much as to run it."""
    dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
    return str(_standing(chosen, day).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _standing(chosen: Sequence[Chosen], day: date) -> Select[Any]:
    """The households that programs mean, with the reason where they are not in the program."""
    facts = households_on(day).where(Household.id == ASKED).cte("facts")
    meant = union_all(*(_meant(facts, one) for one in chosen)).cte("meant")
    stands = _enrolled(chosen).cte("stands")
    reason = case(
        (stands.c.served, None),
        (stands.c.suspended, GapReason.SUSPENDED.value),
        (stands.c.waiting, GapReason.WAITING.value),
        (stands.c.exited, GapReason.EXITED.value),
        else_=GapReason.NEVER_ENROLLED.value,
    )
    same = and_(stands.c.household_id == meant.c.household_id, stands.c.program == meant.c.program)
    return select(meant.c.household_id, meant.c.program, meant.c.eligible, reason).outerjoin_from(meant, stands, same)


def _meant(facts: CTE, one: Chosen) -> Select[Any]:
    eligible = eligible_in(one.rule.group, facts.c)
    meant = select(facts.c.household_id, literal(one.code, Text()).label("program"), eligible.label("eligible"))
    return meant.where(or_(eligible.is_(None), eligible))


def _enrolled(chosen: Sequence[Chosen]) -> Select[Any]:
    """By household and program: whether it is served, there or by a substitute, and how else it stands in the program."""
    serves = [(one.code, serving) for one in chosen for serving in (one.code, *one.substitutes)]
    table = rows_of(column("program", Text), column("serving", Text), name="serves").data(serves)
    own, status = table.c.serving == table.c.program, Beneficiary.listed["status"].astext
    return (
        select(
            Beneficiary.household_id,
            table.c.program,
            func.bool_or(Beneficiary.active).label("served"),
            func.bool_or(and_(own, status == "suspended")).label("suspended"),
            func.bool_or(and_(own, status == "applied")).label("waiting"),
            func.bool_or(and_(own, status == "exited")).label("exited"),
        )
        .join(table, table.c.serving == Beneficiary.program)
        .where(Beneficiary.household_id == ASKED, Beneficiary.decided_as == LinkStatus.LINKED)
        .group_by(Beneficiary.household_id, table.c.program)
    )


async def _put(tx: AsyncSession, changed: Mapping[Key, _Said], moment: datetime) -> None:
    if changed:
        rows = [(*key, said.eligible, said.reason) for key, said in sorted(changed.items(), key=itemgetter(0))]
        columns = dict(zip(("ids", "programs", "eligible", "reasons"), map(list, zip(*rows, strict=True)), strict=True))
        await tx.execute(PUT, columns | {"moment": moment})


async def _drop(tx: AsyncSession, gone: Collection[Key]) -> None:
    if gone:
        ids, programs = map(list, zip(*sorted(gone), strict=True))
        await tx.execute(DROP, {"ids": ids, "programs": programs})


async def sweep_gaps(platform: Platform) -> None:
    """The worker: looks at every household anew when the day or a program's publication is another, for ever."""
    while True:
        async with platform.database.transaction() as tx:
            moved = await sweep_chunk(tx, now().date())
        if not moved:
            await asyncio.sleep(LOOK_SECONDS)


async def sweep_chunk(tx: AsyncSession, day: date, chunk: int = CHUNK) -> bool:
    """One step of a sweep; False where everything is as of this day and of what is published."""
    rules = await _publications(tx)
    swept = await tx.get(GapSweep, 1)
    if swept is not None and (swept.day, swept.rules) == (day, rules) and swept.ended_at is not None:
        return False
    await hold_linking_lock(tx)  # a household may not change between being read and being written
    swept = await tx.get(GapSweep, 1, with_for_update=True, populate_existing=True)
    if swept is None or (swept.day, swept.rules) != (day, rules):
        swept = await tx.merge(GapSweep(id=1, day=day, rules=rules, reached=None, ended_at=None))
    after = Household.id > swept.reached if swept.reached is not None else true()
    ids = list(await tx.scalars(select(Household.id).where(after).order_by(Household.id).limit(chunk)))
    if ids:
        await _refresh(tx, ids, chosen_on(await documents(tx), day), day)
        await refresh_enrolled(tx, ids)  # also what a version that did not keep it has linked
        swept.reached = ids[-1]
    if len(ids) < chunk:
        # What the version before this one removed from the registry's projection leaves its rows behind.
        orphan = ~exists().where(Household.id == EligibleHousehold.household_id)
        await tx.execute(delete(EligibleHousehold).where(orphan))
        swept.ended_at = now()
    return True


async def _publications(tx: AsyncSession) -> str:
    """Another one whenever a program is published anew: by versions, because it is asked for all the time, and what is
    published is long."""
    columns = (Program.code, Program.version, Program.document.is_(None))
    rows = (await tx.execute(select(*columns).order_by(Program.code))).all()
    return hashlib.sha256(orjson.dumps([tuple(row) for row in rows])).hexdigest()


async def sweep_again(tx: AsyncSession) -> None:
    """Have every household looked at again: places lie elsewhere. The caller holds the linking lock."""
    await tx.execute(delete(GapSweep))


async def gaps_waiting(platform: Platform) -> dict[str, int]:
    """For the health page: households that are to be looked at anew, by a sweep under way or about to begin."""
    async with platform.database.transaction() as tx:
        swept = await tx.get(GapSweep, 1)
        is_of_now = swept is not None and (swept.day, swept.rules) == (now().date(), await _publications(tx))
        if swept is not None and is_of_now and swept.ended_at is not None:
            return {"households_to_sweep": 0}
        reached = swept.reached if swept is not None and is_of_now else None
        after = Household.id > reached if reached is not None else true()
        return {"households_to_sweep": await tx.scalar(select(func.count()).select_from(Household).where(after)) or 0}
