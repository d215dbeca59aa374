"""OAuth 2 client credentials (RFC 6749, 4.4): for what a partner shows, a token of ten minutes; and its withdrawal."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from gateway.asgi import CERTIFICATE
from gateway.errors import (
    ClientUnknown,
    GrantTypeUnsupported,
    ScopeRefused,
    TokenRefused,
    TokenRequestMalformed,
)
from gateway.partners import commands
from gateway.partners.clients import Assertion, Client, Clients, Secret
from gateway.partners.file import Partner
from gateway.partners.tokens import SKEW_SECONDS, TOKEN_SECONDS, Tokens
from shared.errors import Unauthenticated
from shared.identity import open_to_all
from shared.logs import log
from shared.platform import Platform
from shared.problems import language_of

router = APIRouter(dependencies=[open_to_all], tags=["tokens"])

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20
LARGEST_FORM_BYTES = 16 << 10
NEVER_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
CLIENT_FIELDS: dict[str, Any] = {
    "client_assertion_type": {"type": "string", "const": ASSERTION_TYPE},
    "client_assertion": {"type": "string", "description": "private_key_jwt: a JWT signed with the client's key."},
    "client_id": {"type": "string"},
    "client_secret": {"type": "string", "format": "password"},
}


def _form_schema(required: str, fields: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": [required], "properties": {**fields, **CLIENT_FIELDS}}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


TOKEN_FIELDS: dict[str, Any] = {
    "grant_type": {"type": "string", "const": "client_credentials"},
    "scope": {"type": "string", "description": "Permissions, between spaces; all where absent."},
}


class TokenOut(BaseModel):
    access_token: str
    token_type: str = Field(default="Bearer")
    expires_in: int = TOKEN_SECONDS
    scope: str


class TokenErrorOut(BaseModel):
    """RFC 6749, 5.2. `error_description` is ASCII by that rule; `title` says the same in the caller's language."""

    error: str
    error_description: str
    code: str
    title: str


@router.post(
    "/oauth2/token",
    response_model=TokenOut,
    responses={400: {"model": TokenErrorOut}, 401: {"model": TokenErrorOut}, 429: {"model": TokenErrorOut}},
    openapi_extra=_form_schema("grant_type", TOKEN_FIELDS),
)
@router.post("/oauth2/client/token", include_in_schema=False)
async def token(request: Request) -> Response:
    """A token for what a partner shows: an assertion signed with its key (private_key_jwt), or its client id and secret,
    in the form or as HTTP Basic. `scope` narrows what it may do."""
    try:
        form, client = await _client(request)
        if form.get("grant_type") != "client_credentials":
            raise GrantTypeUnsupported if form.get("grant_type") else TokenRequestMalformed
        scope = _scope(client.partner, form.get("scope"))
    except TokenRefused as refusal:
        return _refused(refusal, request)
    tokens: Tokens = request.app.state.tokens
    issued = tokens.issue(client.partner, scope, client.credential, client.certificate)
    credential, address = str(client.credential), request.client.host if request.client else "unknown"
    log.info("token_given", partner=client.partner.id, credential=credential, address=address)
    answer = TokenOut(access_token=issued, scope=" ".join(sorted(scope)))
    return Response(answer.model_dump_json(), media_type="application/json", headers=NEVER_STORED)


@router.post(
    "/oauth2/revoke",
    response_class=Response,
    responses={400: {"model": TokenErrorOut}, 401: {"model": TokenErrorOut}, 429: {"model": TokenErrorOut}},
    openapi_extra=_form_schema("token", {"token": {"type": "string"}, "token_type_hint": {"type": "string"}}),
)
async def revoke(request: Request) -> Response:
    """Withdraw one of the caller's own tokens (RFC 7009); within a second no process takes it any more.

    200 also for what is no token of the caller's: there is nothing to withdraw, and nothing to learn.
    """
    try:
        form, client = await _client(request)
        if not form.get("token"):
            raise TokenRequestMalformed
    except TokenRefused as refusal:
        return _refused(refusal, request)
    tokens: Tokens = request.app.state.tokens
    try:
        claims = tokens.read(form["token"])
    except Unauthenticated:
        claims = {}
    if claims.get("sub") == client.partner.id:
        platform: Platform = request.app.state.platform
        ends_at = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=SKEW_SECONDS)
        async with platform.database.transaction() as tx:
            await commands.revoke_token(tx, client.partner.id, claims["jti"], ends_at)
    return Response(headers=NEVER_STORED)


@router.get("/.well-known/jwks.json")
async def public_keys(request: Request) -> dict[str, Any]:
    """The public keys of our tokens (RFC 7517)."""
    tokens: Tokens = request.app.state.tokens
    return tokens.public_keys()


async def _client(request: Request) -> tuple[dict[str, str], Client]:
    """The form and who sent it; TokenRefused."""
    form = await _form(request)
    shown = _shown(request.headers.get("authorization"), form)
    clients: Clients = request.app.state.clients
    address = request.client.host if request.client else "unknown"
    platform: Platform = request.app.state.platform
    return form, await clients.authenticate(platform, shown, address, request.scope.get(CERTIFICATE))


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise TokenRequestMalformed
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM_BYTES:
            raise TokenRequestMalformed
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise TokenRequestMalformed from None
    form = dict(pairs)
    if len(form) != len(pairs):  # a parameter must not be there twice (RFC 6749, 3.2)
        raise TokenRequestMalformed
    return form


def _shown(authorization: str | None, form: dict[str, str]) -> Secret | Assertion:
    """By which of the three ways the client identifies itself; never by two at once."""
    ways = [authorization is not None, "client_secret" in form, "client_assertion" in form]
    if sum(ways) > 1 or ("client_assertion" in form) != ("client_assertion_type" in form):
        raise TokenRequestMalformed
    if "client_assertion" in form:
        if form["client_assertion_type"] != ASSERTION_TYPE:
            raise TokenRequestMalformed
        return Assertion(form["client_assertion"], form.get("client_id"))
    if authorization is None:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    else:
        client_id, secret = _basic(authorization)
        if form.get("client_id", client_id) != client_id:
            raise TokenRequestMalformed
    if not client_id or not secret:
        raise ClientUnknown
    return Secret(client_id, secret)


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        client_id, _, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        raise ClientUnknown from None
    return unquote_plus(client_id), unquote_plus(secret)


def _scope(partner: Partner, asked: str | None) -> frozenset[str]:
    allowed = frozenset[str](partner.permissions)
    wanted = frozenset((asked or "").split()) or allowed
    if not wanted <= allowed:
        raise ScopeRefused
    return wanted


def _refused(refusal: TokenRefused, request: Request) -> Response:
    language = language_of(request.headers.get("accept-language"))
    body = TokenErrorOut(
        error=refusal.error,
        error_description=refusal.detail.en,
        code=refusal.code,
        title=refusal.detail.in_(language),
    )
    headers = {**NEVER_STORED, **refusal.headers, "Content-Language": language}
    if refusal.status == 401 and "authorization" in request.headers:
        headers["WWW-Authenticate"] = 'Basic realm="tekamoul", charset="UTF-8"'
    return Response(body.model_dump_json(), refusal.status, headers, "application/json")
