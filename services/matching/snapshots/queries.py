"""Reads of snapshots and their figures."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.figures.country import Country, twelve_months
from services.matching.figures.freezing import FRAMES, LATER_FRAMES, REASONS, TERMS, hash_of, is_whole, thaw
from services.matching.figures.groups import OF_PLACES
from services.matching.models import Place
from services.matching.snapshots.errors import SnapshotNotFiled, SnapshotNotMade
from services.matching.snapshots.models import DONE, Comparison, Snapshot, SnapshotCell, SnapshotPart, SnapshotUse
from services.matching.snapshots.notes import AS_KNOWN, NO_REASONS, WORDS, indicators, refuse_unknown
from services.matching.snapshots.schemas import ComparisonOut, Figure, FiguresOf, FiguresPage, SnapshotOut, Wording
from shared.database import Database
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor

CENTS = Decimal(100)
AS_KNOWN_WORDING, NO_REASONS_WORDING = (Wording(ar=one.ar, fr=one.fr, en=one.en) for one in (AS_KNOWN, NO_REASONS))


class SnapshotDamaged(Exception):
    """What was frozen does not have the hash that was noted: it is not read."""


async def snapshot_out(tx: AsyncSession, snapshot_id: UUID, language: str) -> SnapshotOut:
    found = await tx.get(Snapshot, snapshot_id)
    if found is None:
        raise NotFound
    users = select(SnapshotUse.kind).where(SnapshotUse.snapshot_id == snapshot_id).order_by(SnapshotUse.kind).distinct()
    return _out(found, language, list(await tx.scalars(users)))


def _out(one: Snapshot, language: str, users: list[str]) -> SnapshotOut:
    told = {column.key: getattr(one, column.key) for column in Snapshot.__table__.columns}
    failure = one.failure or {}
    return SnapshotOut.model_validate(
        told
        | {
            "period_to": period_to(one.day),
            "known_on": one.known_on,
            "frames_hash": one.frames_hash.hex() if one.frames_hash else None,
            "cells_hash": one.cells_hash.hex() if one.cells_hash else None,
            "failure_code": failure.get("code"),
            "failure": failure.get(language),
            "used_by": users,
        }
    )


def period_to(day: date) -> date:
    """The first day of the last month of the period."""
    return twelve_months(day)[-1]


async def snapshots(tx: AsyncSession, language: str, limit: int, cursor: str | None) -> Page[SnapshotOut]:
    """All, the last asked for first."""
    rows = select(Snapshot).order_by(Snapshot.id.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(Snapshot.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    shown = found[:limit]
    used = select(SnapshotUse.snapshot_id, SnapshotUse.kind).distinct().order_by(SnapshotUse.kind)
    users: dict[UUID, list[str]] = {one.id: [] for one in shown}
    for snapshot_id, kind in await tx.execute(used.where(SnapshotUse.snapshot_id.in_(users))):
        users[snapshot_id].append(kind)
    more = encode_cursor(shown[-1].id) if len(found) > limit else None
    return Page(items=[_out(one, language, users[one.id]) for one in shown], next_cursor=more)


async def made(tx: AsyncSession, snapshot_id: UUID) -> Snapshot:
    """NotFound, SnapshotNotMade."""
    found = await tx.get(Snapshot, snapshot_id)
    if found is None:
        raise NotFound
    if found.status != DONE:
        raise SnapshotNotMade(status=found.status)
    return found


@dataclass(frozen=True, slots=True)
class AskedFigures:
    """Which figures: each None where any will do."""

    indicator: str | None = None
    grouped_by: str | None = None
    group: str | None = None
    program: str | None = None
    other: str | None = None
    unit: str | None = None
    bound: str | None = None


async def figures(
    tx: AsyncSession, snapshot_id: UUID, asked: AskedFigures, language: str, limit: int, cursor: str | None
) -> FiguresPage:
    """Figures as they were stored, in the order of the table. NotFound, SnapshotNotMade, UnknownIndicator."""
    refuse_unknown(asked.indicator)
    of = await made(tx, snapshot_id)
    rows = (
        select(SnapshotCell, Place.name_ar, Place.name_fr)
        .outerjoin(Place, Place.code == func.split_part(SnapshotCell.group, "|", 1))  # of a wilaya in a month, too
        .where(SnapshotCell.snapshot_id == snapshot_id)
        .order_by(SnapshotCell.place)
        .limit(limit + 1)
    )
    for name in AskedFigures.__slots__:
        if (wanted := getattr(asked, name)) is not None:
            rows = rows.where(getattr(SnapshotCell, name) == wanted)
    if cursor:
        rows = rows.where(SnapshotCell.place > decode_cursor(cursor, int)[0])
    found = (await tx.execute(rows)).all()
    shown = found[:limit]
    return FiguresPage(
        items=[_figure(cell, ar, fr, language) for cell, ar, fr in shown],
        next_cursor=encode_cursor(shown[-1][0].place) if len(found) > limit else None,
        of=_figures_of(of, reasons_kept=await _keeps(tx, snapshot_id, REASONS)),
        methods=[note for code, note in indicators().items() if code in {cell.indicator for cell, _, _ in shown}],
    )


async def _keeps(tx: AsyncSession, snapshot_id: UUID, name: str) -> bool:
    part = select(SnapshotPart.part).where(SnapshotPart.snapshot_id == snapshot_id, SnapshotPart.name == name)
    return await tx.scalar(part.limit(1)) is not None


def _figures_of(one: Snapshot, *, reasons_kept: bool) -> FiguresOf:
    made_here = {
        "snapshot_id": one.id,
        "period_to": period_to(one.day),
        "as_known": AS_KNOWN_WORDING,
        "not_kept": None if reasons_kept else NO_REASONS_WORDING,
    }
    told = {name: getattr(one, name) for name in FiguresOf.model_fields if name not in made_here}
    return FiguresOf(**made_here, **told)


def _figure(cell: SnapshotCell, ar: str | None, fr: str | None, language: str) -> Figure:
    of_place = cell.grouped_by in OF_PLACES and fr is not None
    return Figure(
        indicator=cell.indicator,
        by=cast(Any, cell.grouped_by),
        group=cell.group,
        group_name={"ar": ar, "fr": fr} if of_place else None,
        program=cell.program,
        other=cell.other,
        unit=cast(Any, cell.unit),
        bound=cell.bound,
        numerator=_number(cell.numerator, cell.unit),
        denominator=_number(cell.denominator, cell.unit),
        value=_value(cell),
        reason=cell.reason,
        because=WORDS[cell.reason].in_(language) if cell.reason else None,
        overlap_class=cell.overlap_class,
    )


def _number(number: int | None, unit: str) -> Decimal | None:
    if number is None:
        return None
    return number / CENTS if unit == "money" else Decimal(number)


def _value(cell: SnapshotCell) -> float | None:
    """The one value that is itself money is kept in hundredths, too."""
    if cell.value is None or cell.indicator != "harmonisation_gap":
        return cell.value
    return cell.value / 100


async def frozen(tx: AsyncSession, snapshot_id: UUID) -> Country:
    """The country as it was frozen. NotFound, SnapshotNotMade; SnapshotDamaged where it is not what was frozen."""
    of = await made(tx, snapshot_id)
    read = {name: await _content(tx, snapshot_id, name) for name in (*FRAMES, *LATER_FRAMES, TERMS)}
    parts = {name: content for name, content in read.items() if content or name not in LATER_FRAMES}
    if hash_of(parts) != of.frames_hash or not is_whole(parts):
        raise SnapshotDamaged(str(snapshot_id))
    return thaw(parts)


async def _content(tx: AsyncSession, snapshot_id: UUID, name: str) -> bytes:
    rows = select(SnapshotPart.content).where(SnapshotPart.snapshot_id == snapshot_id, SnapshotPart.name == name)
    return b"".join(await tx.scalars(rows.order_by(SnapshotPart.part)))


async def refuse_unfiled(tx: AsyncSession, snapshot_id: UUID, name: str) -> None:
    """SnapshotNotFiled while a file of the figures is still to be written."""
    if await tx.get(SnapshotPart, (snapshot_id, name, 0)) is None:
        raise SnapshotNotFiled


async def pieces(database: Database, snapshot_id: UUID, name: str) -> AsyncIterator[bytes]:
    """A file of the figures, a piece at a time: a slow line holds no connection."""
    part = 0
    while True:
        async with database.transaction() as tx:
            found = await tx.get(SnapshotPart, (snapshot_id, name, part))
            content = None if found is None else found.content
        if content is None:
            return
        yield content
        part += 1


async def comparison_out(tx: AsyncSession, comparison_id: UUID) -> ComparisonOut:
    found = await tx.get(Comparison, comparison_id)
    if found is None:
        raise NotFound
    return _compared(found)


def _compared(one: Comparison) -> ComparisonOut:
    told = {name: getattr(one, name) for name in ("id", "status", "asked_at", "ended_at")}
    return ComparisonOut.model_validate({**told, "before": one.before_id, "after": one.after_id, **(one.result or {})})


async def comparisons(tx: AsyncSession, limit: int, cursor: str | None) -> Page[ComparisonOut]:
    rows = select(Comparison).order_by(Comparison.id.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(Comparison.id < decode_cursor(cursor, UUID)[0])
    found = list(await tx.scalars(rows))
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[_compared(one) for one in found[:limit]], next_cursor=more)
