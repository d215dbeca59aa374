"""What other services pull from an institution's programs service. Never reachable through the gateway."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from services.programs.queries import deliveries, enrollments, file_members, programs, schools
from services.programs.routes.asking import institution_of
from services.programs.schemas.deliveries import DeliveryPulled
from services.programs.schemas.enrollments import EnrollmentChange, EnrollmentPulled, MonthlyValue
from services.programs.schemas.programs import ProgramOut
from services.programs.schemas.schools import SchoolOut
from services.programs.schemas.turns import LinkRefusalOut
from shared.database import Tx
from shared.file_members import FilesWritten, NamesAsked, files_written
from shared.identity import INTERNAL, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/internal", dependencies=[permitted(INTERNAL)], tags=["internal"])


@router.get("/programs")
async def pull_programs(
    request: Request, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ProgramOut]:
    """Every program of the institution."""
    return await programs.programs(tx, institution_of(request), limit, cursor)


@router.get("/programs/{code}")
async def pull_program(request: Request, code: str, tx: Tx, as_of: date | None = None) -> ProgramOut:
    """The program of a `programs.programs.published` event, as it is published now or was at the end of a day."""
    return await programs.program(tx, institution_of(request), code, as_of)


# What is not asked for is not there at all, rather than null.
@router.get("/enrollment-batches/{batch_id}", response_model_exclude_unset=True)
async def pull_batch(
    batch_id: UUID,
    tx: Tx,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    beneficiaries: Annotated[bool, Query(description="Whether to show who the changes are about.")] = True,
) -> Page[EnrollmentChange]:
    """The changes of one `programs.enrollments.changed` event, one per enrollment and version."""
    return await enrollments.batch(tx, batch_id, limit, cursor, beneficiaries=beneficiaries)


@router.get("/monthly-values")
async def pull_monthly_values(
    program: Annotated[str, Query(max_length=64)],
    first: UUID,
    last: UUID,
    tx: Tx,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[MonthlyValue]:
    """What the enrollments of a `programs.values.changed` event are worth in a month, as it is now."""
    return await enrollments.monthly_values(tx, program, first, last, limit, cursor)


@router.get("/enrollments")
async def pull_enrollments(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[EnrollmentPulled]:
    """Every enrollment as it is now, those that have ended among them: what a projection is read anew from."""
    return await enrollments.pulled(tx, limit, cursor)


@router.get("/deliveries")
async def pull_deliveries(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[DeliveryPulled]:
    """Every delivery: what a projection is read anew from."""
    return await deliveries.pulled(tx, limit, cursor)


@router.get("/link-refusals")
async def pull_link_refusals(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[LinkRefusalOut]:
    """Every refusal of a link: what a projection is read anew from."""
    return await enrollments.link_refusals(tx, limit, cursor)


@router.get("/delivery-batches/{batch_id}")
async def pull_delivery_batch(
    batch_id: UUID, tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[DeliveryPulled]:
    """The deliveries of one `programs.deliveries.recorded` event; nobody is named."""
    return await deliveries.pulled(tx, limit, cursor, batch_id=batch_id)


@router.get("/link-refusals/{refusal_id}")
async def pull_link_refusal(refusal_id: UUID, tx: Tx) -> LinkRefusalOut:
    """The refusal of a `programs.links.refused` event."""
    return await enrollments.link_refusal(tx, refusal_id)


@router.get("/schools")
async def pull_schools(tx: Tx, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None) -> Page[SchoolOut]:
    """Every school of the institution, as it is now: behind `programs.schools.changed`."""
    return await schools.schools(tx, limit, cursor)


@router.post("/files-of")
async def pull_files(asked: NamesAsked, tx: Tx) -> FilesWritten:
    """In which exports and deltas whom these name stood as a beneficiary."""
    return files_written(await file_members.files_with(tx, asked.names))


@router.post("/files-of/forget")
async def forget_files(asked: NamesAsked, tx: Tx) -> FilesWritten:
    """Let nothing beside the lists themselves say any longer that whom these name stood in a file. What is left is the
    answer."""
    await file_members.forget(tx, asked.names)
    return await pull_files(asked, tx)
