"""Tokens that must not open the door, each by its name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256 (FIPS 186-5)."""
ELSEWHERE = "https://elsewhere.example/keys"


def coded(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def made(header: dict[str, Any], claims: Any, key: Any, algorithm: str) -> str:
    """A token signed so, whatever its header says of it."""
    if algorithm == "ES256" and header["alg"] == "ES256":
        return _by_hand(header, claims if isinstance(claims, bytes) else json.dumps(claims).encode(), key)
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    with warnings.catch_warnings():  # of EdDSA's older name
        warnings.simplefilter("ignore")
        token = serialize_compact({**header, "alg": algorithm}, payload, key, algorithms=[algorithm], registry=registry)
    if header["alg"] == algorithm:
        return token
    return f"{coded(header)}.{token.split('.')[1]}.{token.split('.')[2]}"


def _by_hand(header: dict[str, Any], payload: bytes, key: ECKey) -> str:
    """ES256 (RFC 7518, 3.4) with any header at all: a library would refuse to write some of them."""
    signed = f"{coded(header)}.{coded(payload)}"
    private = ec.derive_private_key(int.from_bytes(plain(str(key.as_dict(private=True)["d"]))), ec.SECP256R1())
    r, s = utils.decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{coded(r.to_bytes(32) + s.to_bytes(32))}"


def by_hmac(header: dict[str, Any], claims: dict[str, Any], secret: bytes, bits: int = 256) -> str:
    signed = f"{coded(header)}.{coded(claims)}"
    digest = hmac.new(secret, signed.encode(), getattr(hashlib, f"sha{bits}")).digest()
    return f"{signed}.{coded(digest)}"


def hostile(ours: ECKey, header: dict[str, Any], claims: dict[str, Any], moment: int, longest: int) -> dict[str, str]:
    """Variants of the good token `made(header, claims, ours, "ES256")`, none of which is good."""
    theirs, good = ECKey.generate_key("P-256", private=True), made(header, claims, ours, "ES256")
    top, body, signature = good.split(".")
    public = json.dumps(ours.as_dict(private=False)).encode()
    pem = ours.as_pem(private=False)
    foreign = theirs.as_dict(private=False)
    r, s = (int.from_bytes(part) for part in (plain(signature)[:32], plain(signature)[32:]))

    def with_header(**more: Any) -> str:
        return made({**header, **more}, claims, ours, "ES256")

    def with_claims(**more: Any) -> str:
        changed = {name: value for name, value in {**claims, **more}.items() if value is not ...}
        return made(header, changed, ours, "ES256")

    def raw(left: int, right: int) -> str:
        return f"{top}.{body}.{coded(left.to_bytes(32) + right.to_bytes(32))}"

    found = {
        # No signature, or none that is one.
        **{f"alg {one}": f"{coded({**header, 'alg': one})}.{body}." for one in ("none", "None", "NONE", "nOnE", "")},
        "alg none with our signature": f"{coded({**header, 'alg': 'none'})}.{body}.{signature}",
        "alg missing": f"{coded({k: v for k, v in header.items() if k != 'alg'})}.{body}.{signature}",
        "alg null": f"{coded({**header, 'alg': None})}.{body}.{signature}",
        "alg a list": f"{coded({**header, 'alg': ['ES256', 'none']})}.{body}.{signature}",
        "alg lower case": f"{coded({**header, 'alg': 'es256'})}.{body}.{signature}",
        "no signature": f"{top}.{body}.",
        "no third part": f"{top}.{body}",
        "signature of zeros (CVE-2022-21449)": raw(0, 0),
        "r zero": raw(0, s),
        "s zero": raw(r, 0),
        "r the order": raw(ORDER, s),
        "s the order": raw(r, ORDER),
        "s beyond the order": raw(r, 2**256 - 1),
        "halves swapped": raw(s, r),
        "signature cut": f"{top}.{body}.{signature[:-4]}",
        "signature longer": f"{top}.{body}.{coded(plain(signature) + b'0')}",
        "signature in DER": f"{top}.{body}.{coded(utils.encode_dss_signature(r, s))}",
        "one bit of the signature": raw(r ^ 1, s),
        "signature of another token": f"{top}.{body}.{with_claims(exp=claims['exp'] + 1).split('.')[2]}",
        # HMAC with what everybody knows, RSA, other curves and families.
        "HS256 with our public JWK": by_hmac({**header, "alg": "HS256"}, claims, public),
        "HS256 with our public PEM": by_hmac({**header, "alg": "HS256"}, claims, pem),
        "HS384 with our public PEM": by_hmac({**header, "alg": "HS384"}, claims, pem, 384),
        "HS512 with our public PEM": by_hmac({**header, "alg": "HS512"}, claims, pem, 512),
        "HS256 with nothing": by_hmac({**header, "alg": "HS256"}, claims, b""),
        "HS256 with the key's name": by_hmac({**header, "alg": "HS256"}, claims, str(header.get("kid")).encode()),
        "ES256 said, HMAC with our public PEM": by_hmac(header, claims, pem),
        "RS256": made({**header, "alg": "RS256"}, claims, _rsa(), "RS256"),
        "PS256": made({**header, "alg": "PS256"}, claims, _rsa(), "PS256"),
        "RS256 said, ES256 signed": f"{coded({**header, 'alg': 'RS256'})}.{body}.{signature}",
        "ES384": made({**header, "alg": "ES384"}, claims, ECKey.generate_key("P-384", private=True), "ES384"),
        "ES256 said, ES384 signed": made(header, claims, ECKey.generate_key("P-384", private=True), "ES384"),
        "ES256K": f"{coded({**header, 'alg': 'ES256K'})}.{body}.{signature}",
        "EdDSA with their key": made({**header, "alg": "EdDSA"}, claims, OKPKey.generate_key("Ed25519"), "EdDSA"),
        "EdDSA said, ES256 signed": f"{coded({**header, 'alg': 'EdDSA'})}.{body}.{signature}",
        "alg unknown": f"{coded({**header, 'alg': 'XX999'})}.{body}.{signature}",
        "their key under our key's name": made(header, claims, theirs, "ES256"),
        # A token that brings its own key, or says where one lies.
        "jwk with their key": made({**header, "jwk": foreign}, claims, theirs, "ES256"),
        "jwk with our key": with_header(jwk=ours.as_dict(private=False)),
        "jku": made({**header, "jku": ELSEWHERE}, claims, theirs, "ES256"),
        "jku, our signature": with_header(jku=ELSEWHERE),
        "x5u": made({**header, "x5u": ELSEWHERE}, claims, theirs, "ES256"),
        "x5u, our signature": with_header(x5u=ELSEWHERE),
        "x5c": made({**header, "x5c": ["MIIB"]}, claims, theirs, "ES256"),
        "x5c, our signature": with_header(x5c=["MIIB"]),
        "x5t": with_header(x5t="AAAA"),
        "x5t#S256": with_header(**{"x5t#S256": "AAAA"}),
        "crit": with_header(crit=["exp"]),
        "crit unknown": with_header(crit=["urn:unknown"], **{"urn:unknown": True}),
        "b64 false": f"{coded({**header, 'b64': False, 'crit': ['b64']})}.{body}.{signature}",
        "zip": f"{coded({**header, 'zip': 'DEF'})}.{body}.{signature}",
        "cty": with_header(cty="JWT"),
        "enc": f"{coded({**header, 'enc': 'A256GCM'})}.{body}.{signature}",
        "an unknown field of the header": with_header(note="x"),
        # Tricks with the key's name.
        "kid unknown": with_header(kid="another"),
        "kid a path": with_header(kid="../../../../dev/null"),
        "kid an absolute path": with_header(kid="/proc/sys/kernel/randomize_va_space"),
        "kid SQL": with_header(kid="' OR 1=1 --"),
        "kid SQL union": with_header(kid="x' UNION SELECT 'aGVsbG8' --"),
        "kid a command": with_header(kid="| cat /etc/passwd"),
        "kid an address": with_header(kid=ELSEWHERE),
        "kid with a line break": with_header(kid="a\nlevel=info"),
        "kid with a zero byte": with_header(kid=f"{header.get('kid')}\x00"),
        "kid long": with_header(kid="k" * 2000),
        "kid empty": with_header(kid=""),
        "kid a number": f"{coded({**header, 'kid': 1})}.{body}.{signature}",
        "kid a list": f"{coded({**header, 'kid': [header.get('kid')]})}.{body}.{signature}",
        # Of another kind.
        "typ another": with_header(typ="logout+jwt"),
        "typ a list": f"{coded({**header, 'typ': ['at+jwt', 'JWT']})}.{body}.{signature}",
        # Times, addressees, issuers.
        "expired": with_claims(iat=moment - 700, exp=moment - 100),
        "exp missing": with_claims(exp=...),
        "exp text": with_claims(exp=str(claims["exp"])),
        "exp null": with_claims(exp=None),
        "exp a list": with_claims(exp=[claims["exp"]]),
        "exp negative": with_claims(exp=-1),
        "iat of tomorrow": with_claims(iat=moment + 86_400, exp=moment + 86_430),
        "iat text": with_claims(iat="now"),
        "nbf of tomorrow": with_claims(nbf=moment + 86_400),
        "nbf text": with_claims(nbf="now"),
        "aud another": with_claims(aud="elsewhere"),
        "aud missing": with_claims(aud=...),
        "aud empty": with_claims(aud=""),
        "aud the internal one": with_claims(aud="tekamoul-internal"),
        "aud longer": with_claims(aud=f"{claims['aud']}.elsewhere.example"),
        "aud a number": with_claims(aud=1),
        "aud an empty list": with_claims(aud=[]),
        "iss another": with_claims(iss="elsewhere"),
        "iss missing": with_claims(iss=...),
        "iss a list": with_claims(iss=[claims["iss"]]),
        "sub nobody": with_claims(sub="nobody"),
        "sub missing": with_claims(sub=...),
        "sub empty": with_claims(sub=""),
        "sub a number": with_claims(sub=1),
        "sub a list": with_claims(sub=["alpha"]),
        "jti missing": with_claims(jti=...),
        # Not a token at all.
        "claims a list": made(header, b'["alpha"]', ours, "ES256"),
        "claims text": made(header, b'"alpha"', ours, "ES256"),
        "claims null": made(header, b"null", ours, "ES256"),
        "claims no JSON": made(header, b"alpha", ours, "ES256"),
        "claims deep": made(header, b"[" * 1500, ours, "ES256"),
        "claims another's": f"{top}.{coded({**claims, 'sub': 'beta'})}.{signature}",
        "header a list": f"{coded([])}.{body}.{signature}",
        "header null": f"{coded(None)}.{body}.{signature}",
        "header no JSON": f"{coded(b'alg')}.{body}.{signature}",
        "header no base64": f"%%%.{body}.{signature}",
        "header deep": f"{coded(b'[' * 2900)}.{body}.{signature}",
        "header with alg twice": f"{coded(_twice(header))}.{body}.",
        "header empty": f".{body}.{signature}",
        "padding": f"{top}==.{body}.{signature}",
        "four parts": f"{good}.{signature}",
        "five parts, as an encrypted one": f"{top}..{body}.{signature}.{signature}",
        "only dots": "..",
        "as JSON": coded({"payload": body, "signatures": [{"protected": top, "signature": signature}]}),
        "too long": f"{top}.{coded(b' ' * longest)}.{signature}",
        "letters": "abc",
    }
    assert good not in found.values()
    return found


def _twice(header: dict[str, Any]) -> bytes:
    return ('{"alg":"ES256",' + json.dumps({**header, "alg": "none"})[1:]).encode()


def _rsa() -> RSAKey:
    return RSAKey.import_key(_RSA)


_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
