"""One effect per Idempotency-Key: a repeated request gets the first answer again, byte for byte."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import DateTime, Integer, LargeBinary, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from shared.copying import driver_of
from shared.database import PlatformBase, Tx
from shared.errors import IdempotencyKeyReused
from shared.identity import Caller, _caller


class IdempotencyKey(PlatformBase):
    """A key a caller has used, with the request it came with and the answer given."""

    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


CLAIM = (
    "INSERT INTO idempotency_keys (caller, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true"
)
KEEP_ANSWER = "UPDATE idempotency_keys SET status = $3, answer = $4 WHERE caller = $1 AND key = $2"


class Once:
    """Runs a command once per Idempotency-Key, in the command's own transaction."""

    def __init__(self, request: Request, tx: Tx, caller: str, key: str | None) -> None:
        self._request, self._tx, self._caller, self._key = request, tx, caller, key

    async def answer(self, command: Callable[[], Awaitable[BaseModel]], *, status: int, body: bytes = b"") -> Response:
        """The answer of `command`, or the stored one where this key was used before.

        `body` is what distinguishes two requests beside method, path and query. IdempotencyKeyReused where the key
        came with another request.
        """
        if self._key is None:
            return _json(status, _encoded(await command()))
        wanted = self._request_hash(body)
        # A second request with the same key waits here until the first one's transaction has ended.
        driver = await driver_of(self._tx, begun=True)
        if await driver.fetchval(CLAIM, self._caller, self._key, wanted) is None:
            return await self._again(wanted)
        answer = _encoded(await command())
        await driver.execute(KEEP_ANSWER, self._caller, self._key, status, answer)
        return _json(status, answer)

    async def _again(self, wanted: bytes) -> Response:
        known = await self._tx.get_one(IdempotencyKey, (self._caller, self._key))
        if known.request_hash != wanted or known.status is None or known.answer is None:
            raise IdempotencyKeyReused(pointer="/header/Idempotency-Key")
        return _json(known.status, known.answer)

    def _request_hash(self, body: bytes) -> bytes:
        place = f"{self._request.method} {self._request.url.path}?{self._request.url.query}\n"
        return hashlib.sha256(place.encode() + body).digest()


def _encoded(model: BaseModel) -> bytes:
    return model.model_dump_json().encode()


def _json(status: int, body: bytes) -> Response:
    return Response(body, status_code=status, media_type="application/json")


async def _once(
    request: Request,
    tx: Tx,
    caller: Annotated[Caller, Depends(_caller)],
    idempotency_key: Annotated[str | None, Header(min_length=8, max_length=200)] = None,
) -> Once:
    return Once(request, tx, caller.name, idempotency_key)


OnceOnly = Annotated[Once, Depends(_once, scope="function")]
