"""What the main job is held against: the same linking without a platform, and the same rows without any work on them."""

from __future__ import annotations

import csv
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import numpy as np

from cli.demo.truth import Manifest
from cli.main_job import Door
from services.matching.engine.index import Candidate, Index
from services.matching.engine.model import Model
from services.matching.engine.models import REGISTRY
from services.matching.engine.packing import Vocabulary
from services.matching.modeling import newest_shipped
from services.matching.registry_index import MOST_LISTED
from services.matching.rules.deciding import ADJUDICATE, Decision, Scored, decide
from services.matching.rules.facts import BeneficiaryFacts, IndividualFacts, Unit
from services.matching.weighing import comparison, packed, packed_people, row_values
from shared.place_names import PlaceIndex, PlaceRow

HERE = UUID(int=0)
CHUNK = 250
UNITS: dict[str, Unit] = {
    "household": "household",
    "household_card": "household",
    "individual": "individual",
    "pupil": "pupil",
}


@dataclass(frozen=True, slots=True)
class Linked:
    """How long one process took for the linking, and the share of rows it decided as the platform did."""

    seconds: float
    same: float


async def link_in_memory(door: Door, folder: Path, manifest: Manifest) -> Linked:
    """One process, one pass, everything in memory: the platform's own rules and nothing else.

    Reading the files is not counted, and nothing is stored, announced or told to anybody: a floor, not a rival.
    """
    async with door.client("taazour") as client:
        places = [one async for one in client.pages("/registry/v1/places")]
    index = PlaceIndex([PlaceRow(**{name: one[name] for name in PlaceRow.__slots__}) for one in map(_named, places)])
    parents = {one["code"]: one["parent_code"] for one in places}
    people = people_in(folder / manifest.registry.file, parents)
    listed = [
        one for info in manifest.lists for one in await _listed(door, info.institution, info.program, info.partner)
    ]
    decided_by_platform = {
        one["enrollment_id"]: (one["status"], one["household_number"], one["individual_number"])
        for info in manifest.lists
        for one in await _links(door, info.partner, info.program)
    }
    numbers = {(one.individual_id, one.household_id): one for one in people}

    started = time.perf_counter()
    decisions = _link(people, listed, index)
    seconds = time.perf_counter() - started

    same = sum(decided_by_platform.get(id_) == _outcome(one, numbers) for id_, one in decisions.items())
    return Linked(seconds, round(same / len(decisions), 4))


def _named(place: dict[str, Any]) -> dict[str, Any]:
    names = [place["name_fr"], place["name_ar"], *place["names"]]
    return place | {"names": list(dict.fromkeys(name for name in names if name))}


def _outcome(one: Decision, numbers: dict[Any, IndividualFacts]) -> tuple[str, str | None, str | None]:
    status = {"link": "linked", "adjudicate": "to_adjudicate", "unmatched": "unmatched"}[one.kind]
    person = numbers.get((one.individual_id, one.household_id))
    return status, person.household_number if person else None, person.individual_number if person else None


def _link(people: list[IndividualFacts], rows: list[dict[str, Any]], index: PlaceIndex) -> dict[str, Decision]:
    models, vocabulary = newest_shipped(), Vocabulary(REGISTRY)
    records = packed_people(people, vocabulary)
    registry = Index(vocabulary, records, np.ones(len(people), bool), models.rarity)
    looking, facts = registry.looking(), [_facts(row, index) for row in rows]
    decisions = {}
    for start in range(0, len(rows), CHUNK):
        some = facts[start : start + CHUNK]
        with registry.asked(looking):
            listed = packed([row_values(one) for one in some], vocabulary)
            for at, keys in enumerate(registry.keys_of(listed)):
                model = models.for_unit(some[at].unit)
                found = registry.find_packed(model, listed[at : at + 1], looking, MOST_LISTED, keys)
                decisions[rows[start + at]["id"]] = decide(_scored(some[at], model, found, people), unit=some[at].unit)
    return decisions


def _scored(
    facts: BeneficiaryFacts, model: Model, found: list[Candidate], people: list[IndividualFacts]
) -> list[Scored]:
    gave = [
        Scored(people[one.row], comparison(model, facts, people[one.row], one.score, one.levels, one.bits))
        for one in found
    ]
    return [one for one in gave if one.comparison.probability >= ADJUDICATE]


def _facts(row: dict[str, Any], index: PlaceIndex) -> BeneficiaryFacts:
    place = index.resolve(row["wilaya"], row["moughataa"], row["commune"])
    return BeneficiaryFacts(
        enrollment_id=UUID(row["id"]),
        unit=UNITS[row["unit"]],
        name=row["name"],
        father_name=row["father_name"],
        household_number=row["household_number"],
        nni=row["nni"],
        phones=tuple(row["phones"]),
        sex=row["sex"],
        birth_date=date.fromisoformat(row["birth_date"]) if row["birth_date"] else None,
        birth_precision=row["birth_precision"] or "day",
        school_class=row["school_class"],
        listed_on=date.fromisoformat(row["enrolled_on"]),
        wilaya_code=place.wilaya_code,
        moughataa_code=place.moughataa_code,
        commune_code=place.commune_code,
    )


def people_in(registry: Path, parents: dict[str, str | None]) -> list[IndividualFacts]:
    with registry.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    fathers = {r["household_number"]: r["name_fr"] for r in rows if (r["relationship"], r["sex"]) == ("head", "M")}
    households = {(r["phone"], r["household_number"]) for r in rows if r["phone"]}
    shared = Counter(phone for phone, _ in households)
    return [_person(row, fathers, shared, parents) for row in rows]


def _person(
    row: dict[str, str], fathers: dict[str, str], shared: Counter[str], parents: dict[str, str | None]
) -> IndividualFacts:
    moughataa = parents.get(row["commune_code"])
    return IndividualFacts(
        individual_id=uuid5(HERE, row["individual_number"]),
        individual_number=row["individual_number"],
        household_id=uuid5(HERE, row["household_number"]),
        household_number=row["household_number"],
        name_fr=row["name_fr"] or None,
        name_ar=row["name_ar"] or None,
        father_name=fathers.get(row["household_number"]) if row["relationship"] == "child" else None,
        sex="F" if row["sex"] == "F" else "M",
        birth_date=date.fromisoformat(row["birth_date"]),
        birth_precision="year" if row["birth_precision"] == "year" else "day",
        nni=row["nni"] or None,
        phones=(row["phone"],) if row["phone"] else (),
        phone_households=(shared.get(row["phone"], 1),),
        relationship=row["relationship"],  # type: ignore[arg-type] # the file's words are the rule's
        wilaya_code=parents.get(moughataa or ""),
        moughataa_code=moughataa,
        commune_code=row["commune_code"],
    )


async def _listed(door: Door, institution: str, program: str, partner: str) -> list[dict[str, Any]]:
    async with door.client(partner) as client:
        about = await client.get(f"/programs/{institution}/v1/programs/{program}")
        pages = client.pages(f"/programs/{institution}/v1/enrollments", program=program)
        return [one | {"unit": about["unit"]} async for one in pages]


async def _links(door: Door, partner: str, program: str) -> list[dict[str, Any]]:
    async with door.client(partner) as client:
        return [one async for one in client.pages("/matching/v1/links", program=program)]


async def copy_rows(postgres_url: str, folder: Path, manifest: Manifest) -> float:
    """Seconds a plain COPY of the registry's rows and of as many list rows takes, into tables without an index."""
    with (folder / manifest.registry.file).open(encoding="utf-8", newline="") as file:
        header, *rows = [tuple(row) for row in csv.reader(file)]
    listed = (rows * (sum(one.rows for one in manifest.lists) // len(rows) + 1))[
        : sum(one.rows for one in manifest.lists)
    ]
    connection = await asyncpg.connect(postgres_url)
    try:
        columns = ", ".join(f'"{name}" text' for name in header)
        for table in ("bench_registry", "bench_lists"):
            await connection.execute(f"CREATE TABLE {table} ({columns})")
        started = time.perf_counter()
        await connection.copy_records_to_table("bench_registry", records=rows)
        await connection.copy_records_to_table("bench_lists", records=listed)
        return time.perf_counter() - started
    finally:
        await connection.execute("DROP TABLE IF EXISTS bench_registry, bench_lists")
        await connection.close()
