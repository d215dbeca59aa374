"""Whoever owns the database may change anything in it; `verify` says where."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from cli.verifying import ROWS, Chain, Fault, Found, Witness, unescaped, verify, verify_within, watched_seals
from shared.disclosure_chain import GENESIS, MEMBERS, ChainedRow, Seal, hash_of, read_seal
from tests.gateway.disclosures.conftest import Log, disclosure

EDITS, MANY_EDITS = 1_000, 10_000
ROW_COUNT, SEALED_EVERY = 60, 20


async def filled(chain: Log) -> None:
    """60 rows, three seals; some with signs that JSON or the copy writes in another way."""
    hard = 'say "no" \\ to\ttabs\nand lines \x01 \x7f \u2028 تكافل'
    for number in range(ROW_COUNT):
        changed: dict[str, Any] = {"subject": f"H-{number % 25}", "attributes": ("size",) if number % 3 else ()}
        if number % 20 == 0:
            changed |= {"legal_basis": hard, "case": "", "official": ""}
        await chain.add(disclosure(**changed))
        if number % SEALED_EVERY == SEALED_EVERY - 1:
            await chain.seal()


async def test_a_log_that_nobody_touched_is_found_whole(chain: Log) -> None:
    await filled(chain)
    await chain.add(disclosure(), disclosure())

    found = await chain.verified()

    assert (found.fault, found.rows, found.seals, found.unsealed) == (None, 62, 3, 2)
    assert found.parties == 26, "twenty-five households and one official"


TAMPERED: list[tuple[str, Fault | None]] = [
        ("UPDATE disclosures SET partner = 'wfp' WHERE position = 17", Fault("row_differs", 17)),
        ("UPDATE disclosures SET at = at + interval '1 microsecond' WHERE position = 17", Fault("row_differs", 17)),
        ("UPDATE disclosures SET attributes = '{}' WHERE position = 18", Fault("row_differs", 18)),
        ("UPDATE disclosures SET attributes = '{{size}}' WHERE position = 18", Fault("row_differs", 18)),
        ("UPDATE disclosures SET legal_basis = 'say' WHERE position = 21", Fault("row_differs", 21)),
        ("UPDATE disclosures SET version = 3 WHERE position = 60", Fault("row_differs", 60)),
        ("UPDATE disclosures SET hash = '\\x00' WHERE position = 1", Fault("row_differs", 1)),
        ("DELETE FROM disclosures WHERE position = 1", Fault("row_missing", 1)),
        ("DELETE FROM disclosures WHERE position = 57", Fault("row_missing", 57)),
        ("DELETE FROM disclosures WHERE position > 50", Fault("row_missing", 51)),
        ("DELETE FROM disclosures", Fault("row_missing", 1)),
        ("UPDATE disclosures SET position = 61 WHERE position = 30", Fault("row_missing", 30)),
        ("INSERT INTO disclosures SELECT (jsonb_populate_record(d, '{\"position\": 61}')).* FROM disclosures d"
         " WHERE position = 5", Fault("row_beyond_the_end", 61)),
        ("UPDATE disclosure_head SET position = 50, hash = (SELECT hash FROM disclosures WHERE position = 50)",
         Fault("end_cut_off", 51, 3)),
        ("UPDATE disclosure_head SET hash = '\\x00'", Fault("head_differs", 60)),
        ("UPDATE disclosure_head SET position = 70", Fault("row_missing", 61)),
        ("DELETE FROM disclosure_head", Fault("head_missing", 0)),
        ("DELETE FROM disclosure_seals WHERE number = 2", Fault("seal_missing", 60, 3)),
        ("UPDATE disclosure_seals SET last = 39 WHERE number = 2", Fault("seal_differs", 39, 2)),
        ("UPDATE disclosure_seals SET signed = (SELECT signed FROM disclosure_seals WHERE number = 1) WHERE number = 2",
         Fault("seal_differs", 40, 2)),
        ("UPDATE disclosure_seals SET signed = reverse(signed) WHERE number = 2", Fault("seal_forged", 40, 2)),
        ("UPDATE disclosure_parties SET reference = 'H-24' WHERE reference = 'H-7' AND kind = 'household'", None),
        ("UPDATE disclosure_parties SET reference = 'csa/B-9' WHERE kind = 'official'", Fault("name_differs", 2)),
        ("UPDATE disclosure_parties SET key = sha256(key) WHERE reference = 'H-7'", Fault("name_differs", 8)),
        ("UPDATE disclosure_parties SET reference = 'H-99' WHERE reference = 'H-7'", Fault("name_differs", 8)),
    ]  # fmt: skip
"""As the owner of the database may do it; None: the database itself refuses."""


async def test_what_was_changed_is_named_by_its_place(chain: Log) -> None:
    await filled(chain)
    keys = {chain.key.kid or "": chain.key}
    for statement, fault in TAMPERED:
        attempt = chain.connection.transaction()
        await attempt.start()
        await chain.connection.execute("SET LOCAL session_replication_role = replica; SET LOCAL timezone = 'UTC'")
        if fault is None:
            with pytest.raises(Exception, match="duplicate key"):
                await chain.connection.execute(statement)
        else:
            await chain.connection.execute(statement)
            assert (await verify_within(chain.connection, keys)).fault == fault, statement
        await attempt.rollback()
    assert (await chain.verified()).fault is None


class Copy:
    """A log as the verifier reads it, to be edited again and again: rows as lines of the copy, seals as rows."""

    def __init__(self, lines: list[bytes], seals: list[dict[str, Any]], key: ECKey) -> None:
        self.lines, self.seals, self.key = lines, seals, key

    async def fault(self, head: int) -> Fault | None:
        """What is found where the head of the log says `head`."""
        watched = watched_seals(self.seals, None, {self.key.kid or "": self.key}, 1, head, ended=True)
        chain = Chain(1, GENESIS.hex().encode(), watched)
        content = b"".join(line + b"\n" for line in self.lines)
        for start in range(0, len(content), 2_003):  # pieces do not end where rows do
            await chain.take(content[start : start + 2_003])
        try:
            chain.end(head)
        except Found as found:
            return found.fault
        return None


async def read(chain: Log) -> Copy:
    content = bytearray()

    async def keep(piece: bytes) -> None:
        content.extend(piece)

    await chain.connection.copy_from_query(ROWS.format(first=1, last=ROW_COUNT), output=keep)
    seals = [
        dict(one)
        for one in await chain.rows("SELECT number, first, last, signed FROM disclosure_seals ORDER BY number")
    ]
    return Copy(bytes(content).splitlines(), seals, chain.key)


PLACE = MEMBERS.index("position")


def numbered(line: bytes, position: int) -> bytes:
    fields = line.split(b"\t")
    fields[PLACE] = b"%d" % position
    return b"\t".join(fields)


def change(copy: Copy, at: random.Random) -> Fault:
    """One sign of one text or number of a row, or its hash."""
    row = at.randrange(ROW_COUNT)
    fields = copy.lines[row].split(b"\t")
    column = at.choice([place for place, field in enumerate(fields) if field and place != PLACE and field != b"{}"])
    field = fields[column]
    digits = [place for place, sign in enumerate(field) if chr(sign).isdigit() or chr(sign) in "abcdef"]
    if digits and b"\\" not in field:
        place = at.choice(digits)
        other = at.choice([sign for sign in b"123456789" if sign != field[place]])
        fields[column] = field[:place] + bytes([other]) + field[place + 1 :]
    else:
        fields[column] = field + b"x"
    copy.lines[row] = b"\t".join(fields)
    return Fault("row_differs", row + 1)


def delete(copy: Copy, at: random.Random) -> Fault:
    row = at.randrange(ROW_COUNT)
    del copy.lines[row]
    return Fault("row_missing", row + 1)


def delete_and_close_the_gap(copy: Copy, at: random.Random) -> Fault:
    row = at.randrange(ROW_COUNT - 1)
    del copy.lines[row]
    copy.lines = [*copy.lines[:row], *(numbered(line, row + 1 + place) for place, line in enumerate(copy.lines[row:]))]
    return Fault("row_differs", row + 1)


def insert(copy: Copy, at: random.Random) -> Fault:
    """Another row's content between two, and all after it one place on."""
    row, taken = at.randrange(ROW_COUNT), at.randrange(ROW_COUNT)
    later = [copy.lines[taken], *copy.lines[row:]]
    copy.lines = [*copy.lines[:row], *(numbered(line, row + 1 + place) for place, line in enumerate(later))]
    # The same row once more is true the first time.
    return Fault("row_differs", row + 1 + (taken == row))


def swap(copy: Copy, at: random.Random) -> Fault:
    one, two = sorted(at.sample(range(ROW_COUNT), 2))
    lines = copy.lines
    lines[one], lines[two] = numbered(lines[two], one + 1), numbered(lines[one], two + 1)
    return Fault("row_differs", one + 1)


def cut_the_end(copy: Copy, at: random.Random) -> Fault:
    left = at.randrange(ROW_COUNT)
    del copy.lines[left:]
    return Fault("row_missing", left + 1)


def forge_a_seal(copy: Copy, at: random.Random) -> Fault:
    """With a key of her own, but the true key's name."""
    seal = copy.seals[at.randrange(len(copy.seals))]
    payload = jws.extract_compact(seal["signed"].encode()).payload
    own = ECKey.generate_key("P-256")
    seal["signed"] = jws.serialize_compact({"alg": "ES256", "kid": copy.key.kid}, payload, own, algorithms=["ES256"])
    return Fault("seal_forged", seal["last"], seal["number"])


def write_anew(copy: Copy, at: random.Random) -> Fault:
    """Change a row and compute every hash after it, as the gateway would: only a seal can tell."""
    row = at.randrange(ROW_COUNT)
    previous = copy.lines[row - 1].rsplit(b"\t", 1)[1] if row else GENESIS.hex().encode()
    for place in range(row, ROW_COUNT):
        fields = copy.lines[place].split(b"\t")[:-1]
        fields = [unescaped(field) for field in fields]
        names = list(MEMBERS)
        names.remove("previous")
        told: dict[str, Any] = {name: field.decode() for name, field in zip(names, fields, strict=True)}
        told |= {name: int(told[name]) for name in ("at", "position", "subjects", "version")}
        told["attributes"] = tuple(filter(None, told["attributes"][1:-1].split(",")))
        if place == row:
            told["subjects"] += 1
        hashed = hash_of(ChainedRow(**told, previous=previous.decode()))
        kept = copy.lines[place].split(b"\t")[:-1]
        kept[names.index("subjects")] = b"%d" % told["subjects"]
        previous = hashed.hex().encode()
        copy.lines[place] = b"\t".join([*kept, previous])
    sealed = (row // SEALED_EVERY + 1) * SEALED_EVERY
    return Fault("sealed_rows_differ", sealed, sealed // SEALED_EVERY)


EVERY_EDIT: list[Callable[[Copy, random.Random], Fault]] = [
    change, change, change, delete, delete_and_close_the_gap, insert, swap, cut_the_end, forge_a_seal, write_anew,
]  # fmt: skip


@pytest.mark.parametrize("edits", [EDITS, pytest.param(MANY_EDITS, marks=pytest.mark.long)])
async def test_each_of_many_random_edits_is_found_at_its_place(chain: Log, edits: int) -> None:
    await filled(chain)
    whole, at = await read(chain), random.Random(7)
    assert await whole.fault(ROW_COUNT) is None
    for number in range(edits):
        copy = Copy(list(whole.lines), [dict(one) for one in whole.seals], whole.key)
        edit = EVERY_EDIT[number % len(EVERY_EDIT)]
        expected = edit(copy, at)
        assert await copy.fault(ROW_COUNT) == expected, (number, edit.__name__)


async def test_who_holds_the_gateways_own_key_is_told_by_what_was_written_down_elsewhere(chain: Log) -> None:
    await filled(chain)
    seals = [
        read_seal(jws.extract_compact(one["signed"].encode()).payload)
        for one in await chain.rows("SELECT signed FROM disclosure_seals ORDER BY number")
    ]
    written_down = [Witness(one.last, one.hash) for one in seals if isinstance(one, Seal)]
    assert (await chain.verified(witnesses=written_down)).fault is None
    await chain.tamper("DELETE FROM disclosures WHERE position > 35")
    await chain.tamper("DELETE FROM disclosure_seals WHERE number > 1")
    await chain.tamper(
        "UPDATE disclosure_head SET position = 35, hash = (SELECT hash FROM disclosures WHERE position = 35)"
    )
    assert (await chain.verified()).fault is None, "nothing in the database tells it"

    assert (await chain.verified(witnesses=written_down)).fault == Fault("end_cut_off", 36)

    await chain.add(*(disclosure(subject="H-9") for _ in range(25)))
    await chain.seal()
    assert (await chain.verified(witnesses=written_down)).fault == Fault("witness_differs", 40)


async def test_a_time_may_be_verified_alone(chain: Log) -> None:
    await filled(chain)
    rows = await chain.rows()

    found = await chain.verified(since=rows[30]["at"], until=rows[45]["at"])

    assert (found.fault, found.first, found.last, found.rows, found.seals) == (None, 31, 45, 15, 1)
    await chain.tamper("UPDATE disclosures SET partner = 'wfp' WHERE position IN (17, 50)")
    assert (await chain.verified(since=rows[30]["at"], until=rows[45]["at"])).fault is None
    assert (await chain.verified(since=rows[30]["at"])).fault == Fault("row_differs", 50)


async def test_a_key_that_was_replaced_still_verifies_what_it_sealed(chain: Log) -> None:
    await filled(chain)
    old, chain.key = chain.key, ECKey.generate_key("P-256", auto_kid=True)
    await chain.add(disclosure())
    await chain.seal()

    held = {
        one["kid"]: ECKey.import_key(json.loads(one["jwk"]))
        for one in await chain.rows("SELECT * FROM disclosure_seal_keys")
    }

    assert set(held) == {old.kid, chain.key.kid}
    assert not any(key.is_private for key in held.values())
    found = await verify(chain.connection, held)
    assert (found.fault, found.seals, found.unsealed) == (None, 4, 0)
    assert (await chain.verified()).fault == Fault("seal_forged", 20, 1), (
        "the new key alone knows nothing of the old seals"
    )
