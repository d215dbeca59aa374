"""The linker: compares waiting beneficiaries with the registry and decides, chunk by chunk.

A decision depends on what is held and never on the order in which it came: whenever an individual arrives who shares
a key with a beneficiary, the beneficiary is compared again. Candidates come from the index in memory, which is level with
the table under the linking lock; who is linked is read from the table in the same transaction.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.matching.asking import Judged, ask_for_clusters, put_questions
from services.matching.candidates import read_people
from services.matching.engine.models import Models
from services.matching.enrolled_households import refresh_enrolled
from services.matching.errors import IndexBuilding
from services.matching.gaps import refresh_gaps
from services.matching.handing_over import settle_linked
from services.matching.holding import NOTHING, Decided, decided_about
from services.matching.locking import hold_linking_lock
from services.matching.modeling import models_in_force
from services.matching.models import Beneficiary, BeneficiaryKey, LinkStatus, Place
from services.matching.overlapping import refresh_overlaps
from services.matching.referring import serve_enrolled
from services.matching.registry_index import Found, registry_index
from services.matching.rules.deciding import ADJUDICATE, Decision, Scored, decide
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts, Unit
from services.matching.rules.households import Leads, leads_of, together_by
from services.matching.rules.persons import upheld
from services.matching.together import Together, among, stand_together
from services.matching.weighing import comparison, weigh
from shared.contracts.matching import LinksChanged
from shared.copying import copy_rows
from shared.ids import new_id
from shared.outbox import record
from shared.place_names import PlaceIndex, PlaceRow
from shared.platform import Platform

CHUNK = 250
"""Beneficiaries linked in one transaction: under a second, so that the registry's events never wait long."""
LOOK_SECONDS = 0.2
"""What an enrollment's change waits for at the most before overlaps and gaps follow it; a look is a question to an index."""
LEAST_LIFTED = 0.05
"""Candidates that what is said of a household may lift to ADJUDICATE, by the most that it weighs (3 bits)."""

UNITS: dict[str, Unit] = {
    "household": "household",
    "household_card": "household",
    "individual": "individual",
    "pupil": "pupil",
}
STATUS = {"link": LinkStatus.LINKED, "adjudicate": LinkStatus.TO_ADJUDICATE, "unmatched": LinkStatus.UNMATCHED}

WRITE_LINKS = text(
    "UPDATE beneficiaries SET link_status = new.status, decided_as = new.status, link_version = new.version,"
    " individual_id = new.individual, household_id = new.household, probability = new.likely, decided_at = now()"
    " FROM unnest(CAST(:id AS uuid[]), CAST(:link_status AS text[]), CAST(:link_version AS int[]),"
    " CAST(:individual_id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:probability AS float8[]))"
    " AS new(id, status, version, individual, household, likely) WHERE beneficiaries.id = new.id"
)
"""One statement for a chunk: three times faster than a statement each."""
HISTORY_COLUMNS = ("aggregate_id", "version", "batch_id", "changed_by", "change")


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
        try:
            async with platform.database.transaction() as tx:
                await link_chunk(tx, places)
        except IndexBuilding:  # whoever waits is compared once the registry is read
            await asyncio.sleep(LOOK_SECONDS)


async def pending(platform: Platform) -> dict[str, int]:
    """For the health page: beneficiaries not yet compared."""
    async with platform.database.transaction() as tx:
        waiting = select(func.count()).where(Beneficiary.link_status == LinkStatus.PENDING)
        return {"beneficiaries_pending": await tx.scalar(waiting) or 0}


class Places:
    """The index of places, built once per edition."""

    def __init__(self) -> None:
        self._edition: tuple[Any, ...] | None = None
        self._index = PlaceIndex([])

    async def index(self, tx: AsyncSession) -> PlaceIndex:
        edition = (
            await tx.execute(text("SELECT count(*), md5(string_agg(places::text, '' ORDER BY code)) FROM places"))
        ).one()
        if tuple(edition) != self._edition:
            rows = [
                PlaceRow(code=one.code, kind=one.kind, parent_code=one.parent_code, names=one.names)  # type: ignore[arg-type]
                for one in await tx.scalars(select(Place).order_by(Place.code))
            ]
            self._index, self._edition = PlaceIndex(rows), tuple(edition)
        return self._index


@dataclass(frozen=True, slots=True)
class Turn:
    """Who turns a link and why, where it is a person; `details` go into its history."""

    by: str
    details: dict[str, Any] = field(default_factory=dict)


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
    await link_rows(tx, places, waiting)
    return len(waiting)


async def link_rows(tx: AsyncSession, places: Places, waiting: Sequence[Beneficiary], turn: Turn | None = None) -> None:
    """Compare these beneficiaries, which are locked under the linking lock. A person's `turn` is a version of the link
    even where it stays as it was: the history tells who confirmed it. Raises IndexBuilding."""
    index = await places.index(tx)
    facts = await asyncio.to_thread(lambda: [facts_of(one, index) for one in waiting])
    registry, models = registry_index(tx), await models_in_force(tx)
    await registry.follow(tx)
    found = await asyncio.to_thread(registry.find, facts, models)
    await _store_keys(tx, waiting, found)
    decided = await decided_about(tx, waiting)
    wanted = {member for one in found for member, _ in one.candidates}
    people = await read_people(tx, wanted.union(*(one.members for one in decided.values())))
    stands = await asyncio.to_thread(_stand_alone, waiting, facts, found, people, decided, models)
    rows = {one.id: (one, its) for one, its in zip(waiting, facts, strict=True)}
    leads = {one.beneficiary.id: one.leads() for one in stands}
    together = await stand_together(tx, rows, leads)
    judged = await asyncio.to_thread(lambda: [_judge(one, together, models) for one in stands])
    await _write(tx, judged, turn)
    await put_questions(tx, judged)
    unanchored = [(one.beneficiary.id, own) for one, own in zip(judged, found, strict=True) if _unanchored(one)]
    await ask_for_clusters(
        tx, {id_ for id_, own in unanchored if own.numbers}, {id_ for id_, own in unanchored if not own.numbers}
    )


async def decide_people(
    tx: AsyncSession, facts: Sequence[BeneficiaryFacts], households: Sequence[str | None] = ()
) -> list[Decision]:
    """Who these people of a list are, as for beneficiaries about whom no person decided; nothing is written.

    `households`: by row, by what it stands together with others of these rows; all stand alone without it. Raises
    IndexBuilding."""
    registry, models = registry_index(tx), await models_in_force(tx)
    await registry.follow(tx)
    found = await asyncio.to_thread(registry.find, facts, models)
    people = await read_people(tx, {member for one in found for member, _ in one.candidates})
    by = {at: key for at, key in enumerate(households) if key is not None}
    return await asyncio.to_thread(_decided, facts, found, people, models, by)


def _decided(
    facts: Sequence[BeneficiaryFacts],
    found: Sequence[Found],
    people: Mapping[int, IndividualFacts],
    models: Models,
    by: Mapping[int, str],
) -> list[Decision]:
    scored = [
        list(_scored(one, its, people, models, LEAST_LIFTED if at in by else ADJUDICATE))
        for at, (one, its) in enumerate(zip(facts, found, strict=True))
    ]
    together = among(by, {at: leads_of(scored[at]) for at in by})
    return [
        decide(_likely(together.lift(at, scored[at], models.for_unit(one.unit))), unit=one.unit)
        for at, one in enumerate(facts)
    ]


def _likely(candidates: Sequence[Scored]) -> list[Scored]:
    return [one for one in candidates if one.comparison.probability >= ADJUDICATE]


def _unanchored(one: Judged) -> bool:
    """Whether the registry has, or had, nobody for the row."""
    return one.decision.kind == "unmatched" or one.beneficiary.decided_as == LinkStatus.UNMATCHED


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


async def _store_keys(tx: AsyncSession, waiting: Sequence[Beneficiary], found: Sequence[Found]) -> None:
    known = [one.id for one in waiting if one.link_version > 0]
    if known:
        await tx.execute(delete(BeneficiaryKey).where(BeneficiaryKey.beneficiary_id.in_(known)))
    # In the order of the index that takes them in.
    rows = sorted((key, one.id) for one, own in zip(waiting, found, strict=True) for key in own.keys)
    await copy_rows(tx, "beneficiary_keys", ("key", "beneficiary_id"), rows)


@dataclass(frozen=True, slots=True)
class _Alone:
    """A row with its candidates and what persons said, before other rows are heard."""

    beneficiary: Beneficiary
    facts: BeneficiaryFacts
    candidates: list[Scored]
    persons: Decided
    stands: list[Scored]
    """The memberships of whom persons decided that it is."""

    def leads(self) -> Leads | None:
        """Into which household, by a person's word where there is one."""
        if self.persons.held is None:
            return leads_of(self.candidates)
        return leads_of(self.stands, self.stands[0].individual) if len(self.stands) == 1 else None


def _stand_alone(
    waiting: Sequence[Beneficiary],
    facts: Sequence[BeneficiaryFacts],
    found: Sequence[Found],
    people: Mapping[int, IndividualFacts],
    decided: Mapping[UUID, Decided],
    models: Models,
) -> list[_Alone]:
    out = []
    for one, own, of_index in zip(waiting, facts, found, strict=True):
        persons = decided.get(one.id, NOTHING)
        least = LEAST_LIFTED if together_by(own) else ADJUDICATE
        candidates = [
            scored
            for scored in _scored(own, of_index, people, models, least)
            if not persons.refused.holds_for(scored.individual)
        ]
        held = [people[member] for member in persons.members]
        stands = [Scored(person, gave) for person, gave in zip(held, weigh(models, own, held), strict=True)]
        out.append(_Alone(one, own, candidates, persons, stands))
    return out


def _judge(one: _Alone, together: Together[UUID], models: Models) -> Judged:
    lifted = together.lift(one.beneficiary.id, one.candidates, models.for_unit(one.facts.unit))
    decision = decide(_likely(lifted), unit=one.facts.unit)
    return Judged(one.beneficiary, one.facts, upheld(decision, one.persons.held, one.stands, one.persons.refused))


def _scored(
    facts: BeneficiaryFacts,
    found: Found,
    people: Mapping[int, IndividualFacts],
    models: Models,
    least: float = ADJUDICATE,
) -> Iterator[Scored]:
    """The candidates that can matter for the decision."""
    model = models.for_unit(facts.unit)
    for member, one in found.candidates:
        if member in people:
            gave = comparison(model, facts, people[member], one.score, one.levels, one.bits)
            if gave.probability >= least:
                yield Scored(people[member], gave)


async def _write(tx: AsyncSession, judged: Sequence[Judged], turn: Turn | None) -> None:
    """Write the decisions; a new version of a link, its history and its event only where something changed."""
    batches: dict[str, UUID] = {}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    updates, history, touched = [], [], set[UUID]()
    for one in judged:
        row, before = _row(one), one.beneficiary
        updates.append(row)
        touched |= {id_ for id_ in (before.household_id, row["household_id"]) if id_ is not None}
        was, now_is = (before.decided_as, before.individual_id, before.household_id), _target(row)
        if turn is None and before.link_version > 0 and was == now_is:
            continue
        row["link_version"] = before.link_version + 1
        batch_id = batches.setdefault(before.institution, new_id())
        counts[before.institution].update(_turned(was, now_is))
        history.append(_history_row(one, row, batch_id, turn))
    if updates:
        await tx.execute(WRITE_LINKS, {name: [row[name] for row in updates] for name in updates[0]})
    await copy_rows(tx, "history", HISTORY_COLUMNS, [tuple(row[name] for name in HISTORY_COLUMNS) for row in history])
    for institution, batch_id in batches.items():
        count = {"linked": 0, "to_adjudicate": 0, "unmatched": 0} | counts[institution]
        record(tx, LinksChanged(institution=institution, batch_id=batch_id, **count))
    await refresh_overlaps(tx, touched)
    await refresh_gaps(tx, touched)
    await refresh_enrolled(tx, touched)
    await serve_enrolled(tx, touched)
    await settle_linked(tx, [one.beneficiary.id for one in judged])


Target = tuple[LinkStatus | None, UUID | None, UUID | None]


def _target(row: dict[str, Any]) -> Target:
    return row["link_status"], row["individual_id"], row["household_id"]


def _turned(was: Target, now_is: Target) -> list[str]:
    """What a turn counts as: its outcome, and whether a link was made, or removed, or one removed for another."""
    made = now_is[0] is LinkStatus.LINKED and was != now_is
    removed = was[0] is not None and LinkStatus(was[0]) is LinkStatus.LINKED and was != now_is
    return [str(now_is[0]), *(["made"] if made else []), *(["removed"] if removed else [])]


def _row(one: Judged) -> dict[str, Any]:
    return {
        "id": one.beneficiary.id,
        "link_status": STATUS[one.decision.kind],
        "link_version": one.beneficiary.link_version,
        "individual_id": one.decision.individual_id,
        "household_id": one.decision.household_id,
        "probability": one.decision.probability,
    }


def _history_row(one: Judged, row: dict[str, Any], batch_id: UUID, turn: Turn | None) -> dict[str, Any]:
    before = one.beneficiary
    comparison = one.decision.comparison
    change = {
        "from": _side(before.decided_as, before.individual_id, before.household_id),
        "to": _side(*_target(row)),
        "probability": round(row["probability"], 6),
    }
    if one.decision.held:
        change["held"] = True  # a person's decision, not the model's
    return {
        "aggregate_id": before.id,
        "version": row["link_version"],
        "batch_id": batch_id,
        "changed_by": turn.by if turn else f"model {comparison.model_version}" if comparison else "model",
        "change": change | (turn.details if turn else {}),
    }


def _side(status: str | None, individual_id: UUID | None, household_id: UUID | None) -> dict[str, str | None]:
    ids = {"individual_id": individual_id, "household_id": household_id}
    return {"status": status, **{name: str(id_) if id_ else None for name, id_ in ids.items()}}
