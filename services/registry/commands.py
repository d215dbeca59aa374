"""Writes of the registry: one function, one use case, in the transaction given."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.registry.models import Household, Identifier, Individual, Membership, Place, PlacesEdition
from services.registry.rules.households import HouseholdFile, Member
from shared.clock import now
from shared.contracts.registry import HouseholdsRegistered, PlacesPublished
from shared.history import History
from shared.ids import new_id
from shared.outbox import record
from shared.platform import Platform

PLACE_FILES = (("wilaya", "wilayas.csv"), ("moughataa", "moughataas.csv"), ("commune", "communes.csv"))


async def publish_places(platform: Platform) -> None:
    """Load the table of places that ships with this version, and announce it where it is new."""
    sources = {name: (files("services.registry") / "data" / name).read_bytes() for _, name in PLACE_FILES}
    checksum = hashlib.sha256(b"".join(sources.values())).digest()
    async with platform.database.transaction() as tx:
        if await tx.scalar(select(PlacesEdition.id).where(PlacesEdition.checksum == checksum)) is not None:
            return
        places = [row for kind, name in PLACE_FILES for row in _place_rows(kind, sources[name].decode("utf-8-sig"))]
        statement = upsert(Place)
        newest = {
            column: statement.excluded[column] for column in ("kind", "parent_code", "name_fr", "name_ar", "names")
        }
        await tx.execute(statement.on_conflict_do_update(index_elements=["code"], set_=newest), places)
        edition = PlacesEdition(id=new_id(), checksum=checksum)
        tx.add(edition)
        record(tx, PlacesPublished(edition_id=edition.id, places=len(places)))


def _place_rows(kind: str, source: str) -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(source.splitlines()):
        spellings = [row["name_fr"], row.get("name_ar") or ""]
        for variants in (row.get("latin_variants"), row.get("arabic_variants")):
            spellings += (variants or "").split("|")
        yield {
            "kind": kind,
            "code": row["local_code"] if kind == "commune" else row["pcode"],
            "parent_code": {"wilaya": None, "moughataa": row.get("wilaya_pcode")}.get(kind, row.get("moughataa_pcode")),
            "name_fr": row["name_fr"],
            "name_ar": row.get("name_ar") or None,
            "names": [name.strip() for name in spellings if name.strip()],
        }


async def register_households(tx: AsyncSession, households: Sequence[HouseholdFile], *, by: str) -> set[str]:
    """Enter or update households with their members; returns the numbers of those that changed.

    A household already held with the same content is left alone, so that the same file twice announces nothing.
    """
    known = await _known_households(tx, [one.number for one in households])
    latest = {one.number: one for one in households}
    changed = [one for one in latest.values() if known.get(one.number, (None, 0, b""))[2] != one.content_hash()]
    if not changed:
        return set()
    batch_id = new_id()
    ids = {one.number: known[one.number][0] if one.number in known else new_id() for one in changed}
    versions = {one.number: known[one.number][1] + 1 if one.number in known else 1 for one in changed}
    await _write_households(tx, changed, ids, versions, new=[one for one in changed if one.number not in known])
    individuals = await _write_individuals(tx, changed, batch_id, by)
    await _write_memberships(tx, changed, ids, individuals)
    await tx.execute(
        insert(History),
        [
            {
                "aggregate_id": ids[one.number],
                "version": versions[one.number],
                "batch_id": batch_id,
                "changed_by": by,
                "change": {
                    "kind": "registered" if versions[one.number] == 1 else "updated",
                    "members": len(one.members),
                },
            }
            for one in changed
        ],
    )
    record(tx, HouseholdsRegistered(batch_id=batch_id, households=len(changed), individuals=len(individuals)))
    return set(ids)


async def _known_households(tx: AsyncSession, numbers: list[str]) -> dict[str, tuple[UUID, int, bytes]]:
    rows = await tx.execute(
        select(Household.number, Household.id, Household.version, Household.content_hash)
        .where(Household.number.in_(numbers))
        .with_for_update()
    )
    return {number: (id_, version, content) for number, id_, version, content in rows}


async def _write_households(
    tx: AsyncSession,
    changed: Sequence[HouseholdFile],
    ids: dict[str, UUID],
    versions: dict[str, int],
    new: Sequence[HouseholdFile],
) -> None:
    rows = {one.number: _household_row(one, ids[one.number], versions[one.number]) for one in changed}
    entering = {one.number for one in new}
    if entering:
        await tx.execute(insert(Household), [rows[number] for number in rows if number in entering])
    updated = [row for number, row in rows.items() if number not in entering]
    if updated:
        await tx.execute(update(Household), updated)


def _household_row(household: HouseholdFile, id_: UUID, version: int) -> dict[str, Any]:
    return {
        "id": id_,
        "number": household.number,
        "commune_code": household.commune_code,
        "village": household.village,
        "vulnerability_category": household.vulnerability_category,
        "score": household.score,
        "formula_version": household.formula_version,
        "surveyed_on": household.surveyed_on,
        "phones": list(household.phones),
        "content_hash": household.content_hash(),
        "version": version,
    }


async def _write_individuals(
    tx: AsyncSession, households: Iterable[HouseholdFile], batch_id: UUID, by: str
) -> dict[str, UUID]:
    """Enter or update the members, once each however many households they stand in; returns ids by number."""
    members = {member.number: member for one in households for member in one.members}
    known = {
        number: (id_, version)
        for number, id_, version in await tx.execute(
            select(Individual.number, Individual.id, Individual.version)
            .where(Individual.number.in_(list(members)))
            .order_by(Individual.number)
            .with_for_update()
        )
    }
    ids = {number: known[number][0] if number in known else new_id() for number in members}
    rows = [_individual_row(one, ids[number], known.get(number, (None, 0))[1] + 1) for number, one in members.items()]
    new: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    for row in rows:
        (old if row["number"] in known else new).append(row)
    if new:
        await tx.execute(insert(Individual), new)
    if old:
        await tx.execute(update(Individual), old)
    identifiers = [
        {"individual_id": ids[one.number], "type": "NNI", "value": one.nni, "issuer": "ANRPTS"}
        | {"check_holds": one.nni_check_holds}
        for one in members.values()
        if one.nni
    ]
    if identifiers:
        await tx.execute(upsert(Identifier).on_conflict_do_nothing(), identifiers)
    await tx.execute(
        insert(History),
        [
            {
                "aggregate_id": row["id"],
                "version": row["version"],
                "batch_id": batch_id,
                "changed_by": by,
                "change": {"kind": "registered" if row["version"] == 1 else "updated"},
            }
            for row in rows
        ],
    )
    return ids


def _individual_row(member: Member, id_: UUID, version: int) -> dict[str, Any]:
    return {
        "id": id_,
        "number": member.number,
        "name_fr": member.name_fr,
        "name_ar": member.name_ar,
        "sex": member.sex,
        "birth_date": member.birth_date,
        "birth_precision": member.birth_precision,
        "disability": member.disability,
        "version": version,
    }


async def _write_memberships(
    tx: AsyncSession, households: Sequence[HouseholdFile], ids: dict[str, UUID], individuals: dict[str, UUID]
) -> None:
    """Begin the memberships that are new, and end those that the household no longer has."""
    today = now().date()
    current = {
        (household_id, individual_id): (membership_id, relationship)
        for membership_id, household_id, individual_id, relationship in await tx.execute(
            select(Membership.id, Membership.household_id, Membership.individual_id, Membership.relationship).where(
                Membership.household_id.in_(list(ids.values())), Membership.until_on.is_(None)
            )
        )
    }
    wanted = {
        (ids[one.number], individuals[member.number]): (member.relationship, one.surveyed_on)
        for one in households
        for member in one.members
    }
    ended = [id_ for pair, (id_, role) in current.items() if pair not in wanted or wanted[pair][0] != role]
    if ended:
        await tx.execute(update(Membership).where(Membership.id.in_(ended)).values(until_on=today))
    begun = [
        {"id": new_id(), "household_id": pair[0], "individual_id": pair[1], "relationship": role, "from_on": since}
        for pair, (role, since) in wanted.items()
        if current.get(pair, (None, None))[1] != role
    ]
    if begun:
        await tx.execute(insert(Membership), begun)
