"""Three people of the registry, to be found from what lists say of them; and lists sent to be matched."""

from typing import Any

import httpx

from matching_cases import household, member
from running import until

YAHYA, ZEINEBOU, MOUSSA = 1, 2, 3
PEOPLE = (
    household(YAHYA, member(YAHYA, "Yahya Ould Cheikhna Ould Demba", nni="9900000033", birth_date="1981-04-09")),
    household(
        ZEINEBOU,
        member(ZEINEBOU, "Zeinebou Mint Sidaty Ould Lekhlive", sex="F", birth_date="1975-11-20", nni="9900000130"),
        phones=["+22222334455"],
    ),
    household(
        MOUSSA, member(MOUSSA, "Moussa Ould Khattri Ould Tourad", birth_date="1990-06-15"), commune_code="MR011-C02"
    ),
)


async def sent(
    client: httpx.AsyncClient, content: bytes, kind: str = "DISABILITY_CASH", name: str = "liste.csv", **asked: Any
) -> dict[str, Any]:
    """The import of a list once it has ended."""
    answer = await client.post("/v1/imports", content=content, params={"kind": kind, "filename": name, **asked})
    assert answer.status_code in (200, 202), answer.text
    return await ended(client, answer.json()["id"])


async def ended(client: httpx.AsyncClient, id_: str) -> dict[str, Any]:
    told: dict[str, Any] = {}

    async def done() -> bool:
        told.update((await client.get(f"/v1/imports/{id_}")).json())
        return told["status"] not in ("received", "running")

    await until(done, what="the list to be matched")
    return told


async def matches(client: httpx.AsyncClient, id_: str, language: str = "en", **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/imports/{id_}/matches", params=asked, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
