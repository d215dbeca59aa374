"""The score of a household over HTTP: computed, refused, computed again years later; and of an area, by a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from in_turn import in_turn
from registry_cases import AMOURJ, Family, Person, aicha, announced, apply, send, sidi, the_household, undo
from running import Running, status_of, until
from services.registry.commands.changing import begin_change, lock_households, state_facts
from services.registry.commands.rescoring import begin_scoring, score_chunk
from services.registry.models import Scoring
from services.registry.rules.clocks import Origin
from shared.clock import now

SURVEYED_ON = date(2025, 3, 4)
ANSWERS: dict[str, Any] = {
    "walls": "mud", "roof": "straw", "water_source": "open_well", "lighting": "torch", "rooms": 2, "camels": 0,
    "cattle": 2, "sheep_goats": 10, "donkeys": 1, "poultry": 5, "income_source": "livestock", "has_phone": True,
    "has_television": False,
}  # fmt: skip


async def give_answers(
    registry: Running, household_id: str, answers: Mapping[str, Any], on: date = SURVEYED_ON
) -> None:
    """Answers of a household from a day on, as a file would bring them."""
    async with registry.platform.database.transaction() as tx:
        households = await lock_households(tx, [UUID(household_id)])
        changing = begin_change(tx, "import", households.values(), by="taazour", origin=Origin("registry_survey", on))
        for one in households.values():
            facts = {"questionnaire_version": "RS-2020.1", "answers": dict(answers)}
            await state_facts(tx, changing, one, facts, from_on=on)


async def a_family(client: httpx.AsyncClient, registry: Running, **answers: Any) -> dict[str, Any]:
    """Sidi's family, with answers; a question whose answer is None was not answered."""
    await send(client, Family())
    told = {name: value for name, value in {**ANSWERS, **answers}.items() if value is not None}
    await give_answers(registry, (await the_household(client))["id"], told)
    return await the_household(client)


async def compute(
    client: httpx.AsyncClient, household: Mapping[str, Any], version: str = "SAMPLE-2020.1", **body: Any
) -> httpx.Response:
    return await client.post(
        f"/v1/households/{household['id']}/score",
        json={"formula_version": version, **body},
        headers={"If-Match": f'"{household["version"]}"', "Accept-Language": "en"},
    )


async def score_of(client: httpx.AsyncClient, household_id: str, language: str = "en", **moment: str) -> dict[str, Any]:
    answer = await client.get(
        f"/v1/households/{household_id}/score", params=moment, headers={"Accept-Language": language}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_score_is_computed_stored_and_announced(client: httpx.AsyncClient, registry: Running) -> None:
    household = await a_family(client, registry)

    answer = await compute(client, household, day="2025-03-04")

    # As test_the_score_of_a_family_worked_out_by_hand, but without Aïcha's disability: 42.99 + 2.
    assert answer.status_code == 200, answer.text
    scored = answer.json()
    assert (scored["score"], scored["vulnerability_category"], scored["stale"]) == ("44.99", "poor", False)
    assert (scored["scored_on"], scored["valid_until"]) == ("2025-03-04", "2029-03-04")
    assert scored["recomputation"]["reproduces"] is True
    held = await the_household(client)
    assert (held["score"], held["formula_version"], held["version"]) == (
        "44.99",
        "SAMPLE-2020.1",
        household["version"] + 1,
    )
    assert held["score_inputs_hash"] == scored["inputs_hash"] and len(scored["inputs_hash"]) == 64
    (event,) = await announced(registry, "registry.households.changed.v1")
    assert (event["household_id"], event["version"]) == (household["id"], held["version"])


async def test_the_explanation_is_in_the_callers_language_and_adds_up(
    client: httpx.AsyncClient, registry: Running
) -> None:
    household = await a_family(client, registry)
    await compute(client, household, day="2025-03-04")

    labels = {}
    for language in ("ar", "fr", "en"):
        again = (await score_of(client, household["id"], language))["recomputation"]
        labels[language] = {line["input"]: line["label"] for line in again["lines"]}["walls"]
        assert sum(float(line["contribution"]) for line in again["lines"]) + float(again["constant"]) == pytest.approx(
            44.9949
        )

    assert labels == {"ar": "مادة الجدران", "fr": "Matériau des murs", "en": "Material of the walls"}


async def test_a_decision_is_reproduced_after_its_household_was_corrected(
    client: httpx.AsyncClient, registry: Running
) -> None:
    household = await a_family(client, registry)
    decided = (await compute(client, household, day="2025-03-04")).json()

    # Later it turns out that there was one room, and that Aïcha is disabled: of that day, but not known on it.
    await give_answers(registry, household["id"], {**ANSWERS, "rooms": 1})
    await apply(
        client,
        {"kind": "correction", "individual_id": _id_of(household, "1000000004"), "individual": {"disability": True}},
    )

    again = await score_of(client, household["id"])
    assert (again["score"], again["decided_at"]) == ("44.99", decided["decided_at"])
    assert again["recomputation"]["reproduces"] is True
    assert again["recomputation"]["lines"] == decided["recomputation"]["lines"]
    # What is known now gives another score: -1 for the room, -2 for the disability.
    anew = await compute(client, await the_household(client), day="2025-03-05")
    assert anew.json()["score"] == "41.99"
    before = await score_of(client, household["id"], as_of="2025-03-04")
    assert (before["score"], before["recomputation"]["reproduces"]) == ("44.99", True)
    assert (await score_of(client, household["id"], known_at=decided["decided_at"]))["score"] == "44.99"


def _id_of(household: Mapping[str, Any], number: str) -> str:
    return next(str(one["individual_id"]) for one in household["members"] if one["individual_number"] == number)


async def test_a_category_that_was_corrected_by_hand_is_not_reproduced(
    client: httpx.AsyncClient, registry: Running
) -> None:
    household = await a_family(client, registry)
    await compute(client, household, day="2025-03-04")
    await apply(
        client,
        {"kind": "correction", "household_id": household["id"], "household": {"vulnerability_category": "not_poor"}},
    )

    again = await score_of(client, household["id"])

    assert (again["vulnerability_category"], again["recomputation"]["vulnerability_category"]) == ("not_poor", "poor")
    assert again["recomputation"]["reproduces"] is False


async def test_an_undone_scoring_brings_back_the_score_before(client: httpx.AsyncClient, registry: Running) -> None:
    household = await a_family(client, registry)
    await compute(client, household, day="2025-03-04")
    newest = (await client.get(f"/v1/households/{household['id']}/history")).json()["items"][0]
    assert newest["kind"] == "scoring"

    await undo(client, newest)

    held = await score_of(client, household["id"])
    assert (held["score"], held["formula_version"], held["inputs_hash"]) == ("12.50", "PMT-2024.1", None)


@pytest.mark.parametrize(
    ("language", "words"),
    [("ar", "جاءت هذه الدرجة مع ملف"), ("fr", "venu avec un fichier"), ("en", "came from outside")],
)
async def test_a_score_from_outside_says_that_it_cannot_be_computed_again(
    client: httpx.AsyncClient, registry: Running, language: str, words: str
) -> None:
    household = await a_family(client, registry)

    held = await score_of(client, household["id"], language)

    assert (held["inputs_hash"], held["valid_until"], held["stale"]) == (None, None, False)
    assert (held["recomputation"]["reproduces"], held["recomputation"]["code"]) == (None, "score_from_outside")
    assert words in held["recomputation"]["reason"]


async def test_an_expired_score_is_stale(client: httpx.AsyncClient, registry: Running) -> None:
    household = await a_family(client, registry)
    await compute(client, household, day="2025-03-04")

    assert (await score_of(client, household["id"], as_of="2029-03-03"))["stale"] is False
    assert (await score_of(client, household["id"], as_of="2029-03-04"))["stale"] is True


REFUSALS: list[tuple[dict[str, Any], dict[str, Any], int, str, str]] = [
    ({"rooms": None}, {}, 422, "score_inputs_missing", "/formula_version"),
    ({}, {"version": "PMT-2024.1"}, 422, "formula_unknown", "/formula_version"),
    ({}, {"day": "2999-01-01"}, 422, "date_in_future", "/day"),
    ({}, {"day": "2025-03-03"}, 422, "date_too_early", "/day"),
    ({}, {"day": "2025-02-31"}, 422, "invalid_request", "/day"),
    ({}, {"because": "x"}, 422, "invalid_request", "/because"),
]


@pytest.mark.parametrize(("answers", "body", "status", "code", "pointer"), REFUSALS)
async def test_what_cannot_be_scored_is_refused_and_changes_nothing(
    client: httpx.AsyncClient,
    registry: Running,
    answers: dict[str, Any],
    body: dict[str, Any],
    status: int,
    code: str,
    pointer: str,
) -> None:
    household = await a_family(client, registry, **answers)

    answer = await compute(client, household, **body)

    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (status, code, pointer)
    assert (await the_household(client))["version"] == household["version"]
    assert await announced(registry, "registry.households.changed.v1") == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ar", "عدد الغرف، مادة السقف"),
        ("fr", "Matériau du toit, Nombre de pièces"),
        ("en", "Material of the roof, Number of rooms"),
    ],
)
async def test_missing_inputs_are_named_in_the_callers_words(
    client: httpx.AsyncClient, registry: Running, language: str, words: str
) -> None:
    household = await a_family(client, registry, rooms=None, roof=None)

    answer = await client.post(
        f"/v1/households/{household['id']}/score",
        json={"formula_version": "SAMPLE-2020.1"},
        headers={"If-Match": "*", "Accept-Language": language},
    )

    assert all(word in answer.json()["title"] for word in words.replace("، ", ", ").split(", "))


async def test_the_same_score_again_and_an_older_one_are_refused(client: httpx.AsyncClient, registry: Running) -> None:
    household = await a_family(client, registry)
    await compute(client, household, day="2025-03-05")

    again = await compute(client, await the_household(client), day="2025-03-05")
    older = await compute(client, await the_household(client), day="2025-03-04")

    assert (again.status_code, again.json()["code"]) == (422, "nothing_changes")
    assert (older.status_code, older.json()["code"]) == (422, "date_too_early")
    assert "2025-03-05" in older.json()["title"]


async def test_a_score_needs_the_version_seen_and_the_permission(client: httpx.AsyncClient, registry: Running) -> None:
    household = await a_family(client, registry)
    place = f"/v1/households/{household['id']}/score"

    stale = await compute(client, {**household, "version": household["version"] - 1})
    unseen = await client.post(place, json={"formula_version": "SAMPLE-2020.1"})
    async with registry.client("csa", frozenset({"households:read"})) as stranger:
        refused = await stranger.post(place, json={"formula_version": "SAMPLE-2020.1"}, headers={"If-Match": "*"})

    assert [one.json()["code"] for one in (stale, unseen, refused)] == [
        "precondition_failed",
        "precondition_required",
        "not_permitted",
    ]


async def test_a_household_that_left_is_not_scored(client: httpx.AsyncClient, registry: Running) -> None:
    household = await a_family(client, registry)
    await apply(
        client, {"kind": "removal", "household_id": household["id"], "on": "2025-06-01", "reason": "left_country"}
    )

    answer = await compute(client, await the_household(client))

    assert (answer.status_code, answer.json()["code"]) == (409, "household_not_active")


async def test_the_formulas_are_published(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/formulas")).json()["items"]
    one = await client.get("/v1/formulas/SAMPLE-2024.1")

    assert [each["version"] for each in listed] == ["SAMPLE-2020.1", "SAMPLE-2024.1"]
    assert one.json()["cutoffs"][0] == {"category": "extreme_poor", "below": "30"}
    assert "None" in one.json()["legal_reference"]["en"]
    assert (await client.get("/v1/formulas/PMT-2024.1")).status_code == 404


# Scorings of an area.


def neighbours(count: int) -> list[Family]:
    return [
        Family(
            number=f"MR011{number:07d}",
            members=[_renumbered(sidi(), number, 1), _renumbered(aicha(), number, 2)],
            phone="",
        )
        for number in range(1, count + 1)
    ]


def _renumbered(person: Person, number: int, place: int) -> Person:
    person.number, person.nni = f"1{number:06d}{place:03d}", ""
    return person


async def an_area(client: httpx.AsyncClient, registry: Running, count: int, unanswered: int = 0) -> list[str]:
    """Households in Amourj with the same answers; the last ones lack an answer. Returns their ids."""
    await send(client, *neighbours(count))
    listed: list[str] = []
    cursor = None
    while True:
        page = (
            await client.get("/v1/households", params={"limit": 200, **({"cursor": cursor} if cursor else {})})
        ).json()
        listed += [one["id"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    for at, id_ in enumerate(listed):
        answers = dict(ANSWERS)
        if at >= count - unanswered:
            del answers["rooms"]
        await give_answers(registry, id_, answers)
    return listed


async def start(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    begun = await client.post("/v1/scorings", json={"formula_version": "SAMPLE-2020.1", "place": "MR011", **body})
    assert begun.status_code == 202, begun.text
    found: dict[str, Any] = begun.json()
    return found


async def ended(client: httpx.AsyncClient, scoring: Mapping[str, Any]) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        state: dict[str, Any] = (await client.get(f"/v1/scorings/{scoring['id']}")).json()
        return state if state["status"] not in ("received", "running") else None

    state: dict[str, Any] = await until(look, what="the scoring to end")
    return state


async def test_a_dry_run_shows_who_would_move_and_moves_nobody(client: httpx.AsyncClient, registry: Running) -> None:
    ids = await an_area(client, registry, 3, unanswered=1)
    before = [(await the_household(client, f"MR011000000{one}"))["version"] for one in (1, 2, 3)]

    state = await ended(client, await start(client))

    # Two people: 45 - 1.5 - 3 - 2 + 2 + 2 + 5.4949 = 47.9949: poor, where the file had said extreme poor.
    assert (state["status"], state["households"], state["scored"], state["incomplete"]) == ("completed", 3, 2, 1)
    assert state["movement"] == {"extreme_poor": {"poor": 2}}
    assert state["missing"] == {"rooms": 1}
    assert [(await the_household(client, f"MR011000000{one}"))["version"] for one in (1, 2, 3)] == before
    assert (await score_of(client, ids[0]))["inputs_hash"] is None


async def test_an_area_is_scored_announced_by_the_hundred_and_each_score_is_reproduced(
    client: httpx.AsyncClient, registry: Running
) -> None:
    ids = await an_area(client, registry, 102, unanswered=1)
    entered = len(await announced(registry, "registry.households.registered.v1"))

    state = await ended(client, await start(client, dry_run=False, reason="Révision annuelle"))

    assert (state["scored"], state["incomplete"], state["movement"]) == (101, 1, {"extreme_poor": {"poor": 101}})
    batches = (await announced(registry, "registry.households.registered.v1"))[entered:]
    assert [one["households"] for one in batches] == [100, 1]
    pulled = await client.get(f"/internal/household-batches/{batches[0]['batch_id']}", params={"limit": 200})
    assert len(pulled.json()["items"]) == 100
    for id_ in (ids[0], ids[100]):
        held = await score_of(client, id_)
        assert (held["score"], held["recomputation"]["reproduces"]) == ("47.99", True)
    newest = (await client.get(f"/v1/households/{ids[0]}/history")).json()["items"][0]
    assert (newest["kind"], newest["reason"]) == ("scoring", "Révision annuelle")
    again = await ended(client, await start(client, dry_run=False))
    assert (again["scored"], again["unchanged"], again["incomplete"]) == (0, 101, 1)
    assert len(await announced(registry, "registry.households.registered.v1")) == entered + 2


async def test_a_scoring_goes_on_where_it_was_when_its_process_died(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await an_area(client, registry, 102)
    database = registry.platform.database
    async with database.transaction() as tx:
        begun = await begin_scoring(tx, version="SAMPLE-2020.1", place=AMOURJ, dry_run=False, reason=None, by="taazour")
        await score_chunk(tx, begun)
    with pytest.raises(RuntimeError, match="power"):
        async with database.transaction() as tx:
            row = (await tx.scalars(select(Scoring).where(Scoring.id == begun.id).with_for_update())).one()
            await score_chunk(tx, row)
            raise RuntimeError("the power fails before the commit")

    state = await ended(client, {"id": begun.id})

    assert (state["status"], state["scored"], state["unchanged"]) == ("completed", 102, 0)
    assert state["movement"] == {"extreme_poor": {"poor": 102}}


async def test_a_cancelled_scoring_stops_and_cannot_be_cancelled_again(
    client: httpx.AsyncClient, registry: Running
) -> None:
    begun = await start(client)
    async with registry.platform.database.transaction() as tx:
        await tx.execute(update(Scoring).values(status="running"))

    cancelled = await client.post(f"/v1/scorings/{begun['id']}/cancel")
    again = await client.post(f"/v1/scorings/{begun['id']}/cancel")

    assert cancelled.json()["status"] == "cancelled"
    assert (again.status_code, again.json()["code"]) == (409, "scoring_ended")
    await asyncio.sleep(0)
    assert (await ended(client, begun))["status"] == "cancelled"


async def test_the_health_page_shows_a_scoring_until_it_has_ended(client: httpx.AsyncClient, registry: Running) -> None:
    async def waiting() -> int:
        work: dict[str, int] = (await status_of(client))["work"]
        return work["scorings_waiting"]

    (household_id,) = await an_area(client, registry, 1)
    async with registry.platform.database.transaction() as tx:
        await lock_households(tx, [UUID(household_id)])  # as by an official's change: the scoring waits for it
        begun = await start(client, dry_run=False)
        meanwhile = await waiting()

    state = await ended(client, begun)

    assert (meanwhile, state["scored"], await waiting()) == (1, 1, 0)


async def test_each_household_of_a_scoring_keeps_what_was_true_of_it_before(
    client: httpx.AsyncClient, registry: Running
) -> None:
    ids = await an_area(client, registry, 2)
    await give_answers(registry, ids[1], {**ANSWERS, "rooms": 4}, on=date(2025, 6, 1))

    await ended(client, await start(client, dry_run=False))

    rooms = {
        (id_, day): (await client.get(f"/v1/households/{id_}", params={"as_of": day})).json()["answers"]["rooms"]
        for id_ in ids
        for day in ("2025-03-04", "2025-06-01")
    }
    assert [rooms[id_, "2025-03-04"] for id_ in ids] == [2, 2]
    assert [rooms[id_, "2025-06-01"] for id_ in ids] == [2, 4]
    assert [(await score_of(client, id_))["score"] == "47.99" for id_ in ids] == [True, False]
    before = [(await score_of(client, id_, as_of="2025-06-01"))["inputs_hash"] for id_ in ids]
    assert before == [None, None]


async def test_a_scoring_that_fails_by_its_own_fault_ends_and_the_next_one_runs(
    client: httpx.AsyncClient, registry: Running
) -> None:
    await an_area(client, registry, 1)
    async with registry.platform.database.transaction() as tx:
        begun = await begin_scoring(tx, version="SAMPLE-2020.1", place="MR011", dry_run=True, reason=None, by="taazour")
        begun.formula_version = "WITHDRAWN"  # as by a version of the platform that no longer ships it

    state = await ended(client, {"id": begun.id})
    after = await ended(client, await start(client))

    assert (state["status"], after["status"]) == ("failed", "completed")


@in_turn(
    ("body", "status", "code"),
    [
        ({"place": "MR999"}, 422, "unknown_area"),
        ({"formula_version": "PMT-2024.1"}, 422, "formula_unknown"),
        ({"dry_run": "perhaps"}, 422, "invalid_request"),
    ],
)
async def test_a_scoring_of_nothing_known_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await client.post("/v1/scorings", json={"formula_version": "SAMPLE-2020.1", "place": "MR011", **body})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get("/v1/scorings")).json()["items"] == []


async def test_scorings_are_listed_newest_first_and_one_key_begins_one(client: httpx.AsyncClient) -> None:
    body = {"formula_version": "SAMPLE-2020.1", "place": "MR01"}
    one = await client.post("/v1/scorings", json=body, headers={"Idempotency-Key": "scoring-0001"})
    same = await client.post("/v1/scorings", json=body, headers={"Idempotency-Key": "scoring-0001"})
    two = await start(client)

    first = (await client.get("/v1/scorings", params={"limit": 1})).json()
    second = (await client.get("/v1/scorings", params={"limit": 1, "cursor": first["next_cursor"]})).json()

    assert one.content == same.content
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [two["id"], one.json()["id"]]
    assert (await client.get("/v1/scorings/00000000-0000-0000-0000-000000000000")).status_code == 404
    assert now().date().isoformat() == two["scored_on"]
