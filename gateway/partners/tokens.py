"""Partners' access tokens: ES256 JSON Web Tokens of ten minutes, signed and verified here only."""

import hashlib
import json
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from gateway.changes import Changes
from gateway.partners.books import Books
from gateway.partners.file import Partner
from gateway.partners.signing import ALGORITHM, SigningKeys
from shared.errors import Unauthenticated, Unavailable
from shared.identity import Caller
from shared.platform import Platform

TYPE = "at+jwt"
AUDIENCE = "tekamoul"
TOKEN_SECONDS = 600
SKEW_SECONDS = 5
"""How far the clocks of two gateway processes may be apart before one's tokens are none for the other."""
VERIFIED_SECONDS = 30
"""A verified token is believed this long without looking again: what a verification costs, ES256 included, is 0.22 ms."""
VERIFIED_TOKENS = 10_000
LONGEST_TOKEN = 4096
FRESH_SECONDS = 10
OLDEST_BOOKS_SECONDS = 60.0
"""Past this age of the books nobody is believed: a process that hears of no revocation must not go on for ever."""
HEADER_FIELDS = {"alg", "typ", "kid"}
"""What our own tokens' headers hold. `jku`, `x5u`, `jwk` and their like would let a token name its own key."""


@dataclass(frozen=True, slots=True)
class Believed:
    """A token found good: for whom, until when (Unix time), and through which certificate alone (x5t#S256)."""

    until: float
    partner: Partner
    caller: Caller
    certificate: str | None


class Tokens:
    """Signs tokens for partners and verifies them."""

    def __init__(self, keys: SigningKeys, books: Books, issuer: str, changes: Changes) -> None:
        self._keys, self._books, self._issuer, self._changes = keys, books, issuer, changes
        self._verified: OrderedDict[bytes, Believed] = OrderedDict()
        books.when_changed(self._verified.clear)  # suspended, revoked, or with other permissions: all is looked at anew
        self._claims = jwt.JWTClaimsRegistry(
            leeway=SKEW_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
            scope={"essential": True},
            credential={"essential": True},
        )

    def issue(self, partner: Partner, scope: frozenset[str], credential: UUID, certificate: str | None = None) -> str:
        """A token with which the partner may do what `scope` names, as long as that credential is not revoked.

        With a certificate's SHA-256 (RFC 8705, base64url) it opens the door only through that certificate.
        """
        moment = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": partner.id,
            "client_id": partner.id,
            "iat": moment,
            "exp": moment + TOKEN_SECONDS,
            "jti": secrets.token_urlsafe(16),
            "scope": " ".join(sorted(scope)),
            "credential": str(credential),
        }
        if certificate is not None:
            claims["cnf"] = {"x5t#S256": certificate}
        key = self._keys.signing()
        return jwt.encode({"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}, claims, key.key, algorithms=[ALGORITHM])

    async def verify_fresh(self, platform: Platform, token: str, certificate: str | None) -> tuple[Partner, Caller]:
        """As `verify`; a token so fresh that another process may know of its partner or credential already is looked at
        twice, with the books read in between."""
        try:
            return self.verify(token, certificate)
        except Unauthenticated:
            if time.time() - self.read(token)["iat"] > FRESH_SECONDS:
                raise
        await self._changes.read_for_news(platform)
        return self.verify(token, certificate)

    def verify(self, token: str, certificate: str | None = None) -> tuple[Partner, Caller]:
        """Whose token it is and what it may be used for.

        Unauthenticated where it is not ours, has ended, is revoked or came without the certificate it is bound to;
        Unavailable where this process has not been able to ask the database for too long.
        """
        if self._changes.age() > OLDEST_BOOKS_SECONDS:
            raise Unavailable
        fingerprint = hashlib.sha256(token.encode("latin-1", "replace")).digest()
        believed = self._verified.get(fingerprint)
        if believed is None or time.time() >= believed.until:
            believed = self._look_at(token)
            self._verified[fingerprint] = believed
            self._verified.move_to_end(fingerprint)
            if len(self._verified) > VERIFIED_TOKENS:
                self._verified.popitem(last=False)
        if believed.certificate is not None and believed.certificate != certificate:
            raise Unauthenticated
        return believed.partner, believed.caller

    def _look_at(self, token: str) -> Believed:
        claims = self.read(token)
        partner = self._books.partners.get(claims["sub"])
        if partner is None or partner.suspended or claims["jti"] in self._books.revoked:
            raise Unauthenticated
        credential = self._books.credentials.get(_uuid(claims["credential"]))
        if credential is None or credential.partner != partner.id:
            raise Unauthenticated
        until = min(float(claims["exp"]), time.time() + VERIFIED_SECONDS)
        caller = partner.caller(frozenset(claims["scope"].split()))
        return Believed(until, partner, caller, claims["cnf"]["x5t#S256"] if "cnf" in claims else None)

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token of ours that has not ended; Unauthenticated for any other."""
        try:
            if len(token) > LONGEST_TOKEN:
                raise ValueError
            header = json.loads(urlsafe_b64decode(token.split(".", 1)[0].encode("ascii")))
            if set(header) != HEADER_FIELDS or (header["alg"], header["typ"]) != (ALGORITHM, TYPE):
                raise ValueError
            key = self._keys.verifying(header["kid"])
            if key is None:
                raise ValueError
            claims: dict[str, Any] = jwt.decode(token, key.key, algorithms=[ALGORITHM]).claims
            self._claims.validate(claims)
            if not all(isinstance(claims[name], str) for name in ("sub", "jti", "scope", "credential")):
                raise ValueError
        except (JoseError, ValueError, TypeError, RecursionError):
            raise Unauthenticated from None
        return claims

    @property
    def key(self) -> ECKey:
        """The key that signs now, private part and all."""
        return self._keys.signing().key

    def public_keys(self) -> dict[str, Any]:
        """The JSON Web Key Set with which anyone can verify our tokens."""
        return self._keys.public()


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unauthenticated from None
