"""Rows into the chain: one transaction for a batch, one writer at a time, over all processes."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from gateway.disclosures.disclosure import OFFICIAL, Disclosure, official_reference
from shared.disclosure_chain import KEY_BYTES, ChainedRow, commitment, hash_of, microseconds

Parties = Mapping[tuple[str, str], bytes]
"""(kind, reference) -> commitment, of one month."""

# One clock for all processes, read under the lock: so neither order nor time depends on a gateway's own clock.
HEAD = "SELECT position, hash, clock_timestamp() AS at FROM disclosure_head FOR UPDATE"
MOVE_HEAD = "UPDATE disclosure_head SET position = $1, hash = $2"
KNOWN = """
SELECT kind, reference, commitment, number FROM disclosure_parties
JOIN unnest($2::text[], $3::text[]) AS wanted (kind, reference) USING (kind, reference) WHERE month = $1
"""
ADD_PARTIES = """
INSERT INTO disclosure_parties (commitment, month, kind, reference, key, number)
SELECT * FROM unnest($1::bytea[], $2::date[], $3::text[], $4::text[], $5::bytea[], $6::text[])
"""
NUMBER_PARTIES = """
UPDATE disclosure_parties SET number = told.number FROM unnest($1::bytea[], $2::text[]) AS told (commitment, number)
WHERE disclosure_parties.commitment = told.commitment
"""
COLUMNS = (
    "position", "at", "partner", "official", "case", "purpose", "legal_basis", "agreement", "version", "subject_kind",
    "subject", "subjects", "attributes", "decision", "code", "break_glass", "request", "route", "hash",
)  # fmt: skip


async def append(connection: Any, disclosures: Sequence[Disclosure]) -> int:
    """Add rows at the end of the chain, in this order, inside the connection's transaction; returns the last position.

    `connection` is asyncpg's own. The lock of the chain's end is held from here to the commit.
    """
    # The lock first: what is read after it is what the writer before has committed (READ COMMITTED), and whoever erases
    # holds the same lock, so that no commitment is used that has just been erased.
    head = await connection.fetchrow(HEAD)
    at: datetime = head["at"]
    wanted = {one: "" for row in disclosures for one in row.parties()}
    wanted |= {(row.subject_kind, row.subject): row.number for row in disclosures if row.number}
    parties = await _parties(connection, at.date().replace(day=1), wanted)
    position, last, rows = head["position"], head["hash"], []
    for row in disclosures:
        position += 1
        last, entry = _chained(row, position, at, last, parties)
        rows.append(entry)
    await connection.copy_records_to_table("disclosures", records=rows, columns=COLUMNS)
    await connection.execute(MOVE_HEAD, position, last)
    return int(position)


async def _parties(connection: Any, month: date, wanted: Mapping[tuple[str, str], str]) -> Parties:
    """The commitments of this month; who has none yet gets one, under a new random key. `wanted`: with the number, where an
    answer told one."""
    if not wanted:
        return {}
    kinds, references = (list(names) for names in zip(*wanted, strict=True))
    known = await connection.fetch(KNOWN, month, kinds, references)
    held = {(one["kind"], one["reference"]): one["commitment"] for one in known}
    told = [(one["commitment"], wanted[one["kind"], one["reference"]]) for one in known]
    learned = [now for now, before in zip(told, known, strict=True) if now[1] not in ("", before["number"])]
    if learned:
        await connection.execute(NUMBER_PARTIES, *(list(column) for column in zip(*learned, strict=True)))
    missing = [one for one in wanted if one not in held]
    if missing:
        keys = [secrets.token_bytes(KEY_BYTES) for _ in missing]
        made = [commitment(key, *one) for key, one in zip(keys, missing, strict=True)]
        kinds, references = (list(names) for names in zip(*missing, strict=True))
        numbers = [wanted[one] for one in missing]
        await connection.execute(ADD_PARTIES, made, [month] * len(missing), kinds, references, keys, numbers)
        held |= zip(missing, made, strict=True)
    return held


def _chained(
    row: Disclosure, position: int, at: datetime, previous: bytes, parties: Parties
) -> tuple[bytes, tuple[Any, ...]]:
    """The row's hash, and its values in the order of COLUMNS."""
    official = parties[OFFICIAL, official_reference(row.partner, row.official)] if row.official else b""
    subject = parties[row.subject_kind, row.subject] if row.subject else b""
    attributes = tuple(sorted(set(row.attributes)))
    own = hash_of(
        ChainedRow(
            row.agreement, microseconds(at), attributes, row.break_glass, row.case, row.code, row.decision, row.legal_basis,
            official.hex(), row.partner, position, previous.hex(), row.purpose, row.request, row.route, subject.hex(),
            row.subject_kind, row.subjects, row.version,
        )
    )  # fmt: skip
    return own, (
        position, at, row.partner, official, row.case, row.purpose, row.legal_basis, row.agreement, row.version,
        row.subject_kind, subject, row.subjects, attributes, row.decision, row.code, row.break_glass, row.request, row.route,
        own,
    )  # fmt: skip
