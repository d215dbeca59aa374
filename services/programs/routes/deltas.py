"""Routes of deltas: additions and removals since the last time, for a receiver that keeps its own list."""

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from services.programs.commands.deltas import make_delta
from services.programs.queries import deltas as queries
from services.programs.queries.programs import published
from services.programs.rules.deltas import columns_of, headings
from services.programs.schemas.deltas import DeltaOut
from shared.database import Tx
from shared.disclosing import FileTold, gives_file
from shared.errors import NotFound
from shared.exporting.files import writer
from shared.exporting.routes import MEDIA
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page
from shared.problems import language_of

router = APIRouter(prefix="/v1/deltas", tags=["deltas"])
Reading = Annotated[Caller, permitted("enrollments:read")]
OfProgram = Annotated[str, Query(max_length=64, description="A program's code.")]


def _own(by: Caller, program: str) -> str:
    if program not in by.programs:
        raise NotFound(pointer="/query/program")
    return program


@router.post("", status_code=201, response_model=DeltaOut)
async def make_next_delta(once: OnceOnly, tx: Tx, by: Reading, program: OfProgram) -> Response:
    """Make the caller's next delta of a program: who was added, who left, and of whom something else is known now.

    The first one holds everybody. Who came and went in between does not show. Where nothing has changed since, no delta
    is made and the last one is the answer: two requests at once make one.
    """

    async def make() -> DeltaOut:
        return DeltaOut.model_validate(await make_delta(tx, _own(by, program), by.name))

    return await once.answer(make, status=201)


@router.get("")
async def list_deltas(
    tx: Tx, by: Reading, program: OfProgram, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[DeltaOut]:
    """The caller's deltas of a program, newest first."""
    return await queries.deltas(tx, _own(by, program), by.name, limit, cursor)


@router.get("/{number}")
async def get_delta(number: int, tx: Tx, by: Reading, program: OfProgram) -> DeltaOut:
    """One delta."""
    return DeltaOut.model_validate(await queries.delta(tx, _own(by, program), by.name, number))


@router.get(
    "/{number}/file",
    response_class=Response,
    responses={200: {"content": {MEDIA[one].partition(";")[0]: {} for one in ("csv", "xlsx")}}},
    openapi_extra=gives_file("enrollment", headings(), parts=("program",)),
)
async def get_delta_file(
    request: Request,
    number: int,
    tx: Tx,
    by: Reading,
    program: OfProgram,
    format: Literal["csv", "xlsx"] = "csv",
) -> FileResponse:
    """The delta as a file, headed as the program's own list in the caller's language; always the same bytes.

    A list of the program takes it back: additions, removals and changes are understood as they are written."""
    language = language_of(request.headers.get("accept-language"))
    delta = await queries.delta(tx, _own(by, program), by.name, number)
    columns = columns_of((await published(tx, program)).list_form, delta.fields, language)
    folder = tempfile.TemporaryDirectory(prefix="tekamoul-delta-")
    try:
        file = Path(folder.name) / "delta"
        sink = await asyncio.to_thread(writer, format, file, columns, delta.made_at)
        database = request.app.state.platform.database
        count = 0
        async for rows in queries.lines(database, delta.id, delta.fields, language):
            await asyncio.to_thread(sink.write, rows)
            count += len(rows)
        await asyncio.to_thread(sink.close)
        told = FileTold(count, await asyncio.to_thread(_sha256, file), tuple(delta.fields))
    except BaseException:
        folder.cleanup()
        raise
    name = f"{program}-{number:04}.{format}"
    return FileResponse(
        file, headers=told.header(), media_type=MEDIA[format], filename=name, background=BackgroundTask(folder.cleanup)
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
