"""Signing in with an account of the institution's own (OpenID Connect: authorization code with PKCE)."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.operators.errors import IssuerAway, SignInRefused
from gateway.partners.file import UNREADABLE, NotConfigured, refuse_exposed
from gateway.settings import GatewaySettings
from shared.logs import log

BACK = "/dashboard/sign-in/back"
ATTEMPT_SECONDS = 600
ANSWER_SECONDS = 10.0
LARGEST_ANSWER_BYTES = 256 << 10
KEPT_SECONDS = 300.0
"""How long the issuer's addresses and keys are believed; a key that is not among them has them asked for anew."""
SKEW_SECONDS = 5
ALGORITHMS = ["ES256", "RS256", "PS256", "Ed25519"]
"""Asymmetric ones alone: with HS256 everybody who knows the client's secret could write a person's proof."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to sign in, known to this browser alone: its cookie. All random."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Attempt":
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))

    def cookie(self) -> str:
        return f"{self.state}.{self.nonce}.{self.verifier}"

    @classmethod
    def read(cls, cookie: str | None) -> "Attempt":
        """SignInRefused where the browser began no attempt."""
        parts = (cookie or "").split(".")
        if len(parts) != 3 or not all(parts):
            raise SignInRefused
        return cls(*parts)

    def challenge(self) -> str:
        """RFC 7636, S256."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Proof:
    """What the issuer says: whose account it is, and whether it asked for two factors."""

    account: str
    two_factors: bool


class Issuer:
    """The one that knows the people: its addresses and keys, from its discovery document.

    `two_factors`: values of `acr`, or among `amr` (RFC 8176), by which it says that it asked for two.
    """

    def __init__(
        self, issuer: str, client_id: str, client_secret: str, our_url: str, two_factors: Sequence[str] = ()
    ) -> None:
        self.issuer, self._client_id, self._two_factors = issuer, client_id, two_factors
        pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"  # RFC 6749, 2.3.1
        self._authorization = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        self._back = our_url.rstrip("/") + BACK
        self._known: dict[str, Any] = {}
        self._keys = KeySet([])
        self._until = 0.0

    async def begin(self, client: httpx.AsyncClient, attempt: Attempt) -> str:
        """The address to send the browser to. IssuerAway."""
        await self._look(client)
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._back,
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge(),
            "code_challenge_method": "S256",
        }
        if self._two_factors:
            query["acr_values"] = " ".join(self._two_factors)
        return f"{self._known['authorization_endpoint']}?{urlencode(query)}"

    async def finish(self, client: httpx.AsyncClient, attempt: Attempt, answer: dict[str, str]) -> Proof:
        """Who came back with this answer. SignInRefused, IssuerAway."""
        if not hmac.compare_digest(attempt.state.encode(), answer.get("state", "").encode()) or "code" not in answer:
            raise SignInRefused
        if answer.get("iss", self.issuer) != self.issuer:  # RFC 9207: another issuer's answer
            raise SignInRefused
        await self._look(client)
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self._back,
            "code_verifier": attempt.verifier,
        }
        told = await _json(client, "POST", self._known["token_endpoint"], data=form, headers=self._authorization)
        return await self._proof(client, told.get("id_token"), attempt.nonce)

    async def _proof(self, client: httpx.AsyncClient, token: object, nonce: str) -> Proof:
        if not isinstance(token, str):
            raise SignInRefused
        try:
            kid = jws.extract_compact(token.encode("ascii")).headers().get("kid")
            if not any(key.kid == kid for key in self._keys.keys):
                self._until = 0.0
                await self._look(client)
            claims: dict[str, Any] = jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                leeway=SKEW_SECONDS,
                iss={"essential": True, "value": self.issuer},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
            if claims.get("aud") not in (self._client_id, [self._client_id]) or not isinstance(claims["sub"], str):
                raise ValueError("aud or sub")
        except (JoseError, ValueError, TypeError) as fault:
            log.warning("identity_refused", reason=type(fault).__name__)
            raise SignInRefused from None
        said = [claims.get("acr"), *(claims["amr"] if isinstance(claims.get("amr"), list) else ())]
        return Proof(claims["sub"], any(one in said for one in self._two_factors))

    async def _look(self, client: httpx.AsyncClient) -> None:
        """Ask for the issuer's addresses and keys where what is known of them is old."""
        if time.monotonic() < self._until:
            return
        known = await _json(client, "GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if known.get("issuer") != self.issuer or not all(self._may_be(known.get(one)) for one in ADDRESSES):
            log.error("issuer_unclear", issuer=self.issuer)
            raise IssuerAway
        try:
            self._keys = KeySet.import_key_set(await _json(client, "GET", known["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise IssuerAway from None
        self._known, self._until = known, time.monotonic() + KEPT_SECONDS

    def _may_be(self, address: object) -> bool:
        """TLS where the issuer has it: its own document must not lead us to an open line, or to another scheme."""
        if not isinstance(address, str):
            return False
        found, own = urlsplit(address), urlsplit(self.issuer)
        return bool(found.netloc) and (found.scheme == "https" or (found.scheme, found.netloc) == own[:2])


ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


async def _json(client: httpx.AsyncClient, method: str, url: str, **more: Any) -> dict[str, Any]:
    """A JSON object; SignInRefused where the issuer refuses (400 to 403), IssuerAway where it gives none."""
    body = bytearray()
    try:
        async with asyncio.timeout(ANSWER_SECONDS), client.stream(method, url, **more) as answer:
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > LARGEST_ANSWER_BYTES:
                    raise ValueError("too large")
            if 400 <= answer.status_code <= 403:
                raise SignInRefused
            found = json.loads(body) if answer.status_code == 200 else None
    except (httpx.HTTPError, TimeoutError, OSError, ValueError) as fault:
        log.warning("issuer_away", reason=type(fault).__name__)
        raise IssuerAway from None
    if not isinstance(found, dict):
        raise IssuerAway
    return found


def issuer_of(settings: GatewaySettings) -> Issuer | None:
    """The configured issuer; None where people have passwords alone. NotConfigured where half of it is there."""
    if settings.oidc_issuer is None:
        return None
    file = settings.oidc_client_secret_file
    if file is None or settings.oidc_client_id is None or settings.public_url is None:
        reason = "TEKAMOUL_OIDC_CLIENT_ID, TEKAMOUL_OIDC_CLIENT_SECRET_FILE, TEKAMOUL_PUBLIC_URL"
        raise NotConfigured(UNREADABLE.format(file=file or Path("TEKAMOUL_OIDC_CLIENT_SECRET_FILE"), reason=reason))
    refuse_exposed(file)
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except OSError as fault:
        raise NotConfigured(UNREADABLE.format(file=file, reason=fault.strerror)) from fault
    strong = (settings.oidc_two_factors or "").split()
    return Issuer(settings.oidc_issuer, settings.oidc_client_id, secret, str(settings.public_url), strong)
