"""The linker: compares waiting beneficiaries with the registry and decides, chunk by chunk.

A decision depends on what is held and never on the order in which it came: whenever an individual arrives who shares
a key with a beneficiary, the beneficiary is compared again.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.models import Beneficiary, BeneficiaryKey, HouseholdPhone, LinkStatus, Member, Place
from services.matching.overlapping import refresh_overlaps
from services.matching.projecting import hashed, hold_linking_lock, individual_of, phone_keys
from services.matching.rules.comparing import compare
from services.matching.rules.deciding import Decision, Scored, decide
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts, Unit
from services.matching.rules.keys import beneficiary_keys
from services.matching.rules.places import PlaceIndex, PlaceRow
from shared.clock import now
from shared.contracts.matching import LinksChanged
from shared.copying import copy_rows
from shared.history import History
from shared.ids import new_id
from shared.outbox import record
from shared.platform import Platform

CHUNK = 400
"""Beneficiaries linked in one transaction: under a second, so that the registry's events never wait long."""
LARGEST_BLOCK = 400
"""A key shared by more members than this says nothing (a common name in a large commune) and is passed over."""
LOOK_SECONDS = 0.5

UNITS: dict[str, Unit] = {
    "household": "household",
    "household_card": "household",
    "individual": "individual",
    "pupil": "pupil",
}
STATUS = {"link": LinkStatus.LINKED, "adjudicate": LinkStatus.TO_ADJUDICATE, "unmatched": LinkStatus.UNMATCHED}


async def link_pending(platform: Platform) -> None:
    """The worker: links what waits, for ever."""
    places = Places()
    while True:
        async with platform.database.transaction() as tx:
            waiting = await tx.scalar(
                select(Beneficiary.id).where(Beneficiary.link_status == LinkStatus.PENDING).limit(1)
            )
        if waiting is None:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        async with platform.database.transaction() as tx:
            await link_chunk(tx, places)


async def pending(platform: Platform) -> dict[str, int]:
    """For the health page: beneficiaries not yet compared."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).where(Beneficiary.link_status == LinkStatus.PENDING)
        return {"beneficiaries_pending": await tx.scalar(waiting) or 0}


class Places:
    """The index of places, built once per edition."""

    def __init__(self) -> None:
        self._edition: tuple[int, str] | None = None
        self._index = PlaceIndex([])

    async def index(self, tx: AsyncSession) -> PlaceIndex:
        edition = (
            await tx.execute(select(func.count(), func.coalesce(func.md5(func.string_agg(Place.code, "")), "")))
        ).one()
        if tuple(edition) != self._edition:
            rows = [
                PlaceRow(code=one.code, kind=one.kind, parent_code=one.parent_code, names=one.names)  # type: ignore[arg-type]
                for one in await tx.scalars(select(Place).order_by(Place.code))
            ]
            self._index, self._edition = PlaceIndex(rows), tuple(edition)
        return self._index


@dataclass(frozen=True, slots=True)
class Judged:
    """A beneficiary and the decision on it."""

    beneficiary: Beneficiary
    facts: BeneficiaryFacts
    decision: Decision


async def link_chunk(tx: AsyncSession, places: Places) -> int:
    """Compare the oldest waiting beneficiaries, decide, and announce what changed; returns how many."""
    await hold_linking_lock(tx)
    waiting = list(
        await tx.scalars(
            select(Beneficiary)
            .where(Beneficiary.link_status == LinkStatus.PENDING)
            .order_by(Beneficiary.id)
            .limit(CHUNK)
            .with_for_update()
        )
    )
    index = await places.index(tx)
    facts = await asyncio.to_thread(lambda: [facts_of(one, index) for one in waiting])
    keys = [hashed(beneficiary_keys(one)) for one in facts]
    await _store_keys(tx, waiting, facts, keys)
    candidates = await candidates_of(tx, keys)
    judged = await asyncio.to_thread(_judge_all, waiting, facts, candidates)
    await _write(tx, judged)
    return len(waiting)


def facts_of(beneficiary: Beneficiary, index: PlaceIndex) -> BeneficiaryFacts:
    """What the rules take of a beneficiary, with its place found in the table of places."""
    listed = beneficiary.listed
    place = index.resolve(listed["wilaya"], listed["moughataa"], listed["commune"])
    return BeneficiaryFacts(
        enrollment_id=beneficiary.id,
        unit=UNITS[listed["unit"]],
        name=listed["name"],
        father_name=listed["father_name"],
        household_number=listed["household_number"],
        nni=listed["nni"],
        phones=tuple(listed["phones"]),
        sex=listed["sex"],
        birth_date=date.fromisoformat(listed["birth_date"]) if listed["birth_date"] else None,
        birth_precision=listed["birth_precision"] or "day",
        school_class=listed["school_class"],
        listed_on=date.fromisoformat(listed["enrolled_on"]) if listed.get("enrolled_on") else None,
        wilaya_code=place.wilaya_code,
        moughataa_code=place.moughataa_code,
        commune_code=place.commune_code,
    )


async def _store_keys(
    tx: AsyncSession, waiting: Sequence[Beneficiary], facts: Sequence[BeneficiaryFacts], keys: Sequence[set[int]]
) -> None:
    await tx.execute(delete(BeneficiaryKey).where(BeneficiaryKey.beneficiary_id.in_([one.id for one in waiting])))
    rows = [
        (key, one.enrollment_id)
        for one, own in zip(facts, keys, strict=True)
        for key in own | hashed(phone_keys(one.phones))
    ]
    await copy_rows(tx, "beneficiary_keys", ("key", "beneficiary_id"), rows)


async def candidates_of(tx: AsyncSession, keys: Sequence[set[int]]) -> list[list[IndividualFacts]]:
    """For each set of keys, the registry's individuals found under one of them."""
    wanted = list(set().union(*keys)) if keys else []
    blocks: dict[int, list[int]] = defaultdict(list)
    # One row more than the bound tells a block that is too large; LATERAL stops reading it there.
    found = await tx.execute(
        text(
            "SELECT wanted.key, block.member_id FROM unnest(CAST(:keys AS bigint[])) AS wanted(key) CROSS JOIN LATERAL"
            " (SELECT member_id FROM member_keys WHERE member_keys.key = wanted.key LIMIT :most) AS block"
        ),
        {"keys": wanted, "most": LARGEST_BLOCK + 1},
    )
    for key, member_id in found:
        blocks[key].append(member_id)
    members = [
        {member for key in own if 0 < len(blocks.get(key, ())) <= LARGEST_BLOCK for member in blocks[key]}
        for own in keys
    ]
    people = await _people(tx, set().union(*members) if members else set())
    return [[people[member] for member in own] for own in members]


async def _people(tx: AsyncSession, member_ids: set[int]) -> dict[int, IndividualFacts]:
    rows = (
        await tx.execute(
            select(Member.id, Member.household_id, Member.individual_id, Member.facts).where(
                Member.id == func.any(list(member_ids))
            )
        )
    ).all()
    phones = {phone for *_, facts in rows for phone in facts["phones"]}
    shared = dict(
        (
            await tx.execute(
                select(HouseholdPhone.phone, func.count())
                .where(HouseholdPhone.phone == func.any(list(phones)))
                .group_by(HouseholdPhone.phone)
            )
        )
        .tuples()
        .all()
    )
    return {
        id_: individual_of(
            household_id, individual_id, facts, max((shared.get(phone, 1) for phone in facts["phones"]), default=1)
        )
        for id_, household_id, individual_id, facts in rows
    }


def _judge_all(
    waiting: Sequence[Beneficiary], facts: Sequence[BeneficiaryFacts], candidates: Sequence[list[IndividualFacts]]
) -> list[Judged]:
    return [
        Judged(one, own, decide([Scored(i, compare(own, i)) for i in found], unit=own.unit))
        for one, own, found in zip(waiting, facts, candidates, strict=True)
    ]


async def _write(tx: AsyncSession, judged: Sequence[Judged]) -> None:
    """Write the decisions; a new version of a link, its history and its event only where something changed."""
    batches: dict[str, UUID] = {}
    counts: dict[str, Counter[LinkStatus]] = defaultdict(Counter)
    updates, history, touched = [], [], set[UUID]()
    for one in judged:
        row, before = _row(one), one.beneficiary
        updates.append(row)
        touched |= {id_ for id_ in (before.household_id, row["household_id"]) if id_ is not None}
        if before.link_version > 0 and (before.individual_id, before.household_id, before.decided_as) == (
            row["individual_id"],
            row["household_id"],
            row["link_status"],
        ):
            continue
        row["link_version"] = before.link_version + 1
        batch_id = batches.setdefault(before.institution, new_id())
        counts[before.institution][row["link_status"]] += 1
        history.append(_history_row(one, row, batch_id))
    if updates:
        await tx.execute(update(Beneficiary), updates)
    if history:
        await tx.execute(insert(History), history)
    for institution, batch_id in batches.items():
        count = counts[institution]
        record(
            tx,
            LinksChanged(
                institution=institution,
                batch_id=batch_id,
                linked=count[LinkStatus.LINKED],
                to_adjudicate=count[LinkStatus.TO_ADJUDICATE],
                unmatched=count[LinkStatus.UNMATCHED],
            ),
        )
    await refresh_overlaps(tx, touched)


def _row(one: Judged) -> dict[str, Any]:
    status = STATUS[one.decision.kind]
    return {
        "id": one.beneficiary.id,
        "link_status": status,
        "decided_as": status,
        "link_version": one.beneficiary.link_version,
        "individual_id": one.decision.individual_id,
        "household_id": one.decision.household_id,
        "probability": one.decision.probability,
        "decided_at": now(),
    }


def _history_row(one: Judged, row: dict[str, Any], batch_id: UUID) -> dict[str, Any]:
    before = one.beneficiary
    comparison = one.decision.comparison
    return {
        "aggregate_id": before.id,
        "version": row["link_version"],
        "batch_id": batch_id,
        "changed_by": f"model {comparison.model_version}" if comparison else "model",
        "change": {
            "from": _side(before.decided_as, before.individual_id, before.household_id),
            "to": _side(row["link_status"], row["individual_id"], row["household_id"]),
            "probability": round(row["probability"], 6),
        },
    }


def _side(status: str | None, individual_id: UUID | None, household_id: UUID | None) -> dict[str, str | None]:
    ids = {"individual_id": individual_id, "household_id": household_id}
    return {"status": status, **{name: str(id_) if id_ else None for name, id_ in ids.items()}}
