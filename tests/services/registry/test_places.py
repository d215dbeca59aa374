"""Places: the country's table by day, look-ups in either script, and what operators change."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from place_cases import ESSAFYA, HASSI_SIDI, VILLAGE, act, create_place, every_place, village_of
from sqlalchemy import select, text

from running import Running
from services.registry.commands import editions
from services.registry.models import Place
from shared.outbox import OutboxRow


async def announced(registry: Running) -> list[tuple[str, int]]:
    """Codes and versions of the places changed, in order."""
    async with registry.platform.database.transaction() as tx:
        rows = await tx.scalars(select(OutboxRow).order_by(OutboxRow.position))
        return [(row.data["code"], row.data["version"]) for row in rows if row.type == "registry.places.changed.v1"]


async def test_today_s_table_and_that_of_2019(client: httpx.AsyncClient) -> None:
    today, then = await every_place(client), await every_place(client, as_of="2019-07-01")

    def kinds(places: list[dict[str, Any]]) -> list[int]:
        return [sum(one["kind"] == kind for one in places) for kind in ("wilaya", "moughataa", "commune")]

    assert (kinds(today), kinds(then)) == ([15, 63, 238], [15, 57, 238])
    # Adel Bagrou was a commune of Amourj; of El Messgoul nobody wrote down where it lay.
    parents = {one["code"]: one["parent_code"] for one in then}
    assert (parents["MR018-C01"], parents["MR018-C02"]) == ("MR011", None)
    assert {one["code"] for one in await every_place(client, parent="MR011", as_of="2019-07-01")} == {
        "MR011-C01", "MR011-C02", "MR011-C03", "MR011-C04", "MR011-C05", "MR018-C01",
    }  # fmt: skip
    assert len(await every_place(client, parent="MR011")) == 5


async def test_a_moughataa_created_in_2021_says_so_and_what_it_was_carved_from(client: httpx.AsyncClient) -> None:
    made = (await client.get("/v1/places/MR018")).json()
    older = (await client.get("/v1/places/MR011")).json()

    assert (made["valid_from"], made["valid_from_precision"], made["pcode"]) == ("2021-01-01", "year", "MR018")
    assert older["successors"] == [{"code": "MR018", "from_on": "2021-01-01"}]
    assert (await client.get("/v1/places/MR011", params={"as_of": "2019-07-01"})).json()["successors"] == []
    assert (await client.get("/v1/places/MR018-C01")).json()["pcode"] is None


async def test_a_place_is_found_in_either_script_and_says_how(client: httpx.AsyncClient) -> None:
    asked = {"wilaya": "Hodh Chargui", "moughataa": "آمرج", "commune": "Bougadom"}

    found = (await client.get("/v1/places/resolve", params=asked, headers={"Accept-Language": "en"})).json()

    assert (found["wilaya_code"], found["moughataa_code"], found["commune_code"]) == ("MR01", "MR011", "MR011-C02")
    assert [(one["kind"], one["how"]) for one in found["levels"]] == [
        ("wilaya", "exact"),
        ("moughataa", "exact"),
        ("commune", "spelling"),
    ]
    assert found["levels"][2]["reason"] == "The spelling is close to one of the place's names."


async def test_an_ambiguous_name_is_answered_with_candidates_in_the_caller_s_language(
    client: httpx.AsyncClient,
) -> None:
    texts = {}
    for language in ("ar", "fr", "en"):
        answer = await client.get(
            "/v1/places/resolve", params={"commune": "Lexeiba"}, headers={"Accept-Language": language}
        )
        level = answer.json()["levels"][0]
        texts[language] = level["reason"]
        assert [(one["code"], one["score"]) for one in level["candidates"][:2]] == [
            ("MR045-C01", 1.0),
            ("MR067-C03", 1.0),
        ]

    assert texts == {
        "ar": "قد يكون المقصود أحد هذه الأماكن؛ اكتبوا المكان الذي يقع فيه أو رمزه.",
        "fr": "Plusieurs lieux peuvent être visés ; écrivez le lieu qui le contient, ou son code.",
        "en": "Several places may be meant; write the place it lies in, or its code.",
    }


async def test_rows_are_looked_up_together_in_their_order(client: httpx.AsyncClient) -> None:
    rows = [{"commune": "بوكادوم"}, {"commune": "Zzzz"}, {"wilaya": "Gorgol", "commune": "Lexeiba"}]

    answer = await client.post("/v1/places/resolve", json={"rows": rows})

    assert [one["commune_code"] for one in answer.json()["rows"]] == ["MR011-C02", None, "MR045-C01"]
    assert (await client.post("/v1/places/resolve", json={"rows": rows * 67})).status_code == 422


async def test_a_village_enters_and_is_found_at_once(client: httpx.AsyncClient, registry: Running) -> None:
    before = await village_of(client, "Oum Essafya")

    made = await create_place(client, other_names=["Oumou Safia"])

    assert before is None
    assert (made["code"], made["version"], made["names"]) == (
        ESSAFYA,
        1,
        ["Oum Essafya", "أم الصافية", "Oumou Safia"],
    )
    for written in ("oum  essafya", "قرية أم الصافيه", "Oumou Safiya", ESSAFYA):
        assert await village_of(client, written, "Bougadoum") == ESSAFYA, written
    assert await announced(registry) == [(ESSAFYA, 1)]


async def test_the_same_key_makes_one_village(client: httpx.AsyncClient, registry: Running) -> None:
    answers = [
        await client.post("/v1/places", json=VILLAGE, headers={"Idempotency-Key": "village-12345"}) for _ in range(2)
    ]

    assert answers[0].content == answers[1].content
    assert [one.headers["ETag"] for one in answers] == ['"1"', '"1"']  # with which it is renamed or moved
    assert await announced(registry) == [(ESSAFYA, 1)]


async def test_a_renamed_place_is_still_found_by_its_old_name_and_shows_who_renamed_it(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await create_place(client)

    renamed = await act(client, ESSAFYA, "rename", name_fr="Safya El Kebira", reason="décret")
    again = await act(client, ESSAFYA, "rename", name_fr="Safya El Kebira")

    assert (renamed.json()["name_fr"], renamed.json()["version"], again.json()["version"]) == ("Safya El Kebira", 2, 2)
    assert "Oum Essafya" in renamed.json()["names"]
    history = (await client.get("/v1/places/MR011-C02-V001/history")).json()["items"]
    assert [(one["version"], one["kind"], one["changed_by"], one["reason"]) for one in history] == [
        (2, "renamed", "taazour", "décret"),
        (1, "created", "taazour", "note du hakem"),
    ]
    assert history[0]["fields"]["name_fr"] == ["Oum Essafya", "Safya El Kebira"]
    assert await announced(registry) == [(ESSAFYA, 1), (ESSAFYA, 2)]


async def test_a_commune_moves_to_another_moughataa_from_a_day_on(client: httpx.AsyncClient) -> None:
    moved = await act(client, "MR018-C02", "move", parent_code="MR011", from_on="2026-01-01")

    assert moved.json()["parent_code"] == "MR011"
    on = {
        day: (await client.get("/v1/places/MR018-C02", params={"as_of": day})).json()["parent_code"]
        for day in ("2019-07-01", "2023-07-01", "2025-12-31", "2026-01-01")
    }
    assert on == {"2019-07-01": None, "2023-07-01": "MR018", "2025-12-31": "MR018", "2026-01-01": "MR011"}


async def test_an_ended_village_hands_its_name_to_its_successor(client: httpx.AsyncClient) -> None:
    await create_place(client)
    await create_place(client, name_fr="Hassi Sidi", name_ar="حاسي سيدي")

    ended = await act(client, ESSAFYA, "end", on="2026-03-01", successors=[HASSI_SIDI])

    assert ended.json()["successors"] == [{"code": HASSI_SIDI, "from_on": "2026-03-01"}]
    codes = {
        day: {one["code"] for one in await every_place(client, kind="village", as_of=day)}
        for day in ("2026-02-28", "2026-03-01")
    }
    assert codes == {
        "2026-02-28": {ESSAFYA, HASSI_SIDI},
        "2026-03-01": {HASSI_SIDI},
    }
    assert await village_of(client, "أم الصافية") == HASSI_SIDI


async def test_a_moughataa_is_carved_from_another(client: httpx.AsyncClient) -> None:
    made = await create_place(
        client, kind="moughataa", parent_code="MR01", name_fr="Fassala", name_ar="فصالة", carved_from="MR012",
        valid_from="2026-05-01",
    )  # fmt: skip

    assert (made["code"], made["pcode"]) == ("MR01-M001", None)
    older = (await client.get("/v1/places/MR012")).json()
    assert older["successors"] == [{"code": "MR01-M001", "from_on": "2026-05-01"}]


async def test_an_edition_never_overwrites_what_an_operator_changed(
    client: httpx.AsyncClient, registry: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await act(client, "MR011-C02", "rename", name_fr="Bougadoum Centre")
    await act(client, "MR011-C03", "add-names", names=["Digui"])
    shipped = editions.shipped_places

    def corrected(sources: dict[str, str]) -> list[dict[str, Any]]:
        changed = {"name_fr": "Edited by the edition", "name_ar": "طبعة"}
        named = {"MR011-C02", "MR011-C03"}
        return [one | changed if one["code"] in named else one for one in shipped(sources)]

    async with registry.platform.database.transaction() as tx:
        await tx.execute(text("DELETE FROM places_editions"))
    monkeypatch.setattr(editions, "shipped_places", corrected)

    await editions.publish_places(registry.platform)

    edited, added = [(await client.get(f"/v1/places/MR011-C0{n}")).json() for n in (2, 3)]
    assert (edited["name_fr"], edited["name_ar"], edited["version"]) == ("Bougadoum Centre", "طبعة", 3)
    assert (added["name_fr"], "Digui" in added["names"]) == ("Edited by the edition", True)
    history = (await client.get("/v1/places/MR011-C02/history")).json()["items"]
    assert [one["changed_by"] for one in history] == ["edition", "taazour", "edition"]


async def test_what_was_known_of_places_before_an_operator_stated_otherwise(client: httpx.AsyncClient) -> None:
    commune, ended = "MR011-C02", "MR011-C03"
    before = await every_place(client)
    held = (await client.get(f"/v1/places/{commune}")).json()
    moment = datetime.now(UTC).isoformat()
    await act(client, commune, "rename", name_fr="Bougadoum Centre")
    await act(client, commune, "move", parent_code="MR012", from_on="2024-01-01")
    await act(client, ended, "end", on="2024-06-01", successors=["MR011-C04"])
    await create_place(client, parent_code=commune, name_fr="Hassi Sidi")

    then = (await client.get(f"/v1/places/{commune}", params={"known_at": moment})).json()
    today = (await client.get(f"/v1/places/{commune}")).json()

    assert then == held
    assert (today["name_fr"], today["parent_code"], today["version"]) == (
        "Bougadoum Centre",
        "MR012",
        held["version"] + 2,
    )
    assert await every_place(client, known_at=moment) == before
    # What was true on a day before, by what is known now, and by what was known then.
    inside = {"parent": "MR011", "as_of": "2024-07-01"}
    assert {one["code"] for one in await every_place(client, **inside)} == {"MR011-C01", "MR011-C04", "MR011-C05"}
    assert len(await every_place(client, **inside, known_at=moment)) == 5
    long_ago = await client.get(f"/v1/places/{commune}", params={"known_at": "2020-01-01T00:00:00Z"})
    assert long_ago.status_code == 404


async def test_the_same_edition_again_changes_nothing(client: httpx.AsyncClient, registry: Running) -> None:
    async with registry.platform.database.transaction() as tx:
        await tx.execute(text("DELETE FROM places_editions"))

    await editions.publish_places(registry.platform)

    async with registry.platform.database.transaction() as tx:
        assert set(await tx.scalars(select(Place.version))) == {1}
