"""In which files of this institution somebody stands, as one of its beneficiaries."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.programs.models import Delta, DeltaRow, Enrollment
from shared.exporting.members import exports_with, forget_members
from shared.file_members import MOST_FILES, FileWritten, ids_in

MOST_ENROLLMENTS = 1_000
"""Of one household in the programs of an institution, those that ended among them."""


async def files_with(tx: AsyncSession, names: Collection[str]) -> list[FileWritten]:
    """Exports and deltas, each the newest first, each one more than are told."""
    enrollments = await _enrollments(tx, names)
    return [*await exports_with(tx, enrollments), *await _deltas(tx, enrollments)]


async def _enrollments(tx: AsyncSession, names: Collection[str]) -> list[UUID]:
    """Those that these names mean, or that are linked to them."""
    ids = ids_in(names)
    which = or_(
        Enrollment.id.in_(ids),
        Enrollment.registry_household_id.in_(ids),
        Enrollment.registry_individual_id.in_(ids),
        Enrollment.household_number.in_(names),
    )
    return list(await tx.scalars(select(Enrollment.id).where(which).limit(MOST_ENROLLMENTS)))


async def forget(tx: AsyncSession, names: Collection[str]) -> None:
    """What stands in the deltas stays: they are the institution's own lists of who came and went."""
    await forget_members(tx, await _enrollments(tx, names))


async def _deltas(tx: AsyncSession, enrollments: Collection[UUID]) -> list[FileWritten]:
    rows = await tx.execute(
        select(Delta.program_code, Delta.receiver, Delta.number)
        .where(Delta.id.in_(select(DeltaRow.delta_id).where(DeltaRow.enrollment_id.in_(enrollments))))
        .order_by(Delta.id.desc())
        .limit(MOST_FILES + 1)
    )
    return [
        FileWritten(path=f"/v1/deltas/{number}/file", partner=receiver, part={"program": program})
        for program, receiver, number in rows
    ]
