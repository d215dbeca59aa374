"""Errors on the wire: RFC 9457 problem+json with a stable code, in the caller's language. Never a stack trace."""

from typing import Any

import orjson
from asyncpg import PostgresError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from shared.database import DATABASE_AWAY, is_full, is_passing, sqlstate_of
from shared.errors import (
    DiskFull,
    InternalFault,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Refusal,
    Unauthenticated,
    Unavailable,
    UnreadableRequest,
    ValueNotStorable,
)
from shared.invalid import reason_of
from shared.logs import log
from shared.text import LANGUAGES, Language
from shared.tracing import current_trace_id

MOST_REASONS = 20
NOT_STORABLE = frozenset({"22000", "22003", "22021", "22P05"})
"""PostgreSQL's (22000: its driver's) words for a number out of range and for characters such as NUL."""


def language_of(accept_language: str | None) -> Language:
    """The first of our languages in an Accept-Language header; French where none is named."""
    for part in (accept_language or "").split(","):
        primary = part.split(";")[0].strip().split("-")[0].lower()
        for language in LANGUAGES:
            if primary == language:
                return language
    return "fr"


def problem(refusal: Refusal, language: Language, errors: list[dict[str, Any]] | None = None) -> Response:
    """The answer that tells a caller of a refusal."""
    body: dict[str, Any] = {
        "type": f"/docs/errors/{refusal.code}",
        "title": refusal.detail.in_(language),
        "status": refusal.status,
        "code": refusal.code,
        "trace_id": current_trace_id(),
    }
    if refusal.pointer is not None:
        body["pointer"] = refusal.pointer
    if errors:
        body["errors"] = errors
    return Response(
        orjson.dumps(body),
        status_code=refusal.status,
        media_type="application/problem+json",
        headers={**refusal.headers, "Content-Language": language},
    )


def _pointer(location: tuple[int | str, ...]) -> str:
    return "/" + "/".join(str(part) for part in location[1:] or location)


def install_problems(app: FastAPI) -> None:
    """Make every fault of `app` leave as problem+json."""

    def answer(request: Request, refusal: Refusal, errors: list[dict[str, Any]] | None = None) -> Response:
        return problem(refusal, language_of(request.headers.get("accept-language")), errors)

    async def refused(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, Refusal)
        return answer(request, fault)

    async def invalid(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, RequestValidationError)
        # pydantic's entries quote the input, which may be a person's: only place and reason go out, in our words.
        found = fault.errors()[:MOST_REASONS]
        language = language_of(request.headers.get("accept-language"))
        errors = [{"pointer": _pointer(e["loc"]), "reason": reason_of(e).in_(language)} for e in found]
        return answer(request, InvalidRequest(**errors[0]), errors)

    async def by_framework(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, HTTPException)
        kinds: dict[int, type[Refusal]] = {401: Unauthenticated, 404: NotFound, 405: MethodNotAllowed}
        refusal = kinds.get(fault.status_code, UnreadableRequest if fault.status_code < 500 else InternalFault)()
        refusal.headers |= fault.headers or {}
        return answer(request, refusal)

    async def away(request: Request, fault: Exception) -> Response:
        log.warning("database_unavailable", reason=type(fault).__name__)
        return answer(request, Unavailable())

    async def by_database(request: Request, fault: Exception) -> Response:
        if is_full(fault):
            return await full(request, fault)
        if is_passing(fault):
            return await away(request, fault)
        if sqlstate_of(fault) in NOT_STORABLE:
            return answer(request, ValueNotStorable())
        return await unexpected(request, fault)

    async def full(request: Request, fault: Exception) -> Response:
        if not is_full(fault):
            return await unexpected(request, fault)
        log.error("disk_full", path=request.scope.get("path"), reason=type(fault).__name__)
        return answer(request, DiskFull())

    async def unexpected(request: Request, fault: Exception) -> Response:
        log.error("request_failed", path=request.scope.get("path"), exc_info=fault)
        return answer(request, InternalFault())

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, by_framework)
    app.add_exception_handler(DBAPIError, by_database)
    app.add_exception_handler(PostgresError, by_database)
    app.add_exception_handler(OSError, full)
    for kind in DATABASE_AWAY:
        app.add_exception_handler(kind, away)
    app.add_exception_handler(Exception, unexpected)
