"""Places as operators change them, for tests of the registry."""

from typing import Any

import httpx

VILLAGE = {
    "kind": "village",
    "parent_code": "MR011-C02",
    "name_fr": "Oum Essafya",
    "name_ar": "أم الصافية",
    "reason": "note du hakem",
}
ESSAFYA, HASSI_SIDI = "MR011-C02-V001", "MR011-C02-V002"


async def every_place(client: httpx.AsyncClient, **asked: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get("/v1/places", params={"limit": "200", **asked, **cursor})).json()
        items += page["items"]
        if not page.get("next_cursor"):
            return items
        cursor = {"cursor": page["next_cursor"]}


async def create_place(client: httpx.AsyncClient, **differing: Any) -> dict[str, Any]:
    """A village of Bougadoum, or what differs from it."""
    made = await client.post("/v1/places", json=VILLAGE | differing)
    assert made.status_code == 201, made.text
    place: dict[str, Any] = made.json()
    return place


async def act(client: httpx.AsyncClient, code: str, verb: str, **body: Any) -> httpx.Response:
    """Call a verb with the version read just before."""
    tag = (await client.get(f"/v1/places/{code}")).headers["ETag"]
    return await client.post(f"/v1/places/{code}/{verb}", json=body, headers={"If-Match": tag})


async def village_of(client: httpx.AsyncClient, written: str, commune: str = "MR011-C02") -> str | None:
    found = await client.get("/v1/places/resolve", params={"commune": commune, "village": written})
    code: str | None = found.json()["village_code"]
    return code
