"""In which lists a household stood of which a recipient was told."""

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.targeting.models import ListDisclosure, TargetedHousehold, TargetingList
from shared.file_members import MOST_FILES, FileWritten, ids_in


async def lists_with(tx: AsyncSession, names: Collection[str]) -> list[FileWritten]:
    """Of each such list its file, and the printed page of the commune that has the household; one more list than are told."""
    rows = await tx.execute(
        select(TargetingList.id, TargetingList.partner, TargetedHousehold.commune_code)
        .join(ListDisclosure, ListDisclosure.list_id == TargetingList.id)
        .outerjoin(
            TargetedHousehold,
            (TargetedHousehold.list_id == ListDisclosure.list_id)
            & (TargetedHousehold.household_id == ListDisclosure.household_id),
        )
        .where(ListDisclosure.household_id.in_(ids_in(names)))
        .order_by(TargetingList.id.desc())
        .limit(MOST_FILES + 1)
    )
    found = []
    for list_id, partner, commune in rows:
        path = f"/v1/targeting-lists/{list_id}"
        found += [
            FileWritten(path=f"{path}/file", partner=partner),
            FileWritten(path=f"{path}/printed", partner=partner, part={"commune": commune} if commune else {}),
        ]
    return found


async def forget(tx: AsyncSession, names: Collection[str]) -> None:
    """Forget that a recipient was told of a household by a list; the list itself stays as it was released."""
    await tx.execute(delete(ListDisclosure).where(ListDisclosure.household_id.in_(ids_in(names))))
