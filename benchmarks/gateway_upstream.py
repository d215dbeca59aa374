"""What stands behind nginx and the gateway when they are measured: a FastAPI application with a household of some 1 KB.

Run by uvicorn: `python -m uvicorn benchmarks.gateway_upstream:app`.
"""

from __future__ import annotations

from uuid import UUID

from fastapi import FastAPI
from pydantic import BaseModel


class Member(BaseModel):
    individual_id: UUID
    individual_number: str
    name_ar: str
    name_fr: str
    sex: str
    birth_date: str
    relationship: str


class Row(BaseModel):
    place: str
    category: str


class Household(BaseModel):
    id: UUID
    number: str
    commune_code: str
    village: str
    size: int
    members: list[Member]
    row: Row
    """What a service tells the gateway of where a household is, for it to check."""


app = FastAPI(openapi_url=None)


@app.get("/v1/households/{household_id}")
async def get_household(household_id: UUID) -> Household:
    """Invented; always the same household of four, in the forms of the agreement that is measured."""
    names = (("فاطمة منت أحمد", "Fatimetou Mint Ahmed"), ("محمد ولد سيدي", "Mohamed Ould Sidi"))
    members = [
        Member(
            individual_id=UUID(int=household_id.int ^ place),
            individual_number=f"********{place:02}",
            name_ar=names[place % 2][0],
            name_fr=names[place % 2][1],
            sex="fm"[place % 2],
            birth_date=f"19{80 + place}",
            relationship="head" if place == 1 else "child",
        )
        for place in range(1, 5)
    ]
    return Household(
        id=household_id,
        number="MR0510000001",
        commune_code="MR051-C2",
        village="Bir El Barka",
        size=4,
        members=members,
        row=Row(place="MR051-C2", category="poor"),
    )


@app.get("/v1/plain/{household_id}")
async def get_plainly(household_id: UUID) -> Household:
    """The same bytes at an address of which the gateway's table says that it tells of nobody."""
    return await get_household(household_id)


@app.get("/health/ready")
async def ready() -> dict[str, object]:
    return {"ready": True, "waiting_for": []}
