"""The door: every request passes here first, and leads to a service or to the gateway's own application."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from fastapi import FastAPI
from starlette.datastructures import State

from gateway.acting import CASE, OFFICIAL, acting
from gateway.agreements.admitting import BULK, Admission, named_by
from gateway.aliases.naming import Aliases
from gateway.asgi import (
    CERTIFICATE,
    LARGEST_BODY_BYTES,
    LARGEST_PIECE_BYTES,
    LARGEST_UPLOAD_BYTES,
    METHODS,
    Body,
    ClientGone,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    encoded,
    header,
    refuse_doubled,
    without,
)
from gateway.disclosures.emergency import BREAK_GLASS, Emergencies
from gateway.fronting import as_it_came
from gateway.limits import Quotas
from gateway.operators.refusing import told
from gateway.operators.sessions import Sessions, needs_sign_in, to_sign_in
from gateway.partners.file import Partner
from gateway.partners.tokens import Tokens
from gateway.paths import Target, belongs_to_a_service, is_safe, target_of
from gateway.proxy import Proxy
from gateway.refused_lines import RefusedLines
from gateway.releasing import REFUSED, Answer, Releasing
from gateway.resolving.asking import Reply, reply_of
from gateway.routing import Route, Routes
from gateway.security import secured
from gateway.settings import GatewaySettings
from gateway.traffic.exchange import EXCHANGE, Exchange
from gateway.traffic.recording import TrafficRecorder
from shared.database import is_passing
from shared.errors import MethodNotAllowed, NotFound, Refusal, Unauthenticated, Unavailable
from shared.http import new_client
from shared.identity import INTERNAL, Caller, InternalKey, bearer
from shared.logs import log
from shared.problems import language_of, problem
from shared.tracing import continue_trace, current_trace_id

FOR_THE_HOST = ("/internal/dead-letters", "/v1/partners", "/v1/operators")
"""What whoever holds the platform's own key may ask of this process itself: it has no other port for an operator's commands."""

IDENTITY = frozenset({b"authorization"})
OF_A_BODY = frozenset({b"content-length", b"content-type", b"transfer-encoding", b"idempotency-key"})
GATEWAY = "gateway"
KNOWN = "tekamoul.known"
"""Where a request to our own application carries its partner and caller."""


class Gateway:
    """The ASGI application of the gateway process.

    Operations of `/registry/`, `/programs/{institution}/` and `/matching/` are forwarded; all else is `app`'s. Behind either,
    a partner is known by an internal token in place of its own, so that `shared.identity` works there unchanged.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        app: FastAPI,
        tokens: Tokens,
        quotas: Quotas,
        routes: Routes,
        admission: Admission,
        emergencies: Emergencies,
        aliases: Aliases,
        traffic: TrafficRecorder,
        releasing: Releasing,
        sessions: Sessions,
    ) -> None:
        self.app = app
        self._routes, self._admission, self._aliases, self._releasing = routes, admission, aliases, releasing
        self._emergencies, self._sessions, self._traffic = emergencies, sessions, traffic
        self._tokens, self._quotas, self._refused = tokens, quotas, RefusedLines()
        self._proxy = Proxy(settings.service_urls, settings.answer_seconds)
        app.state.breakers, app.state.gateway = self._proxy.breakers, self
        self._processes = frozenset(settings.service_urls)
        self._key: InternalKey = app.state.platform.internal_key
        self._by_tls = settings.by_tls

    @property
    def state(self) -> State:
        return self.app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with new_client() as self.app.state.http:
                await self.app(scope, receive, send)
            self._proxy.close()
        elif scope["type"] == "http":
            await self._answer(as_it_came(scope), receive, send)
        else:  # a websocket: nothing here speaks it
            await send({"type": "websocket.close", "code": 1000})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(continue_trace(header(scope, b"traceparent")))
        scope[EXCHANGE] = exchange
        extra: Headers = []

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
            else:
                exchange.note_answer(message.get("body", b""))
            await send(message)

        outwards = secured(noting, extra, by_tls=self._by_tls)
        try:
            await self._lead(scope, receive, outwards, extra)
        except Refusal as refusal:
            exchange.fault = refusal.code
            if exchange.status:  # it has begun
                raise
            await told(refusal, scope)(scope, receive, outwards)
        except ClientGone:
            exchange.fault = "client_gone"
        except Exception as fault:  # what our own application does not turn into an answer
            if exchange.status or not is_passing(fault):
                raise
            exchange.fault = Unavailable.code
            log.warning("database_away", reason=type(fault).__name__)
            await told(Unavailable(), scope)(scope, receive, outwards)
        finally:
            if exchange.partner:
                self._traffic.note(exchange)
            if exchange.status >= 400:
                self._refused.note(exchange, scope["client"][0] if scope["client"] else "unknown")

    async def _lead(self, scope: Scope, receive: Receive, send: Send, extra: Headers) -> None:
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode("latin-1", "replace")
        if scope["path"].startswith(FOR_THE_HOST) and self._is_operator(scope):
            await self.app(scope, receive, send)
            return
        if not is_safe(raw_path):
            raise NotFound
        refuse_doubled(scope)
        if scope["method"] not in METHODS:
            raise MethodNotAllowed
        if not belongs_to_a_service(scope["path"]):
            await self._own(scope, receive, send, extra)
            return
        target = target_of(raw_path, self._processes)
        if target is None:
            raise NotFound
        await self._forward(target, scope, receive, send, extra)

    async def _known(self, scope: Scope) -> tuple[Partner, Caller]:
        """Whose token the request shows; Unauthenticated."""
        token = bearer(header(scope, b"authorization"))
        return await self._tokens.verify_fresh(self.app.state.platform, token, scope.get(CERTIFICATE))

    def _is_operator(self, scope: Scope) -> bool:
        """Whether the caller holds the platform's own key. To anyone else the address does not exist."""
        try:
            return self._key.caller(bearer(header(scope, b"authorization"))).may(INTERNAL)
        except Refusal:
            return False

    async def _forward(self, target: Target, scope: Scope, receive: Receive, send: Send, extra: Headers) -> None:
        body = Body(scope, receive, _largest_body(target, scope["method"]))
        if target.open:
            body.refuse_too_large()
            await self._proxy.forward(target, None, scope, body, send)
            return
        partner, caller = await self._known(scope)
        exchange: Exchange = scope[EXCHANGE]
        exchange.partner, exchange.process = partner.id, target.process
        route = self._routes.find(target.process, scope["method"], target.path)
        exchange.operation = f"{route.method} {route.path}"
        async with self._quotas.spend(partner) as quota:
            extra += encoded(quota)
            body.refuse_too_large()
            await body.read_json()
            await self._forward_for(partner, caller, route, target, scope, body, send)

    async def _forward_for(
        self, partner: Partner, caller: Caller, route: Route, target: Target, scope: Scope, body: Body, send: Send
    ) -> None:
        """Forward one operation for a partner that is known and within its quota."""
        target, scope = await self._restored(route, partner, target, scope, body)
        if route.discloses:
            answer = self._answer_of(route, partner, caller, target, scope)
            await self._forward_about_people(target, answer, scope, body, send)
            return
        caller = self._admission.under(partner, caller, named_by(scope))
        await self._proxy.forward(target, self._key.token(caller), scope, body, send)

    async def read_as_caller(self, asked: Scope, address: str) -> Reply:
        """What the caller of a request to our own application may read at another address as one of many records, within that
        request's quota."""
        partner, caller = asked[KNOWN]
        path, _, query = address.partition("?")
        scope = {**asked, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode()}
        scope |= {"headers": without(asked["headers"], OF_A_BODY), BULK: True}
        status, headers, body = 500, Headers(), bytearray()

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message.get("headers", []))
            else:
                body.extend(message.get("body", b""))

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        try:
            target = target_of(scope["raw_path"], self._processes)
            if target is None:
                raise NotFound
            route = self._routes.find(target.process, "GET", target.path)
            await self._forward_for(partner, caller, route, target, scope, Body(scope, nothing, 0), send)
        except Refusal as refusal:
            await problem(refusal, language_of(header(scope, b"accept-language")))(scope, nothing, send)
        return reply_of(status, headers, bytes(body))

    async def _forward_about_people(self, target: Target, answer: Answer, scope: Scope, body: Body, send: Send) -> None:
        """Nothing of the answer leaves before every step has let it pass, and no refusal before it is written down."""
        refused = partial(self._releasing.refused, answer)
        try:
            if (named := header(scope, BREAK_GLASS)) is not None:
                await self._emergencies.admit(answer, named)
            else:
                answer.caller, answer.allowed = self._admission.admit(
                    answer.route, target, answer.partner, answer.caller, named_by(scope)
                )
            release, token = partial(self._releasing.release, answer), self._key.token(answer.caller)
            await self._proxy.forward(target, token, scope, body, send, release, refused)
        except Refusal as refusal:
            if refusal.status in REFUSED:
                await refused(refusal.code)
            raise

    async def _restored(
        self, route: Route, partner: Partner, target: Target, scope: Scope, body: Body
    ) -> tuple[Target, Scope]:
        """The request with ids in the place of the partner's aliases."""
        given = scope["query_string"]
        path, query = await self._aliases.restored(route, partner, target.path, given, body)
        if path != target.path:
            target = replace(target, path=path)
        return target, scope if query == given else {**scope, "query_string": query}

    def _answer_of(self, route: Route, partner: Partner, caller: Caller, target: Target, scope: Scope) -> Answer:
        return Answer(
            route=route,
            partner=partner,
            caller=caller,
            path=target.path,
            query=scope["query_string"],
            official=acting(scope, OFFICIAL),
            case=acting(scope, CASE),
            request_id=current_trace_id(),
        )

    async def _own(self, scope: Scope, receive: Receive, send: Send, extra: Headers) -> None:
        body = Body(scope, receive, LARGEST_BODY_BYTES)
        if scope["path"].startswith("/oauth2/"):  # the one place where a client's secret is presented
            body.refuse_too_large()
            await self.app(scope, body.receive, send)
            return
        inner = {**scope, "headers": without(scope["headers"], IDENTITY)}
        if not scope["path"].startswith("/v1/"):
            body.refuse_too_large()
            if needs_sign_in(scope["path"]):
                caller = await self._sessions.caller(self.app.state.platform, scope)
                if caller is None:
                    await to_sign_in(scope)(scope, receive, send)
                    return
                inner["headers"].append(self._as(caller))
            await self.app(inner, body.receive, send)
            return
        if header(scope, b"authorization") is None:
            body.refuse_too_large()
            operator = await self._sessions.caller(self.app.state.platform, scope)
            if operator is None:
                raise Unauthenticated
            inner["headers"].append(self._as(operator))
            await self.app(inner, body.receive, send)
            return
        partner, caller = await self._known(scope)
        async with self._quotas.spend(partner) as quota:
            extra += encoded(quota)
            body.refuse_too_large()
            await body.read_json()
            inner[KNOWN] = partner, caller
            inner["headers"].append(self._as(caller))
            exchange: Exchange = scope[EXCHANGE]
            exchange.partner, exchange.process = partner.id, GATEWAY
            try:
                await self.app(inner, body.receive, send)
            finally:
                exchange.operation = f"{scope['method']} {getattr(inner.get('route'), 'path', 'unmatched')}"

    def _as(self, caller: Caller) -> tuple[bytes, bytes]:
        """The header by which our own application knows who calls."""
        return b"authorization", f"Bearer {self._key.token(caller)}".encode()


def _largest_body(target: Target, method: str) -> int:
    """Files alone may be large: whole to /v1/imports, in pieces to /v1/uploads."""
    if method == "POST" and target.path == "/v1/imports":
        return LARGEST_UPLOAD_BYTES
    if (method == "POST" and target.path == "/v1/uploads") or (
        method == "PATCH" and target.path.startswith("/v1/uploads/")
    ):
        return LARGEST_PIECE_BYTES
    return LARGEST_BODY_BYTES
