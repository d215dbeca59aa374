"""The second factor: six figures that a person's authenticator works out of a shared secret and the time (RFC 6238, RFC 4226)."""

import base64
import hmac
import os
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

SECRET_BYTES: Final = 20
"""RFC 4226, section 4: 160 bits."""
FIGURES: Final = 6
STEP_SECONDS: Final = 30
STEPS_ASIDE: Final = 1
"""Clocks differ and people type slowly: the code before and the one after are as good."""
NONCE_BYTES: Final = 12
ISSUER: Final = "Tekamoul"
RECOVERY_CODES: Final = 10
RECOVERY_GROUPS: Final = 6
"""120 random bits each: a plain hash keeps them."""


def new_secret() -> bytes:
    return os.urandom(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of one step of 30 s. SHA-1, since many authenticators know no other; within HMAC it is sound."""
    return HOTP(secret, FIGURES, SHA1(), enforce_key_length=True).generate(step).decode()  # noqa: S303


def step_at(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP_SECONDS


def step_of(secret: bytes, code: str, moment: datetime, *, after: int) -> int | None:
    """The step whose code it is, among those that are good at the moment and later than `after`; None for no such."""
    middle, found = step_at(moment), None
    for step in range(middle - STEPS_ASIDE, middle + STEPS_ASIDE + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()) and step > after:
            found = step
    return found


def typed(said: str) -> str:
    """What a person typed, without spaces and hyphens, in small letters and Latin figures."""
    kept = (one for one in said if one not in "- \t‎‏")
    return "".join(str(unicodedata.decimal(one, one)) for one in kept).lower()


def is_code(said: str) -> bool:
    return len(said) == FIGURES and said.isascii() and said.isdecimal()


def shown(secret: bytes) -> str:
    """The secret as a person types it into an authenticator: base32 in groups of four."""
    letters = base64.b32encode(secret).decode()
    return " ".join(letters[one : one + 4] for one in range(0, len(letters), 4))


def address(secret: bytes, name: str) -> str:
    """The secret as an authenticator takes it, from a link or a picture (the otpauth scheme)."""
    query = {"secret": base64.b32encode(secret).decode(), "issuer": ISSUER}
    return f"otpauth://totp/{ISSUER}:{quote(name)}?{urlencode(query)}"


class FactorKey:
    """Encrypts the secrets at rest: AES-256-GCM under a key that HKDF derives from the platform's own key.

    Whoever has the database alone, or a copy of it, has no code. A secret opens only for the purpose it was sealed for.
    """

    def __init__(self, internal_key: Path) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"tekamoul second factors").derive(
            internal_key.read_bytes().strip()
        )
        self._cipher = AESGCM(derived)

    def seal(self, secret: bytes, purpose: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes | None:
        """None where it was sealed for another purpose or under another key, or is damaged."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError):
            return None
