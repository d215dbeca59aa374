"""OAuth 2 client credentials (RFC 6749, 4.4): a partner's secret for a token of ten minutes."""

import base64
import binascii
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from gateway.errors import (
    ClientUnknown,
    GrantTypeUnsupported,
    ScopeRefused,
    TokenRefused,
    TokenRequestMalformed,
    TooManyFailures,
)
from gateway.limits import Failures
from gateway.partners.file import Partner, Partners
from gateway.partners.tokens import TOKEN_SECONDS, Tokens
from shared.identity import open_to_all
from shared.logs import log
from shared.problems import language_of

router = APIRouter(dependencies=[open_to_all], tags=["tokens"])

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20
LARGEST_FORM_BYTES = 16 << 10
NO_SUCH_CLIENT = bytes(32)
NEVER_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FORM_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "const": "client_credentials"},
                        "scope": {"type": "string", "description": "Permissions, between spaces; all where absent."},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string", "format": "password"},
                    },
                }
            }
        },
    }
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


class Clients:
    """Tells a partner by its client id and secret."""

    def __init__(self, partners: Partners, hashes: dict[str, bytes]) -> None:
        self._partners, self._hashes = partners, hashes
        self.failures = Failures()

    def authenticate(self, client_id: str, secret: str, address: str) -> Partner:
        """The partner; ClientUnknown, or after ten failures in a minute from one address TooManyFailures.

        Failures are counted by client and address, so that a stranger cannot lock a partner out.
        """
        who = f"{client_id[:64]} {address}"
        if wait := self.failures.wait(who):
            raise _with_headers(TooManyFailures(), {"Retry-After": str(wait)})
        # A plain SHA-256 is enough: secrets are 256 random bits that we made, there is no dictionary to try.
        given = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        right = hmac.compare_digest(given, self._hashes.get(client_id, NO_SUCH_CLIENT))
        if not right or client_id not in self._partners:
            self.failures.add(who)
            log.warning("client_refused", address=address)
            raise ClientUnknown
        return self._partners[client_id]


@router.post(
    "/oauth2/token",
    response_model=TokenOut,
    responses={400: {"model": TokenErrorOut}, 401: {"model": TokenErrorOut}, 429: {"model": TokenErrorOut}},
    openapi_extra=FORM_SCHEMA,
)
@router.post("/oauth2/client/token", include_in_schema=False)
async def token(request: Request) -> Response:
    """A token for a partner's client id and secret, in the form or as HTTP Basic. `scope` narrows what it may do."""
    basic = request.headers.get("authorization")
    try:
        form = await _form(request)
        client_id, secret = _credentials(basic, form)
        state = request.app.state
        address = request.client.host if request.client else "unknown"
        partner = state.clients.authenticate(client_id, secret, address)
        if form["grant_type"] != "client_credentials":
            raise GrantTypeUnsupported
        scope = _scope(partner, form.get("scope"))
        tokens: Tokens = state.tokens
    except TokenRefused as refusal:
        return _refused(refusal, request, basic is not None)
    answer = TokenOut(access_token=tokens.issue(partner, scope), scope=" ".join(sorted(scope)))
    return Response(answer.model_dump_json(), media_type="application/json", headers=NEVER_STORED)


@router.get("/.well-known/jwks.json")
async def public_keys(request: Request) -> dict[str, Any]:
    """The public keys of our tokens (RFC 7517)."""
    tokens: Tokens = request.app.state.tokens
    return tokens.public_keys()


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
    # A parameter must not be there twice (RFC 6749, 3.2).
    if len(form) != len(pairs) or not form.get("grant_type"):
        raise TokenRequestMalformed
    return form


def _credentials(authorization: str | None, form: dict[str, str]) -> tuple[str, str]:
    """client_secret_basic or client_secret_post; never both at once."""
    if authorization is None:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    elif "client_secret" in form:
        raise TokenRequestMalformed
    else:
        client_id, secret = _basic(authorization)
        if form.get("client_id", client_id) != client_id:
            raise TokenRequestMalformed
    if not client_id or not secret:
        raise ClientUnknown
    return client_id, secret


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


def _with_headers(refusal: TokenRefused, headers: dict[str, str]) -> TokenRefused:
    refusal.headers = headers
    return refusal


def _refused(refusal: TokenRefused, request: Request, by_basic: bool) -> Response:
    language = language_of(request.headers.get("accept-language"))
    body = TokenErrorOut(
        error=refusal.error,
        error_description=refusal.detail.en,
        code=refusal.code,
        title=refusal.detail.in_(language),
    )
    headers = {**NEVER_STORED, **refusal.headers, "Content-Language": language}
    if refusal.status == 401 and by_basic:
        headers["WWW-Authenticate"] = 'Basic realm="tekamoul", charset="UTF-8"'
    return Response(body.model_dump_json(), refusal.status, headers, "application/json")
