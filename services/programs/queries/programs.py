"""Reads of the catalog: public to whoever may read programs."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import ProgramRow
from services.programs.rules.program import Program
from services.programs.schemas.programs import ProgramOut, ValueOut
from shared.errors import NotFound
from shared.pagination import Page, decode_cursor, encode_cursor

PUBLISHED = (
    "calendar",
    "channel",
    "conditions",
    "capacity",
    "quotas",
    "recertify_months",
    "legal_reference",
    "eligibility",
    "complements",
)
"""What a program says of itself that no column holds."""


async def programs(tx: AsyncSession, institution: str, limit: int, cursor: str | None) -> Page[ProgramOut]:
    rows = select(ProgramRow).order_by(ProgramRow.code).limit(limit + 1)
    if cursor:
        rows = rows.where(ProgramRow.code > decode_cursor(cursor, str)[0])
    found = list((await tx.scalars(rows)).all())
    items = _with_values(institution, found[:limit])
    return Page(items=items, next_cursor=encode_cursor(found[limit - 1].code) if len(found) > limit else None)


async def program(tx: AsyncSession, institution: str, code: str) -> ProgramOut:
    found = await tx.get(ProgramRow, code)
    if found is None:
        raise NotFound
    return _with_values(institution, [found])[0]


async def published(tx: AsyncSession, code: str) -> Program:
    """The program as it is published now. NotFound where the institution has none of that code."""
    row = await tx.get(ProgramRow, code)
    if row is None:
        raise NotFound
    return program_of(row.document)


@lru_cache(maxsize=64)
def _parsed(document: bytes) -> Program:
    return Program.model_validate_json(document)


def program_of(document: dict[str, Any]) -> Program:
    """The program of a stored document; parsed once."""
    return _parsed(orjson.dumps(document))


def _with_values(institution: str, rows: Iterable[ProgramRow]) -> list[ProgramOut]:
    values = {row.code: [ValueOut.of(value) for value in program_of(row.document).values] for row in rows}
    return [
        ProgramOut.model_validate(
            {name: row.document.get(name) for name in PUBLISHED if name in row.document}
            | {column.key: getattr(row, column.key) for column in ProgramRow.__table__.columns}
            | {"institution": institution, "values": values[row.code]}
            | {"names": {"ar": row.name_ar, "fr": row.name_fr, "en": row.name_en}}
        )
        for row in rows
    ]
