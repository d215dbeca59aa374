"""The few ASGI pieces the gateway's own code shares: types, headers, bodies with a bound."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import orjson

from gateway.errors import HeaderTwice, JsonTooDeep, RequestTooSlow
from shared.errors import BodyTooLarge, UnreadableRequest

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
DEEPEST_JSON = 8
"""Objects and lists within one another; no request of ours needs more than five."""
SILENCE_SECONDS = 60
"""A sender who sends nothing for this long has gone; a slow line sends something."""


SINGLE = frozenset(
    b"host authorization content-type idempotency-key if-match if-none-match traceparent tekamoul-agreement tekamoul-purpose "
    b"tekamoul-official tekamoul-case".split()
)
"""Headers of which two readers could take different ones, where they stand twice."""


class ClientGone(Exception):
    """The caller closed the connection before the request was complete."""


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that (lower-case) name."""
    for key, value in scope["headers"]:
        if key == name:
            found: str = value.decode("latin-1")
            return found
    return None


def refuse_doubled(scope: Scope) -> None:
    """HeaderTwice where one of SINGLE stands more than once."""
    seen: set[bytes] = set()
    for name, _ in scope["headers"]:
        if name in SINGLE:
            if name in seen:
                raise HeaderTwice(header=name.decode())
            seen.add(name)


class Body:
    """A request's body, piece by piece, refused past `limit` bytes. It is held as a whole where it is JSON and was read."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self._receive, self._limit = receive, limit
        length = header(scope, b"content-length")
        self.length = int(length) if length and length.isdecimal() else None
        self.is_there = bool(self.length) or header(scope, b"transfer-encoding") is not None
        self.fault: BodyTooLarge | RequestTooSlow | ClientGone | None = None
        """What ended the body early: whoever reads it may wrap the exception in another."""
        self.held: bytes | None = None
        self.content: Any = None
        """What `held` says."""
        self._is_json = "json" in (header(scope, b"content-type") or "").lower()
        self.seen = 0
        self._ended = False

    def refuse_too_large(self) -> None:
        """BodyTooLarge where its announced length already says so."""
        if self.length is not None and self.length > self._limit:
            raise BodyTooLarge(limit=self._limit)

    async def read_json(self) -> None:
        """Hold the body where it is JSON. UnreadableRequest where it is none, JsonTooDeep where it is nested too deep."""
        if not self._is_json or not self.is_there or self._limit > LARGEST_BODY_BYTES:  # files go on as they come
            return
        held = b"".join([piece async for piece in self.pieces()])
        try:
            self.content = orjson.loads(held) if held else None
        except orjson.JSONDecodeError:
            raise UnreadableRequest from None
        if _is_deeper(self.content, DEEPEST_JSON):
            raise JsonTooDeep(limit=DEEPEST_JSON)
        self.held = held

    def put(self, content: Any) -> None:
        """Send this in the place of what was read."""
        self.content, self.held = content, orjson.dumps(content)

    async def pieces(self) -> AsyncIterator[bytes]:
        if self.held is not None:
            yield self.held
            return
        while not self._ended:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                self.fault = ClientGone()
                raise self.fault
            if piece := message.get("body", b""):
                yield piece

    async def receive(self) -> Message:
        """ASGI's `receive` with the bound and the patience applied; first what is held."""
        if self.held is not None:
            held, self.held = self.held, None
            return {"type": "http.request", "body": held, "more_body": False}
        try:
            async with asyncio.timeout(None if self._ended else SILENCE_SECONDS):
                message = await self._receive()
        except TimeoutError:
            self.fault = RequestTooSlow(seconds=SILENCE_SECONDS)
            raise self.fault from None
        if message["type"] == "http.request":
            self.seen += len(message.get("body", b""))
            self._ended = not message.get("more_body", False)
            if self.seen > self._limit:
                self.fault = BodyTooLarge(limit=self._limit)
                raise self.fault
        return message


def _is_deeper(content: Any, depth: int) -> bool:
    within = content.values() if isinstance(content, dict) else content if isinstance(content, list) else None
    return within is not None and (depth == 0 or any(_is_deeper(one, depth - 1) for one in within))


def without(headers: Iterable[tuple[bytes, bytes]], names: frozenset[bytes]) -> Headers:
    return [(name, value) for name, value in headers if name not in names]


def encoded(headers: dict[str, str]) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
