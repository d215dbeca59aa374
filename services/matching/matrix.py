"""The rules matrix: what people decided for each pair of programs. Decisions are added; none is changed or removed."""

from collections.abc import Collection
from datetime import date
from itertools import combinations

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.errors import ProgramUnknown
from services.matching.models import MatrixDecision, Program
from services.matching.rules.matrix import OverlapClass, pair_of, refuse_too_early
from services.matching.schemas import CellClass, DecisionIn, DecisionOut, MatrixCell, MatrixTurn
from shared.clock import now
from shared.contracts.matching import MatrixChanged
from shared.etags import refuse_stale
from shared.identity import Caller
from shared.ids import new_id
from shared.outbox import record
from shared.pagination import Page, decode_cursor, encode_cursor

Pair = tuple[str, str]
PAIR = (MatrixDecision.program_a, MatrixDecision.program_b)


async def decide(
    tx: AsyncSession, one: str, other: str, decision: DecisionIn, *, by: Caller, if_match: str
) -> MatrixCell:
    """Add a decision to the cell of two programs; one that says what the last one says changes nothing."""
    pair = pair_of(one, other)
    # Whoever decides for the same pair waits here, also where it has no decision yet.
    await _refuse_unknown(tx, one, other, locked=True)
    last = await tx.scalar(_decisions(pair).limit(1))
    refuse_stale(if_match, last.version if last else 0)
    today = now().date()
    if last is None or DecisionIn.model_validate(last, from_attributes=True, extra="ignore") != decision:
        in_force = await tx.scalar(_in_force(today, [pair]))
        refuse_too_early(decision.valid_from, in_force.valid_from if in_force else None)
        await _add(tx, pair, decision, last, by)
    return await _cell(tx, pair, today)


async def _add(tx: AsyncSession, pair: Pair, decision: DecisionIn, last: MatrixDecision | None, by: Caller) -> None:
    added = MatrixDecision(
        cell_id=last.cell_id if last else new_id(),
        version=last.version + 1 if last else 1,
        program_a=pair[0],
        program_b=pair[1],
        decided_at=now(),
        decided_by=by.name,
        **decision.model_dump(),
    )
    tx.add(added)
    await tx.flush()
    record(
        tx,
        MatrixChanged(
            version=added.version,
            cell_id=added.cell_id,
            program_a=added.program_a,
            program_b=added.program_b,
            overlap_class=added.overlap_class,
        ),
    )


async def matrix(tx: AsyncSession, day: date, limit: int, cursor: str | None) -> Page[MatrixCell]:
    """Every pair of the programs known, as it is decided on a day."""
    pairs = list(combinations(sorted(await tx.scalars(select(Program.code))), 2))
    if cursor:
        one, other = decode_cursor(cursor, str, str)
        pairs = [pair for pair in pairs if pair > (one, other)]
    items = await _cells(tx, pairs[:limit], day)
    return Page(items=items, next_cursor=encode_cursor(*pairs[limit - 1]) if len(pairs) > limit else None)


async def cell(tx: AsyncSession, one: str, other: str, day: date) -> MatrixCell:
    pair = pair_of(one, other)
    await _refuse_unknown(tx, one, other)
    return await _cell(tx, pair, day)


async def history(tx: AsyncSession, one: str, other: str, limit: int, cursor: str | None) -> Page[MatrixTurn]:
    """The decisions of a cell, newest first, each with the class of the one before it."""
    pair = pair_of(one, other)
    await _refuse_unknown(tx, one, other)
    rows = _decisions(pair).limit(limit + 1)
    if cursor:
        rows = rows.where(MatrixDecision.version < decode_cursor(cursor, int)[0])
    found = list(await tx.scalars(rows))
    befores: list[CellClass] = [*(row.overlap_class for row in found[1:]), "undecided"]
    items = [
        MatrixTurn(**DecisionOut.model_validate(row).model_dump(), before=before)
        for row, before in zip(found[:limit], befores, strict=False)
    ]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].version) if len(found) > limit else None)


async def classes(tx: AsyncSession, day: date) -> dict[Pair, OverlapClass]:
    """The class of every pair that is decided on a day."""
    return {(one.program_a, one.program_b): one.overlap_class for one in await tx.scalars(_in_force(day))}


async def _cell(tx: AsyncSession, pair: Pair, day: date) -> MatrixCell:
    return (await _cells(tx, [pair], day))[0]


async def _cells(tx: AsyncSession, pairs: Collection[Pair], day: date) -> list[MatrixCell]:
    in_force = {(one.program_a, one.program_b): one for one in await tx.scalars(_in_force(day, pairs))}
    last = select(*PAIR, func.max(MatrixDecision.version)).where(tuple_(*PAIR).in_(pairs)).group_by(*PAIR)
    versions = {(a, b): version for a, b, version in await tx.execute(last)}
    return [
        MatrixCell(
            program_a=pair[0],
            program_b=pair[1],
            overlap_class=in_force[pair].overlap_class if pair in in_force else "undecided",
            version=versions.get(pair, 0),
            decision=DecisionOut.model_validate(in_force[pair]) if pair in in_force else None,
        )
        for pair in pairs
    ]


def _decisions(pair: Pair) -> Select[MatrixDecision]:
    """The decisions of a pair, the last made first."""
    return select(MatrixDecision).where(tuple_(*PAIR) == pair).order_by(MatrixDecision.version.desc())


def _in_force(day: date, pairs: Collection[Pair] | None = None) -> Select[MatrixDecision]:
    """Per pair the decision in force on a day: of those begun by then, the last made."""
    begun = select(MatrixDecision).where(MatrixDecision.valid_from <= day)
    if pairs is not None:
        begun = begun.where(tuple_(*PAIR).in_(pairs))
    return begun.ext(distinct_on(*PAIR)).order_by(*PAIR, MatrixDecision.version.desc())


async def _refuse_unknown(tx: AsyncSession, one: str, other: str, *, locked: bool = False) -> None:
    rows = select(Program.code).where(Program.code.in_((one, other))).order_by(Program.code)
    known = set(await tx.scalars(rows.with_for_update(key_share=True) if locked else rows))
    for name, code in (("program_a", one), ("program_b", other)):
        if code not in known:
            raise ProgramUnknown(pointer=f"/path/{name}")
