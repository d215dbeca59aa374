"""The columns of a file: which field each was taken for, and the sender's own word on them, kept for its next file."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import now
from shared.headers import LONGEST_HEADER, Layout
from shared.ids import new_id
from shared.importing.errors import MappingNotAccepted, UnknownMappingField
from shared.importing.models import Import, ImportMapping
from shared.tables import Table, open_table
from shared.text import fold
from shared.unreadable import MAX_COLUMNS

LONGEST_MAPPING = 32_000
"""Characters of JSON: two hundred columns with long headers."""
MOST_MAPPINGS = 200
"""Remembered for one partner; past it the one not used for longest is forgotten."""
SAMPLES = 3
LONGEST_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its header, the field it was taken for, and a few values from it."""

    header: str
    field: str | None
    samples: list[str]


def read_mapping(text: str | None, layout: Layout | None, pointer: str) -> dict[str, str] | None:
    """A mapping sent as JSON. Raises MappingNotAccepted or UnknownMappingField."""
    if text is None:
        return None
    if len(text) > LONGEST_MAPPING:
        raise MappingNotAccepted(pointer=pointer)
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise MappingNotAccepted(pointer=pointer) from None
    if not isinstance(given, dict):
        raise MappingNotAccepted(pointer=pointer)
    return checked_mapping(given, layout, pointer)


def checked_mapping(given: Mapping[str, object], layout: Layout | None, pointer: str) -> dict[str, str]:
    """The mapping, where it names fields of the layout alone. Raises MappingNotAccepted or UnknownMappingField."""
    mapping = {header: field for header, field in given.items() if isinstance(field, str)}
    if len(mapping) < len(given) or len(given) > MAX_COLUMNS or any(len(header) > LONGEST_HEADER for header in given):
        raise MappingNotAccepted(pointer=pointer)
    accepted = layout.fields if layout is not None else {}
    unknown = sorted({field for field in mapping.values() if field and field not in accepted})
    if unknown:
        shown = ", ".join(field[:LONGEST_SAMPLE] for field in unknown)
        raise UnknownMappingField(pointer=pointer, fields=shown, accepted=", ".join(accepted))
    return mapping


def columns_of(file: Path, filename: str, layout: Layout, mapping: dict[str, str] | None) -> list[Column]:
    """The columns of a stored file from left to right. Raises UnreadableTable."""
    with file.open("rb") as source:
        table = open_table(source, filename, layout, mapping, any_header=True)
        below = [cells for _, cells in islice(_below(table), SAMPLES)]
    fields = table.columns
    return [
        Column(header, fields.get(number), [_sample(cells, number) for cells in below])
        for number, header in sorted(table.names.items())
    ]


def _below(table: Table) -> Iterable[tuple[int, list[object]]]:
    """The filled lines below the header, as they are."""
    for line, cells in table.lines():
        if line > table.header_line and any(cell not in (None, "") for cell in cells):
            yield line, list(cells)


def _sample(cells: list[object], column: int) -> str:
    value = cells[column] if column < len(cells) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else (value.isoformat() if isinstance(value, date) else str(value))[:LONGEST_SAMPLE]


def headers_of(file: Path, filename: str, layout: Layout, mapping: dict[str, str] | None) -> list[str]:
    """The headers of a stored file, in an order of their own. Raises UnreadableTable."""
    with file.open("rb") as source:
        return sorted(set(open_table(source, filename, layout, mapping, any_header=True).names.values()))


async def knows_mappings(tx: AsyncSession, partner: str, kind: str) -> bool:
    """Whether anything is remembered for this partner's files of this kind."""
    known = select(ImportMapping.id).where(ImportMapping.partner == partner, ImportMapping.kind == kind).limit(1)
    return await tx.scalar(known) is not None


async def mapping_for(tx: AsyncSession, import_: Import, headers: list[str]) -> dict[str, str] | None:
    """The mapping for a file with these headers. One sent with the file is remembered for the next."""
    digest = _hash_of(headers)
    if import_.mapping:
        await _remember(tx, import_, headers, digest)
        return import_.mapping
    known = await tx.scalar(
        select(ImportMapping).where(
            ImportMapping.partner == import_.partner,
            ImportMapping.kind == import_.kind,
            ImportMapping.headers_hash == digest,
        )
    )
    if known is None:
        return None
    known.used_at = now()
    return known.mapping


def _hash_of(headers: list[str]) -> bytes:
    return hashlib.sha256("\x1f".join(sorted({fold(header) for header in headers})).encode()).digest()


async def _remember(tx: AsyncSession, import_: Import, headers: list[str], digest: bytes) -> None:
    row = {
        "id": new_id(),
        "partner": import_.partner,
        "kind": import_.kind,
        "headers_hash": digest,
        "headers": headers,
        "mapping": import_.mapping,
        "used_at": now(),
    }
    changed = {"mapping": row["mapping"], "headers": headers, "used_at": row["used_at"]}
    same = [ImportMapping.partner, ImportMapping.kind, ImportMapping.headers_hash]
    await tx.execute(insert(ImportMapping).values(row).on_conflict_do_update(index_elements=same, set_=changed))
    kept = select(ImportMapping.id).where(ImportMapping.partner == import_.partner)
    await tx.execute(
        delete(ImportMapping).where(
            ImportMapping.partner == import_.partner,
            ImportMapping.id.not_in(kept.order_by(ImportMapping.used_at.desc()).limit(MOST_MAPPINGS)),
        )
    )


async def forget(tx: AsyncSession, partner: str, mapping_id: UUID) -> bool:
    """Forget a partner's mapping; whether there was one."""
    gone = delete(ImportMapping).where(ImportMapping.id == mapping_id, ImportMapping.partner == partner)
    return (await tx.execute(gone.returning(ImportMapping.id))).first() is not None
