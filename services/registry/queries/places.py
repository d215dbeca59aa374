"""Reads of places: the table of today or of a day, one place with its history, and places by what was written."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Date, Select, cast, column, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Place
from services.registry.queries.place_table import PlaceTable, place_table
from services.registry.rules.place_words import reason_of
from services.registry.rules.places import PlaceKind, as_column, parent_on
from services.registry.schemas.places import (
    CandidateOut,
    LevelOut,
    LookUpOut,
    PlaceOut,
    PlaceVersionOut,
    PlaceWritten,
)
from shared.clock import now
from shared.errors import NotFound
from shared.history import History
from shared.pagination import Page, decode_cursor, encode_cursor
from shared.place_names import Level
from shared.text import Language


async def places(
    tx: AsyncSession,
    limit: int,
    cursor: str | None,
    *,
    kinds: Collection[PlaceKind] = (),
    parent: str | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Page[PlaceOut]:
    """The places of a day, by code. Without a day all that ever were, as they are now.

    With `known_at` as they were stated then: a day is needed beside it.
    """
    if known_at is not None:
        return await _places_known(tx, limit, cursor, set(kinds), parent, as_of or now().date(), known_at)
    rows = select(Place).order_by(Place.code).limit(limit + 1)
    if kinds:
        rows = rows.where(Place.kind.in_(kinds))
    if as_of is not None:
        rows = rows.where(or_(Place.valid_from.is_(None), Place.valid_from <= as_of))
        rows = rows.where(or_(Place.valid_until.is_(None), Place.valid_until > as_of))
    if parent is not None:
        rows = rows.where(_parent_at(as_of or now().date()) == parent)
    if cursor:
        rows = rows.where(Place.code > decode_cursor(cursor, str)[0])
    found = list((await tx.scalars(rows)).all())
    items = [place_out(one, as_of) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].code) if len(found) > limit else None)


def _parent_at(day: date) -> ColumnElement[str]:
    """The column of parents on a day, as `parent_on` gives it; empty where it is not known."""
    former = func.jsonb_array_elements(Place.former_parents).table_valued(column("value", JSONB), name="former")
    until = cast(former.c.value["until_on"].astext, Date)
    before = select(func.coalesce(former.c.value["parent_code"].astext, "")).where(until > day).order_by(until)
    return func.coalesce(before.limit(1).scalar_subquery(), Place.parent_code)


def place_out(place: Place, as_of: date | None = None) -> PlaceOut:
    """A place as it was on a day, or as it is."""
    shown = PlaceOut.model_validate(place, from_attributes=True)
    if as_of is None:
        return shown
    return shown.model_copy(
        update={
            "parent_code": parent_on(place.parent_code, place.former_parents, as_of),
            "successors": [one for one in shown.successors if one.from_on <= as_of],
        }
    )


async def _places_known(
    tx: AsyncSession, limit: int, cursor: str | None, kinds: set[PlaceKind], parent: str | None, day: date, at: datetime
) -> Page[PlaceOut]:
    """The table is some thousand rows: it is read whole, taken back to the moment, and filtered here."""
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = [
        shown
        for one in await _known(tx, select(Place).order_by(Place.code), at)
        if one.code > after
        and (not kinds or one.kind in kinds)
        and (one.valid_from is None or one.valid_from <= day)
        and (one.valid_until is None or one.valid_until > day)
        and (parent is None or parent_on(one.parent_code, one.former_parents, day) == parent)
        for shown in [place_out(one, day)]
    ]
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].code) if len(found) > limit else None)


async def _known(tx: AsyncSession, wanted: Select[Place], at: datetime) -> list[Place]:
    """Places as they were stated at a moment: what was stated since is taken back, the newest first.

    Places that entered later are left out. The rows are copies, and of no session.
    """
    held = list(await tx.scalars(wanted))
    columns = [column.key for column in Place.__table__.columns]
    known = {one.id: Place(**{name: getattr(one, name) for name in columns}) for one in held}
    since = select(History).where(History.aggregate_id.in_(known), History.changed_at > at)
    for turn in await tx.scalars(since.order_by(History.version.desc())):
        if turn.version == 1:
            del known[turn.aggregate_id]
            continue
        place = known[turn.aggregate_id]
        place.version = turn.version - 1
        for name, (before, _) in turn.change["fields"].items():
            setattr(place, name, as_column(name, before))
    return list(known.values())


async def place(tx: AsyncSession, code: str, as_of: date | None = None, known_at: datetime | None = None) -> PlaceOut:
    found = await tx.get(Place, code)
    if found is not None and known_at is not None:
        found = next(iter(await _known(tx, select(Place).where(Place.code == code), known_at)), None)
    if found is None:
        raise NotFound
    return place_out(found, as_of)


async def place_history(tx: AsyncSession, code: str, limit: int, cursor: str | None) -> Page[PlaceVersionOut]:
    """The versions of a place, newest first."""
    place_id = await tx.scalar(select(Place.id).where(Place.code == code))
    if place_id is None:
        raise NotFound
    rows = select(History).where(History.aggregate_id == place_id).order_by(History.version.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(History.version < decode_cursor(cursor, int)[0])
    found = list(await tx.scalars(rows))
    items = [
        PlaceVersionOut(
            version=one.version,
            kind=one.change["kind"],
            changed_at=one.changed_at,
            changed_by=one.changed_by,
            reason=one.change["reason"],
            fields=one.change["fields"],
        )
        for one in found[:limit]
    ]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].version) if len(found) > limit else None)


async def look_up(tx: AsyncSession, rows: Sequence[PlaceWritten], language: Language) -> list[LookUpOut]:
    """What was written, row by row, as codes; with reasons, and candidates where it could be several places."""
    table = await place_table(tx)
    return await asyncio.to_thread(lambda: [_looked_up(table, one, language) for one in rows])


def _looked_up(table: PlaceTable, written: PlaceWritten, language: Language) -> LookUpOut:
    place = (written.wilaya, written.moughataa, written.commune, written.village)
    told = table.index.resolve(*place)
    return LookUpOut(
        wilaya_code=told.wilaya_code,
        moughataa_code=told.moughataa_code,
        commune_code=told.commune_code,
        village_code=told.village_code,
        levels=[_level_out(table, one, language) for one in table.index.explain(*place)],
    )


def _level_out(table: PlaceTable, level: Level, language: Language) -> LevelOut:
    return LevelOut(
        kind=level.kind,
        written=level.written,
        code=level.found.code if level.found else None,
        how=level.found.how if level.found else None,
        score=round(level.found.score, 3) if level.found else None,
        reason=reason_of(level).in_(language),
        candidates=[
            CandidateOut(
                code=one.code,
                name_fr=table.named[one.code].name_fr,
                name_ar=table.named[one.code].name_ar,
                parent_code=table.named[one.code].parent_code,
                score=round(one.score, 3),
            )
            for one in level.candidates
        ],
    )
