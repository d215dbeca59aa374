"""The chain of the disclosure log: what of a row is hashed, in which bytes, and how seals are signed. Pure.

The gateway writes it, `tekamoul verify-audit` reads it again. A row's hash is SHA-256 over its canonical JSON: RFC 8785,
of which only what these rows need is there (an object of strings, whole numbers below 2^53 and one list of strings: keys in
order, no spaces, UTF-8). The hash of the row before is a member of it. No member names a person: a subject and an official stand
there by a keyed commitment, so that their names and keys can be erased while every hash stays true.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

GENESIS = hashlib.sha256(b"tekamoul disclosure log").digest()
"""What stands before the first row."""
KEY_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ChainedRow(NamedTuple):
    """A row as it is chained, in the order of its canonical members. Text that does not apply is empty, never absent.

    `at` in microseconds since 1970 (UTC); `official` and `subject` are commitments in hex; `attributes` names, in order;
    `subjects` how many people or households were told of: one, but for a file.
    """

    agreement: str
    at: int
    attributes: tuple[str, ...]
    break_glass: str
    case: str
    code: str
    decision: str
    legal_basis: str
    official: str
    partner: str
    position: int
    previous: str
    purpose: str
    request: str
    route: str
    subject: str
    subject_kind: str
    subjects: int
    version: int


MEMBERS = ChainedRow._fields
_NUMBERS = frozenset({"at", "position", "subjects", "version"})


def canonical(row: ChainedRow) -> bytes:
    """The bytes that are hashed."""
    return orjson.dumps(row._asdict(), option=orjson.OPT_SORT_KEYS)


def hash_of(row: ChainedRow) -> bytes:
    return hashlib.sha256(canonical(row)).digest()


def microseconds(at: datetime) -> int:
    """A moment as the chain counts it."""
    return (at - _EPOCH) // _MICROSECOND


def commitment(key: bytes, kind: str, reference: str) -> bytes:
    """What stands in the chain for a subject or an official: HMAC-SHA-256, under a random key of theirs alone."""
    return hmac.digest(key, orjson.dumps([kind, reference]), "sha256")


def _template() -> bytes:
    """The canonical form of a row without a sign that JSON writes in another way: a place for each member."""
    parts = []
    for name in MEMBERS:
        place = b"%b" if name in _NUMBERS or name == "attributes" else b'"%b"'
        parts.append(b'"' + name.encode() + b'":' + place)
    return b"{" + b",".join(parts) + b"}"


PLAIN_ROW = _template()
"""`PLAIN_ROW % members` (as UTF-8, in the order of MEMBERS; attributes as JSON) equals `canonical` where every text is plain."""


class Seal(NamedTuple):
    """A signed statement: the rows from `first` to `last` were there, `hash` is that of the last one.

    `previous` is the hash of the seal before (of its signed text), empty for the first; `at` in microseconds.
    """

    at: int
    first: int
    hash: str
    last: int
    number: int
    previous: str

    def payload(self) -> bytes:
        """The text that is signed."""
        return orjson.dumps(self._asdict(), option=orjson.OPT_SORT_KEYS)


def seal_hash(signed: str) -> str:
    """What the next seal says of this one."""
    return hashlib.sha256(signed.encode()).hexdigest()


def read_seal(payload: bytes) -> Seal | None:
    """The seal in a signed text; None where it is none."""
    try:
        told: dict[str, Any] = orjson.loads(payload)
        return Seal(**told) if set(told) == set(Seal._fields) else None
    except (ValueError, TypeError):
        return None
