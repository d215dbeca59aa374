"""Sizes of households for whoever works out benefits per head: on a day, as known at a moment, many at once."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from registry_cases import Family, apply, member, send, the_household
from running import Running

SIZES = "/internal/household-sizes"


async def test_sizes_are_those_of_a_day_as_known_at_a_moment(registry: Running, client: httpx.AsyncClient) -> None:
    await send(client, Family())
    family = await the_household(client)
    before = datetime.now(UTC).isoformat()
    aicha = member(family, "1000000004")["individual_id"]
    await apply(client, {"kind": "death", "individual_id": aicha, "died_on": "2026-01-15"})
    after = datetime.now(UTC).isoformat()

    async def size(as_of: str, known_at: str) -> Any:
        asked = {"ids": [family["id"], str(uuid4())], "as_of": as_of, "known_at": known_at}
        answer = await client.post(SIZES, json=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()["sizes"]

    # Sidi, his wife and two children, until Aïcha's death on 15 January; whom nobody knows is left out.
    assert await size("2026-01-14", after) == {family["id"]: 4}
    assert await size("2026-01-15", after) == {family["id"]: 3}
    assert await size("2026-01-15", before) == {family["id"]: 4}
    assert await size("2020-01-01", after) == {}


async def test_sizes_are_bounded_and_for_services_alone(registry: Running, client: httpx.AsyncClient) -> None:
    asked = {"as_of": "2026-01-14", "known_at": "2026-01-14T00:00:00Z"}
    many = await client.post(SIZES, json=asked | {"ids": [str(uuid4()) for _ in range(1_001)]})
    none = await client.post(SIZES, json=asked | {"ids": []})
    async with registry.client("csa", permissions=frozenset({"households:read"})) as outsider:
        refused = await outsider.post(SIZES, json=asked | {"ids": [str(uuid4())]})

    assert (many.status_code, none.status_code, refused.status_code) == (422, 422, 403)
