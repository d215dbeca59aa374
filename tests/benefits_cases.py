"""Builders of cycles and reports for the tests of benefits."""

from datetime import date
from typing import Any

import httpx
from sqlalchemy import update

from running import Running, until
from services.programs.models import Enrollment

ENGLISH = {"Accept-Language": "en"}


async def issue(client: httpx.AsyncClient, program: str, starts_on: str, **more: Any) -> dict[str, Any]:
    """Begin a cycle and wait until it is issued."""
    begun = await client.post("/v1/cycles", json={"program": program, "starts_on": starts_on} | more, headers=ENGLISH)
    assert begun.status_code == 202, begun.text
    return await issued(client, begun.json()["id"])


async def issued(client: httpx.AsyncClient, cycle_id: str) -> dict[str, Any]:
    async def done() -> dict[str, Any] | None:
        state: dict[str, Any] = (await client.get(f"/v1/cycles/{cycle_id}", headers=ENGLISH)).json()
        return None if state["status"] == "issuing" else state

    state: dict[str, Any] = await until(done, what="the cycle to be issued")
    return state


async def entitlements(client: httpx.AsyncClient, cycle_id: str, **asked: Any) -> list[dict[str, Any]]:
    page = await client.get(f"/v1/cycles/{cycle_id}/entitlements", params={"limit": 200} | asked, headers=ENGLISH)
    assert page.status_code == 200, page.text
    items: list[dict[str, Any]] = page.json()["items"]
    return items


async def reconciled(client: httpx.AsyncClient, cycle_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/cycles/{cycle_id}/reconciliation")).json()
    return found


async def ledger(client: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = (
            await client.get("/v1/ledger", params={"limit": 200, **asked} | ({"cursor": cursor} if cursor else {}))
        ).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def decide(client: httpx.AsyncClient, path: str, version: int, body: Any = None) -> httpx.Response:
    headers = ENGLISH | {"If-Match": f'"{version}"'}
    return await client.post(path, headers=headers, json=body) if body else await client.post(path, headers=headers)


def enrolled(*numbers: int, size: int | str = 6) -> list[list[object]]:
    """Rows of a list of households, with their header: number and name, size."""
    rows: list[list[object]] = [["N° Ménage", "Nom et prénom", "Taille ménage"]]
    return rows + [[household(number), f"Mint Ahmed {number}", size] for number in numbers]


def household(number: int) -> str:
    return f"MR011{number:07d}"


async def enrolled_since(running: Running, day: date, **where: Any) -> None:
    """Lists enroll on the day they come; these tests are about periods before it."""
    async with running.platform.database.transaction() as tx:
        rows = update(Enrollment).values(enrolled_on=day)
        for column, value in where.items():
            rows = rows.where(getattr(Enrollment, column) == value)
        await tx.execute(rows)


def problems(state: dict[str, Any]) -> list[tuple[int, str, str, str]]:
    return [(one["line"], one["field"], one["severity"], one["code"]) for one in state["issues"]]


def counts(state: dict[str, Any]) -> tuple[str, int, int, int]:
    return state["status"], state["accepted"], state["unchanged"], state["rejected"]
