"""Reads of the catalog: public to whoever may read programs."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.errors.programs import ProgramNotPublishedThen
from services.programs.models import ProgramRow, ProgramVersion
from services.programs.rules.program import Program, Terms
from services.programs.schemas.programs import ProgramOut, ValueOut, VersionDetail, VersionOut
from shared.copying import driver_of
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor


async def programs(tx: AsyncSession, institution: str, limit: int, cursor: str | None) -> Page[ProgramOut]:
    rows = select(ProgramRow).order_by(ProgramRow.code).limit(limit + 1)
    if cursor:
        rows = rows.where(ProgramRow.code > decode_cursor(cursor, str)[0])
    found = list((await tx.scalars(rows)).all())
    items = [program_out(institution, row) for row in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].code) if len(found) > limit else None)


async def program(tx: AsyncSession, institution: str, code: str, as_of: date | None = None) -> ProgramOut:
    """A program as published, now or at the end of a day. ProgramNotPublishedThen before its first version."""
    row = await _row(tx, code)
    if as_of is None:
        return program_out(institution, row)
    versions = select(ProgramVersion).where(ProgramVersion.program_code == code)
    end_of_day = datetime.combine(as_of + timedelta(days=1), time.min, UTC)
    then = versions.where(ProgramVersion.published_at < end_of_day).order_by(ProgramVersion.version.desc()).limit(1)
    found = await tx.scalar(then)
    if found is None:
        first = await tx.scalar(
            select(func.min(ProgramVersion.published_at)).where(ProgramVersion.program_code == code)
        )
        first_on = (first or row.published_at).date()
        raise ProgramNotPublishedThen(pointer="/query/as_of", day=as_of, first=first_on)
    return _out(institution, row.id, found)


async def versions(tx: AsyncSession, code: str, limit: int, cursor: str | None) -> Page[VersionOut]:
    """The versions of a program, newest first."""
    await _row(tx, code)
    rows = (
        select(ProgramVersion)
        .where(ProgramVersion.program_code == code)
        .order_by(ProgramVersion.version.desc())
        .limit(limit + 1)
    )
    if cursor:
        rows = rows.where(ProgramVersion.version < decode_cursor(cursor, int)[0])
    found = list((await tx.scalars(rows)).all())
    items = [VersionOut.model_validate(one) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].version) if len(found) > limit else None)


async def version(tx: AsyncSession, code: str, number: int) -> VersionDetail:
    found = await tx.get(ProgramVersion, (code, number))
    if found is None:
        raise NotFound
    terms = {name: value for name, value in found.document.items() if name != "list"}
    return VersionDetail(**VersionOut.model_validate(found).model_dump(), document=Terms.model_validate(terms))


async def published(tx: AsyncSession, code: str) -> Program:
    """The program as it is published now. NotFound where the institution has none of that code."""
    return program_of((await _row(tx, code)).document)


async def _row(tx: AsyncSession, code: str) -> ProgramRow:
    found = await tx.get(ProgramRow, code)
    if found is None:
        raise NotFound
    return found


async def published_for_seats(tx: AsyncSession, code: str) -> Program:
    """The same, for whoever will take a seat: until the transaction ends nobody else takes one of a limited program.

    Take it before any enrollment of the program is locked, so that two of these never wait for each other in a circle.
    """
    driver = await driver_of(tx, begun=True)  # asked for with every single enrollment: the driver costs a third
    document = await driver.fetchval(DOCUMENT, code)
    if document is None:
        raise NotFound
    program = _parsed(document)
    return _parsed(await driver.fetchval(f"{DOCUMENT} FOR NO KEY UPDATE", code)) if program.is_limited else program


DOCUMENT = "SELECT document::text FROM programs WHERE code = $1"


@lru_cache(maxsize=64)
def _parsed(document: str | bytes) -> Program:
    return Program.model_validate_json(document)


def program_of(document: dict[str, Any]) -> Program:
    """The program of a stored document; parsed once."""
    return _parsed(orjson.dumps(document))


def program_out(institution: str, row: ProgramRow) -> ProgramOut:
    return _out(institution, row.id, row)


def _out(institution: str, id_: UUID, published: ProgramRow | ProgramVersion) -> ProgramOut:
    program = program_of(published.document)
    values = [ValueOut.of(value) for value in program.values]
    told = {name: getattr(program, name) for name in ProgramOut.model_fields if hasattr(program, name)}
    return ProgramOut.model_validate(
        told
        | {"id": id_, "institution": institution, "version": published.version, "published_at": published.published_at}
        | {"values": values},
        from_attributes=True,
    )
