"""The forwarding path: requests to the services behind the gateway, streamed both ways."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

from gateway.asgi import METHODS, Body, Headers, Scope, Send, header
from gateway.breaker import Breaker
from gateway.connections import Connections, Cut, NotReached, ServiceAnswer
from gateway.errors import AnswerTooLarge, UpstreamTimeout
from gateway.files.sending import send_file
from gateway.files.spooling import NoRoom, Spooled, spooled
from gateway.paths import Target
from gateway.releasing import REFUSED
from gateway.traffic.exchange import EXCHANGE, Exchange, code_of
from shared.errors import Refusal, Unavailable
from shared.logs import log
from shared.metrics import REQUEST_SECONDS, REQUESTS
from shared.tracing import current_traceparent

# Only what a service needs to read goes in: no header that claims an identity, no cookie, nothing hop-by-hop.
FORWARDED = frozenset(
    b"accept accept-encoding accept-language content-encoding content-type idempotency-key if-match "
    b"if-modified-since if-none-match if-range if-unmodified-since last-event-id range tekamoul-official user-agent tracestate "
    b"tus-resumable upload-checksum upload-length upload-metadata upload-offset".split()
)
FORWARDED_PLAIN = FORWARDED - {b"accept-encoding", b"range", b"if-range"}
"""What goes in where the answer is read on its way out: it must come as it is, and whole."""
# Hop-by-hop (RFC 9110, 7.6.1), or of our own server, or never a service's to set.
NOT_RETURNED = frozenset(
    b"connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade date server "
    b"set-cookie set-cookie2 alt-svc tekamoul-file tekamoul-grant".split()
)
SAFE_METHODS = frozenset({"GET", "HEAD"})
RETRIES_AFTER = (0.1, 0.4)
"""Seconds before the second and third attempt of a safe request whose service refused or cut the connection."""
LONGEST_FORWARDED_FOR = 500
LARGEST_ANSWER_BYTES = 8 << 20
"""Of an answer that is read whole: a page of 200 records has some 300 KB, and what is larger goes as a file."""
Release = Callable[[bytes | Spooled | None, Mapping[str, str]], Awaitable[bytes | None]]
"""Given a whole JSON answer and its headers it gives what may leave; given a file that waits, or None for headers alone, it lets
that pass. It refuses by raising."""
Refused = Callable[[str], Awaitable[None]]
"""Told the code by which a service refused to tell of somebody, before the caller is."""


class AnswerCut(Exception):
    """A service ended in the middle of its answer; the caller's connection must end too, or it would look whole."""


class Proxy:
    """Forwards one request to one process and its answer back."""

    def __init__(self, service_urls: Mapping[str, str], answer_seconds: float) -> None:
        self._urls = service_urls
        self._connections = Connections(answer_seconds)
        self.breakers = {process: Breaker(process) for process in service_urls}

    def close(self) -> None:
        self._connections.close()

    async def forward(
        self,
        target: Target,
        token: str | None,
        scope: Scope,
        body: Body,
        send: Send,
        release: Release | None = None,
        refused: Refused | None = None,
    ) -> None:
        """Refusals (Unavailable, UpstreamTimeout, those of the body and of `release`) are raised before an answer has begun.

        Where `release` is given, nothing of a successful answer leaves before it has given the bytes that may; where
        `refused` is, nothing of a service's refusal leaves before that has returned.
        """
        started, status = time.perf_counter(), 500
        try:
            answer = await self._asked(target, token, scope, body, plain=release is not None)
            status = answer.status
            try:
                if refused is not None and status in REFUSED:
                    await _return_refusal(answer, send, refused)
                elif release is None or not 200 <= status < 300 or status == 204:
                    await _return(answer, send)
                else:
                    await _return_released(answer, scope, send, release)
            finally:
                answer.close()
        except Refusal as refusal:
            status = refusal.status
            raise
        finally:
            count, seconds = _metrics(target.process, scope["method"], status)
            count.inc()
            seconds.observe(time.perf_counter() - started)

    async def _asked(
        self, target: Target, token: str | None, scope: Scope, body: Body, *, plain: bool
    ) -> ServiceAnswer:
        """The process's answer; CircuitOpen where it has given none for a while, except to whoever asks for its health."""
        if target.open:
            return await self._ask(target, token, scope, body, plain=plain)
        breaker = self.breakers[target.process]
        breaker.admit()
        exchange: Exchange = scope[EXCHANGE]
        exchange.asked()
        try:
            answer = await self._ask(target, token, scope, body, plain=plain)
        except (Unavailable, UpstreamTimeout):
            breaker.failed()
            raise
        finally:
            exchange.answered(body.seen)
        breaker.answered()
        return answer

    async def _ask(self, target: Target, token: str | None, scope: Scope, body: Body, *, plain: bool) -> ServiceAnswer:
        query: bytes = scope["query_string"]
        path = target.path.encode("latin-1")  # it goes on as it came, byte for byte
        headers = _request_headers(scope, token, FORWARDED_PLAIN if plain else FORWARDED)
        retries = RETRIES_AFTER if scope["method"] in SAFE_METHODS and not body.is_there else ()
        for pause in (*retries, None):
            try:
                return await self._connections.ask(
                    self._urls[target.process], scope["method"], path + b"?" + query if query else path, headers, body
                )
            except (NotReached, TimeoutError) as fault:
                log.warning("upstream_timeout", upstream=target.process, reason=type(fault).__name__)
                if isinstance(fault, NotReached):
                    raise Unavailable from fault
                raise UpstreamTimeout from fault
            except Cut as fault:
                log.warning("upstream_unavailable", upstream=target.process, reason=str(fault))
                if pause is None:
                    raise Unavailable from fault
                await asyncio.sleep(pause)
        raise Unavailable


async def _return_released(answer: ServiceAnswer, scope: Scope, send: Send, release: Release) -> None:
    """The answer as `release` lets it go: JSON, or a file, which waits on our disk until it may."""
    if scope["method"] == "HEAD":
        await release(None, _by_name(answer))
        await _return(answer, send)
        return
    if (media := _media(answer)) == "application/json":
        await _send_whole(answer, await release(await _whole(answer), _by_name(answer)) or b"", send)
        return
    try:
        async with spooled(answer.pieces(), media) as file:
            await release(file, _by_name(answer))
            await send_file(file, answer.status, _headers(answer), scope, send)
    except (Cut, TimeoutError, NoRoom) as fault:
        raise Unavailable from fault


def _by_name(answer: ServiceAnswer) -> dict[str, str]:
    """Its headers, by their lower-case names; of one that stands twice the first."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(answer.headers)}


def _media(answer: ServiceAnswer) -> str:
    kind = next((value for name, value in answer.headers if name == b"content-type"), b"")
    return kind.partition(b";")[0].strip().lower().decode("latin-1")


async def _return_refusal(answer: ServiceAnswer, send: Send, refused: Refused) -> None:
    """A service's refusal, once `refused` knows of it: by the code of its problem, or by the status where it has none."""
    body = await _whole(answer)
    await refused(code_of(body) or str(answer.status))
    await _send_whole(answer, body, send)


async def _whole(answer: ServiceAnswer) -> bytes:
    body = bytearray()
    try:
        async for piece in answer.pieces():
            body += piece
            if len(body) > LARGEST_ANSWER_BYTES:
                log.error("answer_too_large", limit=LARGEST_ANSWER_BYTES)
                raise AnswerTooLarge(limit=LARGEST_ANSWER_BYTES)
    except (Cut, TimeoutError) as fault:
        raise Unavailable from fault
    return bytes(body)


async def _send_whole(answer: ServiceAnswer, body: bytes, send: Send) -> None:
    kept = [(name, value) for name, value in _headers(answer) if name != b"content-length"]
    headers = [*kept, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _headers(answer: ServiceAnswer) -> Headers:
    return [one for one in answer.headers if one[0] not in NOT_RETURNED]


async def _return(answer: ServiceAnswer, send: Send) -> None:
    """Send it on as it comes; AnswerCut where it breaks off."""
    await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
    if answer.ended:  # most do before anybody has looked
        await send({"type": "http.response.body", "body": answer.taken(), "more_body": False})
        return
    try:
        async for piece in answer.pieces():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except (Cut, TimeoutError) as fault:
        raise AnswerCut(type(fault).__name__) from fault
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _request_headers(scope: Scope, token: str | None, forwarded: frozenset[bytes]) -> Headers:
    headers = [one for one in scope["headers"] if one[0] in forwarded]
    client = scope["client"][0] if scope.get("client") else "unknown"
    before = header(scope, b"x-forwarded-for")
    if before and len(before) <= LONGEST_FORWARDED_FOR:
        client = f"{before}, {client}"
    host = (header(scope, b"host") or "")[:LONGEST_FORWARDED_FOR]
    headers += [
        (b"x-forwarded-for", client.encode("latin-1")),
        (b"x-forwarded-proto", scope.get("scheme", "http").encode("latin-1")),
        (b"x-forwarded-host", host.encode("latin-1")),
        (b"traceparent", current_traceparent().encode("ascii")),
    ]
    if token is not None:
        headers.append((b"authorization", b"Bearer " + token.encode("ascii")))
    return headers


@lru_cache(maxsize=1000)
def _metrics(process: str, method: str, status: int) -> tuple[Any, Any]:
    """The counter of such answers and the histogram of their seconds. A caller may invent methods: those are one."""
    route, known = f"{process} (forwarded)", method if method in METHODS else "other"
    return REQUESTS.labels(route=route, method=known, status=status), REQUEST_SECONDS.labels(route=route)
