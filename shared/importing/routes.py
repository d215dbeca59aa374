"""The routes of imports, the same in every service that takes files."""

import hashlib
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy import select

from shared.database import Tx
from shared.errors import BodyTooLarge, NotFound
from shared.idempotency import OnceOnly
from shared.identity import Caller, permitted
from shared.importing.models import Import, ImportIssue, ImportStatus
from shared.importing.receiving import receive
from shared.pagination import DEFAULT_PAGE, Cursor, Limit, Page, decode_cursor, encode_cursor
from shared.problems import language_of

LARGEST_UPLOAD_BYTES = 64 << 20

Importing = Annotated[Caller, permitted("imports:write")]


class ImportOut(BaseModel):
    """The state of an import. `lines_done` grows while it runs; `failure` says why a file could not be read."""

    id: UUID
    kind: str
    filename: str
    currency: str
    size: int
    status: ImportStatus
    lines_done: int
    accepted: int
    unchanged: int
    rejected: int
    warnings: int
    failure_code: str | None = None
    failure: str | None = None
    created_at: datetime
    completed_at: datetime | None = None


class ImportIssueOut(BaseModel):
    """One problem of one line, in the caller's language."""

    line: int
    field: str
    value: str
    severity: Literal["error", "warning"]
    code: str
    reason: str


def _shown(import_: Import, language: str) -> ImportOut:
    failure = import_.failure or {}
    return ImportOut.model_validate(
        {column.key: getattr(import_, column.key) for column in Import.__table__.columns}
        | {"failure_code": failure.get("code"), "failure": failure.get(language)}
    )


def import_router(refuse: Callable[[Caller, str], None]) -> APIRouter:
    """Routes under /v1/imports. `refuse(caller, kind)` raises where this caller may not send this kind of file."""
    router = APIRouter(prefix="/v1/imports", tags=["imports"])

    @router.post("", status_code=202, response_model=ImportOut)
    async def send_file(
        request: Request,
        once: OnceOnly,
        tx: Tx,
        by: Importing,
        kind: Annotated[str, Query(max_length=64, description="A program's code, or `households`.")],
        filename: Annotated[str, Query(min_length=5, max_length=255, description="Ends in .xlsx or .csv.")],
        currency: Annotated[Literal["MRU", "MRO"], Query(description="The unit of amounts; MRO is 1/10 MRU.")] = "MRU",
    ) -> Response:
        """Send a file as the request's body (at most 64 MiB). Answers 202 once it is stored; it is applied row by row.

        The same file sent twice is the same import. Follow it at `GET /v1/imports/{id}`.
        """
        refuse(by, kind)
        language = language_of(request.headers.get("accept-language"))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "upload"
            checksum = await _spool(request, file)

            async def store() -> ImportOut:
                return _shown(
                    await receive(tx, kind=kind, partner=by.name, filename=filename, currency=currency, file=file),
                    language,
                )

            answer = await once.answer(store, status=202, body=checksum)
        request.app.state.platform.wake_workers.set()
        return answer

    @router.get("")
    async def list_imports(
        request: Request, tx: Tx, by: Importing, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
    ) -> Page[ImportOut]:
        """The caller's own imports, newest first."""
        rows = select(Import).where(Import.partner == by.name).order_by(Import.id.desc()).limit(limit + 1)
        if cursor:
            rows = rows.where(Import.id < decode_cursor(cursor, UUID)[0])
        found = list((await tx.scalars(rows)).all())
        language = language_of(request.headers.get("accept-language"))
        more = encode_cursor(found[limit - 1].id) if len(found) > limit else None
        return Page(items=[_shown(one, language) for one in found[:limit]], next_cursor=more)

    @router.get("/{import_id}")
    async def get_import(request: Request, import_id: UUID, tx: Tx, by: Importing) -> ImportOut:
        """How far an import is, and what it has done."""
        return _shown(await _own(tx, import_id, by), language_of(request.headers.get("accept-language")))

    @router.get("/{import_id}/issues")
    async def list_issues(
        request: Request, import_id: UUID, tx: Tx, by: Importing, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
    ) -> Page[ImportIssueOut]:
        """What was wrong with the file's rows: line, field, value and reason."""
        await _own(tx, import_id, by)
        rows = select(ImportIssue).where(ImportIssue.import_id == import_id).order_by(ImportIssue.id).limit(limit + 1)
        if cursor:
            rows = rows.where(ImportIssue.id > decode_cursor(cursor, int)[0])
        found = list((await tx.scalars(rows)).all())
        language = language_of(request.headers.get("accept-language"))
        items = [
            ImportIssueOut.model_validate(
                {"line": one.line, "field": one.field, "value": one.value, "severity": one.severity, "code": one.code}
                | {"reason": one.reason[language]}
            )
            for one in found[:limit]
        ]
        return Page(items=items, next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)

    return router


async def _own(tx: Tx, import_id: UUID, by: Caller) -> Import:
    """The caller's import; another partner's does not exist for it."""
    import_ = await tx.get(Import, import_id)
    if import_ is None or import_.partner != by.name:
        raise NotFound
    return import_


async def _spool(request: Request, file: Path) -> bytes:
    """Write the body to disk as it comes and return its SHA-256; a slow line holds no database connection."""
    size, checksum = 0, hashlib.sha256()
    with file.open("wb") as sink:
        async for piece in request.stream():
            size += len(piece)
            if size > LARGEST_UPLOAD_BYTES:
                raise BodyTooLarge(limit=LARGEST_UPLOAD_BYTES)
            checksum.update(piece)
            sink.write(piece)
    return checksum.digest()
