"""Rows into the chain: one statement for a batch, one writer at a time, over all processes."""

import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from gateway.disclosures.disclosure import OFFICIAL, Disclosure, official_reference
from shared.disclosure_chain import KEY_BYTES, ChainedRow, canonical, commitment

# The database's function takes the lock of the chain's end, the time (one clock for all processes), the commitments of the month,
# and chains: each way there and back would be waited for by everybody whose rows are in the batch, and by those who come after.
APPEND = """
SELECT append_disclosures(
    $1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::int[], $8::int[], $9::int[], $10::text[])
"""
NOBODY = 0
"""The place of a subject or official that a row does not have; the others count from 1."""
Shape = tuple[str, tuple[str, ...], str, str, str, str, str, str, str, str, str, int, int]


async def append(connection: Any, disclosures: Sequence[Disclosure]) -> int:
    """Add rows at the end of the chain, in this order; returns the last position.

    `connection` is asyncpg's own. The lock of the chain's end is held from here to the commit: what is read under it is what
    the writer before has committed, and whoever erases holds the same lock, so that no commitment is used that has just gone.
    """
    parties = {one: "" for row in disclosures for one in row.parties()}
    parties |= {(row.subject_kind, row.subject): row.number for row in disclosures if row.number}
    places = {one: place for place, one in enumerate(parties, 1)}
    # Whoever has none this month gets one of these: which, only the database knows.
    drawn = secrets.token_bytes(KEY_BYTES * len(parties))
    keys = [drawn[at : at + KEY_BYTES] for at in range(0, len(drawn), KEY_BYTES)]
    commitments = [commitment(key, *one) for key, one in zip(keys, parties, strict=True)]
    shapes: dict[str, int] = {}
    shape_of = [shapes.setdefault(_shape(_of_shape(row)), len(shapes) + 1) for row in disclosures]
    official_of = [
        places[OFFICIAL, official_reference(row.partner, row.official)] if row.official else NOBODY
        for row in disclosures
    ]
    subject_of = [places[row.subject_kind, row.subject] if row.subject else NOBODY for row in disclosures]
    position = await connection.fetchval(
        APPEND,
        [kind for kind, _ in parties],
        [reference for _, reference in parties],
        list(parties.values()),
        keys,
        commitments,
        list(shapes),
        shape_of,
        official_of,
        subject_of,
        [row.request for row in disclosures],
    )
    return int(position)


def _of_shape(row: Disclosure) -> Shape:
    """What rows have in common: all that is chained but who, which request, and the place in the chain."""
    return (
        row.agreement, row.attributes, row.break_glass, row.case, row.code, row.decision, row.legal_basis, row.partner,
        row.purpose, row.route, row.subject_kind, row.subjects, row.version,
    )  # fmt: skip


@lru_cache(maxsize=1000)
def _shape(common: Shape) -> str:
    """The canonical form of rows of a shape, with the places of PostgreSQL's `format` for at, official, position, previous,
    request and subject. No text within can look like one of them: its quotation marks are escaped."""
    (
        agreement,
        attributes,
        break_glass,
        case,
        code,
        decision,
        legal_basis,
        partner,
        purpose,
        route,
        kind,
        subjects,
        version,
    ) = common
    row = ChainedRow(
        agreement, 0, tuple(sorted(set(attributes))), break_glass, case, code, decision, legal_basis, "", partner, 0, "", purpose,
        "", route, "", kind, subjects, version,
    )  # fmt: skip
    shape = canonical(row).decode().replace("%", "%%")
    for place, member in enumerate(("at", "official", "position", "previous", "request", "subject"), 1):
        empty, hole = ("0", f"%{place}$s") if member in ("at", "position") else ('""', f'"%{place}$s"')
        shape = shape.replace(f'"{member}":{empty}', f'"{member}":{hole}')
    return shape
