"""A small country from which a list is asked for, and those who ask, review and watch over it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx

from matching_cases import Projection, enrollment, household, member, program
from running import Running, until
from shared.agreements import Agreement

FOOD, CASH = "EL_MAOUNA", "TEKAVOUL"
LISTS = "/v1/targeting-lists"
AGREEMENT = Agreement(
    id="CSA-1",
    version=3,
    provider="taazour",
    purposes=frozenset({"lean_season_response"}),
    programs=frozenset({FOOD, CASH}),
    places=frozenset(),
    attributes=frozenset({"household_number", "head_name", "commune", "village", "size", "top_up", "amount"}),
    volume_per_query=100,
    not_before=date(2026, 1, 1),
    not_after=date(2099, 12, 31),
    legal_basis="Protocol 12/2026",
)
PURPOSE = "lean_season_response"
BODY: dict[str, Any] = {
    "official": "CSA-1",
    "program": FOOD,
    "areas": ["MR01"],
    "number": 6,
    "fields": ["household_number", "head_name", "village", "size"],
}
OFFICER = {"official": "TZR-1"}


def home(number: int, category: str = "poor", **changed: Any) -> dict[str, Any]:
    head = member(number, f"Salem {number}", name_ar=f"سالم {number}")
    child = member(1000 + number, f"Child {number}", relationship="child", birth_date="2018-01-01")
    told = {"vulnerability_category": category, "village": "Toueimirit" if number % 2 else "Edebaye"}
    return household(number, head, child, **told | changed)


async def a_country(projection: Projection) -> None:
    """Twelve households in Amourj: 0 to 3 extremely poor, the others poor; 12 and 13 in Bougadoum, extremely poor; 14 in
    another wilaya. Tekavoul has 0 and 1, and perhaps 2."""
    await projection.programs(program(FOOD, "csa"), program(CASH, "taazour"))
    await projection.households(
        *(home(n, "extreme_poor" if n < 4 else "poor") for n in range(12)),
        *(home(n, "extreme_poor", commune_code="MR011-C02") for n in (12, 13)),
        home(14, "extreme_poor", commune_code="MR032-C01"),
    )
    await projection.enrollments(*(enrollment(CASH, n, n, name=f"Salem {n}") for n in (0, 1)))
    await projection.link()


@asynccontextmanager
async def partner(
    matching: Running, name: str, agreement: Agreement | None = AGREEMENT, purpose: str | None = PURPOSE
) -> AsyncIterator[httpx.AsyncClient]:
    """CSA asks and receives, Taazour reviews; each with what the partners file gives it."""
    permissions = {
        "csa": {"lists:request", "lists:read"},
        "wfp": {"lists:request", "lists:read"},
        "taazour": {"lists:review", "lists:read", "lists:revoke"},
    }[name]
    programs = {"csa": {FOOD}, "wfp": {"WFP_LEAN_SEASON"}, "taazour": {CASH}}[name]
    named = (None, None) if name == "taazour" else (agreement, purpose)
    async with matching.client(name, frozenset(permissions), frozenset(programs), frozenset(), *named) as client:
        yield client


async def counted(client: httpx.AsyncClient, list_id: str) -> dict[str, Any]:
    """The list once it is counted."""

    async def done() -> dict[str, Any] | None:
        found: dict[str, Any] = (await client.get(f"{LISTS}/{list_id}")).json()
        return None if found["status"] == "requested" else found

    return await until(done, what="the list to be counted")  # type: ignore[no-any-return]


async def asked(client: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    """A list asked for and counted."""
    answer = await client.post(LISTS, json=BODY | changed)
    assert answer.status_code == 202, answer.text
    return await counted(client, answer.json()["id"])


async def step(
    client: httpx.AsyncClient, found: dict[str, Any], name: str, body: dict[str, Any] = OFFICER
) -> httpx.Response:
    headers = {"If-Match": f'"{found["version"]}"'}
    return await client.post(f"{LISTS}/{found['id']}/{name}", json=body, headers=headers)


async def stepped(
    client: httpx.AsyncClient, found: dict[str, Any], *names: str, body: dict[str, Any] = OFFICER
) -> dict[str, Any]:
    """The list after these steps."""
    for name in names:
        answer = await step(client, found, name, body)
        assert answer.status_code == 200, answer.text
        found = answer.json()
    return found
