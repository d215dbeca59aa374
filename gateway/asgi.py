"""The few ASGI pieces the gateway's own code shares: types, headers, bodies with a bound."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from gateway.errors import RequestTooSlow
from shared.errors import BodyTooLarge

Scope = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
CERTIFICATE = "tekamoul.certificate"
"""Where a scope has the SHA-256 (base64url) of the certificate that the caller showed the proxy in front; see fronting.py."""
LARGEST_BODY_BYTES = 256 << 10
LARGEST_UPLOAD_BYTES = 64 << 20
LARGEST_PIECE_BYTES = 8 << 20
"""One piece of a resumable upload: what a cut connection may cost a slow line."""
SILENCE_SECONDS = 60
"""A sender who sends nothing for this long has gone; a slow line sends something."""


class ClientGone(Exception):
    """The caller closed the connection before the request was complete."""


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that (lower-case) name."""
    found = next((value for key, value in scope["headers"] if key == name), None)
    return found.decode("latin-1") if found is not None else None


class Body:
    """A request's body, piece by piece, refused past `limit` bytes. It is never held as a whole."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        length = header(scope, b"content-length")
        self.length = int(length) if length and length.isdecimal() else None
        self.is_there = bool(self.length) or header(scope, b"transfer-encoding") is not None
        self.fault: BodyTooLarge | RequestTooSlow | ClientGone | None = None
        """What ended the body early: whoever reads it may wrap the exception in another."""
        self._seen = 0
        self._ended = False

    def refuse_too_large(self) -> None:
        """BodyTooLarge where its announced length already says so."""
        if self.length is not None and self.length > self._limit:
            raise BodyTooLarge(limit=self._limit)

    async def pieces(self) -> AsyncIterator[bytes]:
        while not self._ended:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                self.fault = ClientGone()
                raise self.fault
            if piece := message.get("body", b""):
                yield piece

    async def receive(self) -> Message:
        """ASGI's `receive` with the bound and the patience applied."""
        try:
            async with asyncio.timeout(None if self._ended else SILENCE_SECONDS):
                message = await self._receive()
        except TimeoutError:
            self.fault = RequestTooSlow(seconds=SILENCE_SECONDS)
            raise self.fault from None
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._ended = not message.get("more_body", False)
            if self._seen > self._limit:
                self.fault = BodyTooLarge(limit=self._limit)
                raise self.fault
        return message


def without(headers: Iterable[tuple[bytes, bytes]], names: frozenset[bytes]) -> Headers:
    return [(name, value) for name, value in headers if name not in names]


def encoded(headers: dict[str, str]) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
