"""Random secrets: a browser's cookies, and what a person reads and types."""

import base64
import hashlib
import secrets
from typing import Final

LETTERS_OF_A_GROUP: Final = 4
BITS_OF_A_LETTER: Final = 5


def new_token() -> str:
    """256 random bits, for a cookie."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> bytes:
    """The SHA-256 by which a secret of more than 112 random bits is known here."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def readable(groups: int) -> str:
    """Random letters in groups of four, each of five bits: no 0, 1, 8 or 9, which a reader takes for another."""
    drawn = secrets.token_bytes(groups * LETTERS_OF_A_GROUP * BITS_OF_A_LETTER // 8 + 1)
    letters = base64.b32encode(drawn).decode().lower()
    return "-".join(letters[one * LETTERS_OF_A_GROUP : (one + 1) * LETTERS_OF_A_GROUP] for one in range(groups))
