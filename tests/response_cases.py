"""Tables of the Cadre Harmonisé, and a matching service that is sent them."""

from collections.abc import Sequence
from typing import Any

import httpx

from running import until

HEADER = (
    "Wilaya;Moughataa;P-code;Cycle d'analyse;Période;Début de la période;Fin de la période;Population;"
    "Phase 1;Phase 2;Phase 3;Phase 4;Phase 5;Phase de la zone;Source;Validé par"
)
AMOURJ = "Hodh Ech Chargui;Amourj;MR011;Mars 2026;Projetée;01/06/2026;30/09/2026;10000;5000;2500;1900;600;0;3;CH;Comité"
GUEROU = "Assaba;Guerou;;Mars 2026;Projetée;01/06/2026;30/09/2026;8000;6000;1000;800;200;0;2;CH;Comité"
"""25 % of Amourj's people are in phase 3 or worse, 12.5 % of Guerou's."""


def table(lines: Sequence[str] = (AMOURJ, GUEROU), header: str = HEADER) -> bytes:
    return "\n".join((header, *lines)).encode()


async def sent(client: httpx.AsyncClient, content: bytes, name: str = "ch.csv", **asked: Any) -> dict[str, Any]:
    """The import of a table once it has ended."""
    params = {"kind": "cadre_harmonise", "filename": name, **asked}
    answer = await client.post("/v1/imports", content=content, params=params)
    assert answer.status_code in (200, 202), answer.text
    told: dict[str, Any] = {}

    async def done() -> bool:
        told.update((await client.get(f"/v1/imports/{answer.json()['id']}")).json())
        return told["status"] not in ("received", "running")

    await until(done, what="the table to be read")
    return told


async def issues(client: httpx.AsyncClient, import_id: str) -> list[tuple[int, str, str]]:
    items = (await client.get(f"/v1/imports/{import_id}/issues")).json()["items"]
    return [(one["line"], one["field"], one["code"]) for one in items]


async def items(client: httpx.AsyncClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def decide(client: httpx.AsyncClient, trigger: dict[str, Any], step: str, **said: Any) -> httpx.Response:
    headers = {"If-Match": f'"{trigger["version"]}"'}
    return await client.post(f"/v1/triggers/{trigger['id']}/{step}", json=said, headers=headers)


CASH_VALUE = {
    "from_on": "2020-01-01",
    "amount_mru": "3600.00",
    "per": "household",
    "months_per_payment": 3,
    "months": None,
    "max_people": None,
}


def design(trigger_id: str, **changed: Any) -> dict[str, Any]:
    """A response to one trigger: 500 a month on top of Tekavoul, 1,000 for whoever is not enrolled, four months."""
    return {
        "title": "Soudure 2026",
        "program": "EL_MAOUNA",
        "trigger_ids": [trigger_id],
        "first_month": "2026-06-01",
        "months": 4,
        "vertical": {"programs": [{"program": "TEKAVOUL"}], "amount": {"amount_mru": "500"}},
        "horizontal": {"amount": {"amount_mru": "1000"}},
        "budget_mru": "30000",
        "official": "csa-1",
    } | changed


async def ready(client: httpx.AsyncClient, response_id: str) -> dict[str, Any]:
    """A response once its plan is computed, or could not be."""
    told: dict[str, Any] = {}

    async def computed() -> bool:
        told.update((await client.get(f"/v1/responses/{response_id}")).json())
        return bool(told["planning"] != "waiting")

    await until(computed, what="the plan to be computed", seconds=60)
    return told


async def step(client: httpx.AsyncClient, response: dict[str, Any], name: str, **said: Any) -> httpx.Response:
    """A step of a response, as it was last seen."""
    path = f"/v1/responses/{response['id']}/{name}"
    return await client.post(path, json=said, headers={"If-Match": f'"{response["version"]}"'})


async def stepped(client: httpx.AsyncClient, response: dict[str, Any], name: str, **said: Any) -> dict[str, Any]:
    answer = await step(client, response, name, **said)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["ETag"] == f'"{told["version"]}"'
    return told
