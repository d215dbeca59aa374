"""A partner's public key as it may be given to us: P-256 or Ed25519, and not a word more than the key."""

from collections.abc import Mapping

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from gateway.partners.errors import KeyUnusable

FIELDS = {("EC", "P-256"): ("kty", "crv", "x", "y"), ("OKP", "Ed25519"): ("kty", "crv", "x")}
HARMLESS = {"kid", "use", "alg", "key_ops"}
"""Members of a JWK that many tools write; they are left out, since the curve says the algorithm and the key its name."""


def public_key(given: dict[str, object]) -> dict[str, str]:
    """The key alone; KeyUnusable where it is another kind, private, not on its curve or brings anything along."""
    wanted = FIELDS.get((str(given.get("kty")), str(given.get("crv"))))
    if wanted is None or not set(wanted) <= given.keys() <= set(wanted) | HARMLESS:
        raise KeyUnusable(pointer="/public_key")
    if given.get("use", "sig") != "sig" or not all(isinstance(given[name], str) for name in wanted):
        raise KeyUnusable(pointer="/public_key")
    key = {name: str(given[name]) for name in wanted}
    try:
        thumbprint_of(key)
    except (JoseError, ValueError, TypeError):
        raise KeyUnusable(pointer="/public_key") from None
    return key


def thumbprint_of(key: Mapping[str, str]) -> str:
    """RFC 7638's name of a key, the same for every way of writing it. Raises where the key is none."""
    imported = ECKey.import_key(dict(key)) if key["kty"] == "EC" else OKPKey.import_key(dict(key))
    _ = imported.public_key  # the point is looked at here: one off the curve is none
    return imported.thumbprint()
