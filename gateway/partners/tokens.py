"""Partners' access tokens: ES256 JSON Web Tokens of ten minutes, signed and verified here only."""

import hashlib
import json
import secrets
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from gateway.partners.file import UNREADABLE, NotConfigured, Partner, Partners
from shared.errors import Unauthenticated
from shared.identity import Caller

ALGORITHM = "ES256"
TYPE = "at+jwt"
AUDIENCE = "tekamoul"
TOKEN_SECONDS = 600
VERIFIED_SECONDS = 30
"""A verified token is believed this long without looking again: what a verification costs, ES256 included, is 0.22 ms."""
VERIFIED_TOKENS = 10_000
LONGEST_TOKEN = 4096
HEADER_FIELDS = {"alg", "typ", "kid"}
"""What our own tokens' headers hold. `jku`, `x5u`, `jwk` and their like would let a token name its own key."""


class Tokens:
    """Signs tokens for partners and verifies them."""

    def __init__(self, signing_key_file: Path, partners: Partners, issuer: str) -> None:
        self._key = _signing_key(signing_key_file)
        self._kid = self._key.kid or self._key.thumbprint()
        self._partners, self._issuer = partners, issuer
        self._verified: OrderedDict[bytes, tuple[float, Partner, Caller]] = OrderedDict()
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
            scope={"essential": True},
        )

    @property
    def key(self) -> ECKey:
        """The gateway's own key, private part and all."""
        return self._key

    def issue(self, partner: Partner, scope: frozenset[str]) -> str:
        """A token with which the partner may do what `scope` names."""
        moment = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": partner.id,
            "client_id": partner.id,
            "iat": moment,
            "exp": moment + TOKEN_SECONDS,
            "jti": secrets.token_urlsafe(16),
            "scope": " ".join(sorted(scope)),
        }
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": self._kid}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])

    def verify(self, token: str) -> tuple[Partner, Caller]:
        """Whose token it is and what it may be used for; Unauthenticated where it is not ours or has ended."""
        fingerprint = hashlib.sha256(token.encode("latin-1", "replace")).digest()
        until, partner, caller = self._verified.get(fingerprint, (0.0, None, None))
        moment = time.time()
        if partner is not None and caller is not None and moment < until:
            return partner, caller
        claims = self._decode(token)
        partner = self._partners.get(claims["sub"])
        if partner is None:
            raise Unauthenticated
        caller = partner.caller(frozenset(claims["scope"].split()))
        self._verified[fingerprint] = (min(float(claims["exp"]), moment + VERIFIED_SECONDS), partner, caller)
        self._verified.move_to_end(fingerprint)
        if len(self._verified) > VERIFIED_TOKENS:
            self._verified.popitem(last=False)
        return partner, caller

    def _decode(self, token: str) -> dict[str, Any]:
        try:
            if len(token) > LONGEST_TOKEN:
                raise ValueError
            header = json.loads(urlsafe_b64decode(token.split(".", 1)[0].encode("ascii")))
            if set(header) != HEADER_FIELDS or (header["alg"], header["typ"]) != (ALGORITHM, TYPE):
                raise ValueError
            claims: dict[str, Any] = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            self._claims.validate(claims)
        except (JoseError, ValueError, TypeError, RecursionError):
            raise Unauthenticated from None
        return claims

    def public_keys(self) -> dict[str, Any]:
        """The JSON Web Key Set with which anyone can verify our tokens."""
        public = cast(dict[str, Any], self._key.as_dict(private=False))
        return {"keys": [public | {"kid": self._kid, "use": "sig", "alg": ALGORITHM}]}


def _signing_key(file: Path) -> ECKey:
    try:
        key = ECKey.import_key(json.loads(file.read_text(encoding="utf-8")))
        if not key.is_private or key.curve_name != "P-256":
            raise ValueError("not a private P-256 key")
    except (OSError, ValueError, TypeError, KeyError, JoseError) as fault:
        # Not the fault's own words: they may quote the key.
        reason = fault.strerror if isinstance(fault, OSError) else "not a private ES256 key in JWK form"
        raise NotConfigured(UNREADABLE.format(file=file, reason=reason)) from None
    return key
