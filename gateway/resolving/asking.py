"""The records of a question, asked of their owners in parallel, each as the caller's own single read would be."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from gateway.resolving.schemas import Answered, Asked, Missing, Resolved

AT_ONCE = 8
"""Reads under way for one question: it must not take a service away from single reads."""
RETRY_SECONDS = 5
DID_NOT_ANSWER = frozenset({500, 502, 503, 504, 429})


@dataclass(frozen=True, slots=True)
class Reply:
    """What one read brought: its status, Retry-After where there is one, and its JSON."""

    status: int
    retry_after: int | None
    content: Any


Read = Callable[[str], Awaitable[Reply]]
"""Given an address of the gateway it reads it as the caller in bulk, with every check and the disclosure log."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: str
    code: str | None = None
    record: dict[str, Any] | None = None
    missing: Missing | None = None


async def resolve(read: Read, asked: Sequence[Asked], institutions: Sequence[str]) -> Answered:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(record: Asked) -> _Outcome:
        async with gate:
            return await _resolve_one(read, record, institutions)

    outcomes = await asyncio.gather(*(one(record) for record in asked))
    missing = {one.missing.part: one.missing for one in outcomes if one.missing is not None}
    return Answered(
        partial=bool(missing),
        missing=list(missing.values()),
        items=[
            Resolved(kind=of.kind, id=of.id, number=of.number, state=one.state, code=one.code, record=one.record)
            for of, one in zip(asked, outcomes, strict=True)
        ],
    )


async def _resolve_one(read: Read, asked: Asked, institutions: Sequence[str]) -> _Outcome:
    if asked.number is not None:
        found = await read(f"/registry/v1/households?number={quote(asked.number)}&limit=1")
        if found.status != 200:
            return _outcome("registry", found)
        if not found.content["items"]:
            return _Outcome("unknown", "not_found")
        return _outcome("registry", await read(f"/registry/v1/households/{found.content['items'][0]['id']}"))
    if asked.kind != "enrollment":
        return _outcome("registry", await read(f"/registry/v1/{asked.kind}s/{asked.id}"))
    if asked.institution is not None and asked.institution not in institutions:
        return _Outcome("unknown", "not_found")
    where = [asked.institution] if asked.institution is not None else institutions
    replies = await asyncio.gather(*(read(f"/programs/{name}/v1/enrollments/{asked.id}") for name in where))
    outcomes = [_outcome(f"programs-{name}", reply) for name, reply in zip(where, replies, strict=True)]
    # Found wherever it was; else not known for sure as long as one of them has not answered.
    return min(outcomes, key=lambda one: ("found", "unanswered", "withheld", "unknown").index(one.state))


def _outcome(part: str, reply: Reply) -> _Outcome:
    if reply.status == 200:
        return _Outcome("found", record=reply.content)
    code = str(reply.content.get("code", reply.status)) if isinstance(reply.content, dict) else str(reply.status)
    if reply.status in DID_NOT_ANSWER:
        reason = str(reply.content.get("title", code)) if isinstance(reply.content, dict) else code
        missing = Missing(part=part, code=code, reason=reason, retry_after=reply.retry_after or RETRY_SECONDS)
        return _Outcome("unanswered", code, missing=missing)
    return _Outcome("unknown" if reply.status == 404 else "withheld", code)


def reply_of(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Reply:
    """What ASGI messages of an answer say."""
    after = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = None
    return Reply(status, int(after) if after.isdigit() else None, content)
