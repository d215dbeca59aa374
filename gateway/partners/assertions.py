"""private_key_jwt (RFC 7523): a partner's proof that it holds its private key, as a JSON Web Token good for a minute."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey
from joserfc.util import urlsafe_b64decode

from gateway.partners.books import Held

ALGORITHMS = {"P-256": ("ES256",), "Ed25519": ("EdDSA", "Ed25519")}
"""By curve: the key says the algorithm, never the token, so that no other can be talked into it. EdDSA is the name that
RFC 8037 gave it, Ed25519 that of RFC 9864."""
LONGEST_ASSERTION = 4096
LONGEST_LIFE_SECONDS = 60
SKEW_SECONDS = 5
"""How far a partner's clock may be from ours."""
HEADER_FIELDS = {"alg", "typ", "kid"}
"""Nothing else: `jku`, `x5u`, `x5c`, `jwk` would bring a key along, `crit` and `b64` another meaning."""
TYPES = (None, "JWT", "client-authentication+jwt")
SHORTEST_JTI, LONGEST_JTI = 8, 200


class NotShown(Exception):
    """It proves nothing; the words are for our log, never for the caller."""


@dataclass(frozen=True, slots=True)
class Proof:
    """By which credential, and the name that may be used once until `ends` (Unix time)."""

    credential: UUID
    jti: str
    ends: float


def claimed_subject(assertion: str) -> str:
    """Whose assertion it says it is, before anything is proven; NotShown where it is none at all."""
    subject = _parts(assertion)[1].get("sub")
    if not isinstance(subject, str):
        raise NotShown("no subject")
    return subject


def proven(assertion: str, partner: str, keys: Sequence[Held], *, audiences: Collection[str], moment: float) -> Proof:
    """What the assertion proves for the partner with these keys at this moment (Unix time); NotShown."""
    header, claims = _parts(assertion)
    if not {"alg"} <= header.keys() <= HEADER_FIELDS or header.get("typ") not in TYPES:
        raise NotShown("header")
    held = _signer(assertion, header, keys)
    if claims.get("iss") != partner or claims.get("sub") != partner:
        raise NotShown("issuer or subject")
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        (audience,) = audience
    if not isinstance(audience, str) or audience not in audiences:
        raise NotShown("audience")
    ends = _time(claims, "exp")
    if ends is None or not moment - SKEW_SECONDS < ends <= moment + LONGEST_LIFE_SECONDS + SKEW_SECONDS:
        raise NotShown("exp")
    issued, begins = _time(claims, "iat"), _time(claims, "nbf")
    if issued is not None and not moment - LONGEST_LIFE_SECONDS - SKEW_SECONDS <= issued <= moment + SKEW_SECONDS:
        raise NotShown("iat")
    if begins is not None and begins > moment + SKEW_SECONDS:
        raise NotShown("nbf")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not SHORTEST_JTI <= len(jti) <= LONGEST_JTI:
        raise NotShown("jti")
    return Proof(held.id, jti, ends + SKEW_SECONDS)


def _signer(assertion: str, header: dict[str, Any], keys: Sequence[Held]) -> Held:
    """The key that signed it, among the one it names or all."""
    for held in keys:
        public = held.public_key
        if public is None or header.get("kid", held.kid) != held.kid or header["alg"] not in ALGORITHMS[public["crv"]]:
            continue
        key = ECKey.import_key(public) if public["kty"] == "EC" else OKPKey.import_key(public)
        try:
            jws.deserialize_compact(assertion, key, registry=_BY_ANY_NAME)
            return held
        except (JoseError, ValueError, TypeError):
            continue
    raise NotShown("signature")


class _ByAnyName(jws.JWSRegistry):
    """joserfc warns of EdDSA's older name, which most libraries still write. Which names may be, `_signer` has looked at."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


_BY_ANY_NAME = _ByAnyName()


def _parts(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(assertion) > LONGEST_ASSERTION or assertion.count(".") != 2:
        raise NotShown("form")
    try:
        header, claims = (json.loads(urlsafe_b64decode(one.encode("ascii"))) for one in assertion.split(".")[:2])
    except (ValueError, RecursionError):
        raise NotShown("form") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise NotShown("form")
    return header, claims


def _time(claims: dict[str, Any], name: str) -> float | None:
    """A NumericDate; None where the claim is absent."""
    if (given := claims.get(name)) is None and name not in claims:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1 << 40:
        raise NotShown(name)
    return float(given)
