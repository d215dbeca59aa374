"""Quotas: set by decree, their use counted where households live now, and what is said when one is exceeded."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from in_turn import in_turn
from running import Running, Services, until
from services.registry.commands.quotas import note_use
from services.registry.models import Household
from services.registry.rules.households import COLUMNS
from shared.clock import now
from shared.outbox import OutboxRow
from small_country import SmallCountry

TODAY = now().date()
DECREE: dict[str, Any] = {
    "households": 2,
    "legal_reference": "Arrêté n° 0123/2026",
    "valid_from": str(TODAY - timedelta(days=30)),
    "valid_until": str(TODAY + timedelta(days=30)),
}
ADDRESS = "/v1/quotas/MR011-C01/2026"


@pytest.fixture
async def registry(services: Services) -> Running:
    return await services.start("registry")


@pytest.fixture
async def client(registry: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with registry.client("taazour") as made:
        yield made


@pytest.fixture
def country(registry: Running) -> SmallCountry:
    return SmallCountry(registry)


async def announced(registry: Running) -> list[dict[str, Any]]:
    async with registry.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [row.data for row in rows if row.type == "registry.quotas.exceeded.v1"]


async def look(registry: Running, *places: str) -> None:
    async with registry.platform.database.transaction() as tx:
        await note_use(tx, places)


async def test_a_quota_answers_with_its_use_by_those_who_live_there_now(
    client: httpx.AsyncClient, country: SmallCountry
) -> None:
    await country.household("MR011-C01")
    await country.household("MR011-C01", vulnerability_category="not_poor")
    await country.household("MR011-C01", status="left", left_reason="emigrated")
    await country.household("MR011-C02")

    made = await client.put(ADDRESS, json=DECREE)

    assert (made.status_code, made.headers["ETag"]) == (200, '"1"')
    quota = made.json()
    assert (quota["households"], quota["used"], quota["free"], quota["over"]) == (2, 2, 0, False)
    narrower = await client.put(ADDRESS, json=DECREE | {"categories": ["extreme_poor"]}, headers={"If-Match": '"1"'})
    assert (narrower.json()["used"], narrower.json()["free"]) == (1, 1)


async def test_a_move_frees_the_old_place_and_uses_the_new_one_at_once(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    household = await country.household("MR011-C01", members=[{}])
    for place in ("MR011-C01", "MR011-C02"):
        await client.put(f"/v1/quotas/{place}/2026", json=DECREE)

    async with registry.platform.database.transaction() as tx:
        await tx.execute(update(Household).where(Household.id == household).values(commune_code="MR011-C02"))

    page = (await client.get("/v1/quotas", params={"place": "MR011"})).json()["items"]
    assert [(one["place_code"], one["used"]) for one in page] == [("MR011-C01", 0), ("MR011-C02", 1)]


async def test_going_beyond_a_quota_is_announced_once_and_again_after_it_was_within(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    await client.put(ADDRESS, json=DECREE | {"households": 0})
    household = await country.household("MR011-C01")

    await look(registry, "MR011-C01")
    await look(registry, "MR011-C01")

    (first,) = await announced(registry)
    assert (first["place_code"], first["period"], first["quota"], first["used"], first["version"]) == (
        "MR011-C01",
        "2026",
        0,
        1,
        1,
    )
    for status, reason in (("left", "moved"), ("active", None)):
        async with registry.platform.database.transaction() as tx:
            changed = update(Household).where(Household.id == household).values(status=status, left_reason=reason)
            await tx.execute(changed)
        await look(registry, "MR011-C01")
    assert [one["version"] for one in await announced(registry)] == [1, 2]


async def test_a_quota_of_another_time_is_not_exceeded_today(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    await country.household("MR011-C01")
    last_year = {"valid_from": "2025-01-01", "valid_until": "2026-01-01"}
    await client.put("/v1/quotas/MR011-C01/2025", json=DECREE | last_year | {"households": 0})

    await look(registry, "MR011-C01")

    assert await announced(registry) == []
    in_force = (await client.get("/v1/quotas", params={"on": str(TODAY)})).json()["items"]
    assert in_force == []


async def test_a_quota_set_below_its_use_is_announced_with_the_decree(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    for _ in range(3):
        await country.household("MR011-C01")

    quota = (await client.put(ADDRESS, json=DECREE)).json()

    assert (quota["used"], quota["free"], quota["over"]) == (3, 0, True)
    assert [one["used"] for one in await announced(registry)] == [3]


def a_file(households: int) -> bytes:
    line = "MR011000000{n},MR011-C01,Oum Essafya,extreme_poor,12.50,PMT-2024.1,2025-03-04,,100000000{n},head,Mohamed Ould Ahmed,,M,1980-12-31,year,,none"
    return "\n".join([",".join(COLUMNS), *(line.format(n=n) for n in range(households)), ""]).encode()


async def test_an_import_that_brings_a_place_over_its_quota_enters_and_is_warned_once(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await client.put(ADDRESS, json=DECREE)
    sent = await client.post("/v1/imports", params={"kind": "households", "filename": "menages.csv"}, content=a_file(4))

    async def ended() -> dict[str, Any] | None:
        state = (await client.get(f"/v1/imports/{sent.json()['id']}")).json()
        return state if state["status"] == "completed" else None

    state = await until(ended, what="the import to end")

    assert state["accepted"] == 4
    for language, word in (("ar", "حصته"), ("fr", "quota de 2 ménages"), ("en", "quota of 2 households")):
        answer = await client.get(f"/v1/imports/{state['id']}/issues", headers={"Accept-Language": language})
        (issue,) = [one for one in answer.json()["items"] if one["code"] == "quota_exceeded"]
        assert (issue["severity"], issue["value"]) == ("warning", "MR011-C01")
        assert word in issue["reason"]
    assert [one["used"] for one in await announced(registry)] == [4]


async def test_every_version_of_a_quota_is_kept(client: httpx.AsyncClient) -> None:
    await client.put(ADDRESS, json=DECREE)
    await client.put(ADDRESS, json=DECREE | {"households": 5}, headers={"If-Match": '"1"'})

    history = (await client.get(f"{ADDRESS}/history")).json()

    assert [(one["version"], one["households"], one["changed_by"]) for one in history] == [
        (2, 5, "taazour"),
        (1, 2, "taazour"),
    ]


async def test_a_change_needs_the_version_that_was_read(client: httpx.AsyncClient) -> None:
    unseen = await client.put(ADDRESS, json=DECREE, headers={"If-Match": '"1"'})
    await client.put(ADDRESS, json=DECREE)
    without = await client.put(ADDRESS, json=DECREE)
    stale = await client.put(ADDRESS, json=DECREE, headers={"If-Match": '"7"'})

    assert [one.json()["code"] for one in (unseen, without, stale)] == [
        "precondition_failed",
        "precondition_required",
        "precondition_failed",
    ]


REFUSED = [
    ("/v1/quotas/MR011/2026", {}, 422, "place_without_quotas", ("للبلديات", "communes", "communes")),
    (ADDRESS, {"valid_until": DECREE["valid_from"]}, 422, "quota_ends_before_it_begins", ("نهاية", "fin", "must come after")),
    ("/v1/quotas/MR011-C01/2026-S2", {}, 409, "quotas_overlap", ("2025", "2025", "2025")),
]  # fmt: skip


@in_turn(("address", "change", "status", "code", "words"), REFUSED)
async def test_what_cannot_be_a_quota_is_refused_in_three_languages(
    client: httpx.AsyncClient,
    address: str,
    change: dict[str, Any],
    status: int,
    code: str,
    words: tuple[str, str, str],
) -> None:
    held = {"valid_from": str(TODAY), "valid_until": str(TODAY + timedelta(days=300))}
    await client.put("/v1/quotas/MR011-C01/2025", json=DECREE | held)

    for language, word in zip(("ar", "fr", "en"), words, strict=True):
        refused = await client.put(address, json=DECREE | change, headers={"Accept-Language": language})
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert word in refused.json()["title"]


async def test_an_unknown_place_is_not_found_and_setting_needs_the_permission(
    client: httpx.AsyncClient, registry: Running
) -> None:
    assert (await client.put("/v1/quotas/MR999-C01/2026", json=DECREE)).status_code == 404
    assert (await client.get(ADDRESS)).status_code == 404
    async with registry.client("csa", frozenset({"places:read"})) as reader:
        assert (await reader.get("/v1/quotas")).status_code == 200
        assert (await reader.put(ADDRESS, json=DECREE)).status_code == 403


async def test_quotas_come_in_pages(client: httpx.AsyncClient) -> None:
    for place in ("MR011-C02", "MR011-C01", "MR012-C01"):
        assert (await client.put(f"/v1/quotas/{place}/2026", json=DECREE)).status_code == 200

    first = (await client.get("/v1/quotas", params={"limit": 2})).json()
    second = (await client.get("/v1/quotas", params={"limit": 2, "cursor": first["next_cursor"]})).json()

    seen = [one["place_code"] for one in first["items"] + second["items"]]
    assert (seen, second["next_cursor"]) == (["MR011-C01", "MR011-C02", "MR012-C01"], None)
    assert date.fromisoformat(first["items"][0]["valid_from"]) < TODAY
