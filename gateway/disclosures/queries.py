"""Reading the log, by those who watch over it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import ColumnElement, LargeBinary, Text, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.disclosures.disclosure import FILE, OFFICIAL, official_reference
from gateway.disclosures.models import DisclosureParty, DisclosureRow
from shared.database import any_of
from shared.file_members import FileWritten

_Subject, _Official = aliased(DisclosureParty), aliased(DisclosureParty)
Told = tuple[DisclosureRow, str | None, str | None]
"""A row with the references of its subject and of its official; None where there is none, or it was erased."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are asked for; all where nothing is said. `subject` is an id or a number, of whatever kind."""

    partner: str | None = None
    official: str | None = None
    subject: str | None = None
    agreement: str | None = None
    purpose: str | None = None
    decision: str | None = None
    break_glass: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(tx: AsyncSession, asked: Filter, limit: int, before: int | None) -> Sequence[Told]:
    """Rows that match, newest first; one more than `limit` where there are more."""
    which = await _conditions(tx, asked)
    if before is not None:
        which.append(DisclosureRow.position < before)
    named = (
        select(DisclosureRow, _Subject.reference, _Official.reference)
        .outerjoin(_Subject, and_(DisclosureRow.subject != b"", _Subject.commitment == DisclosureRow.subject))
        .outerjoin(_Official, and_(DisclosureRow.official != b"", _Official.commitment == DisclosureRow.official))
    )
    rows = await tx.execute(named.where(*which).order_by(DisclosureRow.position.desc()).limit(limit + 1))
    return [(row, subject, official) for row, subject, official in rows]


async def about(
    tx: AsyncSession,
    held: Collection[bytes],
    files: Mapping[str, Collection[bytes]],
    since: datetime | None,
    until: datetime | None,
    most: int,
) -> Sequence[DisclosureRow]:
    """What was told under any of these commitments, and which of these files were given to each partner, newest first; at most
    `most` rows and one more."""
    of_files = [
        and_(DisclosureRow.partner == partner, *_of(DisclosureRow.subject, ones)) for partner, ones in files.items()
    ]
    which = [or_(and_(*_of(DisclosureRow.subject, held)), *of_files), DisclosureRow.decision == "allowed"]
    which += _between(since, until)
    rows = select(DisclosureRow).where(*which).order_by(DisclosureRow.position.desc()).limit(most + 1)
    return (await tx.scalars(rows)).all()


async def files_given(tx: AsyncSession, files: Collection[FileWritten]) -> dict[str, set[bytes]]:
    """The commitments of those of these files, or of their parts, that ever left; by the partner for whom they were written."""
    party = DisclosureParty
    address = func.split_part(func.split_part(party.reference, "#", 1), "?", 1)
    wanted: dict[str, list[FileWritten]] = {}
    for file in files:
        wanted.setdefault(file.path, []).append(file)
    rows = await tx.execute(
        select(address, party.reference, party.commitment).where(party.kind == FILE, address == any_of(wanted, Text()))
    )
    given: dict[str, set[bytes]] = {}
    for path, reference, commitment in rows:
        part = dict(parse_qsl(reference.partition("#")[0].partition("?")[2]))
        for file in wanted[path]:
            if all(file.part.get(name, value) == value for name, value in part.items()):
                given.setdefault(file.partner, set()).add(commitment)
    return given


async def counted(
    tx: AsyncSession, partner: str, since: datetime, most: int
) -> Sequence[tuple[str, int, int, datetime]]:
    """By decision, of the `most` newest rows of a partner: how many, of how many people they tell, and the last of them."""
    newest = select(DisclosureRow).where(DisclosureRow.partner == partner).order_by(DisclosureRow.position.desc())
    row = newest.limit(most).subquery().c
    found = await tx.execute(
        select(row.decision, func.count(), func.sum(row.subjects), func.max(row.at))
        .where(row.at >= since)
        .group_by(row.decision)
    )
    return [(one[0], one[1], int(one[2]), one[3]) for one in found]


async def commitments_of(tx: AsyncSession, said: Collection[str]) -> list[bytes]:
    """Of whoever has one of these ids or numbers, under every id and number of theirs: an answer may have told of them by one
    alone. One for each month."""
    party, wanted = DisclosureParty, any_of(said, Text())
    told = await tx.execute(
        select(party.kind, party.reference, party.number).where(
            party.kind != OFFICIAL, or_(party.reference == wanted, party.number == wanted)
        )
    )
    names = {(kind, name) for kind, *both in told for name in both if name}
    any_name = or_(tuple_(party.kind, party.reference).in_(names), tuple_(party.kind, party.number).in_(names))
    return list((await tx.scalars(select(party.commitment).where(any_name))).all()) if names else []


async def _conditions(tx: AsyncSession, asked: Filter) -> list[ColumnElement[bool]]:
    row = DisclosureRow
    equal: dict[Any, str | None] = {
        row.partner: asked.partner, row.agreement: asked.agreement, row.purpose: asked.purpose,
        row.decision: asked.decision, row.break_glass: asked.break_glass,
    }  # fmt: skip
    which: list[ColumnElement[bool]] = [column == value for column, value in equal.items() if value is not None]
    which += _between(asked.since, asked.until)
    if asked.subject is not None:
        which += _of(row.subject, await commitments_of(tx, [asked.subject]))
    if asked.official is not None:
        # A code is its partner's own: without the partner it is that of whoever has it, at any.
        party = DisclosureParty
        named = (
            party.reference == official_reference(asked.partner, asked.official)
            if asked.partner is not None
            else func.split_part(party.reference, "/", 2) == asked.official
        )
        held = await tx.scalars(select(party.commitment).where(party.kind == OFFICIAL, named))
        which += _of(row.official, held.all())
    return which


def _of(column: Any, held: Collection[bytes]) -> list[ColumnElement[bool]]:
    """Its index holds only what is not empty, and is used only where that is said."""
    return [column == any_of(held, LargeBinary()), column != b""]


def _between(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = []
    if since is not None:
        which.append(DisclosureRow.at >= since)
    if until is not None:
        which.append(DisclosureRow.at < until)
    return which
