"""What is refused of places, and what the caller is told in three languages."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from place_cases import ESSAFYA, HASSI_SIDI, VILLAGE, act, create_place

from in_turn import in_turn
from registry_cases import BOUGADOUM, Family, send, sidi
from running import Running

Attempt = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def creating(**differing: Any) -> Attempt:
    return lambda client: client.post("/v1/places", json=VILLAGE | differing)


def acting(code: str, verb: str, **body: Any) -> Attempt:
    return lambda client: act(client, code, verb, **body)


REFUSED: dict[str, tuple[Attempt, int, str, str | None, dict[str, str]]] = {
    "a parent nobody knows, with the nearest named": (
        creating(parent_code="MR011-C2"),
        422,
        "unknown_place",
        "/body/parent_code",
        {
            "ar": "لا يوجد مكان بالرمز «MR011-C2». الأقرب: MR011-C02",
            "fr": "Aucun lieu ne porte le code « MR011-C2 ». Les plus proches : MR011-C02",
            "en": "No place has the code “MR011-C2”. The nearest: MR011-C02",
        },
    ),
    "a name where a code is wanted": (
        creating(parent_code="Bougadum"),
        422,
        "unknown_place",
        "/body/parent_code",
        {
            "ar": "الأقرب: MR011-C02 Bougadoum بوكادوم",
            "fr": "Les plus proches : MR011-C02 Bougadoum بوكادوم",
            "en": "The nearest: MR011-C02 Bougadoum بوكادوم",
        },
    ),
    "a village in a moughataa": (
        creating(parent_code="MR011"),
        422,
        "wrong_parent_kind",
        "/body/parent_code",
        {
            "ar": "نوعه moughataa، والمقبول مكان من نوع commune.",
            "fr": "c'est « moughataa » ; accepté : un lieu de type « commune ».",
            "en": "it is a moughataa; accepted: a commune.",
        },
    ),
    "a village twice in one commune, folded alike": (
        creating(name_fr="OUM ES-SAFYA", name_ar=None),
        409,
        "place_exists",
        None,
        {
            "ar": "يوجد هناك مكان بهذا الاسم «OUM ES-SAFYA»: MR011-C02-V001.",
            "fr": "Un lieu de ce nom, « OUM ES-SAFYA », existe déjà là : MR011-C02-V001.",
            "en": "A place of this name, “OUM ES-SAFYA”, exists there already: MR011-C02-V001.",
        },
    ),
    "another place's name as a further spelling": (
        acting(HASSI_SIDI, "add-names", names=["ام الصافيه"]),
        409,
        "place_exists",
        None,
        {"ar": "MR011-C02-V001", "fr": "MR011-C02-V001", "en": "MR011-C02-V001"},
    ),
    "another place's name as the official one": (
        acting(HASSI_SIDI, "rename", name_fr="Oum Essafya"),
        409,
        "place_exists",
        None,
        {"ar": "MR011-C02-V001", "fr": "MR011-C02-V001", "en": "MR011-C02-V001"},
    ),
    "a commune in its own village": (
        acting("MR011-C02", "move", parent_code=ESSAFYA, from_on="2026-01-01"),
        409,
        "place_cycle",
        "/body/parent_code",
        {
            "ar": "لا يقع المكان MR011-C02 داخل نفسه",
            "fr": "Le lieu MR011-C02 ne peut être dans lui-même",
            "en": "The place MR011-C02 can neither lie in itself nor succeed itself; MR011-C02-V001 is part of it",
        },
    ),
    "a place as its own successor": (
        acting(ESSAFYA, "end", on="2026-01-01", successors=[ESSAFYA]),
        409,
        "place_cycle",
        "/body/successors/0",
        {"ar": "ولا يخلف نفسه", "fr": "ni se succéder", "en": "nor succeed itself"},
    ),
    "an end before the beginning": (
        acting(HASSI_SIDI, "end", on="2024-12-31", successors=[ESSAFYA]),
        422,
        "place_end_before_beginning",
        "/body/on",
        {
            "ar": "لا ينتهي المكان قبل أن يبدأ: بدايته 2025-01-01.",
            "fr": "il existe depuis le 2025-01-01. Accepté : un jour postérieur.",
            "en": "it exists since 2025-01-01. Accepted: a later day.",
        },
    ),
    "a day to come": (
        acting("MR011-C02", "move", parent_code="MR012", from_on="2999-01-01"),
        422,
        "place_day_refused",
        "/body/from_on",
        {"ar": "ما تقرر ليوم لاحق يُسجل في يومه.", "fr": "s'inscrit à sa date.", "en": "is entered on its day."},
    ),
    "a move before the last one": (
        acting("MR018-C01", "move", parent_code="MR011", from_on="2020-06-01"),
        422,
        "place_day_refused",
        "/body/from_on",
        {"ar": "من 2021-01-01 إلى", "fr": "du 2021-01-01 au", "en": "from 2021-01-01 to"},
    ),
    "a place that holds others": (
        acting("MR011", "end", on="2026-01-01", successors=["MR012"]),
        409,
        "place_holds_places",
        None,
        {"ar": "(5)", "fr": "contient d'autres lieux (5).", "en": "holds other places (5)."},
    ),
    "households without a successor": (
        acting(ESSAFYA, "end", on="2026-01-01"),
        409,
        "place_inhabited",
        None,
        {
            "ar": "تسكن المكان MR011-C02-V001 أسر مسجلة (1).",
            "fr": "Des ménages inscrits (1) vivent au lieu MR011-C02-V001.",
            "en": "Registered households (1) live in the place MR011-C02-V001.",
        },
    ),
    "a successor of another kind": (
        acting(ESSAFYA, "end", on="2026-01-01", successors=["MR011-C01"]),
        422,
        "wrong_parent_kind",
        "/body/successors/0",
        {"ar": "village", "fr": "« village »", "en": "accepted: a village."},
    ),
    "a successor nobody knows": (
        acting(ESSAFYA, "end", on="2026-01-01", successors=["MR011-C02-V003"]),
        422,
        "unknown_place",
        "/body/successors/0",
        {"ar": "MR011-C02-V001", "fr": "MR011-C02-V001", "en": "MR011-C02-V001"},
    ),
}  # fmt: skip


async def with_two_villages(client: httpx.AsyncClient) -> None:
    await create_place(client)
    await create_place(client, name_fr="Hassi Sidi", name_ar="حاسي سيدي", valid_from="2025-01-01")
    await send(client, Family(commune=BOUGADOUM, village="Oum Essafya", members=[sidi()]))


async def test_each_refusal_says_what_and_what_is_accepted(client: httpx.AsyncClient) -> None:
    await with_two_villages(client)
    before = (await client.get("/v1/places", params={"kind": "village"})).json()

    for what, (attempt, status, code, pointer, texts) in REFUSED.items():
        for language, said in texts.items():
            client.headers["Accept-Language"] = language
            answer = await attempt(client)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (what, answer.text)
            assert answer.json().get("pointer") == pointer, what
            assert said in answer.json()["title"], what

    assert (await client.get("/v1/places", params={"kind": "village"})).json() == before


async def test_a_place_that_has_ended_changes_no_more_and_takes_nothing_in(client: httpx.AsyncClient) -> None:
    await with_two_villages(client)
    await act(client, ESSAFYA, "end", on="2026-01-01", successors=[HASSI_SIDI])

    texts = {}
    for language in ("ar", "fr", "en"):
        client.headers["Accept-Language"] = language
        answer = await act(client, ESSAFYA, "rename", name_fr="Other")
        assert (answer.status_code, answer.json()["code"]) == (409, "place_ended")
        texts[language] = answer.json()["title"]

    assert texts == {
        "ar": "المكان MR011-C02-V001 لم يعد قائما منذ 2026-01-01. خلفه: MR011-C02-V002.",
        "fr": "Le lieu MR011-C02-V001 n'existe plus depuis le 2026-01-01. Lui ont succédé : MR011-C02-V002.",
        "en": "The place MR011-C02-V001 is no more since 2026-01-01. Its successors: MR011-C02-V002.",
    }


async def test_too_many_households_do_not_move_at_once(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_two_villages(client)
    monkeypatch.setattr("services.registry.commands.villagers.MOST_AT_ONCE", 0)

    texts = {}
    for language in ("ar", "fr", "en"):
        client.headers["Accept-Language"] = language
        answer = await act(client, ESSAFYA, "move", parent_code="MR011-C01", from_on="2026-01-01")
        assert (answer.status_code, answer.json()["code"]) == (409, "too_many_households")
        texts[language] = answer.json()["title"]

    assert "نقل 1 أسرة دفعة واحدة؛ المقبول: 0" in texts["ar"]
    assert "déplacerait 1 ménages d'un coup ; accepté : 0 au plus" in texts["fr"]
    assert "move 1 households at once; accepted: 0 at most" in texts["en"]
    assert (await client.get(f"/v1/places/{ESSAFYA}")).json()["parent_code"] == "MR011-C02"


async def test_a_change_on_a_stale_version_is_refused(client: httpx.AsyncClient) -> None:
    await create_place(client)
    await act(client, ESSAFYA, "rename", name_fr="Safya")

    stale = await client.post(f"/v1/places/{ESSAFYA}/rename", json={"name_fr": "X"}, headers={"If-Match": '"1"'})
    without = await client.post(f"/v1/places/{ESSAFYA}/rename", json={"name_fr": "X"})

    assert (stale.status_code, without.status_code) == (412, 428)


async def test_only_who_may_write_places_changes_them(registry: Running) -> None:
    async with registry.client("csa", frozenset({"places:read"})) as reader:
        assert (await reader.get("/v1/places/MR011")).status_code == 200
        assert (await reader.post("/v1/places", json=VILLAGE)).json()["code"] == "not_permitted"


@in_turn("name", ["", "…", "ـــ", "x" * 101])
async def test_a_name_has_letters_and_an_end(client: httpx.AsyncClient, name: str) -> None:
    answer = await creating(name_fr=name)(client)

    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (422, "invalid_request", "/name_fr")


async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient) -> None:
    for path in ("MR999", "MR999/history"):
        assert (await client.get(f"/v1/places/{path}")).status_code == 404
    for verb in ("rename", "move", "end", "add-names"):
        body = {"names": ["x"], "parent_code": "MR01", "from_on": "2026-01-01", "on": "2026-01-01"}
        known = {"rename": (), "move": ("parent_code", "from_on"), "end": ("on",), "add-names": ("names",)}[verb]
        asked = {name: body[name] for name in known}
        answer = await client.post(f"/v1/places/MR999/{verb}", json=asked, headers={"If-Match": "*"})
        assert answer.status_code == 404, verb
    assert (await client.post("/v1/places/MR011/settle-households")).status_code == 404
