"""HTTP of snapshots: made, followed, read by indicator, as a file, compared; and the method of each indicator."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.matching.snapshots import commands, queries
from services.matching.snapshots.files import file_name
from services.matching.snapshots.notes import indicators
from services.matching.snapshots.queries import AskedFigures
from services.matching.snapshots.schemas import (
    Bound,
    ComparisonIn,
    ComparisonOut,
    FiguresPage,
    Format,
    GroupedBy,
    IndicatorNote,
    SnapshotIn,
    SnapshotOut,
    Unit,
)
from shared.database import Tx
from shared.exporting.routes import FILE_ANSWERS, MEDIA
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.importing.asking import AskedLanguage
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page

router = APIRouter(prefix="/v1", tags=["snapshots"])
Reading = Annotated[Caller, permitted("snapshots:read")]
Making = Annotated[Caller, permitted("snapshots:make")]
LONGEST_CODE = 64
LONGEST_CODES = 400
"""Codes of a combination of programs, joined by `+`."""


@router.get("/indicators")
async def list_indicators(by: Reading) -> list[IndicatorNote]:
    """Every indicator: its name and its method in three languages, its units, and by what it is grouped."""
    return list(indicators().values())


@router.post("/snapshots", status_code=202, response_model=SnapshotOut)
async def make_snapshot(
    request: Request, body: SnapshotIn, once: OnceOnly, tx: Tx, by: Making, language: AskedLanguage
) -> Response:
    """Freeze the country of a day under one id, and compute every figure from it. Follow it at `GET /v1/snapshots/{id}`."""

    async def ask() -> SnapshotOut:
        return await queries.snapshot_out(tx, (await commands.ask(tx, body, by=by)).id, language)

    answer = await once.answer(ask, status=202, body=body.model_dump_json().encode())
    request.app.state.platform.wake_after(tx)
    return answer


@router.get("/snapshots")
async def list_snapshots(
    tx: Tx, by: Reading, language: AskedLanguage, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[SnapshotOut]:
    """Every snapshot, the last asked for first."""
    return await queries.snapshots(tx, language, limit, cursor)


@router.get("/snapshots/{snapshot_id}")
async def get_snapshot(snapshot_id: UUID, tx: Tx, by: Reading, language: AskedLanguage) -> SnapshotOut:
    """How far a snapshot is; its counts and hashes when it is done."""
    return await queries.snapshot_out(tx, snapshot_id, language)


@router.post("/snapshots/{snapshot_id}/cancel")
async def cancel_snapshot(snapshot_id: UUID, tx: Tx, by: Making, language: AskedLanguage) -> SnapshotOut:
    """Give up a snapshot that is being made; nothing of it is kept."""
    await commands.cancel(tx, snapshot_id)
    return await queries.snapshot_out(tx, snapshot_id, language)


@router.delete("/snapshots/{snapshot_id}", status_code=204)
async def delete_snapshot(snapshot_id: UUID, tx: Tx, by: Making) -> None:
    """Delete a snapshot with its figures. Refused while a scenario, a report or a comparison rests on it."""
    await commands.delete_snapshot(tx, snapshot_id)


@router.get("/snapshots/{snapshot_id}/indicators")
async def list_figures(
    snapshot_id: UUID,
    tx: Tx,
    read_by: Reading,
    language: AskedLanguage,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    indicator: Annotated[str | None, Query(max_length=LONGEST_CODE)] = None,
    by: GroupedBy | None = None,
    group: Annotated[str | None, Query(max_length=LONGEST_CODES)] = None,
    program: Annotated[
        str | None, Query(max_length=LONGEST_CODE, description="Empty: of any program together.")
    ] = None,
    other: Annotated[str | None, Query(max_length=LONGEST_CODES)] = None,
    unit: Unit | None = None,
    bound: Bound | None = None,
) -> FiguresPage:
    """Figures of a snapshot, with their numerators and denominators. Those that tell of fewer than five households are
    hidden, and with them the ones they could be told from."""
    asked = AskedFigures(indicator, by, group, program, other, unit, bound)
    return await queries.figures(tx, snapshot_id, asked, language, limit, cursor)


@router.get("/snapshots/{snapshot_id}/file", response_class=Response, responses=FILE_ANSWERS)
async def get_figures_file(
    request: Request, snapshot_id: UUID, tx: Tx, by: Reading, format: Format = "csv"
) -> Response:
    """All figures of a snapshot as one file; the same one whenever it is fetched. It is written soon after the snapshot."""
    of = await queries.made(tx, snapshot_id)
    await queries.refuse_unfiled(tx, snapshot_id, file_name(format))
    headers = {
        "Content-Disposition": f'attachment; filename="indicators-{of.day}.{format}"',
        "ETag": f'"{(of.cells_hash or b"").hex()}-{format}"',
        "Cache-Control": "no-store",
    }
    body = queries.pieces(request.app.state.platform.database, snapshot_id, file_name(format))
    return StreamingResponse(body, 200, headers, MEDIA[format])


@router.post("/snapshot-comparisons", status_code=202, response_model=ComparisonOut)
async def compare_snapshots(request: Request, body: ComparisonIn, once: OnceOnly, tx: Tx, by: Making) -> Response:
    """Have it worked out what moved between two snapshots: households, enrollments, links, values, rules and baskets, each
    exchanged in turn. The same pair is worked out once."""

    async def ask() -> ComparisonOut:
        return await queries.comparison_out(tx, (await commands.compare(tx, body, by=by)).id)

    answer = await once.answer(ask, status=202, body=body.model_dump_json().encode())
    request.app.state.platform.wake_after(tx)
    return answer


@router.get("/snapshot-comparisons")
async def list_comparisons(
    tx: Tx, by: Reading, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ComparisonOut]:
    """Every comparison, the last asked for first."""
    return await queries.comparisons(tx, limit, cursor)


@router.get("/snapshot-comparisons/{comparison_id}")
async def get_comparison(comparison_id: UUID, tx: Tx, by: Reading) -> ComparisonOut:
    """What moved between two snapshots, when it is worked out."""
    return await queries.comparison_out(tx, comparison_id)


@router.delete("/snapshot-comparisons/{comparison_id}", status_code=204)
async def delete_comparison(comparison_id: UUID, tx: Tx, by: Making) -> None:
    """Delete a comparison; its snapshots may then be deleted, too."""
    await commands.delete_comparison(tx, comparison_id)
