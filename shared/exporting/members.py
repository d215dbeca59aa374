"""Who stands in the files that were written: kept beside the file, and longer, so that she can be told of it.

A row has the ids of some thousand lines of a file; `first` and `last` are the least and the greatest of them.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    ForeignKey,
    Integer,
    Uuid,
    and_,
    any_,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from shared.clock import now
from shared.exporting.models import Export, ExportsBase
from shared.file_members import MOST_FILES, FileWritten

KEPT = timedelta(days=1_826)
"""As long as the disclosure log keeps names, where nobody says otherwise there: after that nobody is told who was in a file."""
ID_BYTES = 16


class ExportMembers(ExportsBase):
    """Who stands in some lines of an export: households or persons of the registry, enrollments of a program."""

    __tablename__ = "export_members"

    export_id: Mapped[UUID] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True)
    first: Mapped[UUID]
    last: Mapped[UUID]
    ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))


class Members:
    """The ids of an export that is being written, 16 bytes each: a file may have millions."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def add(self, ids: Sequence[Any]) -> None:
        if here := {UUID(str(one)) for one in ids if one is not None}:
            self._parts.append(b"".join(one.bytes for one in sorted(here)))

    async def keep(self, tx: AsyncSession, export_id: UUID) -> None:
        for part, packed in enumerate(self._parts):
            ids = [UUID(bytes=packed[at : at + ID_BYTES]) for at in range(0, len(packed), ID_BYTES)]
            row = {"export_id": export_id, "part": part, "first": ids[0], "last": ids[-1], "ids": ids}
            await tx.execute(insert(ExportMembers).values(row))


async def exports_with(tx: AsyncSession, ids: Collection[UUID]) -> list[FileWritten]:
    """The exports in which any of these stands, the newest first; one more than are told."""
    if not ids:
        return []
    one = func.unnest(literal(list(ids), ARRAY(Uuid()))).column_valued("one")
    rows = await tx.execute(
        select(Export.id, Export.partner)
        .where(Export.id.in_(select(ExportMembers.export_id).where(_has(one))))
        .order_by(Export.id.desc())
        .limit(MOST_FILES + 1)
    )
    return [FileWritten(path=f"/v1/exports/{export_id}/file", partner=partner) for export_id, partner in rows]


def _has(one: Any) -> ColumnElement[bool]:
    # The array itself is read only where it may have the id.
    return and_(ExportMembers.first <= one, ExportMembers.last >= one, one == any_(ExportMembers.ids))


async def forget_members(tx: AsyncSession, ids: Collection[UUID]) -> None:
    """From here on no file is known to have had any of these."""
    for one in ids:
        without = func.array_remove(ExportMembers.ids, one)
        await tx.execute(update(ExportMembers).where(_has(literal(one, Uuid()))).values(ids=without))


async def drop_old_members(tx: AsyncSession) -> None:
    """Who stood in files that were made too long ago is forgotten."""
    old = select(Export.id).where(Export.created_at < now() - KEPT)
    await tx.execute(delete(ExportMembers).where(ExportMembers.export_id.in_(old)))
