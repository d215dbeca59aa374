"""Conflicts between sources: who sees them, and how a steward settles one."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from running import Running, Services
from services.registry.commands.changing import begin_change, believed_pieces, lock_households, state_facts
from services.registry.commands.found_conflicts import FoundConflicts
from services.registry.models import Conflict
from services.registry.rules.clocks import Origin
from shared.clock import now
from shared.ids import new_id
from shared.outbox import OutboxRow
from small_country import SmallCountry

BATCH = new_id()
SETTLED = {"decision": "take_offered", "reason": "Acte de naissance vu à la commune"}


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


async def a_conflict(registry: Running, record_id: UUID, field: str, held: Any, offered: Any, **said: Any) -> str:
    """A conflict as a file that was believed less leaves it."""
    values: dict[str, Any] = {
        "id": new_id(),
        "record_id": record_id,
        "kind": "household" if field in ("village", "commune_code", "score") else "individual",
        "field": field,
        "held_value": held,
        "held_source": "registry_survey",
        "held_on": date(2026, 1, 1),
        "offered_value": offered,
        "offered_source": "institution",
        "offered_on": date(2026, 3, 1),
        "offered_by": "masef",
        "batch_id": BATCH,
        "found_at": now(),
    }
    async with registry.platform.database.transaction() as tx:
        tx.add(Conflict(**(values | said)))
    return str(values["id"])


async def announced(registry: Running) -> list[tuple[str, dict[str, Any]]]:
    async with registry.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [(row.type, row.data) for row in rows if row.type != "registry.places.published.v1"]


async def settle(client: httpx.AsyncClient, id_: str, **body: str) -> httpx.Response:
    return await client.post(f"/v1/conflicts/{id_}/settle", json=SETTLED | body)


async def test_taking_the_offered_value_corrects_the_household_from_the_day_it_was_taken(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    household = await country.household(members=[{}])
    id_ = await a_conflict(registry, household, "village", "Oum Essafya", "Boukhzama")

    settled = (await settle(client, id_)).json()

    assert (settled["status"], settled["decision"], settled["settled_by"]) == ("settled", "take_offered", "taazour")
    assert (settled["registry_household_id"], settled["registry_individual_id"]) == (str(household), None)
    held = (await client.get(f"/v1/households/{household}")).json()
    assert (held["village"], held["version"]) == ("Boukhzama", 2)
    assert held["origins"]["fields"]["village"] == {"source": "institution", "on": "2026-03-01"}
    before = (await client.get(f"/v1/households/{household}", params={"as_of": "2026-02-28"})).json()
    assert before["village"] == "Oum Essafya"
    history = (await client.get(f"/v1/households/{household}/history")).json()["items"]
    assert (history[0]["kind"], history[0]["change_id"]) == ("correction", settled["settled_change"])
    events = await announced(registry)
    assert [type_ for type_, _ in events] == ["registry.households.changed.v1", "registry.conflicts.settled.v1"]
    assert events[1][1] == {
        "version": 1,
        "conflict_id": id_,
        "record_id": str(household),
        "decision": "take_offered",
        "held_source": "registry_survey",
        "offered_source": "institution",
    }


async def test_taking_another_commune_is_announced_as_a_move(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    household = await country.household("MR011-C01", members=[{}])

    await settle(client, await a_conflict(registry, household, "commune_code", "MR011-C01", "MR011-C02"))

    (moved, event), _ = await announced(registry)
    assert (moved, event["from_commune"], event["to_commune"]) == (
        "registry.households.moved.v1",
        "MR011-C01",
        "MR011-C02",
    )


async def test_taking_a_persons_value_gives_the_household_a_new_version_too(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    person = new_id()
    household = await country.household(members=[{"id": person}])

    settled = (
        await settle(client, await a_conflict(registry, person, "birth_date", "1980-05-06", "1981-05-06"))
    ).json()
    assert (settled["registry_household_id"], settled["registry_individual_id"]) == (None, str(person))

    assert (await client.get(f"/v1/individuals/{person}")).json()["birth_date"] == "1981-05-06"
    assert (await client.get(f"/v1/households/{household}")).json()["version"] == 2


@pytest.mark.parametrize("decision", ["keep_held", "dismiss"])
async def test_keeping_what_is_held_changes_no_record(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running, decision: str
) -> None:
    household = await country.household(members=[{}])
    id_ = await a_conflict(registry, household, "village", "Oum Essafya", "Boukhzama")

    settled = (await settle(client, id_, decision=decision)).json()

    assert (settled["decision"], settled.get("settled_change")) == (decision, None)
    assert (await client.get(f"/v1/households/{household}")).json()["version"] == 1
    assert [type_ for type_, _ in await announced(registry)] == ["registry.conflicts.settled.v1"]


async def test_a_conflict_is_settled_once_and_the_same_request_again_answers_alike(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    household = await country.household(members=[{}])
    id_ = await a_conflict(registry, household, "village", "Oum Essafya", "Boukhzama")
    address, key = f"/v1/conflicts/{id_}/settle", {"Idempotency-Key": "a-steward-decides-once"}
    first = await client.post(address, json=SETTLED, headers=key)
    events = await announced(registry)

    assert (await client.post(address, json=SETTLED, headers=key)).content == first.content
    for language, word in (("ar", "سُوّي"), ("fr", "réglé"), ("en", "settled")):
        again = await client.post(
            address, json=SETTLED | {"decision": "keep_held"}, headers={"Accept-Language": language}
        )
        assert (again.status_code, again.json()["code"]) == (409, "conflict_settled")
        assert word in again.json()["title"]
    assert await announced(registry) == events


async def test_what_is_no_longer_held_or_was_merged_is_not_overwritten(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    remains = await country.household(members=[{}])
    merged = await country.household(status="merged", merged_into=remains)
    outdated = await a_conflict(registry, remains, "village", "Elsewhere", "Boukhzama")
    of_merged = await a_conflict(registry, merged, "village", "Oum Essafya", "Boukhzama")

    for language, word in (("ar", "تغيرت"), ("fr", "a changé"), ("en", "has changed")):
        refused = await client.post(
            f"/v1/conflicts/{outdated}/settle", json=SETTLED, headers={"Accept-Language": language}
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict_outdated")
        assert word in refused.json()["title"]
    assert (await settle(client, of_merged)).json()["code"] == "already_merged"
    assert (await settle(client, outdated, decision="keep_held")).status_code == 200
    assert [type_ for type_, _ in await announced(registry)] == ["registry.conflicts.settled.v1"]


async def test_a_source_sees_its_own_part_and_a_steward_all(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    household = await country.household("MR011-C01", members=[{}])
    masefs = await a_conflict(registry, household, "village", "Oum Essafya", "Boukhzama")
    csas = await a_conflict(
        registry, household, "village", "Oum Essafya", "Timbedra", offered_by="csa", offered_source="partner_list"
    )

    async def seen(as_: httpx.AsyncClient, **filters: str) -> list[str]:
        return [one["id"] for one in (await as_.get("/v1/conflicts", params=filters)).json()["items"]]

    assert await seen(client) == [masefs, csas]
    assert await seen(client, batch_id=str(BATCH), field="village", status="open", place="MR01") == [masefs, csas]
    assert (
        await seen(client, place="MR02")
        == await seen(client, status="settled")
        == await seen(client, field="score")
        == []
    )
    async with registry.client("masef", frozenset({"conflicts:read"})) as masef:
        (own,) = (await masef.get("/v1/conflicts")).json()["items"]
        assert (own["id"], own["offered_value"], own["held_value"]) == (masefs, "Boukhzama", None)
        theirs = await masef.get(f"/v1/conflicts/{csas}")
        unknown = await masef.get(f"/v1/conflicts/{new_id()}")
        assert (
            (theirs.status_code, theirs.json()["code"])
            == (unknown.status_code, unknown.json()["code"])
            == (404, "not_found")
        )
        assert (await settle(masef, masefs)).status_code == 403
    async with registry.client("anrpts", frozenset({"conflicts:read"})) as neither:
        assert await seen(neither) == []


async def test_conflicts_of_people_are_found_by_where_they_live_and_come_in_pages(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    person = new_id()
    await country.household("MR021-C01", members=[{"id": person}])
    ids = [await a_conflict(registry, person, field, "1980", "1981") for field in ("birth_date", "sex")]

    first = (await client.get("/v1/conflicts", params={"place": "MR02", "limit": 1})).json()
    second = (await client.get("/v1/conflicts", params={"place": "MR02", "cursor": first["next_cursor"]})).json()

    assert [one["id"] for one in first["items"] + second["items"]] == ids


async def test_a_later_fact_is_not_overwritten_by_an_older_offer(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    household = await country.household(members=[{}])
    id_ = await a_conflict(registry, household, "village", "Oum Essafya", "Boukhzama")
    async with registry.platform.database.transaction() as tx:
        record = (await lock_households(tx, [household]))[household]
        origin = Origin("registry_survey", date(2026, 6, 1))
        changing = begin_change(tx, "move", [record], by="taazour", origin=origin)
        await state_facts(tx, changing, record, {"village": "Timbedra"}, from_on=date(2026, 6, 1))

    assert (await settle(client, id_)).status_code == 200

    days = ("2026-02-28", "2026-03-01", "2026-05-31", "2026-06-01", "2026-11-24")
    assert [
        (await client.get(f"/v1/households/{household}", params={"as_of": day})).json()["village"] for day in days
    ] == ["Oum Essafya", "Boukhzama", "Boukhzama", "Timbedra", "Timbedra"]


async def test_whoever_has_settled_a_conflict_is_not_asked_again_about_the_same_two_values(
    client: httpx.AsyncClient, country: SmallCountry, registry: Running
) -> None:
    household = await country.household(members=[{}])
    await settle(
        client, await a_conflict(registry, household, "village", "Oum Essafya", "Boukhzama"), decision="keep_held"
    )

    async def offer(village: str) -> None:
        async with registry.platform.database.transaction() as tx:
            record = (await lock_households(tx, [household]))[household]
            found = FoundConflicts("masef")
            origin = Origin("institution", date(2026, 3, 1))
            found.note(record, {"village": village}, origin, await believed_pieces(tx, record), now())
            await found.store(tx)

    await offer("Boukhzama")
    assert (await client.get("/v1/conflicts", params={"status": "open"})).json()["items"] == []
    await offer("Timbedra")
    (again,) = (await client.get("/v1/conflicts", params={"status": "open"})).json()["items"]
    assert again["offered_value"] == "Timbedra"
