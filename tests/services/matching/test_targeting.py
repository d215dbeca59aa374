"""Targeting lists over HTTP: asked for, counted, reviewed, released, read by the recipient alone, revoked."""

import csv
import hashlib
import hmac
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
import python_calamine as calamine
from sqlalchemy import select, update
from targeting_cases import (
    AGREEMENT,
    BODY,
    CASH,
    FOOD,
    LISTS,
    OFFICER,
    PURPOSE,
    a_country,
    asked,
    counted,
    home,
    partner,
    step,
    stepped,
)

from matching_cases import Projection, id_of
from running import Running, Services
from services.matching.targeting import commands, counting, showing
from services.matching.targeting.models import ListAccess, ListDisclosure, TargetedHousehold, TargetingList
from shared.disclosing import FILE_HEADER, FileTold
from shared.ids import new_id
from shared.outbox import OutboxRow

REASON = OFFICER | {"reason": "as the protocol says"}


@pytest.fixture
async def matching(services: Services) -> Running:
    running = await services.start("matching")
    projection = Projection(running.platform.database)
    await projection.places()
    await a_country(projection)
    return running


@pytest.fixture
async def csa(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with partner(matching, "csa") as client:
        yield client


@pytest.fixture
async def taazour(matching: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with partner(matching, "taazour") as client:
        yield client


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def numbers(*places: int) -> set[str]:
    return {f"MR011{place:07d}" for place in places}


async def households(client: httpx.AsyncClient, found: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{LISTS}/{found['id']}/households", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def announced(matching: Running) -> list[str]:
    async with matching.platform.database.transaction() as tx:
        rows = await tx.scalars(
            select(OutboxRow).where(OutboxRow.type == "matching.lists.changed.v1").order_by(OutboxRow.position)
        )
        return [row.data["status"] for row in rows]


# What is asked, and the counts before names


async def test_a_list_is_counted_before_anybody_has_a_name(csa: httpx.AsyncClient) -> None:
    found = await asked(csa, number=8)

    assert (found["status"], found["purpose"], found["agreement_id"]) == ("counted", PURPOSE, "CSA-1")
    counts = found["counts"]
    # Six are extremely poor, and two of the eight poor are as poor as one another.
    assert (counts["in_area"], counts["candidates"], counts["chosen"], counts["missing"]) == (14, 14, 8, 0)
    assert counts["people"] == 16
    assert [(one["category"], one["in_area"], one["chosen"]) for one in counts["by_category"]] == [
        ("extreme_poor", 6, None),  # with the total of 8, six would tell that two are poor
        ("poor", 8, None),
    ]
    assert "Salem" not in str(found) and "MR0110000" not in str(found)


async def test_where_one_cell_is_small_a_second_is_hidden_with_it(csa: httpx.AsyncClient) -> None:
    communes = (await asked(csa))["counts"]["by_commune"]

    # Two households live in Bougadoum: with the total of 14, Amourj's 12 would tell it.
    assert [(one["commune"], one["in_area"], one["chosen"]) for one in communes] == [
        ("MR011-C01", None, None),
        ("MR011-C02", None, None),
    ]


async def test_those_equally_poor_stand_in_an_order_that_the_seed_explains(
    csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await asked(csa, number=12)
    (boundary,) = found["counts"]["boundaries"]
    assert (boundary["category"], boundary["tied"], boundary["taken"]) == ("poor", 8, None), (
        "six of eight would tell two"
    )
    assert "HMAC-SHA-256" in boundary["explanation"]
    assert found["seed"] is None

    found = await stepped(taazour, found, "approve", "release")
    seed = bytes.fromhex(found["seed"])
    assert hashlib.sha256(seed).hexdigest() == found["seed_commitment"]

    def key(place: int) -> bytes:
        return hmac.new(seed, UUID(found["id"]).bytes + id_of(f"household {place}").bytes, "sha256").digest()[:8]

    order = sorted((0, 1, 2, 3, 12, 13), key=key) + sorted(range(4, 12), key=key)[:6]
    assert [one["household_number"] for one in await households(csa, found)] == [f"MR011{n:07d}" for n in order]


async def test_a_program_is_excluded_or_topped_up(csa: httpx.AsyncClient, taazour: httpx.AsyncClient) -> None:
    excluded = await asked(csa, number=14, exclusions=[{"program": CASH}])
    assert [excluded["counts"][name] for name in ("in_area", "candidates", "chosen", "missing", "excluded")] == [
        14, None, None, None, None,  # any of these would tell that Tekavoul has two
    ]  # fmt: skip
    assert excluded["counts"]["exclusions"] == [
        {"program": CASH, "how": "enrolled", "instead": "exclude", "paid_by": None, "households": None, "doubtful": 0}
    ]

    topped = await asked(
        csa,
        number=14,
        exclusions=[{"program": CASH, "instead": "top_up"}],
        amount_mru="2700.00",
        top_up_mru="450.00",
        fields=["household_number", "top_up", "amount"],
    )
    topped = await stepped(taazour, topped, "approve", "release")
    rows = await households(csa, topped)
    marked = {one["household_number"]: one["amount_mru"] for one in rows if one["top_up"]}
    assert marked == dict.fromkeys(numbers(0, 1), "450.00")
    assert {one["amount_mru"] for one in rows if not one["top_up"]} == {"2700.00"}


async def test_nothing_beyond_the_fields_asked_for_is_told(
    csa: httpx.AsyncClient, taazour: httpx.AsyncClient, matching: Running
) -> None:
    found = await stepped(taazour, await asked(csa), "approve", "release")

    (first, *_) = await households(csa, found)
    assert set(first) == {"position", "household_number", "head_name_fr", "head_name_ar", "village", "size"}
    assert first["head_name_ar"].startswith("سالم")

    # An agreement that was narrowed since tells less at once.
    less = replace(AGREEMENT, version=4, attributes=frozenset({"household_number", "size"}))
    async with partner(matching, "csa", less) as now:
        assert {key for one in await households(now, found) for key in one} == {"position", "household_number", "size"}


NOT_ASKED: list[tuple[dict[str, Any], str, str]] = [
    ({"number": 101}, "list_above_volume", "/number"),
    ({"number": 0}, "invalid_request", "/number"),
    ({"number": -5}, "invalid_request", "/number"),
    ({"fields": ["household_number", "nni"]}, "invalid_request", "/fields/1"),
    ({"program": CASH}, "program_not_kept", "/program"),
    ({"exclusions": [{"program": "HEALTH_INSURANCE"}]}, "program_not_agreed", "/exclusions/0/program"),
    ({"areas": ["MR01", "MR09"]}, "area_unknown", "/areas/1"),
    (
        {"criteria": [{"attribute": "nni", "operator": "eq", "value": 1}]},
        "invalid_request",
        "/criteria/0/attribute",
    ),
    ({"criteria": [{"attribute": "size", "operator": "ge", "value": -1}]}, "criterion_wrong", "/criteria/0/value"),
    (
        {
            "criteria": [
                {"attribute": "size", "operator": "gt", "value": 5},
                {"attribute": "size", "operator": "lt", "value": 4},
            ]
        },
        "criteria_contradict",
        "/criteria",
    ),
    (
        {"exclusions": [{"program": CASH}, {"program": CASH, "instead": "top_up"}]},
        "exclusions_contradict",
        "/exclusions/1",
    ),
    ({"exclusions": [{"program": CASH, "how": "paid"}]}, "exclusion_period_wrong", "/exclusions/0"),
    ({"exclusions": [{"program": CASH, "first": "2026-01-01"}]}, "exclusion_period_wrong", "/exclusions/0"),
    ({"quotas": [{"commune": "MR011-C01", "number": 5}]}, "quotas_do_not_add_up", "/quotas"),
    ({"quotas": [{"commune": "MR032-C01", "number": 6}]}, "quota_outside_area", "/quotas/0/commune"),
    ({"amount_mru": "-1"}, "invalid_request", "/amount_mru"),
    ({"phone": True}, "invalid_request", "/phone"),
]


async def test_what_may_not_be_asked_is_refused_at_once(csa: httpx.AsyncClient) -> None:
    for changed, code, pointer in NOT_ASKED:
        answer = await csa.post(LISTS, json=BODY | changed)
        assert (answer.json()["code"], answer.json()["pointer"]) == (code, pointer)
    for language in ("ar", "fr", "en"):
        answer = await csa.post(LISTS, json=BODY | {"number": 101}, headers={"Accept-Language": language})
        assert "CSA-1" in answer.json()["title"] and "100" in answer.json()["title"]


async def test_the_agreement_bounds_what_is_asked(matching: Running) -> None:
    async def refused(changed: dict[str, Any] | None = None, **terms: Any) -> str:
        async with partner(matching, "csa", replace(AGREEMENT, **terms)) as client:
            answer = await client.post(LISTS, json=BODY | (changed or {}))
            return str(answer.json().get("code"))

    assert await refused(not_after=date(2026, 1, 31)) == "list_agreement_expired"
    assert await refused(attributes=frozenset({"size"})) == "fields_not_agreed"
    assert await refused(places=frozenset({"MR03"})) == "area_not_agreed"
    assert await refused({"areas": ["MR011"]}, places=frozenset({"MR01"})) != "area_not_agreed", "it lies within"
    async with partner(matching, "csa", None, None) as client:
        assert told(await client.post(LISTS, json=BODY)) == (403, "agreement_needed")
    async with partner(matching, "csa", AGREEMENT, None) as client:
        assert told(await client.post(LISTS, json=BODY)) == (403, "agreement_needed")


async def test_an_area_where_nobody_lives_is_refused(csa: httpx.AsyncClient, matching: Running) -> None:
    async with matching.platform.database.transaction() as tx:
        await tx.execute(update(commands.Household).values(commune_code="MR011-C02", moughataa_code="MR011"))

    answer = await csa.post(LISTS, json=BODY | {"areas": ["MR011-C02", "MR011-C01"]})

    assert (*told(answer), answer.json()["pointer"]) == (422, "area_without_people", "/areas/1")


async def test_a_program_that_nobody_published_is_unknown(matching: Running) -> None:
    agreed = replace(AGREEMENT, programs=frozenset({"TEMWINE"}))
    async with partner(matching, "csa", agreed) as client:
        answer = await client.post(LISTS, json=BODY | {"exclusions": [{"program": "TEMWINE"}]})
        assert (*told(answer), answer.json()["pointer"]) == (404, "program_unknown", "/exclusions/0/program")
    async with partner(matching, "wfp", agreed) as client:
        assert told(await client.post(LISTS, json=BODY | {"program": "WFP_LEAN_SEASON"})) == (404, "program_unknown")


async def test_asking_twice_with_one_key_is_one_list(csa: httpx.AsyncClient) -> None:
    one, other = [await csa.post(LISTS, json=BODY, headers={"Idempotency-Key": "list-of-june"}) for _ in range(2)]

    assert one.content == other.content and one.headers["etag"] == other.headers["etag"]
    assert len((await csa.get(LISTS)).json()["items"]) == 1


async def test_of_other_programs_the_recipient_sees_those_that_its_agreement_covers(
    matching: Running, taazour: httpx.AsyncClient
) -> None:
    async with partner(matching, "csa", replace(AGREEMENT, programs=frozenset({FOOD}))) as csa:
        found = await asked(csa, number=14)
    theirs = (await taazour.get(f"{LISTS}/{found['id']}")).json()

    assert found["counts"]["overlaps"] == []
    assert [(one["program"], one["households"]) for one in theirs["counts"]["overlaps"]] == [(CASH, None)]


# Review


async def test_the_provider_narrows_and_it_is_counted_anew(csa: httpx.AsyncClient, taazour: httpx.AsyncClient) -> None:
    found = await asked(csa, number=14)
    narrower = REASON | {"areas": ["MR011-C01"], "number": 5, "fields": ["household_number"]}

    answer = await step(taazour, found, "narrow", narrower)
    assert (answer.status_code, answer.json()["status"], answer.json()["counts"]) == (200, "requested", None)
    again = await counted(taazour, found["id"])

    assert (again["counts"]["chosen"], again["counts"]["in_area"]) == (5, 12)
    assert (again["asked"]["number"], again["terms"]["number"], again["terms"]["fields"]) == (
        14,
        5,
        ["household_number"],
    )
    assert [(one["status"], one["by"], one["reason"]) for one in again["history"]] == [
        ("requested", "csa", None),
        ("counted", "matching", None),
        ("requested", "taazour", "as the protocol says"),
        ("counted", "matching", None),
    ]
    found = await stepped(taazour, again, "approve", "release")
    assert {one["household_number"] for one in await households(csa, found)} >= numbers(0, 1, 2, 3)


async def test_a_review_never_adds_to_a_request(csa: httpx.AsyncClient, taazour: httpx.AsyncClient) -> None:
    found = await asked(csa)
    wider: dict[str, dict[str, Any]] = {
        "/areas/0": {"areas": ["MR03"]},
        "/number": {"number": 7},
        "/fields": {"fields": ["household_number", "amount"]},
    }
    for pointer, changed in wider.items():
        answer = await step(taazour, found, "narrow", REASON | changed)
        assert (*told(answer), answer.json()["pointer"]) == (422, "list_not_narrower", pointer)
    nowhere = await step(taazour, found, "narrow", REASON | {"areas": ["MR09"]})
    assert told(nowhere) == (422, "area_unknown")


async def test_numbered_quotas_are_narrowed_with_the_number(csa: httpx.AsyncClient, taazour: httpx.AsyncClient) -> None:
    found = await asked(csa, quotas=[{"commune": "MR011-C01", "number": 6}])

    assert told(await step(taazour, found, "narrow", REASON | {"number": 5})) == (422, "quotas_to_narrow")
    quotas = [{"commune": "MR011-C01", "number": 5}]
    assert (await step(taazour, found, "narrow", REASON | {"number": 5, "quotas": quotas})).status_code == 200


async def test_who_asked_neither_approves_nor_reviews(matching: Running, csa: httpx.AsyncClient) -> None:
    found = await asked(csa)
    async with matching.client(
        "csa", frozenset({"lists:review"}), frozenset({FOOD}), frozenset(), AGREEMENT, PURPOSE
    ) as herself:
        assert told(await step(herself, found, "approve")) == (403, "not_the_provider")
    # A provider that asks for a list of its own data: another official of it approves.
    own = replace(AGREEMENT, provider="csa")
    permissions = frozenset({"lists:request", "lists:review", "lists:read"})
    async with matching.client("csa", permissions, frozenset({FOOD}), frozenset(), own, PURPOSE) as both:
        mine = await asked(both)
        assert told(await step(both, mine, "approve", {"official": "CSA-1"})) == (403, "own_list")
        assert told(await step(both, mine, "reject", {"official": "CSA-1", "reason": "no"})) == (403, "own_list")
        assert (await step(both, mine, "approve", {"official": "CSA-2"})).status_code == 200


async def test_steps_out_of_order_are_refused_with_what_may_follow(
    csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await asked(csa)

    early = await step(taazour, found, "release")
    assert told(early) == (409, "list_step_refused")
    assert "approved" in early.json()["title"] or "approuvée" in early.json()["title"]
    assert told(await csa.get(f"{LISTS}/{found['id']}/households")) == (409, "list_not_released")
    assert told(await step(csa, found, "close", {"official": "CSA-1"})) == (409, "list_step_refused")
    rejected = await stepped(taazour, found, "reject", body=REASON)
    assert told(await step(taazour, rejected, "approve")) == (409, "list_step_refused")
    withdrawn = await stepped(csa, await asked(csa), "withdraw", body={"official": "CSA-1", "reason": "no budget"})
    assert withdrawn["status"] == "withdrawn"


async def test_nobody_decides_on_what_has_changed_since_it_was_read(
    csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await asked(csa)
    await stepped(taazour, found, "approve")

    stale = await step(taazour, found, "release")
    assert told(stale) == (412, "precondition_failed")
    without = await taazour.post(f"{LISTS}/{found['id']}/release", json=OFFICER)
    assert told(without) == (428, "precondition_required")


async def test_a_list_asked_under_an_agreement_that_ended_is_not_approved(
    matching: Running, csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await asked(csa)
    ended = replace(AGREEMENT, not_after=date(2026, 2, 1)).told()
    async with matching.platform.database.transaction() as tx:
        await tx.execute(update(TargetingList).values(agreement=ended))

    assert told(await step(taazour, found, "approve")) == (403, "list_agreement_expired")


# Who reads it, and what is written of it


async def test_only_the_recipient_reads_and_only_under_its_agreement(
    matching: Running, csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await stepped(taazour, await asked(csa), "approve", "release")
    path = f"{LISTS}/{found['id']}/households"

    assert told(await taazour.get(path)) == (404, "not_found"), "the provider has its own registry"
    async with partner(matching, "wfp") as stranger:
        assert told(await stranger.get(path)) == (404, "not_found")
        assert told(await stranger.get(f"{LISTS}/{found['id']}")) == (404, "not_found")
        assert told(await step(stranger, found, "withdraw", REASON)) == (404, "not_found")
    async with partner(matching, "csa", None, None) as nameless:
        assert told(await nameless.get(path)) == (403, "agreement_needed")
    async with partner(matching, "csa", replace(AGREEMENT, id="CSA-2")) as other:
        assert told(await other.get(path)) == (403, "list_of_another_agreement")
    async with partner(matching, "csa", AGREEMENT, "research") as other:
        assert told(await other.get(path)) == (403, "list_of_another_agreement")
    async with partner(matching, "csa", replace(AGREEMENT, not_after=date(2026, 2, 1))) as late:
        assert told(await late.get(path)) == (403, "list_agreement_expired")
    async with matching.platform.database.transaction() as tx:
        assert list(await tx.scalars(select(ListDisclosure))) == []


async def test_each_household_told_is_written_once_and_each_look_every_time(
    matching: Running, csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await stepped(taazour, await asked(csa), "approve", "release")

    page = await csa.get(
        f"{LISTS}/{found['id']}/households", params={"limit": 4}, headers={"Tekamoul-Official": "CSA-7"}
    )
    assert len(page.json()["items"]) == 4
    (release,) = (await taazour.get("/v1/releases")).json()["items"]
    assert (release["households"], release["disclosed"], release["accesses"]) == (6, 4, 1)
    await households(csa, found, cursor=page.json()["next_cursor"])
    await households(csa, found)

    rows = (await taazour.get("/v1/list-disclosures", params={"list_id": found["id"]})).json()["items"]
    assert len(rows) == 6
    assert {one["official"] for one in rows} == {"CSA-7", None}
    first = rows[0]
    assert (first["partner"], first["purpose"], first["legal_basis"], first["agreement_version"]) == (
        "csa", PURPOSE, "Protocol 12/2026", 3,
    )  # fmt: skip
    assert first["attributes"] == ["household_number", "head_name", "village", "size"]
    about = (await taazour.get("/v1/list-disclosures", params={"household_id": first["household_id"]})).json()["items"]
    assert [one["household_id"] for one in about] == [first["household_id"]]
    async with matching.platform.database.transaction() as tx:
        looks = list(await tx.scalars(select(ListAccess).order_by(ListAccess.id)))
    assert [(one.official, one.way, one.households) for one in looks] == [
        ("CSA-7", "page", 4), (None, "page", 2), (None, "page", 6),
    ]  # fmt: skip
    assert "Salem" not in str(rows)


async def test_pages_of_disclosures_and_releases_go_on_where_they_ended(
    csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    for _ in range(2):
        await households(csa, await stepped(taazour, await asked(csa), "approve", "release"))

    async def every(path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        params: dict[str, Any] = {"limit": 1 if "releases" in path else 5}
        while True:
            page = (await taazour.get(path, params=params)).json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            params["cursor"] = page["next_cursor"]

    assert len({one["list_id"] for one in await every("/v1/releases")}) == 2
    assert len(await every("/v1/list-disclosures")) == 12
    assert len((await taazour.get(LISTS, params={"part": "to_review", "status": "released"})).json()["items"]) == 2
    first = (await csa.get(LISTS, params={"limit": 1})).json()
    second = (await csa.get(LISTS, params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert first["items"][0]["id"] > second["items"][0]["id"]


async def test_a_revoked_list_is_told_to_nobody_from_then_on(
    matching: Running, csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await stepped(taazour, await asked(csa), "approve", "release")
    await households(csa, found)
    async with partner(matching, "csa") as recipient:
        assert told(await step(recipient, found, "revoke", REASON)) == (403, "not_permitted")

    revoked = await stepped(taazour, found, "revoke", body=REASON)

    assert revoked["status"] == "revoked"
    assert told(await csa.get(f"{LISTS}/{found['id']}/households")) == (403, "list_revoked")
    (release,) = (await taazour.get("/v1/releases")).json()["items"]
    assert (release["status"], release["disclosed"]) == ("revoked", 6)
    async with matching.platform.database.transaction() as tx:
        names = await tx.scalars(select(commands.TargetedHousehold.head_name_fr))
        assert set(names) == {None}
    assert await announced(matching) == ["requested", "counted", "approved", "released", "revoked"]


async def test_a_closed_list_is_read_no_more_and_its_names_are_gone(
    matching: Running, csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await stepped(taazour, await asked(csa), "approve", "release")

    found = await stepped(csa, found, "close", body={"official": "CSA-1"})

    assert told(await csa.get(f"{LISTS}/{found['id']}/households")) == (409, "list_not_released")
    async with matching.platform.database.transaction() as tx:
        assert set(await tx.scalars(select(commands.TargetedHousehold.head_name_fr))) == {None}
    assert (await stepped(taazour, found, "revoke", body=REASON))["status"] == "revoked"


async def test_who_left_the_registry_before_the_release_is_off_the_list(
    matching: Running, csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await stepped(taazour, await asked(csa), "approve")
    await Projection(matching.platform.database).households(home(0, version=2, status="left", members=[]))

    found = await stepped(taazour, found, "release")

    assert {one["household_number"] for one in await households(csa, found)} == numbers(1, 2, 3, 12, 13)


# Files and printed pages


async def test_a_file_names_its_recipient_and_marks_each_row(
    matching: Running, csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await stepped(taazour, await asked(csa), "approve", "release")
    path = f"{LISTS}/{found['id']}/file"

    answer = await csa.get(path, params={"format": "csv", "language": "fr"})
    first, headers, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert "csa" in first[0] and "CSA-1" in first[0] and found["id"] in first[0]
    assert headers == ["Rang", "N° ménage", "Nom du chef de ménage", "Nom en arabe", "Village", "Taille du ménage",
                       "Marque", "Remarque", "Date de l'événement", "N° du remplaçant"]  # fmt: skip
    assert len(lines) == 6
    of_file = FileTold.read(answer.headers[FILE_HEADER])
    assert of_file == FileTold.of(answer.content, 6, ["household_number", "head_name", "village", "size"])

    workbook = await csa.get(path, params={"format": "xlsx", "language": "ar"})
    book = calamine.load_workbook(io.BytesIO(workbook.content))
    sheet = book.get_sheet_by_index(0).to_python()
    assert [row[1] for row in sheet[2:]] == [row[1] for row in lines]
    marks = {row[6]: row[0] for row in lines}
    assert len(marks) == 6 and {row[6] for row in sheet[2:]} == set(marks)

    # A row that turns up elsewhere says from which list it came; another list has other marks for the same household.
    mark, place = next(iter(marks.items()))
    told_of = await taazour.get(f"{LISTS}/{found['id']}/marks/{mark}")
    assert (told_of.json()["partner"], told_of.json()["position"]) == ("csa", int(place))
    other = await stepped(taazour, await asked(csa), "approve", "release")
    assert told(await taazour.get(f"{LISTS}/{other['id']}/marks/{mark}")) == (404, "not_found")

    (_, release) = (await taazour.get("/v1/releases")).json()["items"]
    assert (release["disclosed"], release["accesses"]) == (6, 2)
    await stepped(taazour, found, "revoke", body=REASON)
    assert told(await csa.get(path)) == (403, "list_revoked")
    assert told(await csa.get(f"{LISTS}/{found['id']}/printed")) == (403, "list_revoked")


async def test_the_gateway_is_told_in_which_lists_a_household_stood_until_it_is_forgotten(
    matching: Running, csa: httpx.AsyncClient, taazour: httpx.AsyncClient
) -> None:
    found = await stepped(taazour, await asked(csa), "approve", "release")
    unread = await stepped(taazour, await asked(csa), "approve", "release")
    path = f"{LISTS}/{found['id']}"
    assert (await csa.get(f"{path}/file", params={"format": "csv"})).status_code == 200
    (one, *_) = (await taazour.get("/v1/list-disclosures", params={"list_id": found["id"]})).json()["items"]
    async with matching.platform.database.transaction() as tx:
        row = (
            TargetedHousehold.list_id == UUID(found["id"]),
            TargetedHousehold.household_id == UUID(one["household_id"]),
        )
        commune = await tx.scalar(select(TargetedHousehold.commune_code).where(*row))

    async with matching.client("gateway", frozenset({"internal"})) as gateway:

        async def files(*said: object, path: str = "/internal/files-of") -> list[tuple[str, str, dict[str, str]]]:
            answer = await gateway.post(path, json={"names": [str(name) for name in said]})
            assert answer.status_code == 200, answer.text
            return [(one["path"], one["partner"], one["part"]) for one in answer.json()["files"]]

        hers = [(f"{path}/file", "csa", {}), (f"{path}/printed", "csa", {"commune": commune} if commune else {})]
        assert await files(one["household_id"]) == hers
        assert await files(new_id(), "MR0110000001") == []
        assert not [told for told in await files(one["household_id"]) if unread["id"] in told[0]]
        assert await files(one["household_id"], path="/internal/files-of/forget") == []
        assert await files(one["household_id"]) == []
    left = (await taazour.get("/v1/list-disclosures", params={"list_id": found["id"]})).json()["items"]
    assert len(left) == 5 and one["household_id"] not in {told["household_id"] for told in left}


async def test_a_printed_list_has_a_page_for_each_village(csa: httpx.AsyncClient, taazour: httpx.AsyncClient) -> None:
    fields = ["household_number", "head_name", "commune", "village"]
    found = await stepped(taazour, await asked(csa, fields=fields), "approve", "release")
    path = f"{LISTS}/{found['id']}/printed"

    for language in ("ar", "fr"):
        answer = await csa.get(path, params={"language": language})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        # Edebaye and Toueimirit in each of two communes.
        assert len(re.findall(rb"/Type/Page\b", answer.content)) == 4

    one = await csa.get(path, params={"commune": "MR011-C02"})
    of_commune = FileTold.read(one.headers[FILE_HEADER])
    assert FileTold.of(one.content, of_commune.subjects, fields) == of_commune
    assert 0 < of_commune.subjects < FileTold.read(answer.headers[FILE_HEADER]).subjects == 6
    assert told(await csa.get(path, params={"commune": "MR032-C01"})) == (404, "nothing_to_print")
    (release,) = (await taazour.get("/v1/releases")).json()["items"]
    assert release["disclosed"] == 6


async def test_a_list_too_long_to_print_is_printed_by_commune(
    csa: httpx.AsyncClient, taazour: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(showing, "MOST_PRINTED", 4)
    found = await stepped(taazour, await asked(csa), "approve", "release")

    assert told(await csa.get(f"{LISTS}/{found['id']}/printed")) == (422, "list_too_long_to_print")
    assert (await csa.get(f"{LISTS}/{found['id']}/printed", params={"commune": "MR011-C02"})).status_code == 200


# Counting


async def test_what_was_counted_for_a_list_that_has_moved_on_is_dropped(
    matching: Running, csa: httpx.AsyncClient
) -> None:
    found = await asked(csa)
    async with matching.platform.database.transaction() as tx:
        one = await tx.get_one(TargetingList, UUID(found["id"]))
        country = await counting.read_country(tx, date(2026, 10, 1))
        choice = counting._chosen(country, one)
        await counting.keep(tx, one.id, one.version, choice)  # counted already
        await counting.keep(tx, one.id, 1, choice)  # by another process, of an older version

    again = (await csa.get(f"{LISTS}/{found['id']}")).json()
    assert again["version"] == found["version"]
