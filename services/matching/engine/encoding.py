"""Records encoded so that they can be linked by whoever must not read them: cryptographic long-term keys.

A record becomes one Bloom filter (Schnell, Bachteler, Reiher 2011) of the parts of its values. Names give pairs of neighbouring
consonants, so that Arabic and Latin spellings give the same; numbers and phones pairs of digits with their place; dates
year, month and day; places and other texts as written below. A part sets bits that HMAC-SHA-512 under the secret tells: random
hashing, for the double hashing of the first proposals is broken (Niedermeyer and others 2014). Every field hashes for itself,
and as often as it tells people apart (Durham and others 2014). The filter is folded once: of its two halves only where they
differ is kept (Schnell and Borgs 2016). What that protects, and what it does not: docs/matching.md.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from services.matching.engine.fields import ENCODED_BITS, Field, Kind
from services.matching.engine.name_table import NameTable
from services.matching.engine.packing import NOT_DIGITS, dates, phones, sex_word
from services.matching.engine.packing_one import number_word
from services.matching.engine.texts import LONGEST, distinct
from shared.spelling import fold

Filters = npt.NDArray[np.uint64]

SCHEME: Final = "clk-1"
"""Of how bits are made: files of another one are not linked."""
SCHEME_SAID, SECRET_SAID = "tekamoul.encoding", "tekamoul.secret"
"""What a Parquet file says of how it was encoded: the scheme, and the secret's fingerprint."""
UNFOLDED_BITS: Final = 2 * ENCODED_BITS
_WORDS: Final = UNFOLDED_BITS // 64
LEAST_SECRET: Final = 32
LEAST_VALUES: Final = 16
"""Different bytes in a secret: of 32 random ones there are hardly ever fewer than 24."""
LEAST_KNOWN: Final = 2
"""A filter of one field alone is the easiest to guess: records that have no other are left out."""
LONGEST_PART: Final = 64
HASHES: Final[Mapping[str, int]] = {
    "given": 32, "further": 18, "family": 32, "year": 24, "month": 24, "day": 32, "sex": 12, "phone": 11, "number": 14,
    "household": 10, "place_1": 14, "place_2": 18, "place_3": 22, "text": 4,
}  # fmt: skip
"""Bits that each part of a value sets."""


class WeakSecret(ValueError):
    """What is in the file is no secret of 32 random bytes."""


class NotEncoded(ValueError):
    """A field of a kind that is encoded nowhere; its name."""


@dataclass(frozen=True)
class Encoded:
    """`filters` [rows, words]; a row of zeros where too little is known. `left_out`: such rows."""

    filters: Filters
    left_out: int
    mean_bits: float


def read_secret(content: bytes) -> bytes:
    """The secret that a file holds, in hex or as it is. Raises WeakSecret."""
    text = content.strip()
    try:
        secret = bytes.fromhex(text.decode("ascii"))
    except (UnicodeDecodeError, ValueError):
        secret = content
        # What can be typed is a password, of which an attacker tries millions a second.
        if all(32 <= byte < 127 for byte in text):
            raise WeakSecret from None
    if len(secret) < LEAST_SECRET or len(set(secret)) < LEAST_VALUES:
        raise WeakSecret
    return secret


def fingerprint(secret: bytes) -> str:
    """By which two files are seen to be of one secret; it tells nothing of it."""
    return hmac.digest(secret, f"{SCHEME} fingerprint".encode(), "sha512").hex()[:16]


def encode(fields: Sequence[Field], columns: Mapping[str, Sequence[pl.Series]], secret: bytes) -> Encoded:
    """The filter of each record. Raises NotEncoded."""
    rows = len(next(iter(columns.values()))[0]) if columns else 0
    unfolded = np.zeros((rows, _WORDS), np.uint64)
    known = np.zeros(rows, np.int64)
    hashed = _Hashing(secret)
    for at, field in enumerate(fields):
        found = np.zeros(rows, bool)
        for codes, parts in _parts_of(field, at, columns[field.name]) if columns.get(field.name) else ():
            bits = np.array([hashed.of(one) for one in parts], np.uint64).reshape(-1, _WORDS)
            unfolded |= bits[codes]
            found |= np.array([bool(one) for one in parts], bool)[codes]
        known += found
    filters = unfolded[:, : _WORDS // 2] ^ unfolded[:, _WORDS // 2 :]
    enough = known >= LEAST_KNOWN
    filters[~enough] = 0
    counts = np.bitwise_count(filters[enough]).sum(axis=1, dtype=np.int64)
    return Encoded(filters, int((~enough).sum()), float(counts.mean()) if len(counts) else 0.0)


def said_of(secret: bytes) -> dict[str, str]:
    """What the file of filters made under the secret says of itself."""
    return {SCHEME_SAID: SCHEME, SECRET_SAID: fingerprint(secret)}


def said_in(path: Path) -> tuple[str, str]:
    """The scheme and the secret's fingerprint that an encoded file says; empty where it says none."""
    try:
        said = pl.read_parquet_metadata(path)
    except (pl.exceptions.PolarsError, OSError):
        return "", ""
    return said.get(SCHEME_SAID, ""), said.get(SECRET_SAID, "")


def as_text(filters: Filters) -> pl.Series:
    """Filters as base64, missing where there is none."""
    packed = pl.Series("encoded", [row.tobytes() for row in filters.astype("<u8")], dtype=pl.Binary)
    kept = pl.Series(filters.any(axis=1))
    return (
        pl.DataFrame({"encoded": packed.bin.encode("base64")}).select(pl.when(kept).then(pl.col("encoded"))).to_series()
    )


class _Hashing:
    """Which bits a part sets: told by HMAC under the secret, afresh for every field."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._known: dict[tuple[str, str], Filters] = {}

    def of(self, parts: Iterable[tuple[str, str]]) -> Filters:
        """The bits of all these parts: (what it is a part of, the part)."""
        out = np.zeros(_WORDS, np.uint64)
        for part in set(parts):
            if part not in self._known:
                self._known[part] = self._bits(*part)
            out |= self._known[part]
        return out

    def _bits(self, of: str, part: str) -> Filters:
        # 64 bytes are 32 numbers of 16 bits; the length of a filter divides 65,536, so that none is likelier.
        told = np.frombuffer(hmac.digest(self._secret, f"{SCHEME}\0{of}\0{part}".encode(), "sha512"), "<u2")
        at = told[: HASHES[of]] % UNFOLDED_BITS
        out = np.zeros(_WORDS, np.uint64)
        np.bitwise_or.at(out, at >> 6, np.uint64(1) << (at & np.uint16(63)).astype(np.uint64))
        return out


_Parts = Iterator[tuple[npt.NDArray[np.int64], list[list[tuple[str, str]]]]]
"""Each row's place among the distinct values, and the parts of each of these."""


def _parts_of(field: Field, at: int, given: Sequence[pl.Series]) -> _Parts:
    """`at`: the place of an extra field among all, by which both lists know it whatever its column is called."""
    match field.kind:
        case Kind.NAME | Kind.FATHER | Kind.PART:
            # Two spellings of one name give the same parts, or nearly: the first that is written is taken.
            written = pl.DataFrame([one.alias(str(number)) for number, one in enumerate(given)]).select(
                pl.coalesce(pl.when(pl.all() != "").then(pl.all()))
            )
            yield _by_text(written.to_series(), lambda texts: _names(field, texts))
        case Kind.DATE:
            yield _by_word(dates(given), _day)
        case Kind.PHONE:
            for one in given:
                yield _by_word(phones(one), lambda phone: _digits("phone", f"{phone:08}") if phone else [])
        case Kind.PLACE:
            for level, one in enumerate(given, start=1):
                yield _by_text(one, partial(_places, f"place_{level}"))
        case Kind.NUMBER:
            of = "household" if field.shared else "number"
            yield _by_text(given[0], lambda texts: [_number(of, text) for text in texts])
        case Kind.SEX:
            yield _by_text(given[0], lambda texts: [_sex(text) for text in texts])
        case Kind.TEXT:
            yield _by_text(given[0], lambda texts: [_text(at, text) for text in texts])
        case _:
            raise NotEncoded(field.name)


def _by_text(
    column: pl.Series, parts: Callable[[Sequence[str]], list[list[tuple[str, str]]]]
) -> tuple[npt.NDArray[np.int64], list[list[tuple[str, str]]]]:
    codes, texts = distinct(column)
    return codes.astype(np.int64), parts(texts.to_list())


def _by_word(
    words: npt.NDArray[np.uint32], parts: Callable[[int], list[tuple[str, str]]]
) -> tuple[npt.NDArray[np.int64], list[list[tuple[str, str]]]]:
    values, codes = np.unique(words, return_inverse=True)
    return codes.astype(np.int64), [parts(value) for value in values.tolist()]


def _names(field: Field, values: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Pairs of neighbouring consonants of each part of a name, and the sex that Ould or Mint tells. A father's name is what
    stands behind the given name of his child."""
    table = NameTable()
    ids = table.add(values)
    names, hints = table.arrays.names[ids], table.sex_hints[ids]
    consonants = ["", *table.consonants(range(1, len(table.arrays.tokens)))]
    first = {"father_name": "further", "family_name": "family"}.get(field.name, "given")
    rest = "family" if field.name == "family_name" else "further"
    told = [[("sex", str(hint))] if hint and field.kind is Kind.NAME else [] for hint in hints.tolist()]
    for parts, tokens in zip(told, names.tolist(), strict=True):
        for at, token in enumerate(filter(None, tokens)):
            parts += _pairs(first if at == 0 else rest, consonants[token])
    return told


def _pairs(of: str, letters: str) -> list[tuple[str, str]]:
    return [(of, a + b) for a, b in pairwise(f"_{letters[:LONGEST_PART]}_")] if letters else []


def _day(word: int) -> list[tuple[str, str]]:
    """A year with its neighbours, so that near ones share much (Vatsalan and Christen 2016); month and day where known."""
    if not word:
        return []
    year, month, day = word >> 9, word >> 5 & 15, word & 31
    near = [("year", str(one)) for one in (year - 1, year, year + 1)]
    return [*near, ("month", str(month)), ("day", str(day))] if day else near


def _digits(of: str, digits: str) -> list[tuple[str, str]]:
    """Pairs of neighbouring digits with their place, from the last."""
    return [(of, f"{at} {a}{b}") for at, (a, b) in enumerate(pairwise(f"{digits[:LONGEST_PART]}_"[::-1]))]


def _places(of: str, texts: Sequence[str]) -> list[list[tuple[str, str]]]:
    """A place by its consonants, which both scripts share; a code as it is written."""
    return [[(of, told)] if (told := _sound_of_place(text)) else [] for text in texts]


@lru_cache(maxsize=65_536)
def _sound_of_place(text: str) -> str:
    folded = fold(text)[:LONGEST_PART]
    if not folded or any(map(str.isdigit, folded)):
        return folded
    table = NameTable()
    ids = table.add([text])
    return " ".join(table.consonants([token for token in table.arrays.names[ids[0]].tolist() if token])) or folded


def _number(of: str, text: str) -> list[tuple[str, str]]:
    word = number_word(text)
    if not word:
        return []
    return [(of, f"{word:x}")] if word & NOT_DIGITS else _digits(of, f"{word:x}")


def _sex(text: str) -> list[tuple[str, str]]:
    word = sex_word(text)
    return [("sex", str(word))] if word else []


def _text(at: int, text: str) -> list[tuple[str, str]]:
    """Pairs of neighbouring letters, and which field they are of."""
    folded = fold(text)[:LONGEST]
    return [("text", f"{at} {a}{b}") for a, b in pairwise(f"_{folded}_")] if folded else []
