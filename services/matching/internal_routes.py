"""What other services pull from matching behind an event. Never reachable through the gateway."""

from uuid import UUID

from fastapi import APIRouter

from services.matching import enrolled_households, queries
from services.matching.schemas import DecidedOut, EnrolledHouseholdOut
from services.matching.targeting import members, remarks
from services.matching.targeting.schemas import RemarkPulled
from shared.database import Tx
from shared.exporting.members import exports_with, forget_members
from shared.file_members import FilesWritten, NamesAsked, files_written, ids_in
from shared.identity import INTERNAL, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/internal", dependencies=[permitted(INTERNAL)], tags=["internal"])


@router.get("/link-batches/{batch_id}")
async def pull_batch(batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[DecidedOut]:
    """The outcomes of one `matching.links.changed` event, as they are now."""
    return await queries.batch(tx, batch_id, limit, cursor)


@router.get("/enrolled-household-batches/{batch_id}")
async def pull_enrolled_households(
    batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[EnrolledHouseholdOut]:
    """The households of one `matching.enrolled-households.changed` event, as they are now."""
    return await enrolled_households.told_of(tx, batch_id, limit, cursor)


@router.get("/remark-batches/{batch_id}")
async def pull_remarks(
    batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[RemarkPulled]:
    """The remarks of one `matching.remarks.proposed` event."""
    return await remarks.pulled(tx, batch_id, limit, cursor)


@router.post("/files-of")
async def pull_files(asked: NamesAsked, tx: Tx) -> FilesWritten:
    """In which released lists, and in which matched lists, whom these name stood."""
    return files_written([*await members.lists_with(tx, asked.names), *await exports_with(tx, ids_in(asked.names))])


@router.post("/files-of/forget")
async def forget_files(asked: NamesAsked, tx: Tx) -> FilesWritten:
    """Let nothing beside the lists themselves say any longer that whom these name stood in a file. What is left is the
    answer."""
    await members.forget(tx, asked.names)
    await forget_members(tx, ids_in(asked.names))
    return await pull_files(asked, tx)
