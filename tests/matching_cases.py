"""A small country for tests of matching: what the registry and the programs would give it, put in directly."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from running import fresh_database
from servers import RunningServers
from services.matching import projecting
from services.matching.deliveries import put_deliveries
from services.matching.linking import Places, link_chunk
from services.matching.settings import MatchingSettings
from shared.database import Database

NAMESPACE = UUID(int=2026)
TODAY = date(2026, 10, 1)

PLACES: list[dict[str, Any]] = [
    {"code": code, "kind": kind, "parent_code": parent, "name_fr": name, "name_ar": None, "names": [name]}
    for code, kind, parent, name in (
        ("MR01", "wilaya", None, "Hodh Ech Chargui"),
        ("MR03", "wilaya", None, "Assaba"),
        ("MR011", "moughataa", "MR01", "Amourj"),
        ("MR032", "moughataa", "MR03", "Guerou"),
        ("MR011-C01", "commune", "MR011", "Amourj"),
        ("MR011-C02", "commune", "MR011", "Bougadoum"),
        ("MR032-C01", "commune", "MR032", "Guerou"),
    )
]


def id_of(text: str) -> UUID:
    """The same id for the same words, so that a test can name what it means."""
    return uuid5(NAMESPACE, text)


def member(number: int, name_fr: str, **changed: Any) -> dict[str, Any]:
    """An individual as the registry's /internal shows one."""
    return {
        "individual_id": str(id_of(f"individual {number}")),
        "individual_number": f"{number:010d}",
        "relationship": "head",
        "name_fr": name_fr,
        "name_ar": None,
        "sex": "M",
        "birth_date": "1980-03-07",
        "birth_precision": "day",
        "nni": None,
        "disability": False,
    } | changed


def household(number: int, *members: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A household as the registry's /internal shows one; alone in it, unless told otherwise, its head."""
    return {
        "id": str(id_of(f"household {number}")),
        "number": f"MR011{number:07d}",
        "version": 1,
        "status": "active",
        "commune_code": "MR011-C01",
        "vulnerability_category": "extreme_poor",
        "phones": [],
        "members": list(members) or [member(number, f"Salem Ould Bellal Ould {SURNAMES[number % len(SURNAMES)]}")],
    } | changed


SURNAMES = ("Tourad", "Moctar", "Brahim", "Cheikh", "Demba", "Khattri", "Lekhlive")


def enrollment(program: str, number: int, household_number: int | None = None, **listed: Any) -> dict[str, Any]:
    """A change of an enrollment as a programs service's /internal shows one: line `number` of the program's list."""
    units = {"SCHOOL_FEEDING": "pupil", "WFP_LEAN_SEASON": "household", "HEALTH_INSURANCE": "individual"}
    beneficiary = {
        "status": "enrolled",
        "version": 1,
        "unit": units.get(program, "household"),
        "household_number": f"MR011{household_number:07d}" if household_number is not None else None,
        "name": f"Salem Ould Bellal Ould {SURNAMES[(household_number or 0) % len(SURNAMES)]}",
        "father_name": None,
        "nni": None,
        "phones": [],
        "sex": "M",
        "birth_date": None,
        "birth_precision": None,
        "wilaya": "Hodh Ech Chargui",
        "moughataa": "Amourj",
        "commune": "Amourj",
        "village": None,
        "household_size": 6,
        "school": None,
        "school_class": None,
        "monthly_value_mru": "1200.00",
        "import_id": str(id_of(f"import {program}")),
        "source_line": number,
    } | listed
    return {
        "enrollment_id": str(id_of(f"{program} {number}")),
        "version": beneficiary["version"],
        "program": program,
        "beneficiary": beneficiary,
    }


def delivery(program: str, number: int, day: date, handed_over: bool = True, **changed: Any) -> dict[str, Any]:
    """A delivery to line `number` of the program's list, as its institution's /internal shows it: one for each such day."""
    return {
        "delivery_id": str(id_of(f"delivery {program} {number} {day}")),
        "program": program,
        "enrollment_id": str(id_of(f"{program} {number}")),
        "school": None,
        "handed_over": handed_over,
        "amount_mru": "3600.00" if handed_over else "0.00",
        "delivered_on": day.isoformat(),
        "period_on": None,
        "corrects": None,
    } | changed


def program(code: str, institution: str, unit: str = "household", **targeting: Any) -> dict[str, Any]:
    """A program as its institution's /internal shows it."""
    return {
        "code": code,
        "institution": institution,
        "version": 1,
        "unit": unit,
        "names": {"ar": code, "fr": code, "en": code},
        "targeting": {"categories": ["extreme_poor"], "requires_disability": False, "wilayas": None} | targeting,
    }


class Projection:
    """Puts what was announced into a matching database, and links, as the consumers and the worker would."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._places = Places()

    async def places(self, places: list[dict[str, Any]] = PLACES) -> None:
        async with self.database.transaction() as tx:
            await projecting.replace_places(tx, places)

    async def programs(self, *programs: dict[str, Any]) -> None:
        async with self.database.transaction() as tx:
            for one in programs:
                await projecting.put_program(tx, one)

    async def households(self, *households: dict[str, Any]) -> None:
        async with self.database.transaction() as tx:
            await projecting.put_households(tx, households, TODAY)

    async def enrollments(self, *changes: dict[str, Any], institution: str = "taazour") -> None:
        async with self.database.transaction() as tx:
            await projecting.put_beneficiaries(tx, institution, changes)

    async def deliveries(self, *made: dict[str, Any], institution: str = "taazour") -> None:
        async with self.database.transaction() as tx:
            await put_deliveries(tx, institution, made)

    async def refuse(self, name: str, change: dict[str, Any], **whom: Any) -> None:
        """Its institution says whom the enrollment is not: `individual_id`, `household_id` or both."""
        refusal = {"id": str(id_of(name)), "enrollment_id": change["enrollment_id"]}
        async with self.database.transaction() as tx:
            await projecting.put_refusal(tx, refusal | {"individual_id": None, "household_id": None} | whom)

    async def link(self) -> int:
        """Link until nobody waits; how many were compared."""
        done = 0
        while True:
            async with self.database.transaction() as tx:
                some = await link_chunk(tx, self._places)
            if not some:
                return done
            done += some


async def new_projection(servers: RunningServers, folder: Path) -> Projection:
    key = folder / "unused.key"
    key.write_text("k" * 64)
    settings = MatchingSettings(
        DATABASE_URL=await fresh_database(servers, "services.matching"),
        NATS_URL=servers.nats_url,
        internal_key_file=key,
        database_connections=2,
    )
    made = Projection(Database(settings))
    await made.places()
    return made
