"""The rules matrix as it is read: what people decided for each pair of programs, on which day, and what it was before."""

from collections.abc import Collection, Mapping
from datetime import date
from itertools import combinations
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.errors import ProgramUnknown
from services.matching.matrix_models import MatrixDecision, MatrixProposal
from services.matching.matrix_schemas import DecisionOut, MatrixCell, MatrixTurn, ProposalOut
from services.matching.models import Program
from services.matching.rules.matrix import OverlapClass, Pair, PairRule, ProposalStatus, pair_of
from services.matching.schemas import CellClass
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor

PAIR = (MatrixDecision.program_a, MatrixDecision.program_b)


async def matrix(tx: AsyncSession, day: date, limit: int, cursor: str | None) -> Page[MatrixCell]:
    """Every pair of the programs known, as it is decided on a day."""
    pairs = list(combinations(sorted(await tx.scalars(select(Program.code))), 2))
    if cursor:
        one, other = decode_cursor(cursor, str, str)
        pairs = [pair for pair in pairs if pair > (one, other)]
    items = await cells(tx, pairs[:limit], day)
    return Page(items=items, next_cursor=encode_cursor(*pairs[limit - 1]) if len(pairs) > limit else None)


async def cell(tx: AsyncSession, one: str, other: str, day: date) -> MatrixCell:
    pair = pair_of(one, other)
    await refuse_unknown(tx, one, other)
    return (await cells(tx, [pair], day))[0]


async def history(tx: AsyncSession, one: str, other: str, limit: int, cursor: str | None) -> Page[MatrixTurn]:
    """The decisions of a cell, newest first, each with the class of the one before it."""
    pair = pair_of(one, other)
    await refuse_unknown(tx, one, other)
    rows = decisions(pair).limit(limit + 1)
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
    """The class of every pair that is decided on a day, as it is for households that no exemption means."""
    return {(one.program_a, one.program_b): one.overlap_class for one in await tx.scalars(in_force(day))}


async def rules_on(tx: AsyncSession, day: date) -> dict[Pair, PairRule]:
    """The whole rule of every pair that is decided on a day."""
    return {(one.program_a, one.program_b): one.rule for one in await tx.scalars(in_force(day))}


async def cells(tx: AsyncSession, pairs: Collection[Pair], day: date) -> list[MatrixCell]:
    held = {(one.program_a, one.program_b): one for one in await tx.scalars(in_force(day, pairs))}
    last = select(*PAIR, func.max(MatrixDecision.version)).where(tuple_(*PAIR).in_(pairs)).group_by(*PAIR)
    versions = {(a, b): version for a, b, version in await tx.execute(last)}
    proposed = await _proposed(tx, pairs)
    return [
        MatrixCell(
            program_a=pair[0],
            program_b=pair[1],
            overlap_class=held[pair].overlap_class if pair in held else "undecided",
            version=versions.get(pair, 0),
            decision=DecisionOut.model_validate(held[pair]) if pair in held else None,
            proposal=proposed.get(pair),
        )
        for pair in pairs
    ]


async def _proposed(tx: AsyncSession, pairs: Collection[Pair]) -> Mapping[Pair, ProposalOut]:
    pair = tuple_(MatrixProposal.program_a, MatrixProposal.program_b)
    rows = select(MatrixProposal).where(pair.in_(pairs), MatrixProposal.status == ProposalStatus.OPEN)
    return {(one.program_a, one.program_b): ProposalOut.model_validate(one) for one in await tx.scalars(rows)}


def decisions(pair: Pair) -> Select[MatrixDecision]:
    """The decisions of a pair, the last made first."""
    return select(MatrixDecision).where(tuple_(*PAIR) == pair).order_by(MatrixDecision.version.desc())


def in_force(day: date, pairs: Collection[Pair] | None = None) -> Select[MatrixDecision]:
    """Per pair the decision in force on a day: of those begun by then, the last made."""
    begun = select(MatrixDecision).where(MatrixDecision.valid_from <= day)
    if pairs is not None:
        begun = begun.where(tuple_(*PAIR).in_(pairs))
    return begun.ext(distinct_on(*PAIR)).order_by(*PAIR, MatrixDecision.version.desc())


async def refuse_unknown(tx: AsyncSession, one: str, other: str, *, locked: bool = False) -> None:
    """ProgramUnknown where one of the two is not published here. `locked`: whoever decides for either waits."""
    rows = select(Program.code).where(Program.code.in_((one, other))).order_by(Program.code)
    known = set(await tx.scalars(rows.with_for_update(key_share=True) if locked else rows))
    for name, code in (("program_a", one), ("program_b", other)):
        if code not in known:
            raise ProgramUnknown(pointer=f"/path/{name}")


async def proposals(
    tx: AsyncSession, limit: int, cursor: str | None, status: ProposalStatus | None
) -> Page[ProposalOut]:
    """What was proposed, newest first."""
    rows = select(MatrixProposal).order_by(MatrixProposal.id.desc()).limit(limit + 1)
    if status is not None:
        rows = rows.where(MatrixProposal.status == status)
    if cursor:
        rows = rows.where(MatrixProposal.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    items = [ProposalOut.model_validate(one) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(found) > limit else None)


async def proposal(tx: AsyncSession, proposal_id: UUID) -> ProposalOut:
    found = await tx.get(MatrixProposal, proposal_id)
    if found is None:
        raise NotFound
    return ProposalOut.model_validate(found)
