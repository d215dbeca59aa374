"""HTTP of a snapshot's report."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.matching.snapshots.report_queries import report_of
from shared.database import Tx
from shared.identity import Caller, permitted
from shared.importing.asking import AskedLanguage
from shared.printing.answering import FILES, Format, printed
from shared.text import Language

router = APIRouter(prefix="/v1", tags=["snapshots"])
Reading = Annotated[Caller, permitted("snapshots:read")]


@router.get("/snapshots/{snapshot_id}/report", response_class=Response, responses=FILES)
async def report_snapshot(
    snapshot_id: UUID,
    tx: Tx,
    by: Reading,
    asked: AskedLanguage,
    format: Format = "pdf",
    language: Annotated[Language | None, Query()] = None,
) -> Response:
    """The figures of a snapshot as a report to be printed, with charts and a map, each figure with its numerator, denominator
    and method: PDF, or one page of HTML without a script. `language` goes before the Accept-Language header."""
    report = await report_of(tx, snapshot_id, language or asked)
    return await printed(report, format, f"indicators-{snapshot_id}")
