"""The routes of imports, the same in every service that takes files."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import select

from shared.database import Tx
from shared.idempotency import OnceOnly
from shared.importing.asking import AskedLanguage, Importing, OurImporter, OurPlatform, own_import, spool
from shared.importing.columns import LONGEST_MAPPING, checked_mapping, read_mapping
from shared.importing.ending import apply_checked, cancel
from shared.importing.models import WAITING, Import, ImportIssue, ImportStatus
from shared.importing.receiving import Sent, receive
from shared.importing.schemas import Application, ImportIssueOut, ImportOut, issue_shown, shown
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page, decode_cursor, encode_cursor

LARGEST_BODY_BYTES = 64 << 20
"""Of a file sent in one request; a larger one comes in pieces, through /v1/uploads."""
FOLLOW_SECONDS = 0.5
UNDER_WAY = (*WAITING, ImportStatus.UPLOADING)


router = APIRouter(prefix="/v1/imports", tags=["imports"])


@router.post("", status_code=202, response_model=ImportOut)
async def send_file(
    request: Request,
    once: OnceOnly,
    tx: Tx,
    by: Importing,
    importer: OurImporter,
    language: AskedLanguage,
    kind: Annotated[str, Query(max_length=64, description="A program's code, or `households`.")],
    filename: Annotated[str, Query(min_length=5, max_length=255, description="Ends in .xlsx or .csv.")],
    currency: Annotated[Literal["MRU", "MRO"], Query(description="The unit of amounts; MRO is 1/10 MRU.")] = "MRU",
    dry_run: Annotated[bool, Query(description="Only check the file: counts and issues, no effect.")] = False,
    mapping: Annotated[
        str | None,
        Query(max_length=LONGEST_MAPPING, description='JSON: `{"header text": "field"}`, "" leaves a column out.'),
    ] = None,
    supersedes: Annotated[UUID | None, Query(description="The completed import that this file corrects.")] = None,
) -> Response:
    """Send a file as the request's body (at most 64 MiB). Answers 202 once it is stored; it is applied row by row.

    The same file sent twice is the same import. Follow it at `GET /v1/imports/{id}`. A larger file, or one on a
    slow line, is sent in pieces through `/v1/uploads`.

    A dry run gives each chunk of rows its effect in a transaction that is rolled back, so that its counts and
    issues are those of the database. What one chunk would have left for a later one it cannot see: a person listed
    again far below counts as accepted twice, and a removal of somebody whom the same file added is unknown.
    """
    importer.refuse(by, kind)
    given = read_mapping(mapping, importer.layout(kind), "/query/mapping")
    sent = Sent(by.name, kind, filename, currency, dry_run=dry_run, mapping=given, supersedes=supersedes)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "upload"
        checksum = await spool(request, file, min(LARGEST_BODY_BYTES, sent.most_bytes))

        async def store() -> ImportOut:
            return shown(await receive(tx, sent, file), language)

        answer = await once.answer(store, status=202, body=checksum)
    request.app.state.platform.wake_after(tx)
    return answer


@router.get("")
async def list_imports(
    tx: Tx, by: Importing, language: AskedLanguage, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Page[ImportOut]:
    """The caller's own imports and unfinished uploads, newest first."""
    rows = select(Import).where(Import.partner == by.name).order_by(Import.id.desc()).limit(limit + 1)
    if cursor:
        rows = rows.where(Import.id < decode_cursor(cursor, UUID)[0])
    found = list((await tx.scalars(rows)).all())
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[shown(one, language) for one in found[:limit]], next_cursor=more)


@router.get("/{import_id}")
async def get_import(import_id: UUID, tx: Tx, by: Importing, language: AskedLanguage) -> ImportOut:
    """How far an import is, and what it has done."""
    return shown(await own_import(tx, import_id, by), language)


@router.post("/{import_id}/apply", status_code=202)
async def apply_import(
    import_id: UUID,
    tx: Tx,
    by: Importing,
    importer: OurImporter,
    language: AskedLanguage,
    platform: OurPlatform,
    body: Annotated[Application | None, Body()] = None,
) -> ImportOut:
    """Apply for good a file that a dry run has checked; nothing is sent again.

    A file that could not be read, for want of a column say, can be applied with a `mapping`; with `dry_run` it is
    only checked again.
    """
    import_ = await own_import(tx, import_id, by, lock=True)
    asked = body or Application(mapping=None)
    mapping = asked.mapping
    if mapping is not None:
        mapping = checked_mapping(mapping, importer.layout(import_.kind), "/mapping")
    await apply_checked(tx, import_, mapping, dry_run=asked.dry_run)
    platform.wake_after(tx)
    return shown(import_, language)


@router.delete("/{import_id}")
async def cancel_import(import_id: UUID, tx: Tx, by: Importing, language: AskedLanguage) -> ImportOut:
    """Cancel an import that waits, runs or has only been checked. Rows applied before that stay, and are counted."""
    import_ = await own_import(tx, import_id, by, lock=True)
    cancel(import_)
    return shown(import_, language)


@router.get("/{import_id}/issues")
async def list_issues(
    import_id: UUID,
    tx: Tx,
    by: Importing,
    language: AskedLanguage,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Page[ImportIssueOut]:
    """What was wrong with the file's rows: line, field, value and reason."""
    await own_import(tx, import_id, by)
    rows = select(ImportIssue).where(ImportIssue.import_id == import_id).order_by(ImportIssue.id).limit(limit + 1)
    if cursor:
        rows = rows.where(ImportIssue.id > decode_cursor(cursor, int)[0])
    found = list((await tx.scalars(rows)).all())
    more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[issue_shown(one, language) for one in found[:limit]], next_cursor=more)


async def _is_own(import_id: UUID, tx: Tx, by: Importing) -> None:
    """Refuses before the stream has begun: afterwards there is no status to refuse with."""
    await own_import(tx, import_id, by)


@router.get("/{import_id}/events", response_class=EventSourceResponse)
async def follow_import(
    import_id: UUID,
    by: Importing,
    language: AskedLanguage,
    platform: OurPlatform,
    _: Annotated[None, Depends(_is_own)],
) -> AsyncIterator[ServerSentEvent]:
    """The import's state as server-sent events of type `progress`, one for each change, until it has ended."""
    told: ImportOut | None = None
    while not platform.stopping.is_set():
        async with platform.database.transaction() as tx:
            state = shown(await own_import(tx, import_id, by), language)
        if told is None or state.model_copy(update={"seconds_left": told.seconds_left}) != told:
            yield ServerSentEvent(event="progress", data=state.model_dump(mode="json", exclude_none=True))
            told = state
        if state.status not in UNDER_WAY:
            return
        try:
            await asyncio.wait_for(platform.stopping.wait(), FOLLOW_SECONDS)
        except TimeoutError:
            pass
