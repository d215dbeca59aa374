"""Many records in one request: each as a single read would give it, and an owner's silence said aloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from gateway.aliases.queries import aliases
from in_turn import in_turn
from tests.gateway.agreements.cases import PURPOSE, example, write_examples
from tests.gateway.conftest import Door

HOUSEHOLD, INDIVIDUAL, ENROLLMENT, UNKNOWN = (str(uuid4()) for _ in range(4))


@pytest.fixture
def agreed(partners_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the keeper of the registry gives alpha: one household at a time, or many."""
    partners_file.write_text(
        partners_file.read_text().replace('"households:read", "events', '"households:shared", "events')
    )
    given = {"provider": "keeper", "attributes": [{"name": "household_number"}]}
    folder = write_examples(
        tmp_path / "agreements",
        example("LOOKUP", **given, operations=["lookup", "list"]),
        example("BULK", **given, operations=["bulk"]),
    )
    monkeypatch.setenv("TEKAMOUL_AGREEMENTS_FOLDER", str(folder))


@pytest.fixture
def known(door: Door) -> Door:
    """A registry with one household of one person, and an enrollment at csa."""
    door.registry.answers |= {
        f"/v1/households/{HOUSEHOLD}": {"id": HOUSEHOLD, "number": "MR1", "members": [{"individual_id": INDIVIDUAL}]},
        f"/v1/individuals/{INDIVIDUAL}": {"id": INDIVIDUAL, "memberships": []},
        "/v1/households": {"items": [{"id": HOUSEHOLD, "number": "MR1"}]},
    }
    door.csa.answers[f"/v1/enrollments/{ENROLLMENT}"] = {"id": ENROLLMENT, "registry_household_id": HOUSEHOLD}
    return door


async def ask(door: Door, *records: dict[str, Any], partner: str = "keeper", **headers: str) -> httpx.Response:
    body = {"records": list(records)}
    return await door.client.post("/v1/records:resolve", json=body, headers={**await door.as_(partner), **headers})


async def test_each_record_is_found_or_unknown_in_the_order_asked(known: Door) -> None:
    answer = await ask(
        known,
        {"kind": "enrollment", "id": ENROLLMENT},
        {"kind": "individual", "id": UNKNOWN},
        {"kind": "household", "id": HOUSEHOLD},
        {"kind": "household", "number": "MR1"},
        {"kind": "enrollment", "id": ENROLLMENT, "institution": "csa"},
        {"kind": "enrollment", "id": ENROLLMENT, "institution": "nobody"},
    )

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["partial"], told["missing"]) == (False, [])
    assert [one["state"] for one in told["items"]] == ["found", "unknown", "found", "found", "found", "unknown"]
    assert [one["kind"] for one in told["items"]][:3] == ["enrollment", "individual", "household"]
    assert told["items"][2]["record"]["number"] == "MR1"
    assert told["items"][1]["record"] is None


async def test_a_partner_asks_by_its_own_names_alone(known: Door) -> None:
    async with known.running.platform.database.transaction() as tx:
        mine = str((await aliases(tx, "alpha", [UUID(ENROLLMENT)]))[UUID(ENROLLMENT)])
        theirs = str((await aliases(tx, "beta", [UUID(ENROLLMENT)]))[UUID(ENROLLMENT)])

    items = (
        await ask(known, {"kind": "enrollment", "id": mine}, {"kind": "enrollment", "id": theirs}, partner="alpha")
    ).json()["items"]

    assert [one["state"] for one in items] == ["found", "unknown"]
    assert items[0]["id"] == mine
    assert items[0]["record"]["registry_household_id"] != HOUSEHOLD


async def test_a_household_of_the_registry_is_withheld_from_who_has_no_agreement(known: Door) -> None:
    (item,) = (await ask(known, {"kind": "household", "id": HOUSEHOLD}, partner="alpha")).json()["items"]

    assert (item["state"], item["record"]) == ("withheld", None)
    assert item["code"]


async def test_anothers_records_come_in_bulk_under_an_agreement_for_that_alone(agreed: None, known: Door) -> None:
    async with known.running.platform.database.transaction() as tx:
        mine = str((await aliases(tx, "alpha", [UUID(HOUSEHOLD)]))[UUID(HOUSEHOLD)])
    row = {"place": "MR011-C01", "category": "poor"}
    told = {"id": HOUSEHOLD, "row": row, "number": "MR1"}
    known.registry.answers |= {f"/v1/households/{HOUSEHOLD}": told, "/v1/households": {"items": [told]}}
    named = {"Tekamoul-Purpose": PURPOSE}
    asked: list[dict[str, Any]] = [{"kind": "household", "id": mine}, {"kind": "household", "number": "MR1"}]

    looking_up = named | {"Tekamoul-Agreement": "LOOKUP"}
    in_bulk = named | {"Tekamoul-Agreement": "BULK"}
    refused = (await ask(known, *asked, partner="alpha", **looking_up)).json()["items"]
    without_case = (await ask(known, *asked, partner="alpha", **in_bulk, **{"Tekamoul-Official": "a-7"})).json()
    given = (await ask(known, *asked, partner="alpha", **in_bulk)).json()["items"]
    one = f"/registry/v1/households/{mine}"

    assert {(one["state"], one["code"]) for one in refused} == {("withheld", "operation_not_agreed")}
    assert {(one["state"], one["code"]) for one in without_case["items"]} == {("withheld", "case_needed")}
    assert [one["record"] for one in given] == [{"id": mine, "number": "MR1"}] * 2
    assert (await known.get(one, headers=looking_up)).json() == {"id": mine, "number": "MR1"}
    assert (await known.get(one, headers=in_bulk)).json()["code"] == "operation_not_agreed"


async def test_an_owner_that_does_not_answer_is_named_and_the_others_records_are_there(known: Door) -> None:
    await known.registry.stop()

    told = (
        await ask(
            known,
            {"kind": "household", "id": HOUSEHOLD},
            {"kind": "enrollment", "id": ENROLLMENT},
            {"kind": "enrollment", "id": UNKNOWN},
            **{"Accept-Language": "en"},
        )
    ).json()

    assert told["partial"] is True
    (missing,) = told["missing"]
    assert (missing["part"], missing["code"], missing["retry_after"]) == ("registry", "unavailable", 5)
    assert missing["reason"].startswith("The service is unavailable")
    assert [one["state"] for one in told["items"]] == ["unanswered", "found", "unknown"]
    assert [one["code"] for one in told["items"]] == ["unavailable", None, "404"]


async def test_an_enrollment_is_not_unknown_while_one_who_may_keep_it_is_silent(known: Door) -> None:
    await known.csa.stop()

    told = (await ask(known, {"kind": "enrollment", "id": UNKNOWN})).json()

    assert [one["part"] for one in told["missing"]] == ["programs-csa"]
    assert told["items"][0]["state"] == "unanswered"


async def test_what_an_agreement_does_not_cover_is_withheld(known: Door) -> None:
    told = (
        await ask(known, {"kind": "household", "id": HOUSEHOLD}, **{"Tekamoul-Purpose": "anything"})
    ).json()  # a purpose without an agreement: single reads are refused

    assert (told["items"][0]["state"], told["items"][0]["code"]) == ("withheld", "purpose_without_agreement")
    assert told["items"][0]["record"] is None


async def test_every_record_given_is_written_down_as_a_single_read_is(known: Door) -> None:
    await ask(known, {"kind": "household", "id": HOUSEHOLD}, {"kind": "individual", "id": INDIVIDUAL})

    async with known.running.platform.database.transaction() as tx:
        routes = [one.route for one in await tx.execute(text("SELECT DISTINCT route FROM disclosures ORDER BY route"))]
    assert [one.split(" ")[-1] for one in routes] == [
        "/registry/v1/households/{household_id}",
        "/registry/v1/individuals/{individual_id}",
    ]


@in_turn(
    "records",
    [
        [],
        [{"kind": "household", "id": HOUSEHOLD}] * 201,
        [{"kind": "household"}],
        [{"kind": "household", "id": HOUSEHOLD, "number": "MR1"}],
        [{"kind": "individual", "number": "MR1"}],
        [{"kind": "household", "id": HOUSEHOLD, "institution": "csa"}],
        [{"kind": "village", "id": HOUSEHOLD}],
        [{"kind": "household", "id": HOUSEHOLD, "more": 1}],
        [{"kind": "household", "number": "MR1&limit=200"}],
    ],
)
async def test_a_question_that_is_none_is_refused(door: Door, records: list[dict[str, Any]]) -> None:
    answer = await ask(door, *records)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_two_hundred_records_are_one_request_of_the_quota(known: Door) -> None:
    answer = await ask(known, *[{"kind": "household", "id": HOUSEHOLD}] * 200)

    assert {one["state"] for one in answer.json()["items"]} == {"found"}, answer.json()["missing"]
    assert answer.headers["ratelimit"].startswith('"partner";r=999;')
