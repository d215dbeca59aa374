"""The forwarding path: requests to the services behind the gateway, streamed both ways.

Pure ASGI on one aiohttp session, because per request this costs a tenth of FastAPI with httpx.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from gateway.asgi import METHODS, Body, Headers, Scope, Send, header
from gateway.breaker import Breaker
from gateway.errors import AnswerTooLarge, UpstreamTimeout
from gateway.paths import Target
from gateway.releasing import REFUSED
from gateway.traffic.exchange import EXCHANGE, Exchange, code_of
from shared.errors import Refusal, Unavailable
from shared.logs import log
from shared.metrics import REQUEST_SECONDS, REQUESTS
from shared.tracing import current_traceparent

# Only what a service needs to read goes in: no header that claims an identity, no cookie, nothing hop-by-hop.
FORWARDED = frozenset(
    b"accept accept-encoding accept-language content-encoding content-length content-type idempotency-key if-match "
    b"if-modified-since if-none-match if-range if-unmodified-since last-event-id range tekamoul-official user-agent tracestate "
    b"tus-resumable upload-checksum upload-length upload-metadata upload-offset".split()
)
FORWARDED_PLAIN = FORWARDED - {b"accept-encoding"}
"""What goes in where the answer is read on its way out: it must come as it is."""
# Hop-by-hop (RFC 9110, 7.6.1), or of our own server, or never a service's to set.
NOT_RETURNED = frozenset(
    b"connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade date server "
    b"set-cookie set-cookie2 alt-svc tekamoul-file tekamoul-grant".split()
)
SAFE_METHODS = frozenset({"GET", "HEAD"})
RETRIES_AFTER = (0.1, 0.4)
"""Seconds before the second and third attempt of a safe request whose service refused or cut the connection."""
CONNECT_SECONDS = 3.0
KEEP_ALIVE_SECONDS = 3.0
"""Shorter than the services' own (uvicorn: 5 s): a connection they are just closing would lose a request."""
CONNECTIONS_PER_SERVICE = 100
LONGEST_FORWARDED_FOR = 500


LARGEST_ANSWER_BYTES = 8 << 20
"""Of an answer that is read whole: a page of 200 records has some 300 KB, and what is larger goes as a file."""
Release = Callable[[bytes | None, Mapping[str, str]], Awaitable[bytes | None]]
"""Given a whole JSON answer and its headers it gives what may leave; given None, where a file waits to be streamed, it lets it
pass. It refuses by raising."""
Refused = Callable[[str], Awaitable[None]]
"""Told the code by which a service refused to tell of somebody, before the caller is."""


class AnswerCut(Exception):
    """A service ended in the middle of its answer; the caller's connection must end too, or it would look whole."""


@asynccontextmanager
async def open_session(answer_seconds: float) -> AsyncIterator[aiohttp.ClientSession]:
    """The session to the services. `answer_seconds` bound each silence of theirs; a long upload has no bound."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0, limit_per_host=CONNECTIONS_PER_SERVICE, keepalive_timeout=KEEP_ALIVE_SECONDS
        ),
        timeout=aiohttp.ClientTimeout(
            total=None, connect=answer_seconds, sock_connect=CONNECT_SECONDS, sock_read=answer_seconds
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
    ) as session:
        yield session


class Proxy:
    """Forwards one request to one process and its answer back."""

    def __init__(self, service_urls: Mapping[str, str]) -> None:
        self._urls = service_urls
        self.breakers = {process: Breaker(process) for process in service_urls}

    async def forward(
        self,
        session: aiohttp.ClientSession,
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
            answer = await self._asked(session, target, token, scope, body, plain=release is not None)
            status = answer.status
            async with answer:
                if refused is not None and status in REFUSED:
                    await _return_refusal(answer, send, refused)
                elif release is None or not 200 <= status < 300 or status == 204:
                    await _return(answer, scope["method"], send)
                else:
                    await _return_released(answer, scope["method"], send, release)
        except Refusal as refusal:
            status = refusal.status
            raise
        finally:
            route = f"{target.process} (forwarded)"
            REQUESTS.labels(route=route, method=_known(scope["method"]), status=status).inc()
            REQUEST_SECONDS.labels(route=route).observe(time.perf_counter() - started)

    async def _asked(
        self,
        session: aiohttp.ClientSession,
        target: Target,
        token: str | None,
        scope: Scope,
        body: Body,
        *,
        plain: bool,
    ) -> aiohttp.ClientResponse:
        """The process's answer; CircuitOpen where it has given none for a while, except to whoever asks for its health."""
        if target.open:
            return await self._ask(session, target, token, scope, body, plain=plain)
        breaker = self.breakers[target.process]
        breaker.admit()
        exchange: Exchange = scope[EXCHANGE]
        exchange.asked()
        try:
            answer = await self._ask(session, target, token, scope, body, plain=plain)
        except (Unavailable, UpstreamTimeout):
            breaker.failed()
            raise
        finally:
            exchange.answered(body.seen)
        breaker.answered()
        return answer

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        target: Target,
        token: str | None,
        scope: Scope,
        body: Body,
        *,
        plain: bool,
    ) -> aiohttp.ClientResponse:
        query = scope["query_string"].decode("latin-1")
        # encoded=True: the path goes on as it came, byte for byte.
        url = URL(f"{self._urls[target.process]}{target.path}{'?' + query if query else ''}", encoded=True)
        headers = _request_headers(scope, token, FORWARDED_PLAIN if plain else FORWARDED)
        if body.held is not None:
            headers = [one for one in headers if one[0] != "content-length"]  # what is held may be another's
        retries = RETRIES_AFTER if scope["method"] in SAFE_METHODS and not body.is_there else ()
        for pause in (*retries, None):
            try:
                return await session.request(
                    scope["method"],
                    url,
                    headers=headers,
                    data=body.held if body.held is not None else body.pieces() if body.is_there else None,
                    allow_redirects=False,
                )
            except (aiohttp.ServerTimeoutError, TimeoutError) as fault:
                log.warning("upstream_timeout", upstream=target.process, reason=type(fault).__name__)
                if isinstance(fault, aiohttp.ConnectionTimeoutError):
                    raise Unavailable from fault
                raise UpstreamTimeout from fault
            except aiohttp.ClientError as fault:
                if body.fault is not None:  # our own refusal of the body, wrapped on its way through aiohttp
                    raise body.fault from None
                log.warning("upstream_unavailable", upstream=target.process, reason=type(fault).__name__)
                if pause is None:
                    raise Unavailable from fault
                await asyncio.sleep(pause)
        raise Unavailable


async def _return_released(answer: aiohttp.ClientResponse, method: str, send: Send, release: Release) -> None:
    """The answer as `release` lets it go: JSON as a whole, a file as it comes once it may."""
    if answer.content_type != "application/json" or method == "HEAD":  # which has the headers of an answer, and no body
        await release(None, answer.headers)
        await _return(answer, method, send)
        return
    await _send_whole(answer, await release(await _whole(answer), answer.headers) or b"", send)


async def _return_refusal(answer: aiohttp.ClientResponse, send: Send, refused: Refused) -> None:
    """A service's refusal, once `refused` knows of it: by the code of its problem, or by the status where it has none."""
    body = await _whole(answer)
    await refused(code_of(body) or str(answer.status))
    await _send_whole(answer, body, send)


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    try:
        async for piece in answer.content.iter_any():
            body += piece
            if len(body) > LARGEST_ANSWER_BYTES:
                log.error("answer_too_large", path=answer.url.path, limit=LARGEST_ANSWER_BYTES)
                raise AnswerTooLarge(limit=LARGEST_ANSWER_BYTES)
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise Unavailable from fault
    return bytes(body)


async def _send_whole(answer: aiohttp.ClientResponse, body: bytes, send: Send) -> None:
    kept = [(name, value) for name, value in _headers(answer) if name != b"content-length"]
    headers = [*kept, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _headers(answer: aiohttp.ClientResponse) -> Headers:
    return [(name.lower(), value) for name, value in answer.raw_headers if name.lower() not in NOT_RETURNED]


async def _return(answer: aiohttp.ClientResponse, method: str, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer)})
    try:
        if method != "HEAD":
            async for piece in answer.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
    except (aiohttp.ClientError, TimeoutError) as fault:
        raise AnswerCut(type(fault).__name__) from fault
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _request_headers(scope: Scope, token: str | None, forwarded: frozenset[bytes]) -> list[tuple[str, str]]:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"] if name in forwarded
    ]
    client = scope["client"][0] if scope.get("client") else "unknown"
    before = header(scope, b"x-forwarded-for")
    if before and len(before) <= LONGEST_FORWARDED_FOR:
        client = f"{before}, {client}"
    headers += [
        ("x-forwarded-for", client),
        ("x-forwarded-proto", scope.get("scheme", "http")),
        ("x-forwarded-host", (header(scope, b"host") or "")[:LONGEST_FORWARDED_FOR]),
        ("traceparent", current_traceparent()),
    ]
    if token is not None:
        headers.append(("authorization", f"Bearer {token}"))
    return headers


def _known(method: str) -> str:
    """The method as a metric's label: a caller may invent methods, and each label costs memory for ever."""
    return method if method in METHODS else "other"
