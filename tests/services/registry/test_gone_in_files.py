"""A file that names who has died, was merged or has left: the row is refused in words, and nothing is entered again."""

from typing import Any

import httpx
import pytest

from registry_cases import Family, ahmed, apply, mariem, member, sidi, the_household
from registry_cases import a_file as written
from running import until

SIDI, MARIEM = "1000000001", "1000000002"
SECOND = "MR0110000002"


async def issues_of(client: httpx.AsyncClient, *families: Family) -> dict[str, list[tuple[int, str, str, str]]]:
    """By language, the line, field, code and reason of each issue of a file of these households."""
    params = {"kind": "households", "filename": "menages.csv"}
    sent = await client.post("/v1/imports", params=params, content=written(*families))
    assert sent.status_code == 202, sent.text
    path = f"/v1/imports/{sent.json()['id']}"

    async def ended() -> dict[str, Any] | None:
        state = (await client.get(path)).json()
        return state if state["status"] in ("completed", "failed") else None

    assert (await until(ended, what="the file to be applied"))["status"] == "completed"
    told = {}
    for language in ("ar", "fr", "en"):
        answer = await client.get(f"{path}/issues", headers={"Accept-Language": language})
        told[language] = [(one["line"], one["field"], one["code"], one["reason"]) for one in answer.json()["items"]]
    return told


@pytest.fixture
async def two_families(client: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    told = await issues_of(client, Family(), Family(SECOND, members=[ahmed("1000000021")], phone=""))
    assert told["en"] == []
    return await the_household(client), await the_household(client, SECOND)


async def test_the_dead_are_not_entered_again(
    client: httpx.AsyncClient, two_families: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    first, _ = two_families
    await apply(
        client,
        {"kind": "death", "individual_id": member(first, SIDI)["individual_id"], "died_on": "2026-01-15"},
    )

    told = await issues_of(client, Family(members=[sidi(), mariem()], surveyed_on="2026-06-01"))

    where = (2, "individual_number", "individual_deceased")
    assert told["ar"][0] == (
        *where,
        "هذا الفرد مسجل متوفى بتاريخ 2026-01-15؛ لم يُسجَّل من جديد. إن كان ذلك خطأ فأرسلوا طلب تصحيح.",
    )
    assert told["fr"][0] == (
        *where,
        "Cet individu est enregistré comme décédé le 2026-01-15 ; il n'est pas réinscrit. S'il y a erreur, demandez une"
        " correction.",
    )
    assert told["en"][0] == (
        *where,
        "This individual is recorded as deceased on 2026-01-15; not entered again. If that is wrong, send a correction.",
    )
    assert SIDI not in [one["individual_number"] for one in (await the_household(client))["members"]]


async def test_who_was_merged_into_another_is_named_by_the_number_that_remains(
    client: httpx.AsyncClient, two_families: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    first, second = two_families
    keep, drop = member(first, SIDI)["individual_id"], member(second, "1000000021")["individual_id"]
    await apply(client, {"kind": "merge", "record": "individual", "keep_id": keep, "drop_id": drop})

    told = await issues_of(client, Family(SECOND, members=[ahmed("1000000021")], phone="", surveyed_on="2026-06-01"))

    where = (2, "individual_number", "individual_merged")
    assert told["ar"][0] == (*where, "دُمج هذا الفرد في فرد آخر؛ المقبول: رقم الفرد الباقي.")
    assert told["fr"][0] == (
        *where,
        "Cet individu a été fusionné avec un autre ; accepté : le numéro de l'individu conservé.",
    )
    assert told["en"][0] == (
        *where,
        "This individual was merged into another; accepted: the number of the individual who remains.",
    )


async def test_a_household_merged_into_another_is_refused_whole(
    client: httpx.AsyncClient, two_families: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    first, second = two_families
    await apply(client, {"kind": "merge", "record": "household", "keep_id": first["id"], "drop_id": second["id"]})

    told = await issues_of(client, Family(SECOND, members=[ahmed("1000000021")], phone="", surveyed_on="2026-06-01"))

    where = (2, "household_number", "household_merged")
    assert told["ar"][0] == (*where, "دُمجت هذه الأسرة في أسرة أخرى؛ المقبول: رقم الأسرة الباقية.")
    assert told["fr"][0] == (
        *where,
        "Ce ménage a été fusionné avec un autre ; accepté : le numéro du ménage conservé.",
    )
    assert told["en"][0] == (
        *where,
        "This household was merged into another; accepted: the number of the household that remains.",
    )


async def test_a_household_that_has_left_comes_back_by_request_alone(
    client: httpx.AsyncClient, two_families: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    first, _ = two_families
    await apply(client, {"kind": "removal", "household_id": first["id"], "on": "2026-06-01", "reason": "left_country"})

    told = await issues_of(client, Family(surveyed_on="2026-07-01"))

    where = (2, "household_number", "household_left")
    assert told["ar"][0] == (*where, "خرجت هذه الأسرة من السجل؛ المقبول: طلب عودة.")
    assert told["fr"][0] == (*where, "Ce ménage a quitté le registre ; accepté : une demande de retour.")
    assert told["en"][0] == (
        *where,
        "This household has left the registry; accepted: a request for its return.",
    )
