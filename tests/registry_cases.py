"""A small country for tests of the registry: households sent as files, read and changed through the service's routes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import select

from running import Running, until
from services.registry.rules.households import COLUMNS
from shared.outbox import OutboxRow

AMOURJ, BOUGADOUM = "MR011-C01", "MR011-C02"
SURVEYED_ON = "2025-03-04"


@dataclass
class Person:
    number: str
    relationship: str
    name_fr: str
    name_ar: str
    sex: str
    birth_date: str
    nni: str = ""
    birth_precision: str = "day"
    disability: str = "none"


def sidi(number: str = "1000000001", nni: str = "9900000033") -> Person:
    return Person(number, "head", "Sidi Ould Ahmed", "سيدي ولد أحمد", "M", "1980-05-06", nni)


def mariem(number: str = "1000000002") -> Person:
    return Person(number, "spouse", "Mariem Mint Vall", "مريم بنت فال", "F", "1986-02-03")


def ahmed(number: str = "1000000003") -> Person:
    return Person(number, "child", "Ahmed Ould Sidi", "أحمد ولد سيدي", "M", "2004-07-08")


def aicha(number: str = "1000000004") -> Person:
    return Person(number, "child", "Aïcha Mint Sidi", "عائشة بنت سيدي", "F", "2015-09-10")


@dataclass
class Family:
    """One household as a file tells it; by default Sidi, his wife and two children in Amourj."""

    number: str = "MR0110000001"
    commune: str = AMOURJ
    village: str = "Oum Essafya"
    category: str = "extreme_poor"
    score: str = "12.50"
    surveyed_on: str = SURVEYED_ON
    phone: str = "22334455"
    members: list[Person] = field(default_factory=lambda: [sidi(), mariem(), ahmed(), aicha()])

    def lines(self) -> list[str]:
        own = (
            f"{self.number},{self.commune},{self.village},{self.category},{self.score},PMT-2024.1,{self.surveyed_on},"
            f"{self.phone}"
        )
        return [
            f"{own},{one.number},{one.relationship},{one.name_fr},{one.name_ar},{one.sex},{one.birth_date},"
            f"{one.birth_precision},{one.nni},{one.disability}"
            for one in self.members
        ]


def a_file(*families: Family) -> bytes:
    return "\n".join([",".join(COLUMNS), *(line for one in families for line in one.lines()), ""]).encode()


async def send(client: httpx.AsyncClient, *families: Family) -> dict[str, Any]:
    """Send families as one file and wait until it is applied."""
    sent = await client.post(
        "/v1/imports", params={"kind": "households", "filename": "menages.csv"}, content=a_file(*families)
    )
    assert sent.status_code == 202, sent.text

    async def ended() -> dict[str, Any] | None:
        state = (await client.get(f"/v1/imports/{sent.json()['id']}")).json()
        return state if state["status"] in ("completed", "failed") else None

    state: dict[str, Any] = await until(ended, what="the import to end")
    assert state["status"] == "completed", state
    return state


async def the_household(client: httpx.AsyncClient, number: str = "MR0110000001", **moment: str) -> dict[str, Any]:
    """A household as read by its number."""
    page = (await client.get("/v1/households", params={"number": number, **moment})).json()["items"]
    assert len(page) == 1, page
    read = await client.get(f"/v1/households/{page[0]['id']}", params=moment)
    assert read.status_code == 200, read.text
    found: dict[str, Any] = read.json()
    return found


def member(household: dict[str, Any], number: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in household["members"] if one["individual_number"] == number)
    return found


def roles(household: dict[str, Any]) -> dict[str, str]:
    return {one["individual_number"]: one["relationship"] for one in household["members"]}


async def propose(
    client: httpx.AsyncClient,
    proposal: dict[str, Any],
    *,
    approve: bool = False,
    official: str = "TZR-0001",
    if_match: str | None = "*",
    key: str | None = None,
    **more: Any,
) -> httpx.Response:
    headers = {"If-Match": if_match, "Idempotency-Key": key}
    return await client.post(
        "/v1/change-requests",
        json={"proposal": proposal, "official": official, "approve": approve, **more},
        headers={name: value for name, value in headers.items() if value is not None},
    )


async def apply(client: httpx.AsyncClient, proposal: dict[str, Any]) -> dict[str, Any]:
    """Propose a change and let as many officials approve it as are needed; it must be applied."""
    answer = await propose(client, proposal, approve=True)
    assert answer.status_code == 201, answer.text
    request: dict[str, Any] = answer.json()
    for number in range(2, 1 + request["persons_needed"]):
        answer = await client.post(
            f"/v1/change-requests/{request['id']}/approve",
            json={"official": f"TZR-000{number}"},
            headers={"If-Match": answer.headers["ETag"]},
        )
        assert answer.status_code == 200, answer.text
        request = answer.json()
    assert request["status"] == "applied", request
    return request


async def undo(client: httpx.AsyncClient, request: dict[str, Any]) -> dict[str, Any]:
    return await apply(client, {"kind": "undo", "change_id": request["change_id"]})


async def announced(registry: Running, *types: str) -> list[dict[str, Any]]:
    """The events recorded, of these types, in order."""
    async with registry.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [row.data | {"type": row.type} for row in rows if not types or row.type in types]


async def import_file(client: httpx.AsyncClient, kind: str, content: str) -> None:
    """Send a file of a kind, to whichever service takes it, and wait until it is applied."""
    sent = await client.post(
        "/v1/imports", params={"kind": kind, "filename": "liste.csv", "currency": "MRU"}, content=content.encode()
    )
    assert sent.status_code == 202, sent.text

    async def ended() -> bool:
        state = (await client.get(f"/v1/imports/{sent.json()['id']}")).json()
        assert state["status"] != "failed", state
        return bool(state["status"] == "completed")

    await until(ended, what="the import to end")
