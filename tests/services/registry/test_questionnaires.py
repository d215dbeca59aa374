"""The published questionnaires over HTTP."""

from collections.abc import AsyncIterator

import httpx
import pytest

from running import Running, Services


@pytest.fixture
async def registry(services: Services) -> Running:
    return await services.start("registry")


@pytest.fixture
async def client(registry: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with registry.client("csa", frozenset()) as made:
        yield made


async def test_the_versions_are_listed_oldest_first_and_say_whose_they_are(client: httpx.AsyncClient) -> None:
    first = (await client.get("/v1/questionnaires", params={"limit": 1})).json()
    second = (await client.get("/v1/questionnaires", params={"limit": 1, "cursor": first["next_cursor"]})).json()

    assert [one["version"] for one in (*first["items"], *second["items"])] == ["RS-2020.1", "RS-2024.1"]
    assert second["next_cursor"] is None
    assert "not Taazour's" in first["items"][0]["origin"]["en"]


async def test_a_version_is_its_schemas_and_is_cached_for_ever(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/questionnaires/RS-2024.1")

    walls = answer.json()["household"]["properties"]["walls"]
    assert walls["x-labels"]["values"]["mud"] == {"ar": "طين", "fr": "banco", "en": "mud"}
    assert "immutable" in answer.headers["Cache-Control"]
    again = await client.get("/v1/questionnaires/RS-2024.1", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_version_never_published_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/questionnaires/RS-1999.1")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
