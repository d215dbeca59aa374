"""A small country in matching's database whose snapshots are worked out by hand."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update

from matching_cases import Projection, enrollment, household, id_of, member, program
from running import Running, Services, until
from services.matching.models import Beneficiary

HOMES, INSIDE = 36, 24
"""Of which 18 are in MR01 and 18 in MR03; 12 and 12 of them in TEKAVOUL, which gives 1,200 each month."""


def published(amount: str = "1200.00") -> dict[str, Any]:
    value = {
        "from_on": "2020-01-01",
        "amount_mru": amount,
        "per": "household",
        "months_per_payment": 1,
        "months": None,
        "max_people": None,
        "meal_mru": None,
    }
    more = {"benefit": "cash", "values": [value], "calendar": {"kind": "periods"}}
    return program("TEKAVOUL", "taazour") | more


def home(number: int) -> dict[str, Any]:
    members = [
        member(number * 10 + place, f"Enfant {number} {place}", relationship="child" if place else "head")
        for place in range(5)
    ]
    place = "MR011-C01" if number % 2 else "MR032-C01"
    return household(number, *members, commune_code=place, score=str(number))


async def fill(projection: Projection, numbers: range = range(1, HOMES + 1), inside: int = INSIDE) -> None:
    """Households, of which the first `inside` are enrolled and linked."""
    await projection.programs(published())
    await projection.households(*(home(number) for number in numbers))
    rows = [enrollment("TEKAVOUL", number, number) for number in numbers if number <= inside]
    await projection.enrollments(*rows)
    async with projection.database.transaction() as tx:
        for number in numbers:
            await tx.execute(
                update(Beneficiary)
                .where(Beneficiary.household_id.is_(None), Beneficiary.id.in_([UUID(r["enrollment_id"]) for r in rows]))
                .where(Beneficiary.listed["household_number"].astext == f"MR011{number:07d}")
                .values(link_status="linked", decided_as="linked", household_id=id_of(f"household {number}"))
            )


async def started(services: Services) -> Running:
    """Matching with the country, whose worker of snapshots runs."""
    running = await services.start("matching")
    projection = Projection(running.platform.database)
    await projection.places()
    await fill(projection)
    return running


async def make(client: httpx.AsyncClient, note: str = "first", **more: Any) -> dict[str, Any]:
    """Ask for a snapshot and wait until it is made."""
    asked = await client.post("/v1/snapshots", json={"note": note, **more})
    assert asked.status_code == 202, asked.text
    path = f"/v1/snapshots/{asked.json()['id']}"

    async def ended() -> Any:
        found = (await client.get(path)).json()
        return found if found["status"] not in ("waiting", "running") else None

    found: dict[str, Any] = await until(ended, what="the snapshot", seconds=60)
    return found
