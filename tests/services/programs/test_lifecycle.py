"""The life of one enrollment: how it begins, each turn with its refusals, and what an undo brings back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from running import Running
from shared.clock import now
from shared.ids import new_id

Start = Callable[[str], Awaitable[Running]]
Announced = Callable[[Running], Awaitable[list[dict[str, Any]]]]
Answer = dict[str, Any]

TODAY = now().date()
PROGRAMS = frozenset({"TEKAVOUL", "TEMWINE"})


@pytest.fixture
async def taazour(start: Start) -> Running:
    return await start("taazour")


@pytest.fixture
async def client(taazour: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with taazour.client("taazour", programs=PROGRAMS) as made:
        made.headers["Accept-Language"] = "en"
        yield made


async def limit(running: Running, program: str = "TEKAVOUL", **limits: Any) -> None:
    """Publish other limits of a program, without what else publishing does."""
    async with running.platform.database.transaction() as tx:
        for name, value in limits.items():
            await tx.execute(
                text(
                    "UPDATE programs SET document = jsonb_set(document, CAST(:path AS text[]), CAST(:value AS jsonb))"
                    " WHERE code = :code"
                ),
                {"path": [name], "value": str(value).replace("'", '"'), "code": program},
            )


async def begin(client: httpx.AsyncClient, number: int = 1, program: str = "TEKAVOUL", **more: Any) -> httpx.Response:
    facts = {"household_number": f"MR051{number:07d}", "name": f"Sidi {number}", "household_size": 4}
    body = {"program": program, "beneficiary": facts | more.pop("beneficiary", {})} | more
    return await client.post("/v1/enrollments", json=body)


async def begun(client: httpx.AsyncClient, number: int = 1, **more: Any) -> Answer:
    answer = await begin(client, number, **more)
    assert answer.status_code == 201, answer.text
    found: Answer = answer.json()
    return found


async def turn(client: httpx.AsyncClient, one: Answer, verb: str, **body: Any) -> httpx.Response:
    headers = {"If-Match": f'"{one["version"]}"'}
    return await client.post(f"/v1/enrollments/{one['id']}/{verb}", json=body, headers=headers)


async def turned(client: httpx.AsyncClient, one: Answer, verb: str, **body: Any) -> Answer:
    answer = await turn(client, one, verb, **body)
    assert answer.status_code == 200, answer.text
    found: Answer = answer.json()
    return found


async def history(client: httpx.AsyncClient, one: Answer) -> list[tuple[int, str | None, str, str | None]]:
    turns = (await client.get(f"/v1/enrollments/{one['id']}/history")).json()
    return [(each["version"], each["from"], each["to"], each["reason"]) for each in reversed(turns)]


async def test_one_beneficiary_is_enrolled_at_once_and_announced(
    client: httpx.AsyncClient, taazour: Running, announced: Announced
) -> None:
    one = await begun(client, beneficiary={"phone": "22 33 44 55", "nni": "9900000033", "amount": "3600"})

    assert (one["status"], one["reason"], one["version"]) == ("enrolled", "registered", 1)
    assert one["enrolled_on"] == TODAY.isoformat() and one["applied_on"] is None
    assert (one["phones"], one["monthly_value_mru"]) == (["+22222334455"], "1200.00")  # 3,600 for three months
    assert one["recertify_on"][:4] == str(TODAY.year + 3)  # after 36 months
    assert one["warnings"] == [] and one["import_id"] is None
    assert [(event["enrolled"], event["applied"]) for event in await announced(taazour)] == [(1, 0)]
    assert await history(client, one) == [(1, None, "enrolled", "registered")]


async def test_a_doubtful_amount_warns_and_an_unreadable_field_refuses(client: httpx.AsyncClient) -> None:
    doubtful = await begun(client, 1, beneficiary={"amount": 36000})
    unreadable = await begin(client, 2, beneficiary={"household_size": "many"})
    nameless = await begin(client, 3, beneficiary={"name": " "})
    unknown = await begin(client, 4, beneficiary={"school": "Ecole 1"})
    elsewhere = await begin(client, 5, program="HEALTH_INSURANCE")

    assert [one["code"] for one in doubtful["warnings"]] == ["amount_ten_times_off"]
    assert (unreadable.status_code, unreadable.json()["code"]) == (422, "beneficiary_refused")
    assert unreadable.json()["pointer"] == "/beneficiary/household_size"
    assert nameless.json()["pointer"] == "/beneficiary/name"
    assert (unknown.status_code, unknown.json()["code"]) == (422, "fields_not_of_the_list")
    assert elsewhere.status_code == 404  # none of this caller's


async def test_one_is_enrolled_in_a_program_whose_list_holds_additions_and_removals(taazour: Running) -> None:
    """Its list needs an action on every line; one beneficiary told alone is an addition and has no action to tell."""
    async with taazour.client("cnam", programs=frozenset({"HEALTH_INSURANCE"})) as cnam:
        told = {"household_number": "MR0510000001", "name": "Sidi Ould Ahmed", "household_size": 4}
        body = {"program": "HEALTH_INSURANCE", "beneficiary": told}
        one = await cnam.post("/v1/enrollments", json=body)
        named = await cnam.post("/v1/enrollments", json=body | {"beneficiary": told | {"action": "added"}})

    assert (one.status_code, one.json()["status"]) == (201, "enrolled")
    assert named.json()["code"] == "fields_not_of_the_list"


async def test_who_is_in_the_program_is_not_enrolled_again_and_who_left_begins_anew(client: httpx.AsyncClient) -> None:
    first = await begun(client)
    texts = set()
    for language in ("ar", "fr", "en"):
        client.headers["Accept-Language"] = language
        again = await begin(client)
        assert (again.status_code, again.json()["code"]) == (409, "already_enrolled")
        assert first["id"] in again.json()["title"]
        texts.add(again.json()["title"])
    await turned(client, first, "exit", reason="graduated")

    second = await begun(client)

    assert len(texts) == 3
    assert (second["previous_id"], second["status"], second["version"]) == (first["id"], "enrolled", 1)


async def test_an_application_waits_and_is_accepted_or_rejected(client: httpx.AsyncClient) -> None:
    one, two = await begun(client, 1, enroll=False), await begun(client, 2, enroll=False)
    assert (one["status"], one["applied_on"], one["enrolled_on"]) == ("applied", TODAY.isoformat(), None)

    accepted = await turned(client, one, "enroll")
    rejected = await turned(client, two, "reject", reason="not_eligible")

    assert (accepted["status"], accepted["enrolled_on"], accepted["reason"]) == (
        "enrolled",
        TODAY.isoformat(),
        "accepted",
    )
    assert accepted["recertify_on"] is not None
    assert (rejected["status"], rejected["exited_on"]) == ("exited", TODAY.isoformat())


OUT_OF_ORDER: list[tuple[list[str], str, dict[str, Any], str]] = [
    ([], "enroll", {}, "enrollment_not_waiting"),
    ([], "reject", {"reason": "withdrew"}, "enrollment_not_waiting"),
    ([], "resume", {"reason": "returned"}, "enrollment_not_suspended"),
    (["suspend"], "suspend", {"reason": "absent"}, "enrollment_not_active"),
    (["exit"], "exit", {"reason": "moved"}, "enrollment_exited"),
    (["exit"], "recertify", {}, "enrollment_exited"),
    (["exit"], "correct", {"beneficiary": {"name": "Sidi"}}, "enrollment_exited"),
    (["exit"], "transfer", {"reason": "head_moved", "beneficiary": {"name": "Sidi"}}, "enrollment_exited"),
    ([], "undo", {}, "no_turn_to_undo"),
    (["suspend", "undo"], "undo", {}, "undone_already"),
    ([], "refuse-link", {"reason": "unknown_here"}, "enrollment_not_linked"),
]
REASONS: dict[str, dict[str, str]] = {"suspend": {"reason": "absent"}, "exit": {"reason": "moved"}, "undo": {}}


async def test_turns_out_of_order_are_refused_in_three_languages_and_change_nothing(
    client: httpx.AsyncClient, taazour: Running, announced: Announced
) -> None:
    for number, (before, verb, body, code) in enumerate(OUT_OF_ORDER, 1):
        one = await begun(client, number)
        for earlier in before:
            one = await turned(client, one, earlier, **REASONS[earlier])
        events, texts = await announced(taazour), set()
        for language in ("ar", "fr", "en"):
            client.headers["Accept-Language"] = language
            refused = await turn(client, one, verb, **body)
            assert (refused.status_code, refused.json()["code"]) == (409, code), (before, verb, refused.text)
            texts.add(refused.json()["title"])
        assert len(texts) == 3
        assert await announced(taazour) == events
        assert (await client.get(f"/v1/enrollments/{one['id']}")).json()["version"] == one["version"]


async def test_an_application_cannot_be_suspended_exited_or_recertified(client: httpx.AsyncClient) -> None:
    one = await begun(client, enroll=False)

    answers = [
        await turn(client, one, verb, **body)
        for verb, body in (
            ("suspend", {"reason": "absent"}),
            ("exit", {"reason": "moved"}),
            ("recertify", {}),
        )
    ]

    assert [answer.json()["code"] for answer in answers] == [
        "enrollment_not_active",
        "enrollment_waits",
        "enrollment_waits",
    ]


async def test_past_its_capacity_a_program_makes_people_wait_in_order(
    client: httpx.AsyncClient, taazour: Running
) -> None:
    await limit(taazour, capacity=1)
    seated = await begun(client, 1)
    late = [await begun(client, number, priority=priority) for number, priority in ((2, 5), (3, 1), (4, 1))]

    assert [one["status"] for one in late] == ["applied"] * 3
    assert [one["code"] for one in late[0]["warnings"]] == ["program_full"]
    page = (await client.get("/v1/waiting-list", params={"program": "TEKAVOUL", "limit": 2})).json()
    rest = (
        await client.get("/v1/waiting-list", params={"program": "TEKAVOUL", "limit": 2, "cursor": page["next_cursor"]})
    ).json()
    assert [(one["name"], one["position"]) for one in page["items"] + rest["items"]] == [
        ("Sidi 3", 1),
        ("Sidi 4", 2),
        ("Sidi 2", 3),
    ]
    full = await turn(client, late[1], "enroll")
    assert (full.status_code, full.json()["code"]) == (409, "program_full")
    nobody = (await client.post("/v1/waiting-list/admit", json={"program": "TEKAVOUL", "at_most": 5})).json()
    assert nobody == {"admitted": [], "waiting": 3}

    await turned(client, seated, "suspend", reason="absent")  # keeps the seat
    assert (await turn(client, late[1], "enroll")).json()["code"] == "program_full"
    left = await turned(client, seated | {"version": 2}, "exit", reason="moved")
    admitted = (await client.post("/v1/waiting-list/admit", json={"program": "TEKAVOUL", "at_most": 5})).json()

    assert admitted == {"admitted": [late[1]["id"]], "waiting": 2}
    third = (await client.get(f"/v1/enrollments/{late[1]['id']}")).json()
    assert (third["status"], third["reason"], third["version"]) == ("enrolled", "admitted", 2)
    back = await turn(client, left, "undo")  # the seat was given away
    assert (back.status_code, back.json()["code"]) == (409, "program_full")


async def test_a_quota_counts_by_place_and_passes_over_whom_it_keeps_waiting(
    client: httpx.AsyncClient, taazour: Running
) -> None:
    await limit(taazour, capacity=3, quotas=[{"place": "MR011", "most": 1}, {"place": "MR01", "most": 2}])
    places = ("MR011-C01", "MR011-C02", "MR012-C01", "MR012-C02", "MR021-C01")
    made = [await begun(client, number, place_code=place) for number, place in enumerate(places, 1)]

    assert [one["status"] for one in made] == ["enrolled", "applied", "enrolled", "applied", "enrolled"]
    assert [one["code"] for one in made[1]["warnings"]] == ["quota_reached"]
    refused = await turn(client, made[1], "enroll")
    assert refused.json()["code"] == "program_full"
    await turned(client, made[2], "exit", reason="moved")  # a seat in MR01, none in MR011

    admitted = (await client.post("/v1/waiting-list/admit", json={"program": "TEKAVOUL", "at_most": 5})).json()

    assert admitted == {"admitted": [made[3]["id"]], "waiting": 1}
    assert (await turn(client, made[1], "enroll")).json()["code"] == "program_full"


async def test_a_quota_finds_the_place_by_its_names(client: httpx.AsyncClient, taazour: Running) -> None:
    await limit(taazour, quotas=[{"place": "MR011", "most": 1}])
    rows = [
        ("MR01", "wilaya", None, "Hodh Ech Chargui"),
        ("MR011", "moughataa", "MR01", "Amourj"),
        ("MR011-C02", "commune", "MR011", "Bougadoum"),
    ]
    async with taazour.platform.database.transaction() as tx:
        for code, kind, parent, name in rows:
            await tx.execute(
                text("INSERT INTO places VALUES (:code, :kind, :parent, jsonb_build_array(CAST(:name AS text)))"),
                {"code": code, "kind": kind, "parent": parent, "name": name},
            )

    first = await begun(client, 1, beneficiary={"moughataa": "Amourj", "commune": "Bougadoum"})
    second = await begun(client, 2, beneficiary={"wilaya": "Hodh Ech Chargui", "moughataa": "AMOURJ"})
    third = await begun(client, 3, beneficiary={"wilaya": "Hodh Ech Chargui"})

    assert [(one["status"], one["place_code"]) for one in (first, second, third)] == [
        ("enrolled", "MR011-C02"),
        ("applied", "MR011"),
        ("enrolled", "MR01"),
    ]


@pytest.mark.parametrize("seats", [1, 3])
async def test_as_many_as_there_are_seats_win_the_race_for_them(
    client: httpx.AsyncClient, taazour: Running, seats: int
) -> None:
    await limit(taazour, capacity=seats)

    answers = await asyncio.gather(*(begin(client, number) for number in range(1, 13)))

    assert sorted(one.json()["status"] for one in answers) == ["applied"] * (12 - seats) + ["enrolled"] * seats


async def test_of_one_beneficiary_sent_many_times_at_once_exactly_one_is_enrolled(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(begin(client, number) for number in range(1, 4) for _ in range(6)))

    codes = sorted((one.status_code, one.json().get("code")) for one in answers)
    assert codes == [(201, None)] * 3 + [(409, "already_enrolled")] * 15


async def test_accepting_and_admitting_at_once_never_seats_more_than_there_are(
    client: httpx.AsyncClient, taazour: Running
) -> None:
    made = [await begun(client, number, enroll=False) for number in range(1, 7)]
    await limit(taazour, capacity=2)

    await asyncio.gather(
        *(turn(client, one, "enroll") for one in made),
        *(client.post("/v1/waiting-list/admit", json={"program": "TEKAVOUL", "at_most": 2}) for _ in range(2)),
    )

    counts = (await client.get("/v1/counts")).json()["programs"]
    assert next((one["enrolled"], one["applied"]) for one in counts if one["program"] == "TEKAVOUL") == (2, 4)


async def test_a_transfer_lets_another_person_receive_and_ends_the_hold_of_a_death(
    client: httpx.AsyncClient, taazour: Running, announced: Announced
) -> None:
    one = await begun(
        client, beneficiary={"nni": "9900000033", "phone": "22334455", "birth_date": "1950-03-02", "sex": "M"}
    )
    async with taazour.platform.database.transaction() as tx:
        await tx.execute(text("UPDATE enrollments SET held_reason = 'deceased', held_on = current_date"))
        await tx.execute(
            text(
                "INSERT INTO reviews (id, kind, program_code, enrollment_id, subject_id, change_id, details, status)"
                " VALUES (:id, 'death', 'TEKAVOUL', CAST(:enrollment AS uuid), :id, :id, '{}', 'open')"
            ),
            {"id": new_id(), "enrollment": one["id"]},
        )

    done = await turned(
        client, one, "transfer", reason="head_deceased", beneficiary={"name": "Mariem Mint Sidi", "sex": "F"}
    )

    assert (done["name"], done["sex"], done["nni"], done["phones"]) == ("Mariem Mint Sidi", "F", None, [])
    assert (done["birth_date"], done["held_reason"], done["household_size"]) == (None, None, 4)
    assert (done["status"], done["version"]) == ("enrolled", 2)
    assert (await history(client, one))[-1] == (2, "enrolled", "enrolled", "head_deceased")
    assert (await announced(taazour))[-1]["corrected"] == 1
    reviews = (await client.get("/v1/reviews")).json()["items"]
    assert [(each["status"], each["decision"]) for each in reviews if each["status"] != "open"] == [
        ("decided", "succession")
    ]

    undone = await turned(client, done, "undo")

    assert (undone["name"], undone["nni"], undone["held_reason"]) == ("Sidi 1", "9900000033", "deceased")
    assert (undone["phones"], undone["version"]) == (["+22222334455"], 3)


async def test_a_correction_changes_what_is_named_and_nothing_else(client: httpx.AsyncClient) -> None:
    one = await begun(client, beneficiary={"phone": "22334455", "phone_2": "33445566", "village": "Oum Lahbal"})

    done = await turned(client, one, "correct", beneficiary={"phone": "44556677", "household_size": 6, "village": None})

    assert (done["phones"], done["household_size"], done["village"]) == (["+22244556677", "+22233445566"], 6, None)
    assert (done["name"], done["household_number"]) == ("Sidi 1", "MR0510000001")
    detail = (await client.get(f"/v1/enrollments/{one['id']}")).json()
    assert "village" not in detail["listed"] and detail["listed"]["household_size"] == 6
    wrong = await turn(client, done, "correct", beneficiary={"household_size": "-3"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "beneficiary_refused")
    await begun(client, 2)
    taken = await turn(client, done, "correct", beneficiary={"household_number": "MR0510000002"})
    assert (taken.status_code, taken.json()["code"]) == (409, "active_meanwhile")


async def test_a_turn_that_need_say_nothing_needs_no_body(client: httpx.AsyncClient) -> None:
    one = await begun(client, enroll=False)

    versions = []
    for verb in ("enroll", "recertify", "undo"):
        answer = await client.post(f"/v1/enrollments/{one['id']}/{verb}", headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        versions.append((answer.json()["status"], answer.json()["version"]))

    assert versions == [("enrolled", 2), ("enrolled", 3), ("enrolled", 4)]


async def test_recertification_moves_the_day_to_look_again(client: httpx.AsyncClient) -> None:
    one, two = await begun(client), await begun(client, program="TEMWINE", beneficiary={"card_number": "77"})
    until = (TODAY + timedelta(days=90)).isoformat()

    assert (await turned(client, one, "recertify", next_on=until))["recertify_on"] == until
    refused = await turn(client, two, "recertify")
    assert (refused.status_code, refused.json()["code"]) == (422, "recertification_not_planned")
    assert (await history(client, one))[-1] == (2, "enrolled", "enrolled", "recertified")


async def test_an_exit_hands_over_to_a_complement_of_the_same_institution(client: httpx.AsyncClient) -> None:
    one = await begun(client)

    refused = await turn(client, one, "exit", reason="graduated", hand_over_to="EL_MAOUNA")
    left = await turned(client, one, "exit", reason="graduated", hand_over_to="TEMWINE")

    assert (refused.status_code, refused.json()["code"]) == (422, "not_a_complement")
    assert left["hand_over_to"] == "TEMWINE"
    there = (await client.get(f"/v1/enrollments/{left['handed_over_id']}")).json()
    assert (there["program"], there["status"], there["reason"]) == ("TEMWINE", "applied", "handed_over")
    assert (there["name"], there["household_number"]) == ("Sidi 1", "MR0510000001")
    turns = (await client.get(f"/v1/enrollments/{one['id']}/history")).json()
    assert turns[0]["hand_over_to"] == "TEMWINE"

    back = await turned(client, left, "undo")

    assert (back["status"], back["hand_over_to"], back["exited_on"]) == ("enrolled", None, None)
    assert (await client.get(f"/v1/enrollments/{there['id']}")).json()["status"] == "exited"


async def test_an_exit_proposes_to_another_institutions_program_where_the_agreement_covers_it(
    start: Start, announced: Announced
) -> None:
    csa = await start("csa")
    mine = frozenset({"EL_MAOUNA"})
    async with (
        csa.client("csa", programs=mine, covers=frozenset({"TEKAVOUL"})) as officer,
        csa.client("csa", programs=mine) as uncovered,
        csa.client("matching") as matching,
    ):
        one = await begun(officer, program="EL_MAOUNA")

        for language, begins in (("ar", "البرنامج TEKAVOUL"), ("fr", "TEKAVOUL est"), ("en", "TEKAVOUL is")):
            uncovered.headers["Accept-Language"] = language
            refused = await turn(uncovered, one, "exit", reason="graduated", hand_over_to="TEKAVOUL")
            assert (refused.status_code, refused.json()["code"]) == (403, "complement_not_covered")
            assert refused.json()["title"].startswith(begins)
        left = await turned(officer, one, "exit", reason="graduated", hand_over_to="TEKAVOUL")

        assert (left["status"], left["hand_over_to"], left["handed_over_id"]) == ("exited", "TEKAVOUL", None)
        batch = (await announced(csa))[-1]["batch_id"]
        [change] = (await matching.get(f"/internal/enrollment-batches/{batch}")).json()["items"]
        assert (change["hand_over_to"], change["by"], change["to"]) == ("TEKAVOUL", "csa", "exited")


async def test_an_undo_is_refused_after_a_new_beginning_or_a_delivery(
    client: httpx.AsyncClient, taazour: Running
) -> None:
    one = await turned(client, await begun(client), "exit", reason="mistake")
    await begun(client)
    two = await turned(client, await begun(client, 2), "suspend", reason="absent")
    async with taazour.platform.database.transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO deliveries (id, batch_id, program_code, enrollment_id, outcome, amount_mru, delivered_on,"
                " findings, as_sent, recorded_by) VALUES (:id, :id, 'TEKAVOUL', CAST(:enrollment AS uuid), 'paid', 3600,"
                " current_date, '[]', '{}', 'test')"
            ),
            {"id": new_id(), "enrollment": two["id"]},
        )

    answers = [await turn(client, each, "undo") for each in (one, two)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (409, "active_meanwhile"),
        (409, "delivered_since"),
    ]


async def test_whether_somebody_is_enrolled_is_asked_by_exactly_one_number(client: httpx.AsyncClient) -> None:
    one = await begun(client, beneficiary={"nni": "9900000033"})
    ended = await turned(client, await begun(client, 2), "exit", reason="moved")

    async def ask(**question: Any) -> httpx.Response:
        return await client.post("/v1/enrolled", json={"program": "TEKAVOUL"} | question)

    yes = {
        "program": "TEKAVOUL",
        "enrolled": True,
        "status": "enrolled",
        "since": TODAY.isoformat(),
        "enrollment_id": one["id"],
    }
    for question in (
        {"nni": "99 0000 0033"},
        {"household_number": "mr-0510000001"},
        {"enrollment_id": one["id"]},
    ):
        assert (await ask(**question)).json() == yes
    left = (await ask(household_number="MR0510000002")).json()
    assert (left["enrolled"], left["status"], left["since"]) == (False, "exited", ended["exited_on"])
    for nobody in ({"nni": "nonsense"}, {"card_number": "000"}, {"household_id": str(new_id())}):
        assert (await ask(**nobody)).json() == {
            "program": "TEKAVOUL",
            "enrolled": False,
            "status": None,
            "since": None,
            "enrollment_id": None,
        }
    for wrong in ({}, {"nni": "9900000033", "card_number": "1"}):
        refused = await ask(**wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "one_identifier")
    assert (await ask(program="HEALTH_INSURANCE", nni="9900000033")).status_code == 404


async def test_one_key_begins_one_enrollment(client: httpx.AsyncClient) -> None:
    body = {"program": "TEKAVOUL", "beneficiary": {"household_number": "MR0510000001", "name": "Sidi"}}

    answers = [
        await client.post("/v1/enrollments", json=body, headers={"Idempotency-Key": "a-key-of-this-test"})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content and answers[0].headers["ETag"] == '"1"'
