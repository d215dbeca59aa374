"""The disclosure log verified: every row's hash computed anew, every seal, every name, in one pass over the table."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NoReturn

import asyncpg
import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from shared.disclosure_chain import GENESIS, MEMBERS, PLAIN_ROW, commitment, read_seal, seal_hash

_IN_SQL: Final = {
    "at": "(extract(epoch FROM at) * 1000000)::bigint",
    "official": "encode(official, 'hex')",
    "subject": "encode(subject, 'hex')",
}
STORED: Final = [name for name in MEMBERS if name != "previous"]
ROWS: Final = (
    "SELECT "  # noqa: S608 - names of ours, two whole numbers
    + ", ".join(_IN_SQL.get(name, f'"{name}"') for name in STORED)
    + ", encode(hash, 'hex') FROM disclosures WHERE position BETWEEN {first} AND {last} ORDER BY position"
)
ALGORITHMS: Final = ["ES256"]
PLAIN_BYTES: Final = bytes(sign for sign in range(0x20, 0x100) if chr(sign) not in '"\\\x7f') + b"\t\n"
"""What may stand in a text that JSON writes as it is, and what parts the columns and rows of a copy."""
COPY_SIGNS: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"\\": b"\\"}
POSITION, ATTRIBUTES, PREVIOUS = (MEMBERS.index(name) for name in ("position", "attributes", "previous"))
NUMBERS: Final = frozenset(MEMBERS.index(name) for name in ("at", "position", "subjects", "version"))


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong. `what` is one of the words of cli/auditing.py; `position` the row, or the last row
    of a seal; `seal` its number where it is about one."""

    what: str
    position: int
    seal: int | None = None


class Found(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


@dataclass(slots=True)
class Verified:
    """What was looked at, and the first fault if there is one. `unsealed`: rows at the end that no seal covers yet; `hash`, that
    of the last row: what a witness would write down; `parties`, names still held."""

    first: int
    last: int
    rows: int = 0
    seals: int = 0
    unsealed: int = 0
    parties: int = 0
    hash: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """What somebody wrote down elsewhere: the hash of the row at a position."""

    position: int
    hash: str


async def verify(
    connection: "asyncpg.Connection[Any]",
    keys: Mapping[str, ECKey],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    witnesses: Sequence[Witness] = (),
) -> Verified:
    """Verify the rows of that time, the seals that lie in it and the names of all. `keys`: public keys by kid.

    One snapshot of the database: a log that is written meanwhile is as it was at the beginning.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0; SET LOCAL timezone = 'UTC'")
        return await verify_within(connection, keys, since, until, witnesses)


async def verify_within(
    connection: "asyncpg.Connection[Any]",
    keys: Mapping[str, ECKey],
    since: datetime | None = None,
    until: datetime | None = None,
    witnesses: Sequence[Witness] = (),
) -> Verified:
    """The same, inside the connection's transaction: what is there as that sees it."""
    head = await connection.fetchrow("SELECT position, encode(hash, 'hex') AS hash FROM disclosure_head")
    if head is None:
        return Verified(1, 0, fault=Fault("head_missing", 0))
    first, last = await _bounds(connection, since, until, head["position"])
    verified = Verified(first, last)
    watched = watched_seals(*await _seals(connection, first), keys, first, last, ended=until is None)
    watched += [
        Watched(one.position, one.hash, Fault("witness_differs", one.position))
        for one in witnesses
        if first <= one.position <= last
    ]
    chain = Chain(first, await _hash_before(connection, first), watched)
    try:
        await connection.copy_from_query(ROWS.format(first=first, last=last), output=chain.take)
        chain.end(last)
        if until is None:
            await _nothing_beyond(connection, head["position"], head["hash"], chain.previous.decode())
            _nothing_cut(witnesses, head["position"])
        verified.parties = await _names_are_theirs(connection)
    except Found as found:
        verified.fault = found.fault
    verified.rows, verified.seals = chain.position - first, chain.seals_passed
    verified.unsealed = chain.position - 1 - max(chain.sealed_upto, first - 1)
    verified.hash = chain.previous.decode()
    return verified


async def _bounds(connection: Any, since: datetime | None, until: datetime | None, end: int) -> tuple[int, int]:
    """The first and the last position of a time; without one, of the log as its head tells."""
    first, last = 1, end
    if since is not None:
        first = await connection.fetchval(
            "SELECT coalesce(min(position), $2) FROM disclosures WHERE at >= $1", since, end + 1
        )
    if until is not None:
        last = await connection.fetchval("SELECT coalesce(max(position), 0) FROM disclosures WHERE at < $1", until)
    return first, last


async def _hash_before(connection: Any, first: int) -> bytes:
    if first <= 1:
        return GENESIS.hex().encode()
    before = await connection.fetchval("SELECT encode(hash, 'hex') FROM disclosures WHERE position = $1", first - 1)
    return (before or "").encode()


async def _nothing_beyond(connection: Any, position: int, expected: str, last: str) -> None:
    """The head is the end: no row after it, and its hash is that of the last row."""
    if last != expected:
        raise Found(Fault("head_differs", position))
    beyond = await connection.fetchval(
        "SELECT min(position) FROM disclosures WHERE position > $1 OR position < 1", position
    )
    if beyond is not None:
        raise Found(Fault("row_beyond_the_end", beyond))


def _nothing_cut(witnesses: Sequence[Witness], end: int) -> None:
    cut = [one.position for one in witnesses if one.position > end]
    if cut:
        raise Found(Fault("end_cut_off", end + 1))


async def _names_are_theirs(connection: Any) -> int:
    """Every name that is still held is the one that its commitment was made of; returns how many there are."""
    count = 0
    async for one in connection.cursor(
        "SELECT commitment, kind, reference, key FROM disclosure_parties", prefetch=5_000
    ):
        count += 1
        if commitment(one["key"], one["kind"], one["reference"]) != one["commitment"]:
            column = "official" if one["kind"] == "official" else "subject"
            where = f"SELECT min(position) FROM disclosures WHERE {column} = $1"  # noqa: S608 - one of two names
            raise Found(Fault("name_differs", await connection.fetchval(where, one["commitment"]) or 0))
    return count


async def _seals(connection: Any, first: int) -> tuple[list[Any], Any]:
    """The seals from a position on, and the one before them."""
    columns = "SELECT number, first, last, signed FROM disclosure_seals"
    held = await connection.fetch(f"{columns} WHERE last >= $1 ORDER BY number", first)
    return held, await connection.fetchrow(f"{columns} WHERE last < $1 ORDER BY last DESC LIMIT 1", first)


def watched_seals(
    held: Sequence[Any], before: Any, keys: Mapping[str, ECKey], first: int, last: int, *, ended: bool
) -> list["Watched"]:
    """What is to be found where each seal of this range ends; `ended`: the range ends where the log does.

    Seals are mappings of number, first, last and signed.
    """
    watched = []
    for one in held:
        fault = _wrong_with(one, before, keys)
        if fault is not None:
            # A seal that is not one may tell any place: it is named at the end of what the seal before has not sealed.
            known = before["last"] + 1 if before else first
            watched.append(Watched(min(max(known, one["last"]), last), "", Fault(fault, one["last"], one["number"])))
            break
        if one["last"] <= last:
            told = read_seal(jws.extract_compact(one["signed"].encode()).payload)
            assert told is not None
            watched.append(Watched(one["last"], told.hash, Fault("sealed_rows_differ", one["last"], one["number"])))
        elif ended:
            watched.append(Watched(last, "", Fault("end_cut_off", last + 1, one["number"])))
            break
        before = one
    return watched


def _wrong_with(seal: Any, before: Any, keys: Mapping[str, ECKey]) -> str | None:
    """What is wrong with a seal by itself and beside the seal before."""
    try:
        kid = jws.extract_compact(seal["signed"].encode()).headers()["kid"]
        told = read_seal(jws.deserialize_compact(seal["signed"], keys[kid], algorithms=ALGORITHMS).payload)
    except (JoseError, KeyError, ValueError, TypeError):
        return "seal_forged"
    if told is None or (told.number, told.first, told.last) != (seal["number"], seal["first"], seal["last"]):
        return "seal_differs"
    number, last, previous = (before["number"], before["last"], seal_hash(before["signed"])) if before else (0, 0, "")
    if (told.number, told.first, told.previous) != (number + 1, last + 1, previous):
        return "seal_missing"
    return None


@dataclass(frozen=True, slots=True)
class Watched:
    """At this position the row's hash must be this one; else, or where no hash would do (""), it is this fault."""

    position: int
    hash: str
    fault: Fault


class Chain:
    """Takes the copy of the table piece by piece and holds each row to the one before."""

    def __init__(self, first: int, before: bytes, watched: Sequence[Watched]) -> None:
        self.position, self.previous = first, before
        self.seals_passed, self.sealed_upto = 0, 0
        self._watched = iter(sorted(watched, key=lambda one: one.position))
        self._next = next(self._watched, None)
        self._rest = b""
        self._fault: Found | None = None
        self._attributes: dict[bytes, bytes] = {}

    async def take(self, piece: bytes) -> None:
        """Verify the rows of a piece of the copy; after a fault nothing more is looked at. Never raises: a copy ends whole."""
        try:
            if self._fault is None:
                self._take(piece)
        except Found as found:
            self._fault = found

    def _take(self, piece: bytes) -> None:
        whole, parted, self._rest = (self._rest + piece).rpartition(b"\n")
        if parted:
            lines = whole.split(b"\n")
            if whole.translate(None, PLAIN_BYTES):  # some text that JSON writes in another way
                for line in lines:
                    self._slowly(line)
            else:
                self._plain(lines)

    def _plain(self, lines: Sequence[bytes]) -> None:
        sha256, attributes_of, previous, position = hashlib.sha256, self._attributes, self.previous, self.position
        watch = self._next.position if self._next else 0
        for line in lines:
            (agreement, at, names, break_glass, case, code, decision, basis, official, partner, place, purpose,
             request, route, subject, kind, subjects, version, stored) = line.split(b"\t")  # fmt: skip
            attributes = attributes_of.get(names) or self._attributes_of(names)
            made = sha256(
                PLAIN_ROW
                % (agreement, at, attributes, break_glass, case, code, decision, basis, official, partner, place,
                   previous, purpose, request, route, subject, kind, subjects, version)
            ).hexdigest().encode()  # fmt: skip
            if made != stored or place != b"%d" % position:
                self.position, self.previous = position, previous
                self._refuse(int(place))
            previous = stored
            if position == watch:
                self.position, self.previous = position, previous
                watch = self._look()
            position += 1
        self.position, self.previous = position, previous

    def _slowly(self, line: bytes) -> None:
        """The same for a row with a text that JSON or the copy writes in another way."""
        fields = [unescaped(field) for field in line.split(b"\t")]
        stored = fields.pop()
        fields.insert(PREVIOUS, self.previous)
        members = [
            field if at in NUMBERS else self._attributes_of(field) if at == ATTRIBUTES else _in_json(field)
            for at, field in enumerate(fields)
        ]
        made = hashlib.sha256(PLAIN_ROW % tuple(members)).hexdigest().encode()
        if made != stored or fields[POSITION] != b"%d" % self.position:
            self._refuse(int(fields[POSITION]))
        self.previous = stored
        if self._next and self.position == self._next.position:
            self._look()
        self.position += 1

    def _attributes_of(self, names: bytes) -> bytes:
        """PostgreSQL's array as JSON's list. No name of ours needs quotes in either."""
        listed = b'["' + names[1:-1].replace(b",", b'","') + b'"]' if names != b"{}" else b"[]"
        self._attributes[names] = listed
        return listed

    def _refuse(self, place: int) -> NoReturn:
        if place > self.position:
            raise Found(Fault("row_missing", self.position))
        raise Found(Fault("row_differs", place))

    def _look(self) -> int:
        """A seal ends here: hold its hash to the row's. Returns where the next one does."""
        while self._next and self._next.position == self.position:
            if self._next.hash != self.previous.decode():
                raise Found(self._next.fault)
            if self._next.fault.what == "sealed_rows_differ":
                self.seals_passed += 1
                self.sealed_upto = self.position
            self._next = next(self._watched, None)
        return self._next.position if self._next else 0

    def end(self, last: int) -> None:
        """Every row up to `last` has come. Raises Found, with the first fault."""
        if self._fault is not None:
            raise self._fault
        if self.position <= last:
            raise Found(Fault("row_missing", self.position))
        if self._next:  # told of a place before the first row, or of a log without one
            raise Found(self._next.fault)


@lru_cache(maxsize=10_000)
def _in_json(text: bytes) -> bytes:
    """A text between the quotes that JSON puts around it."""
    return orjson.dumps(text.decode())[1:-1]


def unescaped(field: bytes) -> bytes:
    """A field as it was before COPY wrote it: a backslash stands before the signs that part rows and columns."""
    if b"\\" not in field:
        return field
    return re.sub(rb"\\(.)", lambda found: COPY_SIGNS.get(found[1], found[1]), field, flags=re.DOTALL)
