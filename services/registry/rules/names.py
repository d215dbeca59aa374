"""Under which keys a name is found: what survives script, spelling, order and an absent grandfather.

A key stands for a whole name, for one part of it, or for two of them in any order, by their consonants
(`shared.spelling.skeleton`); parts that may be written as one word (Sid Ahmed, Sidahmed) also stand as one. Keys are
hashes, so that an array of them is small: two that collide only bring a candidate too many, whom the comparison of
names then drops.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from zlib import crc32

from shared.names import Name, in_given_order

MOST_PARTS = 4
"""A fifth part of a name is seldom written and never needed to find it."""
COMPOUND = 4
"""Consonants from which two parts may be one name (Sidahmed) and are rare enough to be a key."""

Parts = tuple[str, ...]


def parts_of(name: Name) -> Parts:
    """The consonants of each part of a name, a clan name last."""
    return tuple(token.skeleton for token in in_given_order(name).tokens[:MOST_PARTS])


def forms(parts: Parts) -> Iterator[Parts]:
    """A name's parts as they stand, and with its first or its second two written as one word."""
    yield parts
    for at in range(min(len(parts) - 1, 2)):
        glued = parts[at].strip("-") + parts[at + 1].strip("-")
        if len(glued) >= COMPOUND:
            yield (*parts[:at], glued, *parts[at + 2 :])


@lru_cache(maxsize=131_072)
def name_keys(parts: Parts) -> frozenset[int]:
    """Every key under which a name of these parts is found."""
    keys: set[int] = set()
    for form in forms(parts):
        keys.add(whole_key(form))
        keys.update(part_key(part) for part in form)
        keys.update(pair_keys(form))
    return frozenset(keys)


def whole_key(parts: Parts) -> int:
    """Of a name of just these parts in this order."""
    return _key(f"n:{'+'.join(parts)}")


def part_key(part: str) -> int:
    return _key(f"1:{part}")


def pair_keys(parts: Parts) -> frozenset[int]:
    """Of every two parts, whichever stands first."""
    return frozenset(_key("2:" + "+".join(sorted(pair))) for pair in combinations(parts, 2))


def place_keys(codes: Iterable[str | None]) -> frozenset[int]:
    """Of the communes and villages somebody lives in. What lies above them changes and is asked as its communes."""
    return frozenset(_key(f"p:{code}") for code in codes if code)


def year_key(year: int) -> int:
    """Of a birth year."""
    return _key(f"y:{year}")


def sex_key(sex: str) -> int:
    return _key(f"s:{sex}")


@lru_cache(maxsize=262_144)
def _key(text: str) -> int:
    """A key as PostgreSQL's integer, which is signed."""
    return crc32(text.encode()) - 2**31
